"""Every router of letting people in, in the order in which their paths are tried."""

from app.auth.email_router import own_router as own_email
from app.auth.email_router import router as email
from app.auth.factor_router import router as factors
from app.auth.invitation_router import router as invitations
from app.auth.oidc.identities_router import router as identities
from app.auth.oidc.router import router as single_sign_on
from app.auth.passkey_router import ROUTERS as PASSKEYS
from app.auth.password_router import own_router as own_password
from app.auth.password_router import router as passwords
from app.auth.router import router as auth
from app.auth.sessions_router import router as sessions
from app.auth.tokens_router import router as personal_tokens

ROUTERS = (
    auth,
    factors,
    *PASSKEYS,
    sessions,
    personal_tokens,
    passwords,
    own_password,
    email,
    own_email,
    invitations,
    single_sign_on,
    identities,
)
