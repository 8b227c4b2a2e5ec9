from app.core.routing import routes

router = routes("/imports", "imports")
