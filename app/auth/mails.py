"""What the mails about people and their accounts say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.config import Settings

SERVICE = "Finance Tracker"


@dataclass(frozen=True)
class Words:
    """A mail without its recipient."""

    subject: str
    body: str


def _way(settings: Settings, operation: str, token: str) -> str:
    """How to send a token back: the interactive documentation is a page that every server has."""
    return f"  Page:   {settings.public_url}/docs#/{operation}\n  Token:  {token}\n"


def _footer(settings: Settings) -> str:
    return f"\n-- \n{SERVICE} at {settings.public_url}\n"


def confirm_address(settings: Settings, token: str) -> Words:
    return Words(
        "Confirm your e-mail address",
        "Somebody, probably you, gave this address at registration. Confirm it within 24 hours with this token and the "
        "password that you chose:\n\n"
        + _way(settings, "auth/verify_email", token)
        + "\nIf it was not you, ignore this mail.\n"
        + _footer(settings),
    )


def welcome(settings: Settings) -> Words:
    return Words(
        f"Welcome to {SERVICE}",
        f"You are registered with this address, which your invitation has confirmed.\n{_footer(settings)}",
    )


def registered_already(settings: Settings) -> Words:
    return Words(
        "Somebody tried to register with your address",
        "This address is registered already, so nothing was done. If it was you: log in, or choose a new password:\n\n"
        f"  {settings.public_url}/docs#/auth/forgot_password\n\n"
        "If it was not you, there is nothing to do: they learnt nothing about you.\n" + _footer(settings),
    )


def reset_password(settings: Settings, token: str) -> Words:
    return Words(
        "Choose a new password",
        "Somebody, probably you, forgot the password of this account. Choose a new one within an hour with this "
        "token:\n\n"
        + _way(settings, "auth/reset_password", token)
        + "\nIf it was not you, ignore this mail: your password stays as it is.\n"
        + _footer(settings),
    )


def password_changed(settings: Settings) -> Words:
    return Words(
        "Your password was changed",
        "The password of your account was changed just now, and other sessions were ended.\n\n"
        "If it was not you, choose a new one at once:\n\n"
        f"  {settings.public_url}/docs#/auth/forgot_password\n" + _footer(settings),
    )


def confirm_new_address(settings: Settings, token: str) -> Words:
    return Words(
        "Confirm your new e-mail address",
        "Somebody, probably you, wants to use this address for their account. Confirm it within 24 hours with this "
        "token and the password of the account, or while you are logged in:\n\n"
        + _way(settings, "auth/verify_email", token)
        + "\nIf it was not you, ignore this mail.\n"
        + _footer(settings),
    )


def address_change_requested(settings: Settings) -> Words:
    return Words(
        "A change of your e-mail address was asked for",
        "Somebody, probably you, asked to give your account another e-mail address. It changes when that address is "
        "confirmed, within 24 hours.\n\n"
        "If it was not you, end all sessions or change your password; either one stops it:\n\n"
        f"  {settings.public_url}/docs#/auth/logout_all\n"
        f"  {settings.public_url}/docs#/auth/forgot_password\n" + _footer(settings),
    )


def token_made(settings: Settings, name: str, scopes: Sequence[str], expires_at: datetime) -> Words:
    return Words(
        "A personal access token was made",
        f'A personal access token for your account was made just now: "{name}", good until '
        f"{expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC for {', '.join(scopes)}.\n\n"
        "If it was not you, choose a new password at once; that ends every session and token:\n\n"
        f"  {settings.public_url}/docs#/auth/forgot_password\n" + _footer(settings),
    )


def address_wanted(settings: Settings) -> Words:
    return Words(
        "Somebody wants to use your address",
        "Another account tried to change to this address, which is yours here. Nothing was done, and they learnt "
        "nothing about you.\n" + _footer(settings),
    )


def address_changed(settings: Settings) -> Words:
    return Words(
        "Your e-mail address was changed",
        "Your account has another e-mail address now; mail about it goes there.\n\n"
        "If it was not you, speak to the person who runs this server at once.\n" + _footer(settings),
    )


def invitation(settings: Settings, token: str) -> Words:
    return Words(
        f"You are invited to {SERVICE}",
        f"You may register at {SERVICE} with this address within 7 days, with this token as `invitation`:\n\n"
        + _way(settings, "auth/register", token)
        + _footer(settings),
    )
