"""Starting a book."""

from fastapi import Response

from app.access.dependencies import ActorParam, Idempotent
from app.books import service as books
from app.books.schemas import BookIn, BookOut
from app.core.database import AnyRow
from app.core.problems import problems
from app.core.routing import routes
from app.onboarding import service

router = routes("/books", "books", reads="books:read", writes="books:write")


@router.post(
    "",
    status_code=201,
    response_model=BookOut,
    operation_id="create_book",
    summary="Start another book",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_book(body: BookIn, actor: ActorParam, response: Response) -> AnyRow:
    """A separate set of accounts, categories and transactions. Name it with `X-Book-Id` to work in it."""
    row = await books.get(await service.start_book(actor, body.name, body.base_currency))
    response.headers["Location"] = f"/api/v1/books/{row.id}"
    return row
