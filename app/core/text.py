"""Texts as rules and suggestions compare them: folded as the search folds them, but with their punctuation."""

import unicodedata

# The letters that the search takes for others and Unicode does not; see `search_text` of the database.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n", "æ": "ae", "œ": "oe", "þ": "th"}  # noqa: RUF001  # that is the letter
)


def folded(text: str) -> str:
    """The text folded, one space between words; punctuation stays, unlike in the search."""
    if text.isascii():
        return " ".join(text.lower().split())
    letters = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(c for c in letters if not unicodedata.combining(c)).translate(_LETTERS)
    return " ".join(unicodedata.normalize("NFKC", bare).split())
