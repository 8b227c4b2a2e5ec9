"""`/docs` and `/redoc` in a real browser: they work with no internet, and their own policy lets them."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.wait import WebDriverWait

from app.core.config import Settings
from app.main import create_app
from tests.measuring import pause_in_greenlets
from tests.people import PASSWORD

CHROMIUM = Path("/usr/bin/chromium")
DRIVER = Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,1600",
)
PATIENCE = 30

pytestmark = pytest.mark.skipif(
    not (CHROMIUM.exists() and DRIVER.exists()), reason="needs Debian's packages chromium and chromium-driver"
)


@contextmanager
def served_at(settings_for: Callable[[str], Settings]) -> Iterator[str]:
    """A real server on a free port, in a thread; by a name, which passkeys need."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://localhost:{listener.getsockname()[1]}"
    config = uvicorn.Config(create_app(settings_for(url)), log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)

    def run() -> None:
        pause_in_greenlets()
        server.run(sockets=[listener])

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield url
    server.should_exit = True
    thread.join(PATIENCE)
    listener.close()


@pytest.fixture(scope="module")
def origin(settings: Settings) -> Iterator[str]:
    with served_at(lambda _: settings) as url:
        yield url


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER))) as driver:
        yield driver


def wait_for(browser: webdriver.Chrome, css: str) -> WebElement:
    """The first element of this selector that can be clicked."""
    return WebDriverWait(browser, PATIENCE).until(expected.element_to_be_clickable((By.CSS_SELECTOR, css)))


def press(browser: webdriver.Chrome, css: str) -> None:
    element = wait_for(browser, css)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def log(browser: webdriver.Chrome, name: str) -> list[dict[str, Any]]:
    """What Chromium wrote down since the last look."""
    entries: list[dict[str, Any]] = browser.get_log(name)  # type: ignore[no-untyped-call]  # selenium leaves it so
    return entries


def assert_quiet_and_at_home(browser: webdriver.Chrome, origin: str) -> None:
    """No error in the console (a refusal of the content policy is one), and no request to anywhere else."""
    console = log(browser, "browser")
    assert not [entry for entry in console if entry["level"] in {"SEVERE", "WARNING"}], console
    asked = requested(browser)
    assert f"{origin}/openapi.json" in asked
    assert {
        url for url in asked if urlsplit(url).scheme not in {"data", "blob"} and not url.startswith(origin)
    } == set()


def requested(browser: webdriver.Chrome) -> set[str]:
    """Every URL that was asked for, as the network layer saw it; but for those of Chromium's own first tab."""
    messages = [json.loads(entry["message"])["message"] for entry in log(browser, "performance")]
    requests = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    return {item["request"]["url"] for item in requests if not item["documentURL"].startswith("chrome://")}


def keep_picture(browser: webdriver.Chrome, name: str) -> None:
    """A screenshot for a person to look at, where BROWSER_PICTURES names a folder."""
    folder = os.environ.get("BROWSER_PICTURES")
    if folder:
        browser.save_screenshot(str(Path(folder) / f"{name}.png"))


def test_swagger_ui_logs_in_and_calls_the_api(browser: webdriver.Chrome, origin: str) -> None:
    email = f"docs-{uuid4().hex}@example.com"
    body = {"email": email, "password": PASSWORD}
    assert httpx.post(f"{origin}/api/v1/auth/register", json=body, trust_env=False).status_code == 201

    browser.get(f"{origin}/docs")
    press(browser, ".scheme-container button.authorize")
    wait_for(browser, "#oauth_username").send_keys(email)
    wait_for(browser, "#oauth_password").send_keys(PASSWORD)
    press(browser, ".modal-ux .auth-btn-wrapper button.authorize")
    WebDriverWait(browser, PATIENCE).until(
        expected.text_to_be_present_in_element((By.CSS_SELECTOR, ".modal-ux .auth-btn-wrapper"), "Logout")
    )
    keep_picture(browser, "authorized")
    press(browser, ".modal-ux .btn-done")

    press(browser, "#operations-tag-users")
    operation = "#operations-users-get_me"
    press(browser, f"{operation} .opblock-summary-control")
    press(browser, f"{operation} .try-out__btn")
    press(browser, f"{operation} button.execute")
    status = (By.CSS_SELECTOR, f"{operation} .live-responses-table tr.response td.response-col_status")
    WebDriverWait(browser, PATIENCE).until(expected.text_to_be_present_in_element(status, "200"))
    answer = browser.find_element(By.CSS_SELECTOR, f"{operation} .live-responses-table")
    assert email in answer.text
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", answer)
    keep_picture(browser, "executed")
    assert_quiet_and_at_home(browser, origin)


def test_redoc_shows_the_operations(browser: webdriver.Chrome, origin: str) -> None:
    browser.get(f"{origin}/redoc")
    heading = (By.CSS_SELECTOR, ".api-content h1")
    WebDriverWait(browser, PATIENCE).until(expected.text_to_be_present_in_element(heading, "Finance Tracker"))
    shown = {element.get_attribute("id") for element in browser.find_elements(By.CSS_SELECTOR, "[id*='/operation/']")}
    for operation in ("create_transaction", "get_me", "list_accounts"):
        assert any(name and name.endswith(f"/operation/{operation}") for name in shown), shown
    keep_picture(browser, "redoc")
    assert_quiet_and_at_home(browser, origin)
