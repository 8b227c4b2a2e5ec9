"""The HTTP side of statistics."""

from typing import Any

from app.access.dependencies import ActorParam
from app.administration import statistics
from app.administration.schemas import StatisticsOut
from app.core.routing import routes

router = routes("/statistics", "administration", reads="statistics:read", errors=(404,))


@router.get("", response_model=StatisticsOut, operation_id="get_statistics", summary="How much there is on the server")
async def get_statistics(actor: ActorParam) -> dict[str, Any]:
    """Counts of the whole server: never an amount, a name, or anything of one book."""
    return await statistics.of_server(actor.connection)
