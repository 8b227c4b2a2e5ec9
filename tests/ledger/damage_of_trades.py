"""Damage to trades and what is kept of them."""

from tests.ledger.damage_of_log import Damage

WITHOUT_TRIGGERS = "SET LOCAL session_replication_role = replica"

OF_TRADES: dict[str, Damage] = {
    "a trade's amount": (
        [WITHOUT_TRIGGERS, "UPDATE trades SET amount = amount + 1 WHERE id = :trade"],
        {"trades_move_what_they_say"},
        "trade",
    ),
    "a trade without its money": (
        [WITHOUT_TRIGGERS, "UPDATE trades SET transaction_id = NULL WHERE id = :trade"],
        {"trades_move_what_they_say"},
        "",
    ),
    "a trade with the money of something else": (
        [WITHOUT_TRIGGERS, "UPDATE trades SET transaction_id = :income WHERE id = :trade"],
        {"trades_move_what_they_say"},
        "",
    ),
    "a lot's cost": (
        ["UPDATE lots SET cost = cost + 1 WHERE book_id = :book AND asset_id = :asset"],
        {"positions_are_their_lots"},
        "asset",
    ),
    "a day's quantity": (
        ["UPDATE position_days SET quantity = quantity + 1 WHERE book_id = :book AND asset_id = :asset"],
        {"positions_are_their_lots"},
        "asset",
    ),
    "a position that was not made anew": (
        ["UPDATE positions SET stale = true WHERE book_id = :book AND asset_id = :asset"],
        {"positions_are_their_lots"},
        "asset",
    ),
}
