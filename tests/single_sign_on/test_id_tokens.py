"""ID tokens that are forged, foreign, old or not of this log-in; each is refused and nobody is made known by it."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter

from tests.people import expect, problem
from tests.single_sign_on.browsers import Browser
from tests.single_sign_on.conftest import Records
from tests.single_sign_on.evil_provider import CLIENT_ID, CLIENT_SECRET, EVERYTHING, EvilProvider, ec_key


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = token.split(".")
    return json.loads(base64.urlsafe_b64decode(header + "==")), json.loads(base64.urlsafe_b64decode(payload + "=="))


def signed(token: str, key: OctKey | RSAKey | ECKey, **header: Any) -> str:
    """The same claims under another signature."""
    extension = {"unheard": HeaderParameter("Of no standard", "int")}
    registry = JWSRegistry(extension, EVERYTHING, strict_check_header=False)
    before, claims = parts_of(token)
    return jwt.encode({**before, **header}, claims, key, registry=registry)


def unsigned(token: str) -> str:
    payload = token.split(".")[1]
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{none}.{payload}."


def altered(token: str) -> str:
    """Other claims under the first signature."""
    claims = parts_of(token)[1]
    payload = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "victim"}).encode()).rstrip(b"=").decode()
    return f"{token.split('.', maxsplit=1)[0]}.{payload}.{token.split('.')[2]}"


FORGERIES: dict[str, Callable[[str, EvilProvider], str]] = {
    "other key": lambda token, _: signed(token, ec_key()),
    "none": lambda token, _: unsigned(token),
    "none with a signature": lambda token, _: unsigned(token) + token.split(".")[2],
    "client secret as key": lambda token, _: signed(token, OctKey.import_key(CLIENT_SECRET.ljust(32)), alg="HS256"),
    "public key as key": lambda token, evil: signed(
        token, OctKey.import_key(json.dumps(evil.signing.as_dict(private=False))), alg="HS256"
    ),
    "altered claims": lambda token, _: altered(token),
    "no signature": lambda token, _: token.rsplit(".", 1)[0] + ".",
    "two parts": lambda token, _: token.rsplit(".", 1)[0],
    "five parts": lambda token, _: f"{token}.x.y",
    "not base64": lambda token, _: f"?.{token.split('.')[1]}.{token.split('.')[2]}",
    "not JSON": lambda token, _: f"eA.{token.split('.')[1]}.{token.split('.')[2]}",
    "key in the header": lambda token, _: signed(token, (own := ec_key()), jwk=own.as_dict(private=False)),
    "an extension it must know": lambda token, evil: signed(token, evil.signing, crit=["unheard"], unheard=1),  # type: ignore[arg-type]
    "not ASCII": lambda token, _: token + "é",
    "huge": lambda token, _: token + "A" * 200_000,
    "empty": lambda _, __: "",
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_forged_tokens_are_refused(browser: Browser, evil: EvilProvider, records: Records, name: str) -> None:
    evil.forge = lambda token: FORGERIES[name](token, evil)
    problem(await browser.walk(), 401, "oidc_token_refused")
    assert await records.identities(evil.claims["email"]) == []


class Seconds(int):
    """From now."""


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example.com"},
        {"iss": None},
        {"iss": 1},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"]},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"aud": None},
        {"aud": []},
        {"aud": [CLIENT_ID, 1], "azp": CLIENT_ID},
        {"aud": {"finance": 1}},
        {"exp": Seconds(-60)},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"iat": Seconds(120)},
        {"iat": Seconds(-3600)},
        {"iat": None},
        {"iat": "now"},
        {"nbf": Seconds(120)},
        {"nonce": "of another log-in"},
        {"nonce": None},
        {"nonce": 1},
        {"nonce": ["x"]},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"at_hash": 1},
        {"at_hash": "é"},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"sub": "x" * 256},
        {"sub": "x\x00y"},
        {"auth_time": "noon"},
        {"amr": "pwd"},
    ],
    ids=str,
)
async def test_tokens_that_say_something_else_are_refused(
    browser: Browser, evil: EvilProvider, records: Records, claims: dict[str, Any]
) -> None:
    now = int(time.time())
    evil.claims |= {name: now + value if isinstance(value, Seconds) else value for name, value in claims.items()}
    problem(await browser.walk(), 401, "oidc_token_refused")
    assert await records.identities(evil.claims["email"]) == []


async def test_a_token_of_another_log_in_is_refused(browser: Browser, evil: EvilProvider) -> None:
    kept: list[str] = []

    def keep(token: str) -> str:
        kept.append(token)
        return token

    evil.forge = keep
    expect(await browser.walk(), 200)
    evil.forge = lambda _: kept[0]
    problem(await browser.walk(), 401, "oidc_token_refused")


@pytest.mark.parametrize(
    "claims", [{"aud": [CLIENT_ID]}, {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}, {"at_hash": None}], ids=str
)
async def test_other_ways_to_say_the_same_are_taken(
    browser: Browser, evil: EvilProvider, claims: dict[str, Any]
) -> None:
    evil.claims |= claims
    expect(await browser.walk(), 200)


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256", "ES384"])
async def test_every_asymmetric_algorithm_of_the_provider_is_taken(
    browser: Browser, evil: EvilProvider, algorithm: str
) -> None:
    evil.algorithm = algorithm
    evil.document["id_token_signing_alg_values_supported"] = [algorithm, "HS256"]
    if algorithm == "ES384":
        evil.signing = ECKey.generate_key("P-384", {"kid": "new"})
    else:
        evil.signing = evil.rsa
    expect(await browser.walk(), 200)


async def test_an_algorithm_that_the_provider_does_not_name_is_refused(browser: Browser, evil: EvilProvider) -> None:
    evil.document["id_token_signing_alg_values_supported"] = ["RS256"]
    problem(await browser.walk(), 401, "oidc_token_refused")


async def test_without_a_list_of_algorithms_it_is_rs256(browser: Browser, evil: EvilProvider) -> None:
    evil.document["id_token_signing_alg_values_supported"] = None
    problem(await browser.walk(), 401, "oidc_token_refused")
    evil.algorithm, evil.signing = "RS256", evil.rsa
    expect(await browser.walk(), 200)


async def test_keys_are_fetched_once_and_again_when_they_rotate(browser: Browser, evil: EvilProvider) -> None:
    for _ in range(3):
        expect(await browser.walk(), 200)
    assert evil.calls.count("/jwks") == evil.calls.count("/.well-known/openid-configuration") == 1
    evil.signing = ec_key("second")
    for _ in range(2):
        expect(await browser.walk(), 200)
    assert evil.calls.count("/jwks") == 2


async def test_a_key_that_is_nowhere_is_looked_for_once(browser: Browser, evil: EvilProvider) -> None:
    expect(await browser.walk(), 200)
    evil.published = [evil.signing]
    evil.signing = ec_key("hidden")
    problem(await browser.walk(), 502, "oidc_provider_error")
    assert evil.calls.count("/jwks") == 2


async def test_a_key_without_a_name_is_taken_if_it_is_the_only_one(browser: Browser, evil: EvilProvider) -> None:
    evil.header = {"kid": None}
    expect(await browser.walk(), 200)
    evil.published = [evil.signing, evil.rsa]
    evil.signing = ec_key()
    evil.published.append(evil.signing)
    browser.http.cookies.clear()
    problem(await browser.walk(), 401, "oidc_token_refused")


async def test_two_keys_that_fit_are_none(browser: Browser, evil: EvilProvider) -> None:
    evil.published = [evil.signing, ec_key()]
    problem(await browser.walk(), 502, "oidc_provider_error")


async def test_keys_of_no_use_are_passed_over(browser: Browser, evil: EvilProvider) -> None:
    good = evil.signing.as_dict(private=False)
    weak = {"kty": "RSA", "kid": "first", "n": "x" * 171, "e": "AQAB"}
    encrypting = {**ec_key("encrypting").as_dict(private=False), "use": "enc"}
    rubbish = [
        {},
        {"kty": "lattice"},
        {"kty": "EC"},
        {"kty": "RSA", "n": "?", "e": 1},
        "key",
        None,
        1,
        weak,
        encrypting,
    ]
    symmetric = OctKey.generate_key(256).as_dict()
    private = ec_key("leaked").as_dict(private=True)
    evil.key_set = {"keys": [*rubbish, weak, encrypting, symmetric, private, good]}
    expect(await browser.walk(), 200)


@pytest.mark.parametrize(
    "key_set", [{}, {"keys": []}, {"keys": "x"}, {"keys": None}, {"keys": [{"kty": "oct", "k": "eA"}]}]
)
async def test_a_key_set_without_keys_is_an_error(browser: Browser, evil: EvilProvider, key_set: Any) -> None:
    evil.key_set = key_set
    problem(await browser.walk(), 502, "oidc_provider_error")
