"""Where market prices come from: the request that each provider wants, and how its answers are read.

A provider is pure: bytes go in, quotes come out, or an `UnreadableError` or `RefusedError`. What a quote says is not
believed yet; see `app/assets/plausibility.py`.
"""

from app.assets.providers.catalogue import NAMES, is_on, normal_symbol, provider_of
from app.assets.providers.model import Ask, Provider, Quote

__all__ = ["NAMES", "Ask", "Provider", "Quote", "is_on", "normal_symbol", "provider_of"]
