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

# A sign that stands for more than one currency names none: the account the file is imported into has its own.
SIGNS = {
    "€": "EUR", "£": "GBP", "zł": "PLN", "zl": "PLN", "kč": "CZK", "ft": "HUF", "₹": "INR", "₽": "RUB", "₴": "UAH",
    "₺": "TRY", "₪": "ILS", "₩": "KRW", "₫": "VND", "฿": "THB", "₦": "NGN", "₱": "PHP", "r$": "BRL", "us$": "USD",
    "ca$": "CAD", "c$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "fr.": "CHF",
    "sfr.": "CHF", "lei": "RON", "$": None, "¥": None, "kr": None, "kr.": None,
}  # fmt: skip

_NAMES = {"euro": "EUR", "euros": "EUR", "forint": "HUF", "zloty": "PLN", "us dollar": "USD", "pound sterling": "GBP"}

# The longest sign first, so that "US$" is not read as "$".
SIGN_PATTERN = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))

_CODE = re.compile(r"[A-Za-z]{3,5}", re.ASCII)
_IN_HEADER = re.compile(
    rf"[(\[]\s*(?P<inner>[A-Za-z]{{3}}|{SIGN_PATTERN})\s*[)\]]|\b(?P<last>[A-Z]{{3}})\s*$", re.IGNORECASE
)


def currency_of_cell(text: str) -> str | None:
    """The code a currency cell names, None for a sign that several currencies share; ValueError when it names none.

    Codes outside ISO 4217 (of crypto-currencies, for example) pass when they have three to five letters.
    """
    folded = " ".join(text.split()).casefold()
    if folded in SIGNS:
        return SIGNS[folded]
    if folded in _NAMES:
        return _NAMES[folded]
    if _CODE.fullmatch(folded):
        return folded.upper()
    raise ValueError("not a currency")


def currency_of_header(name: str) -> str | None:
    """The currency in a column name such as `Amount (EUR)`, `Betrag in €` or `Amount USD`."""
    found = _IN_HEADER.search(name)
    if found is None:
        last_word = name.casefold().rpartition(" ")[2]
        return SIGNS.get(last_word)
    text = found["inner"] or found["last"]
    return SIGNS.get(text.casefold()) or (text.upper() if text.upper() in CODES else None)
