"""Who may send a body beyond the ordinary limit: it is read before a route decides who asks."""

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from app.access import repository
from app.core.database import Database
from app.core.errors import UnauthenticatedError
from app.core.tokens import AccessTokens

RETRY_SECONDS = "5"


class UploadDoor:
    """Lets in the holders of good tokens. A personal token is looked up, and only once a body has grown too large."""

    def __init__(self, database: Database, access_tokens: AccessTokens) -> None:
        self._database = database
        self._access_tokens = access_tokens

    async def __call__(self, authorization: str) -> bool:
        """Whether an Authorization header has a good token; whether its session lives, the route will see."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        try:
            bearer = self._access_tokens.bearer(token.strip())
        except UnauthenticatedError:
            return False
        if bearer.token_hash is None:
            return True
        try:
            async with self._database.begin() as connection:
                return await repository.personal_token_is_good(connection, bearer.token_hash)
        except (OSError, SQLAlchemyError):
            # Reading a body fails here: what is no HTTP error would be taken for a body that cannot be read.
            raise HTTPException(
                503, "The database does not answer; try again in a moment.", {"Retry-After": RETRY_SECONDS}
            ) from None
