"""Lots that go out and come in again in one transaction: to another account, or as other units after a split."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from app.imports.plaintext.booking import NOTHING, Booker, Lot, Piece
from app.imports.plaintext.dealing import Part
from app.portfolio.parts import QUANTITY_DECIMALS, spread

MOST_OF_RATIO = 10**9
NEAR = Decimal("0.01")
CLOSE = Decimal("1e-9")
SMALLEST = Fraction(1, 10**18)
"""Of units."""


def regrouped(parts: Sequence[Part], pooled: Callable[[str], bool]) -> Iterator[tuple[Part, list[Piece]]]:
    """Lots of a pool that go while as many units come in again at the same cost: the same pool, told otherwise.

    Yields each posting that comes with its units, by the trades that brought them, for what goes from the front on.
    """
    places = dict.fromkeys(part.booked.place for part in parts if pooled(part.booked.posting.account))
    for place in places:
        some = [part for part in parts if part.booked.place == place]
        old = [part for part in some if part.booked.made is None]
        new = [part for part in some if part.booked.made is not None]
        units, cost = (sum((getattr(part, name) for part in old), NOTHING) for name in ("units", "cost"))
        after = sum((part.cost for part in new), NOTHING)
        if units != sum((part.units for part in new), NOTHING) or abs(cost - after) > CLOSE * cost:
            continue
        pieces = [piece for part in old for _, piece in part.taken]
        for part in new:
            yield part, list(_first(pieces, part.units))
        for part in some:
            part.units, part.cost, part.taken = NOTHING, NOTHING, []


def _first(pieces: list[Piece], units: Decimal) -> Iterator[Piece]:
    """The pieces of so many units, which are taken off the front."""
    place = 0
    while units:
        piece = pieces[place]
        share = min(units, piece.units)
        units -= share
        yield Piece(piece.trade_id, share)
        if share == piece.units:
            place += 1
        else:
            pieces[place] = Piece(piece.trade_id, piece.units - share)
    del pieces[:place]


def rests(parts: Sequence[Part], pooled: Callable[[str], bool]) -> Iterator[tuple[Part, list[Piece]]]:
    """What comes in again of a lot that went as a whole: then the other units of it went alone.

    It has the day and the label of the lot, and costs its part of the lot, rounded. In the account of a pool all units
    cost the same anew after each sale, so there a rest may cost anything, and be all of a lot. Yields what is left of
    the lot, by the trades that brought it, for the posting of the rest.
    """
    gone: dict[tuple[str, str], Decimal] = {}
    for part in parts:
        sign = 1 if part.booked.made is None else -1
        gone[part.booked.place] = gone.get(part.booked.place, NOTHING) + sign * part.units
    for rest in parts:
        made = rest.booked.made
        if made is None or made.label is None:
            continue
        for source in parts:
            taken = [each for each in source.taken if _is_same(each[0], made)]
            units = sum((piece.units for _, piece in taken), NOTHING)
            if source.booked.place != rest.booked.place or not taken or units != taken[0][0].units:
                continue
            is_pool = pooled(rest.booked.posting.account) and gone[rest.booked.place] > 0
            is_part = units > rest.units and abs(taken[0][0].number * rest.units - rest.cost) <= NEAR
            if not (is_pool and units >= rest.units) and not is_part:
                continue
            source.units -= rest.units
            source.cost -= rest.cost
            left = _cut(source, taken, rest.units)
            rest.units = NOTHING
            yield rest, left
            break


def _is_same(lot: Lot, made: Lot) -> bool:
    return (lot.label, lot.day, lot.currency) == (made.label, made.day, made.currency)


def _cut(source: Part, taken: list[tuple[Lot, Piece]], units: Decimal) -> list[Piece]:
    """Take the last units of a lot from what a posting takes."""
    meant = {id(each) for each in taken}
    found: list[Piece] = []
    kept: list[tuple[Lot, Piece]] = []
    for each in reversed(source.taken):
        lot, piece = each
        share = min(units, piece.units) if id(each) in meant else NOTHING
        if not share:
            kept.append(each)
            continue
        units -= share
        found.append(Piece(piece.trade_id, share))
        if piece.units > share:
            kept.append((lot, Piece(piece.trade_id, piece.units - share)))
    source.taken = kept[::-1]
    return found[::-1]


def joined(parts: Sequence[Part]) -> list[Part]:
    """What goes from one place at one price as one: a sale of several lots is one sale."""
    found: list[Part] = []
    for part in parts:
        same = next(
            (
                other
                for other in found
                if part.booked.made is None
                and other.booked.made is None
                and (other.booked.place, other.booked.currency, other.booked.posting.price)
                == (part.booked.place, part.booked.currency, part.booked.posting.price)
            ),
            None,
        )
        if same is None:
            found.append(part)
        else:
            same.units += part.units
            same.cost += part.cost
            same.taken += part.taken
    return found


def moved(parts: Sequence[Part]) -> Iterator[tuple[Part, Part, Piece]]:
    """Each piece that another account has afterwards, with its source and target, which are left with the others.

    The lots are the same on both sides: in cost, day and label.
    """
    for target in parts:
        made = target.booked.made
        if made is None:
            continue
        sources = [
            (source, taken)
            for source in parts
            if source.booked.commodity == target.booked.commodity
            and source.booked.posting.account != target.booked.posting.account
            for taken in source.taken
            if _is_same(taken[0], made) and abs(_each_cost(source, taken[0]) - made.number) <= CLOSE * made.number
        ]
        if sum((piece.units for _, (_, piece) in sources), NOTHING) < target.units:
            continue
        for source, taken in sources:
            lot, piece = taken
            units = min(piece.units, target.units)
            if not units:
                break
            for side, cost in ((source, units * _each_cost(source, lot)), (target, units * made.number)):
                side.units -= units
                side.cost -= cost
            source.taken.remove(taken)
            if piece.units > units:
                source.taken.append((lot, Piece(piece.trade_id, piece.units - units)))
            yield source, target, Piece(piece.trade_id, units)


def _each_cost(part: Part, lot: Lot) -> Decimal:
    """What one unit costs: of a lot of which a rest came in again, what is left of its cost."""
    return part.cost / part.units if len({id(each) for each, _ in part.taken}) == 1 else lot.number


def split_ratio(parts: Sequence[Part], booker: Booker) -> Fraction | None:
    """New units for an old one, where all lots of a position go and come in again at that ratio, cost and day kept."""
    old, new = _old(parts), _new(parts)
    if not old or len(old) != len(new) or len({part.booked.place for part in parts}) > 1:
        return None
    before = sum((units for _, units, _ in old), NOTHING)
    if before != booker.held(parts[0].booked.place):
        return None
    # Where it does not divide without a rest, the units are rounded, each and as a whole.
    whole = Fraction(sum((part.units for _, part in new), NOTHING))
    ratio = (whole / Fraction(before)).limit_denominator(MOST_OF_RATIO - 1)
    same = all(
        lot.day == made.day
        and abs(Fraction(units) * ratio - Fraction(part.units)) <= SMALLEST
        and abs(lot.number * units - part.cost) < NEAR
        for (lot, units, _), (made, part) in zip(old, new, strict=True)
    )
    return ratio if same and 0 < ratio.numerator < MOST_OF_RATIO else None


def split_pieces(parts: Sequence[Part]) -> dict[int, list[Piece]]:
    """The pieces of each new lot, by the place of its posting: the trades stay those of the old one.

    Units are spread as the book's own split spreads them, so a sale can name each of them.
    """
    found = {}
    for (_, _, pieces), (_, part) in zip(_old(parts), _new(parts), strict=True):
        counts = spread(part.units, [piece.units for piece in pieces], QUANTITY_DECIMALS)
        found[part.number] = [
            Piece(piece.trade_id, units) for piece, units in zip(pieces, counts, strict=True) if units
        ]
    return found


def _old(parts: Sequence[Part]) -> list[tuple[Lot, Decimal, list[Piece]]]:
    lots: dict[int, tuple[Lot, list[Piece]]] = {}
    for part in parts:
        for lot, piece in part.taken:
            lots.setdefault(id(lot), (lot, []))[1].append(piece)
    found = [(lot, sum((piece.units for piece in pieces), NOTHING), pieces) for lot, pieces in lots.values()]
    return sorted(found, key=lambda each: (each[0].day, each[1], each[0].number))


def _new(parts: Sequence[Part]) -> list[tuple[Lot, Part]]:
    found = [(part.booked.made, part) for part in parts if part.booked.made is not None]
    return sorted(found, key=lambda each: (each[0].day, each[1].units, each[0].number))
