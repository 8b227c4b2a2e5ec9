"""`finance create-admin`, beside a server that runs."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import fresh_email
from tests.people import API, PASSWORD
from tests.system.programs import FINANCE, WAIT_SECONDS, Running, environment, only_sentence


def create_admin(data_dir: Path, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [FINANCE, "create-admin", *arguments],
        input=typed,
        env=environment(data_dir, EMAIL_VERIFICATION="required"),
        cwd=data_dir.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=WAIT_SECONDS,
        check=False,
    )


def me(server: Running, email: str, password: str) -> dict[str, Any]:
    with server.client() as client:
        answer = client.post(f"{API}/auth/login", json={"email": email, "password": password})
        tokens = answer.raise_for_status().json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        user: dict[str, Any] = client.get(f"{API}/users/me", headers=headers).raise_for_status().json()
        return user


def test_makes_an_admin_with_the_password_of_the_input(server: Running) -> None:
    email = fresh_email()
    result = create_admin(server.data_dir, email, "--full-name", "Kim", typed=f"{PASSWORD}\n")
    assert (result.returncode, result.stdout) == (0, f"{email} is registered and an admin.\n"), result.stderr
    user = me(server, email, PASSWORD)
    assert (user["role"], user["full_name"], user["email_verified_at"] is not None) == ("admin", "Kim", True)
    # Once more asks for no password and changes nothing.
    again = create_admin(server.data_dir, email.upper())
    assert (again.returncode, "is an admin now" in again.stdout) == (0, True)


def test_promotes_who_is_registered_and_keeps_their_password(server: Running) -> None:
    email = fresh_email()
    with server.client() as client:
        for name in (fresh_email(), email):  # the first of all would be the admin anyway
            body = {"email": name, "password": PASSWORD}
            client.post(f"{API}/auth/register", json=body).raise_for_status()
    assert me(server, email, PASSWORD)["role"] == "user"
    result = create_admin(server.data_dir, email.upper(), typed="another password of mine\n")
    assert result.returncode == 0, result.stderr
    assert me(server, email, PASSWORD)["role"] == "admin"


@pytest.mark.parametrize(
    ("email", "password", "reason"),
    [
        ("nobody", "", "email"),
        ("kim@example.com", "password1", "easy to guess"),
    ],
)
def test_says_in_a_sentence_why_not(server: Running, email: str, password: str, reason: str) -> None:
    result = create_admin(server.data_dir, email, typed=f"{password}\n")
    sentence = only_sentence(result)
    assert reason in sentence
    assert not password or password not in sentence
