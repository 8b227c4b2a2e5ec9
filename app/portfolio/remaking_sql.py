"""Statements that make positions anew, and those that read a whole book to check them."""

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text


# Positions hang together where units go from one to another: what is sold here may have been bought there.
def connected_from(seed: str) -> str:
    """The start of a statement that knows `connected`: the positions of a SELECT and all that hang together with them.

    The SELECT is a constant of the code.
    """
    return f"""
    WITH RECURSIVE connected(account_id, asset_id) AS (
        {seed}
        UNION
        SELECT n.account_id, n.asset_id
        FROM connected c
        CROSS JOIN LATERAL (
            SELECT coalesce(t.to_account_id, t.account_id) AS account_id,
                   coalesce(t.to_asset_id, t.asset_id) AS asset_id
            FROM trades t
            WHERE t.book_id = :book AND t.account_id = c.account_id AND t.asset_id = c.asset_id
              AND (t.to_account_id IS NOT NULL OR t.to_asset_id IS NOT NULL)
            UNION ALL
            SELECT t.account_id, t.asset_id FROM trades t
            WHERE t.book_id = :book AND t.to_account_id = c.account_id AND t.asset_id = c.asset_id
            UNION ALL
            SELECT t.account_id, t.asset_id FROM trades t
            WHERE t.book_id = :book AND t.to_asset_id = c.asset_id AND t.account_id = c.account_id
        ) AS n
    )
    """  # noqa: S608  # nosec B608  # a constant


_CONNECTED = connected_from("SELECT p.account_id, p.asset_id FROM positions p WHERE p.book_id = :book AND p.stale")
_TERMS = """
    SELECT p.account_id, p.asset_id, k.exponent, coalesce(m.method, 'fifo') AS method,
           coalesce(m.long_term_months, 12) AS long_term_months,
           EXISTS (SELECT FROM trades t
                   WHERE t.book_id = :book AND t.account_id = p.account_id AND t.asset_id = p.asset_id)
           OR EXISTS (SELECT FROM trades t
                      WHERE t.book_id = :book AND t.to_account_id = p.account_id AND t.asset_id = p.asset_id)
           OR EXISTS (SELECT FROM trades t
                      WHERE t.book_id = :book AND t.to_asset_id = p.asset_id AND t.account_id = p.account_id) AS traded
    FROM {positions} p
    JOIN accounts a ON a.book_id = :book AND a.id = p.account_id
    JOIN currencies k ON k.code = a.currency
    LEFT JOIN cost_methods m ON m.book_id = :book AND m.account_id = p.account_id
"""
STALE = text(_CONNECTED + _TERMS.format(positions="connected")).bindparams(bindparam("book", type_=Uuid))
EVERY = text(_TERMS.format(positions="(SELECT account_id, asset_id FROM positions WHERE book_id = :book)")).bindparams(
    bindparam("book", type_=Uuid)
)

# A rate is looked up once for each currency and day, however many trades there are.
TRADES = text(
    """
    WITH wanted AS MATERIALIZED (
        SELECT t.id, t.account_id, t.asset_id, t.kind, t.date, t.quantity, t.amount, t.fees, t.taxes, t.cost,
               t.acquired_on, t.to_account_id, t.to_asset_id, t.ratio, t.rate, t.cost_percent, t.lots, t.created_at,
               a.currency, CASE WHEN t.kind = 'deposit' THEN coalesce(t.acquired_on, t.date) ELSE t.date END AS day
        FROM unnest(:accounts, :assets) AS p(account_id, asset_id)
        JOIN trades t ON t.book_id = :book AND t.account_id = p.account_id AND t.asset_id = p.asset_id
            AND t.kind NOT IN ('dividend', 'interest', 'fee')
        JOIN accounts a ON a.book_id = :book AND a.id = t.account_id
    ),
    rated AS MATERIALIZED (
        SELECT d.currency, r.day, r.rate
        FROM (SELECT w.currency, array_agg(DISTINCT w.day) AS days FROM wanted w GROUP BY w.currency) AS d
        CROSS JOIN LATERAL rates_over(d.currency, :base, d.days) AS r
    )
    SELECT w.*, r.rate AS base_rate
    FROM wanted w LEFT JOIN rated r ON r.currency = w.currency AND r.day = w.day
    ORDER BY w.date, w.created_at, w.id
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("base", type_=Text),
    bindparam("accounts", type_=ARRAY(Uuid)),
    bindparam("assets", type_=ARRAY(Uuid)),
)

_OF = "account_id uuid, asset_id uuid"
_STATE = "quantity numeric, cost numeric, base_cost numeric"
_GONE = """
    DELETE FROM {table} x USING part p
    WHERE x.book_id = :book AND x.account_id = p.account_id AND x.asset_id = p.asset_id RETURNING 1
"""
_COME = """
    INSERT INTO {table} (book_id, {names})
    SELECT :book, {names} FROM jsonb_to_recordset(CAST(:{table} AS jsonb)) AS n({columns})
    WHERE (SELECT count(*) FROM no_{table}) >= 0
"""
COLUMNS = {
    "position_days": f"{_OF}, date date, {_STATE}",
    "lots": f"{_OF}, line integer, trade_id uuid, acquired_on date, {_STATE}",
    "disposals": f"{_OF}, line integer, trade_id uuid, lot_trade_id uuid, acquired_on date, disposed_on date, "
    f"{_STATE}, proceeds numeric, base_proceeds numeric, long_term boolean",
}


def _names(columns: str) -> str:
    return ", ".join(column.split()[0] for column in columns.split(", "))


_STEPS = ",\n".join(
    f"no_{table} AS ({_GONE.format(table=table)}),\n"
    f"new_{table} AS ({_COME.format(table=table, names=_names(columns), columns=columns)})"
    for table, columns in COLUMNS.items()
)
# What no trade speaks of any more goes; what it held went with the rows that hang on it.
WRITE = text(
    f"""
    WITH part AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:positions AS jsonb)) AS p({_OF}, {_STATE}, traded boolean)
    ),
    {_STEPS},
    kept AS (
        UPDATE positions x SET quantity = p.quantity, cost = p.cost, base_cost = p.base_cost, stale = false
        FROM part p
        WHERE p.traded AND x.book_id = :book AND x.account_id = p.account_id AND x.asset_id = p.asset_id
    )
    DELETE FROM positions x USING part p
    WHERE NOT p.traded AND x.book_id = :book AND x.account_id = p.account_id AND x.asset_id = p.asset_id
    """  # noqa: S608  # nosec B608  # constants of this module
).bindparams(bindparam("book", type_=Uuid))
