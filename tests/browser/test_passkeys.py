"""Passkeys with the WebAuthn of a real browser, over a virtual authenticator of its own."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

from app.core.config import Settings, load_settings
from tests.browser.test_docs import CHROMIUM, DRIVER, browser, served_at
from tests.people import API, PASSWORD

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(
    not (CHROMIUM.exists() and DRIVER.exists()), reason="needs Debian's packages chromium and chromium-driver"
)

CREATE = """
    const [options, done] = arguments;
    navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})
        .then(made => done(made.toJSON()), error => done({error: String(error)}));
"""
GET = """
    const [options, done] = arguments;
    navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)})
        .then(made => done(made.toJSON()), error => done({error: String(error)}));
"""


@pytest.fixture(scope="module")
def place(settings: Settings) -> Iterator[str]:
    """A server that knows under which origin the browser sees it."""
    with served_at(lambda url: load_settings(_env_file=None, **{**settings.model_dump(), "public_url": url})) as url:
        yield url


def test_a_browser_adds_a_passkey_and_logs_in_with_it(browser: webdriver.Chrome, place: str) -> None:
    browser.add_virtual_authenticator(
        VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
            transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True,
            has_user_verification=True,
            is_user_verified=True,
        )
    )
    browser.set_script_timeout(30)
    browser.get(f"{place}/docs")
    who = {"email": f"passkey-{uuid4().hex}@example.com", "password": PASSWORD}
    with httpx.Client(base_url=f"{place}{API}", timeout=30, trust_env=False) as client:

        def post(path: str, body: Any = None) -> Any:
            answer = client.post(path, json=body)
            assert answer.is_success, answer.text
            return answer.json()

        user = post("/auth/register", who)
        client.headers["Authorization"] = f"Bearer {post('/auth/login', who)['access_token']}"
        post("/auth/confirm", {"password": PASSWORD})
        created = browser.execute_async_script(CREATE, post("/auth/passkeys/options"))
        made = post("/auth/passkeys", {"name": "Chromium", "credential": created})
        assert (made["name"], made["transports"]) == ("Chromium", ["internal"])
        confirming = browser.execute_async_script(GET, post("/auth/confirm/options"))
        post("/auth/confirm", {"passkey": confirming})

        del client.headers["Authorization"]
        for _ in range(2):
            signed = browser.execute_async_script(GET, post("/auth/passkeys/login/options"))
            tokens = post("/auth/passkeys/login", {"credential": signed})
            headers = {"Authorization": f"Bearer {tokens['access_token']}"}
            assert client.get("/users/me", headers=headers).json()["id"] == user["id"]
