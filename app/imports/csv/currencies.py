"""Currency codes and signs as they stand in cells and column names."""

import re

# ISO 4217, the codes in circulation and those of the recent past that old exports still hold.
_CIRCULATING = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLF CLP CNH CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD
    HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
    LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP
    PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND
    TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWL
"""
CODES = frozenset(_CIRCULATING.split())

# What a sign says by itself: a sign of many currencies names none, so that the account's counts where it fits.
SIGNS = {
    "€": "EUR", "£": "GBP", "zł": "PLN", "zl": "PLN", "kč": "CZK", "ft": "HUF", "₹": "INR", "₽": "RUB", "₴": "UAH",
    "₺": "TRY", "₪": "ILS", "₩": "KRW", "₫": "VND", "฿": "THB", "₦": "NGN", "₱": "PHP", "r$": "BRL", "us$": "USD",
    "ca$": "CAD", "c$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "fr.": "CHF",
    "sfr.": "CHF", "lei": "RON", "$": None, "¥": None, "kr": None, "kr.": None,
}  # fmt: skip

_KRONOR = frozenset(("DKK", "ISK", "NOK", "SEK"))
_DOLLARS_AND_PESOS = """
    ARS AUD BBD BMD BND BRL BSD BZD CAD CLP COP CUP CVE DOP FJD GYD HKD JMD KYD LRD MOP MXN NAD NIO NZD SBD SGD SRD SVC
    TOP TTD TWD USD UYU WST XCD ZWL
"""
SHARED = {
    "$": frozenset(_DOLLARS_AND_PESOS.split()),
    "£": frozenset(("EGP", "FKP", "GBP", "GIP", "LBP", "SDG", "SHP", "SSP", "SYP")),
    "¥": frozenset(("CNH", "CNY", "JPY")),
    "kr": _KRONOR,
    "kr.": _KRONOR,
}
"""The currencies that a sign may stand for, of those signs that stand for several."""

_NAMES = {"euro": "EUR", "euros": "EUR", "forint": "HUF", "zloty": "PLN", "us dollar": "USD", "pound sterling": "GBP"}

# The longest sign first, so that "US$" is not read as "$".
SIGN_PATTERN = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))

_CODE = re.compile(r"[A-Za-z]{3,5}", re.ASCII)
_IN_HEADER = re.compile(
    rf"[(\[]\s*(?P<inner>[A-Za-z]{{3}}|{SIGN_PATTERN})\s*[)\]]|\b(?P<last>[A-Z]{{3}})\s*$", re.IGNORECASE
)


def told_by(name: str) -> str:
    """What a sign or code says, whatever its case: a code, or a sign of `SHARED`."""
    folded = name.casefold()
    return folded if folded in SHARED else SIGNS.get(folded) or name.upper()


def code_of(told: str | None) -> str | None:
    """The code that it is or usually stands for; None for a sign that has no usual one."""
    return SIGNS.get(told, told) if told is not None else None


def meant(told: str) -> frozenset[str]:
    """The currencies that a code or a sign of `SHARED` may stand for."""
    return SHARED.get(told) or frozenset((told,))


def fits(told: str, currency: str) -> bool:
    return currency in meant(told)


def narrower(one: str, other: str) -> str | None:
    """Of a code and a sign, or of two signs, the one that says more; None where they contradict each other."""
    if meant(one).isdisjoint(meant(other)):
        return None
    return min(one, other, key=lambda told: len(meant(told)))


def told_by_cell(text: str) -> str:
    """The code a currency cell names, or the sign where several currencies share it; ValueError when it names none.

    Codes outside ISO 4217 (of crypto-currencies, for example) pass when they have three to five letters.
    """
    folded = " ".join(text.split()).casefold()
    if folded in SIGNS:
        return told_by(folded)
    if folded in _NAMES:
        return _NAMES[folded]
    if _CODE.fullmatch(folded):
        return folded.upper()
    raise ValueError("not a currency")


def told_by_header(name: str) -> str | None:
    """The code or shared sign in a column name such as `Amount (EUR)`, `Betrag in €`, `Amount USD` or `Price ($)`."""
    found = _IN_HEADER.search(name)
    text = (found["inner"] or found["last"]) if found is not None else name.rpartition(" ")[2]
    known = text.casefold() in SIGNS or (found is not None and text.upper() in CODES)
    return told_by(text) if known else None
