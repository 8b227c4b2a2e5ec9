from app.core.routing import routes

router = routes("/reports", "reports")
