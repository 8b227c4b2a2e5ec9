"""Which passwords are refused, why, and at what cost."""

import random
import time

import pytest

from app.auth.password_policy import MOST_LOOKED_AT, REASONS, weakness_of

KIM = ("kim.sample@example.com", "Kim Sample")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("password", "passwords"),
        ("Password1", "passwords"),
        ("p4$$w0rd123", "passwords"),
        ("drowssap1", "passwords"),
        ("Summer2026!", "passwords"),
        ("correcthorse", "dictionary"),
        ("zxcvbnm,./", "spatial"),
        ("p" * 256, "repeat"),
        ("abcabcabcabc", "repeat"),
        ("\x00" * 8, "repeat"),
        ("日本語" * 6, "repeat"),
        ("abcdefghijkl", "sequence"),
        ("31.12.1987", "date"),
        ("kqzjxvwp", "bruteforce"),
    ],
)
def test_a_guessable_password_is_weak_and_says_why(password: str, reason: str) -> None:
    assert weakness_of(password, KIM) == REASONS[reason]


@pytest.mark.parametrize(
    "password",
    ["kim.sample@example.com", "KIM SAMPLE 1", "sample-kim-2026", "kim.sample@example.comx", "SampleExampleKim"],
)
def test_who_knows_the_person_knows_their_words(password: str) -> None:
    assert "your name or address" in (weakness_of(password, KIM) or "")
    assert weakness_of(f"{password} gentle otters paint at noon", KIM) is None


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "xkq9zvt2w7",
        "гроза над тихим озером",
        "x" * 8 + "gentle otters paint",
        "🦦🪵🌊🎻🧂🪁🧭🛶🧶",
    ],
)
def test_what_is_hard_to_guess_is_not_weak(password: str) -> None:
    assert weakness_of(password, KIM) is None
    assert weakness_of(password, (None, None)) is None


def test_no_password_takes_long() -> None:
    """The package alone takes seconds for signs that stand for letters in many ways."""
    dice = random.Random(4)
    for alphabet in ("4@8({[<369|1!705$+7%2", "a@8(3", "01", "4803$!5a", "abcdefgh", "19"):
        for length in (MOST_LOOKED_AT // 2, MOST_LOOKED_AT, 256):
            half = "".join(dice.choices(alphabet, k=length // 2))
            for password in (half * 2, half + half[::-1]):
                started = time.thread_time()
                weakness_of(password, KIM)
                assert time.thread_time() - started < 1.5, password
