"""Damage to the event log and its chain, for the checks of the ledger to find."""

# An event rewritten, then what its link says of it, then the link itself: the next link still knows.
REWRITE = "UPDATE events SET action = 'forged' WHERE book_id = :book AND revision = 2"
DIGEST = (
    "UPDATE event_chain c SET digest = (SELECT sha256(string_agg(event_hash(e), ''::bytea ORDER BY e.position)) "
    "FROM events e WHERE e.book_id = c.book_id AND e.revision = c.revision) WHERE c.book_id = :book AND c.revision = 2"
)
HASH = (
    "UPDATE event_chain c SET hash = sha256((SELECT b.hash FROM event_chain b WHERE b.book_id = c.book_id "
    "AND b.revision < c.revision ORDER BY b.revision DESC, b.first_position DESC LIMIT 1) || c.digest) "
    "WHERE c.book_id = :book AND c.revision = 2"
)

Damage = tuple[list[str], set[str], str]

OF_THE_LOG: dict[str, Damage] = {
    **{
        f"an event's {column}": (
            [f"UPDATE events SET {change} WHERE book_id = :book AND entity_id = :expense"],
            {"events_are_as_they_were_written"},
            "",
        )
        for column, change in {
            "before": """before = '{"amount": "1"}'""",
            "after": 'after = after || \'{"amount": "1.00"}\'',
            "lost image": "after = NULL",
            "actor": "actor_id = NULL",
            "instant": "at = at - interval '1 microsecond'",
            "action": "action = 'deleted'",
            "entity": "entity = 'account'",
            "id": "entity_id = book_id",
        }.items()
    },
    "a lost event": (
        ["DELETE FROM events WHERE book_id = :book AND entity_id = :expense"],
        {"events_are_as_they_were_written", "transactions_revisions_are_in_the_log"},
        "",
    ),
    "an event in another place": (
        ["UPDATE events SET position = position + 1000 WHERE book_id = :book AND entity_id = :expense"],
        {"events_are_as_they_were_written", "events_are_all_in_the_chain"},
        "",
    ),
    "an event past the chain": (
        [
            "SET LOCAL session_replication_role = replica",
            (
                "INSERT INTO events (book_id, revision, position, entity, entity_id, action) "
                "VALUES (:book, 0, 0, 'transaction', :lost, 'created')"
            ),
        ],
        {"events_are_all_in_the_chain"},
        "",
    ),
    "an event put in between": (
        [
            (
                "INSERT INTO events (book_id, revision, position, entity, entity_id, action) "
                "VALUES (:book, 1, 1000, 'transaction', :lost, 'created')"
            ),
        ],
        {"links_of_the_log_hold_together"},
        "",
    ),
    "a lost link": (
        ["DELETE FROM event_chain WHERE book_id = :book AND revision = 2"],
        {"events_are_all_in_the_chain", "links_of_the_log_hold_together"},
        "",
    ),
    "a link's hash": (
        ["UPDATE event_chain SET hash = sha256(hash) WHERE book_id = :book AND revision = 2"],
        {"links_of_the_log_hold_together"},
        "",
    ),
    "an event with its link's digest": (
        [REWRITE, DIGEST],
        {"links_of_the_log_hold_together"},
        "",
    ),
    "an event with its whole link": (
        [REWRITE, DIGEST, HASH],
        {"links_of_the_log_hold_together"},
        "",
    ),
    "a header without postings": (
        [
            (
                "INSERT INTO transactions (book_id, id, type, date, account_id, amount, revision) "
                "VALUES (:book, :lost, 'expense', '2026-01-01', :account, 0, 1)"
            )
        ],
        {"transactions_have_postings"},
        "lost",
    ),
}
