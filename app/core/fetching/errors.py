"""What can go wrong when another server is asked, told apart by what the caller can do about it."""

from typing import ClassVar


class FetchError(Exception):
    """Base of all of them. `code` and `detail` may be stored and shown: neither has a key or a whole URL in it."""

    code: ClassVar[str] = "fetch_failed"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class UnavailableError(FetchError):
    """Nobody answers now; a later try may succeed, not before `retry_after` seconds where that is known."""

    code = "unavailable"

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class PacedError(UnavailableError):
    """It was not asked at all: its limit, or its own word, says to wait `retry_after` seconds."""

    code = "paced"


class RefusedError(FetchError):
    """It understood and will not answer, or asking it is not allowed; asking again the same way is of no use."""

    code = "refused"


class UnreadableError(FetchError):
    """It answered with what is not to be believed, too large, or not what was asked for."""

    code = "unreadable"
