"""What was said of series on an account is true of them on its heir, too."""

from sqlalchemy import BigInteger, Integer, Uuid, bindparam, text

from app.access.context import BookReader, BookWriter
from app.access.heirs import Going, Heir, Use, name_ledger
from app.access.opening import run_telling

_MOVE = text(
    """
    WITH moved AS (
        UPDATE subscription_dismissals SET account_id = :new WHERE book_id = :book AND account_id = :old
        RETURNING id
    ),
    told AS (
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY id) - 1, 'subscription_dismissal', id,
               'updated', :actor, jsonb_build_object('account_id', CAST(:old AS uuid)),
               jsonb_build_object('account_id', CAST(:new AS uuid))
        FROM moved
    )
    SELECT count(*) FROM moved
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("position", type_=Integer),
    bindparam("actor", type_=Uuid),
    bindparam("old", type_=Uuid),
    bindparam("new", type_=Uuid),
)


async def users(_book: BookReader, _going: Going) -> list[Use]:
    """None that keeps an account from going: without it there is nothing to suggest."""
    return []


async def inherit(book: BookWriter, going: Going, heir: Heir) -> None:
    if going.kind == "account":
        for old in going.ids:
            await run_telling(book, _MOVE, {"old": old, "new": heir.id})


name_ledger("subscriptions", users, inherit)
