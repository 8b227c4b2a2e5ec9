"""How often what was learned from the first part of the demo is right about the rest of it."""

from datetime import date, timedelta
from uuid import UUID, uuid5

from app.demo.moves import AccountName, CategoryName
from app.demo.plan import NAMESPACE, bodies
from app.suggestions.learning import Example, learned
from app.transactions.schemas import FlowIn

END = date(2026, 6, 30)
START = END - timedelta(days=3 * 365)
LEARNED_UNTIL = END - timedelta(days=365)


def flows() -> list[FlowIn]:
    accounts = {name: uuid5(NAMESPACE, f"account/{name.name}") for name in AccountName}
    categories = {name: uuid5(NAMESPACE, f"category/{name.name}") for name in CategoryName}
    made = bodies(START, END, accounts, categories)
    return [body for body in made if isinstance(body, FlowIn) and body.category_id is not None]


def example(body: FlowIn) -> Example:
    return Example(body.type, body.payee, body.description, body.amount, body.account_id)


def category_of(body: FlowIn) -> UUID:
    assert body.category_id is not None
    return body.category_id


def test_two_years_of_the_demo_teach_the_third() -> None:
    every = flows()
    past = [body for body in every if body.date <= LEARNED_UNTIL]
    rest = [body for body in every if body.date > LEARNED_UNTIL]
    model = learned((example(body), category_of(body)) for body in past)
    kinds = dict.fromkeys({category_of(body) for body in every}, "expense")
    answers = [(model.guess(example(body), kinds)[:1], category_of(body)) for body in rest]
    given = [(guess[0], wanted) for guess, wanted in answers if guess]
    right = sum(guess.category_id == wanted for guess, wanted in given)
    sure = [(guess, wanted) for guess, wanted in given if guess.confidence >= 90]
    surely_right = sum(guess.category_id == wanted for guess, wanted in sure)
    figures = f"{len(rest)} asked, {len(given)} answered, {right} right; {len(sure)} sure, {surely_right} of them right"
    assert right >= 0.9 * len(rest), figures
    assert surely_right >= 0.97 * len(sure), figures
    assert len(sure) >= 0.5 * len(rest), figures
