"""All routers of assets."""

from app.assets.price_router import router as prices
from app.assets.router import router as assets

ROUTERS = (assets, prices)
