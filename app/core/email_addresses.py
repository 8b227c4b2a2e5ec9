"""E-mail addresses: their one normal form, and what every spelling of one folds to."""

import unicodedata

from email_validator import EmailNotValidError, validate_email

LONGEST = 320
COMBINING_DOT = "\u0307"
SIGMA, FINAL_SIGMA = "\u03c3", "\u03c2"


def normalized(value: str) -> str:
    """The address as it is kept: its mailbox in one form of the letters, its domain as IDNA writes it.

    Syntax alone is checked; addresses of a home network (`me@nas.local`) are as good as any. Raises `ValueError`.
    """
    try:
        checked = validate_email(value, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return checked.normalized


def folded(email: str) -> str:
    """The same for all spellings that any database may take for one address, by `lower`, whatever its locale.

    Databases disagree on two letters: a capital I with a dot becomes an i, or an i and a dot to combine; a capital
    sigma at the end of a word becomes either sigma.
    """
    small = "".join(letter.lower() for letter in unicodedata.normalize("NFKC", email))
    return small.replace(FINAL_SIGMA, SIGMA).replace(COMBINING_DOT, "")


def is_plain(email: str) -> bool:
    """Whether nothing but the case of A to Z is folded in it: then no other person can be spelled so.

    Two plain addresses that fold to the same are the same to the database.
    """
    return folded(email) == "".join(letter.lower() if letter.isascii() else letter for letter in email)
