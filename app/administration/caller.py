"""From where a request came, for the audit."""

from typing import Annotated

from fastapi import Depends, Request


async def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


Address = Annotated[str | None, Depends(_address)]
