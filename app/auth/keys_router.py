"""The public halves of the keys that sign access tokens, where other programs look for them."""

from fastapi import Request, Response

from app.auth.token_schemas import KeySet
from app.core.keys import Keyring
from app.core.routing import routes

MAX_AGE_SECONDS = 300

router = routes("/.well-known", "system", reads=None)


@router.get("/jwks.json", response_model=KeySet, operation_id="get_public_keys", summary="Keys to verify tokens with")
async def get_public_keys(request: Request, response: Response) -> dict[str, object]:
    """A JSON Web Key Set (RFC 7517): the present key and, while it is being replaced, the one before it.

    It is empty where tokens are signed with a shared secret (`ALGORITHM=HS256`).
    """
    keyring: Keyring = request.app.state.keyring
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
    return {"keys": keyring.public_keys()}
