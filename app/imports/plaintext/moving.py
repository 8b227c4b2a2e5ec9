"""Lots that go out and come in again in one transaction: to another account, or as other units after a split."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from app.imports.plaintext.booking import NOTHING, Booker, Lot, Piece
from app.imports.plaintext.dealing import Part

MOST_OF_RATIO = 10**9
NEAR = Decimal("0.01")


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
            if taken[0].key == made.key
        ]
        if sum((piece.units for _, (_, piece) in sources), NOTHING) < target.units:
            continue
        for source, taken in sources:
            lot, piece = taken
            units = min(piece.units, target.units)
            if not units:
                break
            for side in (source, target):
                side.units -= units
                side.cost -= units * lot.number
            source.taken.remove(taken)
            if piece.units > units:
                source.taken.append((lot, Piece(piece.trade_id, piece.units - units)))
            yield source, target, Piece(piece.trade_id, units)


def split_ratio(parts: Sequence[Part], booker: Booker) -> Fraction | None:
    """New units for an old one, where all lots of a position go and come in again at that ratio, cost and day kept."""
    old, new = _old(parts), _new(parts)
    if not old or len(old) != len(new) or len({part.booked.place for part in parts}) > 1:
        return None
    before = sum((units for _, units, _ in old), NOTHING)
    if before != booker.held(parts[0].booked.place):
        return None
    ratio = Fraction(sum((part.units for _, part in new), NOTHING)) / Fraction(before)
    same = all(
        lot.day == made.day
        and Fraction(units) * ratio == Fraction(part.units)
        and abs(lot.number * units - part.cost) < NEAR
        for (lot, units, _), (made, part) in zip(old, new, strict=True)
    )
    return ratio if same and max(ratio.numerator, ratio.denominator) < MOST_OF_RATIO else None


def split_pieces(parts: Sequence[Part], ratio: Fraction) -> dict[int, list[Piece]]:
    """The pieces of each new lot, by the place of its posting: the trades stay those of the old one."""
    found = {}
    for (_, _, pieces), (_, part) in zip(_old(parts), _new(parts), strict=True):
        left = part.units
        scaled = []
        for piece in pieces[:-1]:
            units = piece.units * ratio.numerator / ratio.denominator
            left -= units
            scaled.append(Piece(piece.trade_id, units))
        found[part.number] = [*scaled, Piece(pieces[-1].trade_id, left)]
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
