"""The accounts and categories that a rule names."""

from uuid import UUID

from app.access.context import BookReader
from app.core.errors import FieldError
from app.rules import actions as act
from app.rules.conditions import AccountQuestion, questions_of
from app.rules.schemas import RuleIn
from app.transactions import references
from app.transactions.errors import ArchivedError, ReferenceNotFoundError


def accounts_of(body: RuleIn) -> list[tuple[str, UUID]]:
    """Every account that the rule names, each with its field."""
    found = [
        ("condition", account)
        for question in questions_of(body.condition)
        if isinstance(question, AccountQuestion)
        for account in question.values
    ]
    return found + [
        (f"actions.{place}.account_id", action.account_id)
        for place, action in enumerate(body.actions)
        if isinstance(action, act.MakeTransfer)
    ]


def categories_of(body: RuleIn) -> list[tuple[str, UUID]]:
    found: list[tuple[str, UUID]] = []
    for place, action in enumerate(body.actions):
        if isinstance(action, act.SetCategory):
            found.append((f"actions.{place}.category_id", action.category_id))
        elif isinstance(action, act.Split):
            found += [
                (f"actions.{place}.shares.{number}.category_id", share.category_id)
                for number, share in enumerate(action.shares)
                if share.category_id is not None
            ]
    return found


async def check_names(book: BookReader, body: RuleIn, prefix: str = "") -> None:
    """See that all a rule names is there, and that what its actions name is in use.

    Raises `ReferenceNotFoundError` and `ArchivedError` about the fields, whose names `prefix` stands before.
    """
    accounts, categories = accounts_of(body), categories_of(body)
    known = await references.load(
        book.connection, book.book_id, accounts={i for _, i in accounts}, categories={i for _, i in categories}
    )
    missing = [
        FieldError(prefix + field, "account_not_found", "there is no account with this id")
        for field, i in accounts
        if i not in known.accounts
    ]
    missing += [
        FieldError(prefix + field, "category_not_found", "there is no category with this id")
        for field, i in categories
        if i not in known.categories
    ]
    if missing:
        raise ReferenceNotFoundError(missing)
    archived = [
        FieldError(prefix + field, "account_archived", "is archived")
        for field, i in accounts
        if field != "condition" and known.accounts[i].archived
    ]
    archived += [
        FieldError(prefix + field, "category_archived", "is archived")
        for field, i in categories
        if known.categories[i].archived
    ]
    if archived:
        raise ArchivedError(archived)
