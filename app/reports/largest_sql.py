"""Where the largest of a period are read without reading it: off an index, day by day."""

# Transactions with more than one posting, which are read in full, and the categories of the side.
_APART = """
parted AS MATERIALIZED (
    SELECT DISTINCT m.transaction_id AS id FROM postings m
    WHERE m.book_id = :book AND m.date BETWEEN :earliest AND :latest AND m.role = 'flow' AND m.line > 0
),
of_kind AS MATERIALIZED (
    SELECT array_agg(c.id) AS ids FROM category c WHERE c.kind = '{kind}'
),
"""
# The largest of a period without reading it: of each day on which something of the filters moved the `limit` largest
# postings of transactions with one, off an index, and whatever has more than one posting. Of the rest none is among the
# largest: on its day there are `limit` others, each as large or larger in all. Days of which the largest is less than
# that of `limit` other days need no more than that one. IS TRUE keeps the walk on that index; where filters leave few
# postings of a day, those are read by the filter instead.
_KEPT_OF_LARGEST = """
{apart}
moved_on AS MATERIALIZED (
    SELECT m.day, sum(m.count) AS count FROM account a CROSS JOIN LATERAL (
        SELECT m.day, m.count FROM daily_totals m
        WHERE m.book_id = :book AND m.account_id = a.id AND m.day BETWEEN :earliest AND :latest {filters}
        OFFSET 0
    ) AS m GROUP BY m.day HAVING sum(m.count) > 0
),
top AS MATERIALIZED (
    SELECT d.day, f.base_amount FROM moved_on d CROSS JOIN LATERAL (
        {single} {walked}
        ORDER BY m.base_amount {way}, m.transaction_id
        LIMIT 1
    ) AS f {many}
),
least_top AS MATERIALIZED (
    SELECT base_amount FROM top ORDER BY base_amount {way} OFFSET :limit - 1 LIMIT 1
),
found AS MATERIALIZED (
    SELECT f.* FROM top d CROSS JOIN LATERAL (
        {single} {walked}
        ORDER BY m.base_amount {way}, m.transaction_id
        LIMIT :limit
    ) AS f WHERE (d.base_amount {reaches} (SELECT base_amount FROM least_top)) IS NOT FALSE
    {few}
),
chosen AS MATERIALIZED (
    SELECT id FROM parted
    UNION ALL
    (SELECT id FROM found ORDER BY base_amount {way}, id LIMIT :limit)
),
kept AS (
    SELECT 0 AS bucket, m.account_id, m.category_id, m.date AS day, m.transaction_id, NULL::uuid AS payee_id,
           coalesce(greatest(m.base_amount, 0), 0) AS inflow, coalesce(greatest(-m.base_amount, 0), 0) AS outflow,
           CASE WHEN m.base_amount IS NULL THEN greatest(m.amount, 0) ELSE 0 END AS unconverted_inflow,
           CASE WHEN m.base_amount IS NULL THEN greatest(-m.amount, 0) ELSE 0 END AS unconverted_outflow,
           1::bigint AS count
    FROM postings m
    WHERE m.book_id = :book AND m.transaction_id = ANY (ARRAY(SELECT id FROM chosen)) AND m.role = 'flow' {filters}
),
"""
# The postings of one day that are all that their transactions moved.
_ALONE = """
              AND (m.category_id IS NULL OR m.category_id = ANY ((SELECT ids FROM of_kind)::uuid[]))
              AND m.transaction_id NOT IN (SELECT id FROM parted)
"""
# What goes the other way is none of the largest; what is kept as 0 may be worth something in another currency.
_SINGLE = """
        SELECT m.transaction_id AS id, m.base_amount{amount} FROM postings m
        WHERE m.book_id = :book AND m.date = d.day AND m.role = 'flow' AND m.base_amount {to}= 0 {of_side}
"""
_FEW = """
    UNION ALL
    SELECT f.* FROM moved_on d CROSS JOIN LATERAL (
        {single} {filters}
        OFFSET 0
    ) AS f WHERE d.count <= 3 * :limit + 10
"""
_OF_SIDE = {"expenses": ("expense", "ASC", "<"), "income": ("income", "DESC", ">")}
# The same converted: of each day and each currency, for on one day all of a currency have one rate. There the order of
# the kept amounts is that of the amounts themselves, but that rounding makes equals of some in a foreign currency, so
# all equals are taken (WITH TIES). Of what is equal when converted any are shown. What has no kept amount may yet have
# a rate to the currency that is asked for: it is read with the few. A walk passes over the larger amounts of other
# currencies; a book of one currency has no others.
_KEPT_CONVERTED = """
{apart}
moved_on AS MATERIALIZED (
    SELECT n.*, r.rate FROM (
        SELECT m.day, a.currency, array_agg(DISTINCT a.id) AS accounts, bool_or(m.unkept) AS unkept,
               sum(m.count) > 3 * :limit + 10 {alone} AS many
        FROM account a CROSS JOIN LATERAL (
            SELECT m.day, m.count, m.unconverted_inflow <> 0 OR m.unconverted_outflow <> 0 AS unkept
            FROM daily_totals m
            WHERE m.book_id = :book AND m.account_id = a.id AND m.day BETWEEN :earliest AND :latest {filters}
            OFFSET 0
        ) AS m
        GROUP BY m.day, a.currency HAVING sum(m.count) > 0
    ) AS n JOIN rate r ON r.currency = n.currency AND r.day = least(n.day, :today)
),
top AS MATERIALIZED (
    SELECT d.day, d.accounts, d.rate, round(f.base_amount * d.rate, :exponent) AS value
    FROM moved_on d CROSS JOIN LATERAL (
        {single} {walked}
        ORDER BY m.base_amount {way}, m.transaction_id
        LIMIT 1
    ) AS f WHERE d.many AND d.currency = :base
),
least_top AS MATERIALIZED (
    SELECT value FROM top ORDER BY value {way} OFFSET :limit - 1 LIMIT 1
),
found AS MATERIALIZED (
    SELECT f.id, round(f.base_amount * d.rate, :exponent) AS value FROM top d CROSS JOIN LATERAL (
        {single} {walked}
        ORDER BY m.base_amount {way}, m.transaction_id
        LIMIT :limit
    ) AS f WHERE (d.value {reaches} (SELECT value FROM least_top)) IS NOT FALSE
    UNION ALL
    SELECT f.id, round(f.amount * d.rate, :exponent) FROM moved_on d CROSS JOIN LATERAL (
        SELECT t.id, t.amount FROM (
            {single_with_amount} {walked}
            ORDER BY m.base_amount {way}
            FETCH FIRST (:limit) ROWS WITH TIES
        ) AS t
        ORDER BY t.amount {way}, t.id
        LIMIT :limit
    ) AS f WHERE d.many AND d.currency <> :base
    UNION ALL
    SELECT f.id, round(f.amount * d.rate, :exponent) FROM moved_on d CROSS JOIN LATERAL (
        SELECT m.transaction_id AS id, m.amount FROM postings m
        WHERE m.book_id = :book AND m.date = d.day AND m.role = 'flow' AND m.account_id = ANY (d.accounts)
              AND (m.base_amount IS NULL OR NOT d.many) {of_side} {filters}
        ORDER BY m.amount {way}, m.transaction_id
        LIMIT :limit
    ) AS f WHERE d.unkept OR NOT d.many
),
chosen AS MATERIALIZED (
    SELECT id FROM parted
    UNION ALL
    (SELECT id FROM found ORDER BY value {way}, id LIMIT :limit)
),
"""
_OF_CHOSEN = """
    SELECT 0 AS bucket, m.account_id, m.category_id, m.date AS day, m.transaction_id, NULL::uuid AS payee_id, m.amount
    FROM postings m
    WHERE m.book_id = :book AND m.transaction_id = ANY (ARRAY(SELECT id FROM chosen)) AND m.role = 'flow' {filters}
"""


def kept_of_largest(side: str, own: str) -> str:
    """Of the `limit` largest on one side; spending is what leaves, so the least amounts are the largest."""
    kind, way, to = _OF_SIDE[side]
    narrowed, single = bool(own), _SINGLE.format(amount="", to=to, of_side=_ALONE)
    return _KEPT_OF_LARGEST.format(
        apart=_APART.format(kind=kind),
        way=way,
        reaches=f"{to}=",
        filters=own,
        single=single,
        walked=f"AND (true {own}) IS TRUE" if narrowed else "",
        many="WHERE d.count > 3 * :limit + 10" if narrowed else "",
        few=_FEW.format(single=single, filters=own) if narrowed else "",
    )


def kept_of_largest_converted(side: str, own: str) -> tuple[str, str]:
    """What finds them among the amounts of all currencies, and the postings of what is found."""
    kind, way, to = _OF_SIDE[side]
    found = _KEPT_CONVERTED.format(
        apart=_APART.format(kind=kind),
        way=way,
        reaches=f"{to}=",
        filters=own,
        single=_SINGLE.format(amount="", to=to, of_side=_ALONE),
        single_with_amount=_SINGLE.format(amount=", m.amount", to=to, of_side=_ALONE),
        of_side=_ALONE,
        walked=f"AND (m.account_id = ANY (d.accounts) {own}) IS TRUE",
        alone="" if own else "OR (SELECT count(DISTINCT a.currency) FROM account a) = 1",
    )
    return found, _OF_CHOSEN.format(filters=own)
