"""A provider that keeps to the specification until it is told what to do wrong."""

import asyncio
import base64
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "finance", "s3cret+/="
EVERYTHING = list(JWSRegistry.algorithms)


def ec_key(kid: str = "first") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


class EvilProvider:
    """What tests change is put back by `reset`; `calls` counts what was asked of it, what is `held` must wait."""

    def __init__(self) -> None:
        self.url = ""
        self.rsa = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
        self.reset()

    def reset(self) -> None:
        self.signing: Key = ec_key()
        self.published: list[Key] | None = None
        self.key_set: Any = None
        self.algorithm = "ES256"
        self.header: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.claims: dict[str, Any] = {"sub": "kim", "email": "kim@example.com", "email_verified": True}
        self.userinfo: dict[str, Any] = {}
        self.userinfo_claims: dict[str, Any] | None = None
        self.forge: Callable[[str], str] = lambda token: token
        self.tokens: dict[str, Any] = {}
        self.answers: dict[str, Response] = {}
        self.held: set[str] = set()
        self.redirected: dict[str, str] = {}
        self.logged_in_at: float | None = None
        self.codes: dict[str, dict[str, str]] = {}
        self.calls: list[str] = []
        self.asked: dict[str, str] = {}
        self.authorization = ""

    def app(self) -> Starlette:
        paths = {
            "/.well-known/openid-configuration": self._discover,
            "/authorize": self._authorize,
            "/token": self._token,
            "/jwks": self._jwks,
            "/userinfo": self._userinfo,
        }
        return Starlette(
            routes=[
                Route(path, self._wayward(path, handler), methods=["GET", "POST"]) for path, handler in paths.items()
            ]
        )

    def _wayward(self, path: str, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def handle(request: Request) -> Response:
            self.calls.append(path)
            while path in self.held:  # noqa: ASYNC110  # tests let go of it in another thread
                await asyncio.sleep(0.01)
            if path in self.answers:
                return self.answers[path]
            response: Response = await handler(request)
            return response

        return handle

    async def _discover(self, _: Request) -> Response:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["ES256", "RS256", "HS256", "none"],
        }
        shown = {**document, **self.document}
        return JSONResponse({name: value for name, value in shown.items() if value is not None})

    async def _authorize(self, request: Request) -> Response:
        """Everybody is logged in already."""
        self.asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        self.codes[code] = self.asked
        answer = {"code": code, "state": self.asked["state"], **self.redirected}
        return RedirectResponse(f"{self.asked['redirect_uri']}?{urlencode(answer)}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        self.authorization = request.headers.get("authorization", "")
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        in_body = (form.get("client_id"), form.get("client_secret"))
        if self.authorization != f"Basic {basic}" and in_body not in {(CLIENT_ID, CLIENT_SECRET), (CLIENT_ID, None)}:
            return JSONResponse({"error": "invalid_client"}, 401)
        begun = self.codes.pop(form.get("code", ""), None)
        if begun is None or create_s256_code_challenge(form.get("code_verifier", "")) != begun["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        access_token = secrets.token_urlsafe(16)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "id_token": self.forge(self._id_token(begun["nonce"], access_token)),
            **self.tokens,
        }
        return JSONResponse({name: value for name, value in answer.items() if value is not None})

    def _id_token(self, nonce: str, access_token: str) -> str:
        moment = int(time.time())
        at_hash = create_half_hash(access_token, self.algorithm)
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": moment,
            "exp": moment + 300,
            "nonce": nonce,
            "at_hash": at_hash.decode() if at_hash else None,
            "auth_time": self.logged_in_at,
            **self.claims,
        }
        header = {"alg": self.algorithm, "kid": self.signing.kid, **self.header}
        return jwt.encode(
            {name: value for name, value in header.items() if value is not None},
            {name: value for name, value in claims.items() if value is not None},
            self.signing,
            registry=JWSRegistry(algorithms=EVERYTHING, strict_check_header=False),
        )

    async def _jwks(self, _: Request) -> Response:
        if self.key_set is not None:
            return JSONResponse(self.key_set)
        keys = [self.signing] if self.published is None else self.published
        return JSONResponse({"keys": [key.as_dict(private=False) for key in keys]})

    async def _userinfo(self, _: Request) -> Response:
        return JSONResponse(self.userinfo)


@contextmanager
def serve(provider: EvilProvider) -> Iterator[None]:
    """The provider behind uvicorn on a free port, on an event loop of its own."""
    server = uvicorn.Server(uvicorn.Config(provider.app(), port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        provider.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        yield
    finally:
        provider.reset()  # or what it holds would hold it
        server.should_exit = True
        thread.join(timeout=60)
