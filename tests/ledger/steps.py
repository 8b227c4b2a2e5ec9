"""What may happen in the life of a book, and how often.

To add an operation, write a coroutine that does it through `Player.attempt` and to the model alike, in the module of
its theme, and name it in that module's `STEPS` with its weight.
"""

from collections.abc import Awaitable, Callable

from tests.ledger import (
    steps_accounts,
    steps_attachments,
    steps_categories,
    steps_changes,
    steps_imports,
    steps_many,
    steps_matching,
    steps_names,
    steps_statements,
    steps_trades,
    steps_transactions,
    steps_undo,
)
from tests.ledger.player import Player

Step = Callable[[Player], Awaitable[None]]
STEPS: dict[str, tuple[int, Step]] = {
    **steps_transactions.STEPS,
    **steps_changes.STEPS,
    **steps_many.STEPS,
    **steps_accounts.STEPS,
    **steps_categories.STEPS,
    **steps_names.STEPS,
    **steps_statements.STEPS,
    **steps_attachments.STEPS,
    **steps_imports.STEPS,
    **steps_matching.STEPS,
    **steps_trades.STEPS,
    **steps_undo.STEPS,
}


MOODS = (0.2, 1, 1, 6)
"""Each life does some things much more often than others, so that they meet more often than by chance."""


async def begin(player: Player) -> None:
    """Some accounts, categories and transactions, without which little can happen."""
    await player.begin()
    player.weights = {name: weight * player.chance.choice(MOODS) for name, (weight, _) in STEPS.items()}
    for _ in range(3):
        await steps_accounts.open_account(player)
        await steps_categories.add_category(player)
    for _ in range(5):
        await steps_transactions.create(player)


async def step(player: Player) -> str:
    """Do one thing; returns which."""
    name = player.chance.choices(list(player.weights), list(player.weights.values()))[0]
    await STEPS[name][1](player)
    player.model.record(player.revision)
    return name
