"""What people are written by this room: (subject, body), plain text."""

from __future__ import annotations

from ..parts import Parts
from .links import address

Letter = tuple[str, str]
_IGNORE = "If you did not ask for this, do nothing: without the link nothing happens."


def _letter(subject: str, name: str, *paragraphs: str) -> Letter:
    """`name` is left out where a stranger may have written it."""
    greeting = " ".join(f"Hello {name}".split()) + ","
    return subject, "\n\n".join((greeting, *paragraphs)) + "\n"


def welcome(parts: Parts, token: str) -> Letter:
    return _letter(
        "Your login for ARXOS", "", "choose a password here, within three days, and you are in:",
        address(parts, "account/confirm", token), _IGNORE,
    )  # fmt: skip


def known_already(parts: Parts, name: str, token: str) -> Letter:
    return _letter(
        "You have a login for ARXOS", name, "somebody, perhaps you, asked for a login with this address. There is one.",
        "If the password is forgotten, choose another here, within an hour:",
        address(parts, "account/reset", token), _IGNORE,
    )  # fmt: skip


def forgotten(parts: Parts, name: str, token: str) -> Letter:
    return _letter(
        "A new password for ARXOS", name, "choose a new password here, within an hour:",
        address(parts, "account/reset", token), _IGNORE,
    )  # fmt: skip


def password_changed(name: str) -> Letter:
    return _letter(
        "Your password for ARXOS was changed", name, "your other sessions have ended.",
        "If it was not you, ask for a new password at once, and look at your devices, passkeys and tokens.",
    )  # fmt: skip


def new_address(parts: Parts, name: str, token: str) -> Letter:
    return _letter(
        "Your new address at ARXOS", name, "open this within a day, and you log in with this address from then on:",
        address(parts, "account/email", token), _IGNORE,
    )  # fmt: skip


def address_taken() -> Letter:
    return _letter(
        "An address at ARXOS", "", "somebody, perhaps you, asked to log in with this address.",
        "It is the address of a login already, so nothing was changed.",
    )  # fmt: skip


def address_changed(name: str) -> Letter:
    return _letter(
        "Your address at ARXOS was changed", name, "you log in with your new address from now on.",
        "If it was not you, tell the administrator of your server at once.",
    )  # fmt: skip


def invitation(parts: Parts, by: str, to: str, role: str, token: str, until: str) -> Letter:
    return (
        f"{' '.join(by.split())} invites you to {' '.join(to.split())}",
        f"Hello,\n\n{by} invites you to {to}, as {role}. Whoever opens this first takes it, until {until[:10]}:\n\n"
        f"{address(parts, 'account/invitation', token)}\n\nIf you do not know them, do nothing.\n",
    )


def left() -> Letter:
    return _letter(
        "Your login for ARXOS was deleted", "", "what you were called there is gone, and so are your logins.",
        "This is the last letter to this address.",
    )  # fmt: skip
