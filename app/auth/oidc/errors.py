"""What can go wrong between a person, their provider and us; each has a code of its own."""

from app.core.errors import BusyError, ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError, UpstreamError


class NotConfiguredError(NotFoundError):
    code = "oidc_not_configured"
    title = "There is no single sign-on here"


class ProviderUnavailableError(BusyError):
    code = "oidc_unavailable"
    title = "The provider does not answer"


class ProviderError(UpstreamError):
    code = "oidc_provider_error"
    title = "The provider's answer is of no use"


class DeniedError(UnauthenticatedError):
    code = "oidc_denied"
    title = "The provider did not let you in"


class StateRefusedError(UnauthenticatedError):
    code = "oidc_state_refused"
    title = "This log-in was not begun here"


class TokenRefusedError(UnauthenticatedError):
    code = "oidc_token_refused"
    title = "The provider's ID token is not valid"


class CodeRefusedError(UnauthenticatedError):
    code = "oidc_code_refused"
    title = "This code opens nothing"


class AccountBannedError(ForbiddenError):
    code = "account_banned"
    title = "This account is banned"


class EmailMissingError(ForbiddenError):
    code = "oidc_email_missing"
    title = "The provider tells no address"


class EmailUnverifiedError(ForbiddenError):
    code = "oidc_email_unverified"
    title = "The provider did not verify the address"


class OtherIdentityError(ForbiddenError):
    code = "oidc_other_identity"
    title = "Somebody else logged in at the provider"


class StaleLoginError(ForbiddenError):
    code = "oidc_stale_login"
    title = "The log-in at the provider is not fresh"


class LinkNeededError(ConflictError):
    code = "oidc_link_needed"
    title = "This address has an account that is not linked"


class IdentityTakenError(ConflictError):
    code = "identity_taken"
    title = "This identity belongs to another account"


class IdentityExistsError(ConflictError):
    code = "identity_exists"
    title = "You are linked to this provider already"


class LastWayInError(ConflictError):
    code = "last_way_in"
    title = "Nothing else lets you in"
