"""What an undo can bring back of what is held: assets with their prices, trades, and how their gains are counted."""

from app.history.entity import Entity

HELD: dict[str, Entity] = {
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
    "trade": Entity(
        "trades",
        {
            "account_id": "uuid",
            "asset_id": "uuid",
            "kind": "text",
            "date": "date",
            "quantity": "numeric",
            "price": "numeric",
            "currency": "text",
            "rate": "numeric",
            "amount": "numeric",
            "fees": "numeric",
            "taxes": "numeric",
            "cost": "numeric",
            "acquired_on": "date",
            "to_account_id": "uuid",
            "to_asset_id": "uuid",
            "ratio": "numeric",
            "cost_percent": "numeric",
            "lots": "jsonb",
            "category_id": "uuid",
            "tax_category_id": "uuid",
            "fee_category_id": "uuid",
            "notes": "text",
            "external_id": "text",
            "import_id": "uuid",
            "transaction_id": "uuid",
        },
    ),
    "cost_method": Entity("cost_methods", {"account_id": "uuid", "method": "text", "long_term_months": "integer"}),
}
