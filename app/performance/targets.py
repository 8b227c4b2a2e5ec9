"""The wanted spread over types, currencies, sectors and accounts."""

from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.accounts.errors import AccountNotFoundError
from app.assets.schemas import AssetType
from app.core.database import AnyRow
from app.core.errors import DomainError, FieldError, InvalidError
from app.core.ids import new_id
from app.currencies.service import every as currencies
from app.performance import target_repository as repository
from app.performance.allocation import account_key
from app.performance.errors import TargetsOverWholeError
from app.performance.target_schemas import TargetIn, TargetsIn

ENTITY = "allocation_target"
WHOLE = Decimal(100)

Document = dict[str, Any]


async def every(book: BookReader) -> list[Document]:
    """All targets, by dimension and then by key."""
    return [_document(row) for row in await repository.every(book, None)]


async def replace(book: BookWriter, body: TargetsIn) -> list[Document]:
    """Make these the targets of a dimension; returns those of all.

    Raises `InvalidError` for a key that means nothing, `TargetsOverWholeError`, `AccountNotFoundError`.
    """
    body = _normal(body)
    await _check(book, body)
    before = {row.key: row for row in await repository.every(book, body.by)}
    wanted = {target.key: target.target_percent for target in body.targets}
    for key, row in before.items():
        if key not in wanted:
            await repository.remove(book, row.id)
            book.record(Event(ENTITY, row.id, "deleted", before=image_of(row)))
    for key, percent in wanted.items():
        present = before.get(key)
        if present is None:
            await _add(book, body.by, key, percent)
        elif present.target_percent != percent:
            await repository.change(book, present.id, {"target_percent": percent})
            after = {**image_of(present), "target_percent": percent}
            book.record(Event(ENTITY, present.id, "updated", before=image_of(present), after=after))
    return await every(book)


def _normal(body: TargetsIn) -> TargetsIn:
    """Ids of accounts as the server writes them."""
    if body.by != "account":
        return body
    targets = [target.model_copy(update={"key": str(account_key(target.key) or target.key)}) for target in body.targets]
    return body.model_copy(update={"targets": targets})


async def _add(book: BookWriter, dimension: str, key: str, percent: Decimal) -> None:
    account_id = UUID(key) if dimension == "account" else None
    target_id = new_id()
    image = {
        "id": target_id,
        "dimension": dimension,
        "key": None if account_id else key,
        "account_id": account_id,
        "target_percent": percent,
    }
    await repository.add(book, image)
    book.record(Event(ENTITY, target_id, "created", after=image))


async def _check(book: BookReader, body: TargetsIn) -> None:
    known = await _known(book, body)
    if body.by == "account":
        for number, target in enumerate(body.targets):
            if target.key not in known:
                raise _no_account(number, target)
    wrong = [
        FieldError(f"targets.{number}.key", f"unknown_{body.by}", f"{target.key} is not known")
        for number, target in enumerate(body.targets)
        if known is not None and target.key not in known
    ]
    if wrong:
        raise InvalidError(wrong)
    total = sum((target.target_percent for target in body.targets), Decimal(0))
    if total > WHOLE:
        raise TargetsOverWholeError(FieldError("targets", TargetsOverWholeError.code, f"sum to {total} percent"))


def _no_account(number: int, target: TargetIn) -> DomainError:
    account_id = account_key(target.key)
    if account_id is None:
        detail = f"{target.key} is not the id of an account"
        return InvalidError(FieldError(f"targets.{number}.key", "uuid_parsing", detail))
    return AccountNotFoundError(account_id)


async def _known(book: BookReader, body: TargetsIn) -> Any:
    """The keys that there are; None where any text is one."""
    if body.by == "type":
        return set(get_args(AssetType))
    if body.by == "currency":
        return {row.code for row in await currencies(book.connection)}
    if body.by == "account":
        ids = [account_id for target in body.targets if (account_id := account_key(target.key)) is not None]
        return {str(row.id) for row in await repository.accounts_named(book, ids)}
    return None


def _document(row: AnyRow) -> Document:
    return {
        "id": row.id,
        "by": row.dimension,
        "key": row.key,
        "name": row.name,
        "target_percent": row.target_percent,
        "revision": row.revision,
    }


def image_of(row: AnyRow) -> Document:
    """What the log keeps of a target."""
    return {
        "id": row.id,
        "dimension": row.dimension,
        "key": None if row.account_id else row.key,
        "account_id": row.account_id,
        "target_percent": row.target_percent,
        "created_at": row.created_at,
    }
