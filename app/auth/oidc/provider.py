"""The one provider of the settings: what it says about itself, and what it says about a person who comes from it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url

from app.auth.oidc.errors import DeniedError, NotConfiguredError, ProviderError
from app.auth.oidc.fetching import call, is_safe
from app.auth.oidc.id_token import ASYMMETRIC, Expected, PublicKey, UnknownKeyError, read, read_keys
from app.auth.oidc.person import Person, person_of
from app.core.config import Settings
from app.core.errors import DomainError

KEPT_SECONDS = 3600
FAILURE_KEPT_SECONDS = 5
CALLBACK = "/api/v1/auth/oidc/callback"
AUTH_METHODS = ("client_secret_basic", "client_secret_post")

T = TypeVar("T")


class Kept(Generic[T]):
    """Something fetched, kept for an hour. Who comes meanwhile waits for the same fetch, and for the same failure."""

    def __init__(self, fetch: Callable[[], Awaitable[T]]) -> None:
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._until = 0.0
        self._failure: DomainError | None = None
        self._failed_until = 0.0

    async def get(self, *, other_than: T | None = None) -> T:
        """What is kept, or fetched where it is old, or is the very thing that is of no use any more."""
        async with self._lock:
            moment = time.monotonic()
            if self._value is not None and moment < self._until and self._value is not other_than:
                return self._value
            if self._failure is not None and moment < self._failed_until:
                raise type(self._failure)(self._failure.detail)
            try:
                self._value = await self._fetch()
            except DomainError as error:
                self._failure, self._failed_until = error, time.monotonic() + FAILURE_KEPT_SECONDS
                raise
            self._until = time.monotonic() + KEPT_SECONDS
            return self._value


@dataclass(frozen=True)
class Metadata:
    """What is used of the provider's discovery document, checked."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: frozenset[str]
    auth_method: str
    names_itself: bool
    """Whether every answer to the browser carries `iss` (RFC 9207)."""


@dataclass(frozen=True)
class Proofs:
    """What binds one log-in at the provider to the browser that began it."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """Everything that is asked of the provider. No method may be called inside a transaction: each may take seconds."""

    def __init__(self, settings: Settings, issuer: str, client_id: str) -> None:
        self.issuer = issuer
        self.redirect_uri = settings.public_url + CALLBACK
        self._client_id = client_id
        self._secret = settings.oidc_client_secret
        self._scopes = settings.oidc_scopes
        self._metadata = Kept(self._discover)
        self._keys = Kept(self._fetch_keys)

    async def authorization_url(self, proofs: Proofs, *, anew: bool) -> str:
        """Where to send the browser; `anew` has the provider ask for the credentials again."""
        metadata = await self._metadata.get()
        again = {"prompt": "login", "max_age": "0"} if anew else {}
        return str(
            prepare_grant_uri(
                metadata.authorization_endpoint,
                self._client_id,
                "code",
                redirect_uri=self.redirect_uri,
                scope=self._scopes,
                state=proofs.state,
                nonce=proofs.nonce,
                code_challenge=create_s256_code_challenge(proofs.verifier),
                code_challenge_method="S256",
                **again,
            )
        )

    async def ready(self) -> None:
        """Raises what keeps the provider from being used, before anything is begun."""
        await self._metadata.get()

    async def person_behind(self, code: str, proofs: Proofs, named: str | None) -> Person:
        """Exchange the code, check the ID token, and tell who came.

        `named` is the `iss` beside the code. Raises `DeniedError`, `TokenRefusedError`, `ProviderError` and
        `ProviderUnavailableError`.
        """
        metadata = await self._metadata.get()
        if (named is None and metadata.names_itself) or named not in {None, self.issuer}:
            raise DeniedError("The answer came from another provider than the one that was asked.")
        tokens = await self._exchange(metadata, code, proofs)
        access_token, id_token = tokens.get("access_token"), tokens.get("id_token")
        if not isinstance(id_token, str):
            raise ProviderError("The provider sent no ID token; OIDC_SCOPES must have openid in it.")
        expected = Expected(
            self.issuer, self._client_id, proofs.nonce, access_token if isinstance(access_token, str) else None
        )
        claims = await self._read(id_token, metadata, expected)
        if "email" not in claims and metadata.userinfo_endpoint and expected.access_token:
            claims = {**claims, **await self._more(metadata.userinfo_endpoint, expected.access_token, claims["sub"])}
        return person_of(self.issuer, claims)

    async def _read(self, id_token: str, metadata: Metadata, expected: Expected) -> dict[str, Any]:
        """Keys rotate: for one that is not known they are fetched once more."""
        keys = await self._keys.get()
        try:
            return read(id_token, keys, metadata.algorithms, expected)
        except UnknownKeyError:
            keys = await self._keys.get(other_than=keys)
        try:
            return read(id_token, keys, metadata.algorithms, expected)
        except UnknownKeyError:
            raise ProviderError("The ID token is signed with a key that the provider does not publish.") from None

    async def _exchange(self, metadata: Metadata, code: str, proofs: Proofs) -> dict[str, Any]:
        form = prepare_token_request(
            "authorization_code", redirect_uri=self.redirect_uri, code=code, code_verifier=proofs.verifier
        )
        auth = ClientAuth(self._client_id, self._secret, metadata.auth_method)
        url, headers, form = auth.prepare("POST", metadata.token_endpoint, {}, form)
        answer = await call(url, method="POST", form=form, headers=headers)
        if answer.status == 200:  # RFC 6749, 5.1
            return answer.body
        if answer.body.get("error") == "invalid_grant":
            raise DeniedError("The provider does not take this code; it is used or too old. Log in again.")
        if answer.body.get("error") in {"invalid_client", "unauthorized_client"}:
            raise ProviderError("The provider does not know this server: check OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.")
        raise ProviderError("The provider did not exchange the code.")

    async def _more(self, url: str, access_token: str, subject: str) -> dict[str, Any]:
        """The address and name from the UserInfo endpoint, for providers whose ID tokens have little in them."""
        answer = await call(url, headers={"Authorization": f"Bearer {access_token}"})
        if answer.body.get("sub") != subject:
            raise ProviderError("The provider's UserInfo endpoint tells of somebody else.")
        return {name: answer.body.get(name) for name in ("email", "email_verified", "name", "zoneinfo")}

    async def _fetch_keys(self) -> list[PublicKey]:
        metadata = await self._metadata.get()
        answer = await call(metadata.jwks_uri)
        keys = read_keys(answer.body)
        if not keys:
            raise ProviderError("The provider publishes no key that could check an ID token.")
        return keys

    async def _discover(self) -> Metadata:
        answer = await call(get_well_known_url(self.issuer, external=True))
        document = answer.body
        if document.get("issuer") != self.issuer:
            raise ProviderError("The discovery document names another issuer than OIDC_ISSUER, to the last character.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe(document.get(name), self.issuer):
                raise ProviderError(f"The discovery document has no {name} that may be called.")
        userinfo = document.get("userinfo_endpoint")
        return Metadata(
            document["authorization_endpoint"],
            document["token_endpoint"],
            document["jwks_uri"],
            userinfo if is_safe(userinfo, self.issuer) else None,
            _algorithms(document),
            self._auth_method(document),
            document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _auth_method(self, document: dict[str, Any]) -> str:
        if self._secret is None:
            return "none"
        taken = _words(document, "token_endpoint_auth_methods_supported", AUTH_METHODS[0])
        for method in AUTH_METHODS:
            if method in taken:
                return method
        raise ProviderError("The provider takes client secrets neither by Basic authentication nor in the body.")


def _words(document: dict[str, Any], name: str, default: str) -> set[str]:
    """The strings in a list of the document; the specification's default where there is no list."""
    found = document.get(name)
    return {each for each in found if isinstance(each, str)} if isinstance(found, list) else {default}


def _algorithms(document: dict[str, Any]) -> frozenset[str]:
    found = ASYMMETRIC & _words(document, "id_token_signing_alg_values_supported", "RS256")
    if not found:
        raise ProviderError("The provider signs ID tokens with no algorithm that is taken: it needs an asymmetric one.")
    return found


def provider_of(settings: Settings) -> Provider | None:
    """None where no issuer is set."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    return Provider(settings, settings.oidc_issuer, settings.oidc_client_id)


def configured(provider: Provider | None) -> Provider:
    """Raises `NotConfiguredError` where there is none."""
    if provider is None:
        raise NotConfiguredError("This server has no single sign-on; log in with your password.")
    return provider
