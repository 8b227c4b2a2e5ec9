"""`/docs` and `/redoc` with every asset from an installed package: they work with no internet."""

from functools import cache
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

STATIC = Path(fastapi_offline.__file__).parent / "static"
ASSETS = "/docs/assets"
OAUTH_REDIRECT = "/docs/oauth2-redirect"
OPENAPI = "/openapi.json"
REDOC_SCRIPT = "/docs/redoc.js"
REDOC_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"


@cache
def _redoc_script() -> bytes:
    """ReDoc without the one thing it fetches from elsewhere, its maker's logo; it hides an image that fails."""
    return (STATIC / "redoc.standalone.js").read_bytes().replace(REDOC_LOGO.encode(), b"data:,")


def install(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def front() -> RedirectResponse:
        return RedirectResponse("/docs")

    @app.get("/docs", include_in_schema=False)
    async def swagger_ui() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=OPENAPI,
            title=app.title,
            oauth2_redirect_url=OAUTH_REDIRECT,
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
            swagger_ui_parameters={"persistAuthorization": True, "filter": True, "docExpansion": "none"},
        )

    @app.get(OAUTH_REDIRECT, include_in_schema=False)
    async def swagger_ui_redirect() -> HTMLResponse:
        return get_swagger_ui_oauth2_redirect_html()

    @app.get("/redoc", include_in_schema=False)
    async def redoc() -> HTMLResponse:
        return get_redoc_html(
            openapi_url=OPENAPI,
            title=app.title,
            redoc_js_url=REDOC_SCRIPT,
            redoc_favicon_url=f"{ASSETS}/favicon.png",
            with_google_fonts=False,
        )

    @app.get(REDOC_SCRIPT, include_in_schema=False)
    async def redoc_script() -> Response:
        headers = {"Cache-Control": "public, max-age=3600"}
        return Response(_redoc_script(), media_type="text/javascript", headers=headers)

    app.mount(ASSETS, StaticFiles(directory=STATIC), name="docs-assets")
