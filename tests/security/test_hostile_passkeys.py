"""Whatever a browser, or somebody who is none, may send as a passkey: refused alike, and nothing breaks."""

import random
from collections.abc import Callable
from typing import Any

from httpx import AsyncClient, Response

from app.core.database import Database
from tests.authenticator import PRESENT, VERIFIED, Authenticator, Document, decoded, encoded
from tests.factors import add_passkey, audited, mails
from tests.people import Person, expect, problem
from tests.security.test_passkeys import add, log_in_with, options_to_add, options_to_log_in, use

BAD_REGISTRATIONS: dict[str, Callable[[Authenticator, Document], Document]] = {
    "another origin": lambda key, options: changed(key, options, origin="https://evil.example"),
    "the origin on another port": lambda key, options: changed(key, options, origin="http://localhost:8001"),
    "another server": lambda key, options: changed(key, options, rp_id="evil.example"),
    "no verified user": lambda key, options: changed(key, options, flags=PRESENT),
    "no present user": lambda key, options: changed(key, options, flags=VERIFIED),
    "inside a frame": lambda key, options: changed(key, options, frame=True),
    "another ceremony": lambda key, options: key.create(options, type="webauthn.get"),
    "a challenge of nobody's": lambda key, options: key.create({**options, "challenge": encoded(b"c" * 32)}),
    "a challenge that is none": lambda key, options: key.create({**options, "challenge": "x"}),
    "a challenge that is no text": lambda key, options: key.create({**options, "challenge": 7}),
    "a broken attestation": lambda key, options: with_response(key.create(options), attestationObject="oWNmbXQ"),
    "no attestation": lambda key, options: with_response(key.create(options), attestationObject=""),
    "not base64": lambda key, options: with_response(key.create(options), attestationObject="A"),
    "client data that is no object": lambda key, options: with_response(key.create(options), clientDataJSON="W10"),
    "client data that is no JSON": lambda key, options: with_response(key.create(options), clientDataJSON="A"),
    "an id longer than any": lambda key, options: changed(key, options, credential_id=bytes(1024)),
    "another name for the key": lambda key, options: {**key.create(options), "id": "AAAA", "rawId": "AAAA"},
    "another id than the key's": lambda key, options: {**key.create(options), "id": "AAAA"},
}


def changed(key: Authenticator, options: Document, **changes: Any) -> Document:
    for name, value in changes.items():
        setattr(key, name, value)
    return key.create(options)


def with_response(credential: Document, **changes: Any) -> Document:
    return {**credential, "response": {**credential["response"], **changes}}


async def test_no_bad_registration_is_kept(kim: Person, owner_database: Database) -> None:
    options = await options_to_add(kim)
    for name, make in BAD_REGISTRATIONS.items():
        answer = await add(kim, make(Authenticator(), options))
        assert answer.status_code == 422, f"{name}: {answer.text}"
        problem(answer, 422, "bad_passkey")
    assert (await kim.read("/auth/passkeys"))["items"] == []
    assert await mails(owner_database, kim) == []
    expect(await add(kim, Authenticator().create(options)), 201)  # what was refused changed nothing


async def test_whatever_is_wrong_is_answered_alike(
    kim: Person, robin: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    passkey, _ = await add_passkey(kim)
    other, _ = await add_passkey(robin)

    async def attempt(
        of: Authenticator = passkey, spoil: Callable[[Document], Document] = dict, **said: Any
    ) -> Response:
        before = {name: getattr(of, name) for name in ("origin", "rp_id", "flags", "frame", "user_handle", "key")}
        for name, value in said.items():
            setattr(of, name, value)
        credential = spoil(of.get(await options_to_log_in(anonymous)))
        for name, value in before.items():
            setattr(of, name, value)
        return await use(anonymous, credential)

    def bent(credential: Document) -> Document:
        signature = bytearray(decoded(credential["response"]["signature"]))
        signature[-1] ^= 1
        return with_response(credential, signature=encoded(bytes(signature)))

    def counted_on(credential: Document) -> Document:
        data = bytearray(decoded(credential["response"]["authenticatorData"]))
        data[36] ^= 0x40
        return with_response(credential, authenticatorData=encoded(bytes(data)))

    answers = {
        "unknown": await attempt(Authenticator()),
        "another origin": await attempt(origin="https://evil.example"),
        "another server": await attempt(rp_id="evil.example"),
        "no verified user": await attempt(flags=PRESENT),
        "no present user": await attempt(flags=VERIFIED),
        "inside a frame": await attempt(frame=True),
        "another key": await attempt(key=other.key),
        "another person": await attempt(user_handle=other.user_handle),
        "no person": await attempt(spoil=lambda credential: with_response(credential, userHandle="A")),
        "a signature bent": await attempt(spoil=bent),
        "a counter bent": await attempt(spoil=counted_on),
        "no signature": await attempt(spoil=lambda credential: with_response(credential, signature="")),
        "no data": await attempt(spoil=lambda credential: with_response(credential, authenticatorData="AAAA")),
        "an id that is none": await attempt(spoil=lambda credential: {**credential, "rawId": "A"}),
        "another id": await attempt(spoil=lambda credential: {**credential, "id": "AAAA"}),
        "another ceremony": await log_in_with(anonymous, passkey, type="webauthn.create"),
        "no challenge": await use(anonymous, passkey.get({"challenge": "\ud800"})),
    }
    bodies = {name: {**problem(answer, 401, "wrong_credentials"), "request_id": ""} for name, answer in answers.items()}
    assert all(body == bodies["unknown"] for body in bodies.values())
    expect(await attempt(), 200)
    assert await audited(owner_database, kim) == ["passkey_added"]


async def test_no_garbage_breaks_anything(kim: Person, anonymous: AsyncClient) -> None:
    """Bytes bent at random, in what is parsed before a signature or after it."""
    chance = random.Random(7)
    passkey, _ = await add_passkey(kim)
    options, signing = await options_to_add(kim), await options_to_log_in(anonymous)
    for _ in range(15):
        created, signed = Authenticator().create(options), passkey.get(signing)
        for credential, name in ((created, "attestationObject"), (signed, "authenticatorData")):
            data = bytearray(decoded(credential["response"][name]))
            for _ in range(chance.randint(1, 3)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            data = data[: chance.randint(1, len(data))] if chance.random() < 0.3 else data
            credential["response"][name] = encoded(bytes(data))
        assert (await add(kim, created)).status_code in {201, 409, 422}
        assert (await use(anonymous, signed)).status_code == 401
        options, signing = (
            expect(await kim.http.post("/auth/passkeys/options"), 200),
            await options_to_log_in(anonymous),
        )
        for made in (await kim.read("/auth/passkeys"))["items"][1:]:  # what was bent did not matter
            expect(await kim.http.delete(f"/auth/passkeys/{made['id']}"), 204)


async def test_a_deeply_nested_attestation_is_refused(kim: Person) -> None:
    options = await options_to_add(kim)
    deep = with_response(Authenticator().create(options), attestationObject=encoded(b"\x81" * 6_000))
    problem(await add(kim, deep), 422, "bad_passkey")
    data = encoded(b'{"challenge":' + b"[" * 1_500)
    problem(await add(kim, with_response(deep, clientDataJSON=data, attestationObject="AAAA")), 422, "bad_passkey")
    for said in ("A" * 2_049, "é", "AA==", 7, None):
        problem(
            await add(kim, with_response(Authenticator().create(options), clientDataJSON=said)), 422, "invalid_input"
        )
