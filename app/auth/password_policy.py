"""Which passwords are refused: those that are among the first that somebody would try."""

import re
from collections.abc import Sequence
from math import prod
from typing import Any

from zxcvbn import matching, scoring  # type: ignore[import-untyped]

from app.core.errors import FieldError, InvalidError
from app.core.security import PasswordHasher

FEWEST_GUESSES = 2 * 10**8
"""A day's work for somebody who has the hashes; three known words in a row come to half of it."""
MOST_LOOKED_AT = 72
"""Characters looked at: the work grows with the cube of the length, and so many decide."""
MOST_SPELLINGS = 8
"""Ways to read letters into signs (`p4$$`) that are tried; more of them would take seconds."""

MATCHERS = (
    matching.dictionary_match,
    matching.reverse_dictionary_match,
    matching.spatial_match,
    matching.sequence_match,
    matching.regex_match,
    matching.date_match,
)
"""Those of the package but two, which are only asked where there are few spellings. Its own function for all of them
keeps what one person is called where the next one's thread would find it."""

OWN_WORDS = "it is made from your name or address"
REASONS = {
    "passwords": "it is one of the passwords that people choose most often, or close to one",
    "dictionary": "it is made from few common words or names",
    "spatial": "it follows the keys of a keyboard",
    "repeat": "it repeats itself",
    "sequence": "it is a sequence such as abc or 6543",
    "date": "it is made from a date",
    "regex": "it is made from a recent year",
    "bruteforce": "it is short",
}


class WeakPasswordError(InvalidError):
    code = "weak_password"
    title = "This password is too easy to guess"


async def refuse_weak(passwords: PasswordHasher, field: str, password: str, about: Sequence[str | None]) -> None:
    """Raise `WeakPasswordError` about the field where a password would be guessed soon, by whom it is `about` too."""
    reason = await passwords.at_work(lambda: weakness_of(password, about))
    if reason is not None:
        detail = f"this password is easy to guess, for {reason}; add a few unrelated words"
        raise WeakPasswordError(FieldError(field, "weak_password", detail))


def weakness_of(password: str, about: Sequence[str | None]) -> str | None:
    """Why the password is weak, in words; None when it is not. It takes a thread a fraction of a second."""
    reason = _weakness(password[:MOST_LOOKED_AT])
    if reason is not None:
        return reason
    # Who tries to guess it knows the person, so their own words add nothing.
    own = "|".join(re.escape(word) for word in _words(about))
    rest = re.sub(own, "", password, flags=re.IGNORECASE) if own else password
    return OWN_WORDS if rest != password and _weakness(rest[:MOST_LOOKED_AT]) is not None else None


def _weakness(password: str) -> str | None:
    if not password:
        return REASONS["bruteforce"]
    found = scoring.most_guessable_match_sequence(password, _matches(password))
    if found["guesses"] >= FEWEST_GUESSES:
        return None
    weakest = max(found["sequence"], key=lambda match: len(match["token"]))
    common = weakest.get("dictionary_name") == "passwords"
    return REASONS["passwords" if common else weakest["pattern"]]


def _words(about: Sequence[str | None]) -> list[str]:
    """An address and a name, whole and in their parts; the longest first, for they contain the others."""
    known = [text.lower() for text in about if text]
    parts = {part for text in known for part in re.split(r"[\W_]+", text) if len(part) > 2}
    return sorted({*known, *parts}, key=len, reverse=True)


def _matches(password: str) -> list[Any]:
    spellings = matching.relevant_l33t_subtable(password, matching.L33T_TABLE).values()
    more = (matching.l33t_match, matching.repeat_match)
    matchers = (*MATCHERS, *(more if prod(len(signs) for signs in spellings) <= MOST_SPELLINGS else ()))
    found = [match for matcher in matchers for match in matcher(password)]
    return sorted(found, key=lambda match: (match["i"], match["j"]))
