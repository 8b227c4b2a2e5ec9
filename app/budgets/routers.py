"""The routers of budgets, in the order in which their paths are tried."""

from app.budgets import heirs
from app.budgets.envelope_router import router as envelopes
from app.budgets.group_router import router as groups
from app.budgets.router import router as budgets

__all__ = ["ROUTERS", "heirs"]

ROUTERS = (envelopes, budgets, groups)  # `/budgets/envelopes` and `/budgets/move` before `/budgets/{budget_id}`
