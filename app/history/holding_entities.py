"""What an undo can bring back of what is held beside money: assets and their prices."""

from app.history.entity import Entity

HOLDINGS: dict[str, Entity] = {
    "asset": Entity(
        "assets",
        {
            "symbol": "text",
            "name": "text",
            "type": "text",
            "currency": "text",
            "isin": "text",
            "sector": "text",
            "target_percent": "numeric",
            "provider": "text",
            "provider_symbol": "text",
            "notes": "text",
            "archived_at": "timestamptz",
        },
    ),
    "asset_price": Entity("asset_prices", {"asset_id": "uuid", "date": "date", "price": "numeric", "source": "text"}),
}
