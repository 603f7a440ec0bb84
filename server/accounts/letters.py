"""What people are written by this room: (subject, body), plain text, in English or German."""

from __future__ import annotations

from ..notifications.german import ROLES
from ..parts import Parts
from .links import address

Letter = tuple[str, str]
LINK = "{link}"  # a paragraph of its own
# language → what it is about → the subject, and the paragraphs
_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "hello": ("Hello",),
        "welcome": (
            "Your login for ARXOS", "choose a password here, within three days, and you are in:", LINK,
            "If you did not ask for this, do nothing: without the link nothing happens.",
        ),
        "known": (
            "You have a login for ARXOS",
            "somebody, perhaps you, asked for a login with this address. There is one.",
            "If the password is forgotten, choose another here, within an hour:", LINK,
            "If you did not ask for this, do nothing: without the link nothing happens.",
        ),
        "forgotten": (
            "A new password for ARXOS", "choose a new password here, within an hour:", LINK,
            "If you did not ask for this, do nothing: without the link nothing happens.",
        ),
        "password": (
            "Your password for ARXOS was changed", "your other sessions have ended.",
            "If it was not you, ask for a new password at once, and look at your devices, passkeys and tokens.",
        ),
        "new address": (
            "Your new address at ARXOS", "open this within a day, and you log in with this address from then on:", LINK,
            "If you did not ask for this, do nothing: without the link nothing happens.",
        ),
        "taken": (
            "An address at ARXOS", "somebody, perhaps you, asked to log in with this address.",
            "It is the address of a login already, so nothing was changed.",
        ),
        "address": (
            "Your address at ARXOS was changed", "you log in with your new address from now on.",
            "If it was not you, tell the administrator of your server at once.",
        ),
        "left": (
            "Your login for ARXOS was deleted", "what you were called there is gone, and so are your logins.",
            "This is the last letter to this address.",
        ),
        "invitation": (
            "{by} invites you to {to}",
            "{by} invites you to {to}, as {role}. Whoever opens this first takes it, until {until}:", LINK,
            "If you do not know them, do nothing.",
        ),
    },
    "de": {
        "hello": ("Guten Tag",),
        "welcome": (
            "Ihr Zugang zu ARXOS", "wählen Sie hier innerhalb von drei Tagen ein Passwort, und Sie sind dabei:", LINK,
            "Wenn Sie das nicht wollten, tun Sie nichts: Ohne den Link geschieht nichts.",
        ),
        "known": (
            "Sie haben schon einen Zugang zu ARXOS",
            "jemand, vielleicht Sie, wollte mit dieser Adresse einen Zugang. Es gibt ihn schon.",
            "Wenn Sie das Passwort vergessen haben, wählen Sie hier innerhalb einer Stunde ein neues:", LINK,
            "Wenn Sie das nicht wollten, tun Sie nichts: Ohne den Link geschieht nichts.",
        ),
        "forgotten": (
            "Ein neues Passwort für ARXOS", "wählen Sie hier innerhalb einer Stunde ein neues Passwort:", LINK,
            "Wenn Sie das nicht wollten, tun Sie nichts: Ohne den Link geschieht nichts.",
        ),
        "password": (
            "Ihr Passwort für ARXOS wurde geändert", "Ihre anderen Anmeldungen sind beendet.",
            "Wenn Sie das nicht waren, fordern Sie sofort ein neues Passwort an, und sehen Sie Ihre Geräte, Passkeys "
            "und Tokens durch.",
        ),
        "new address": (
            "Ihre neue Adresse bei ARXOS",
            "öffnen Sie dies innerhalb eines Tages. Von da an melden Sie sich mit dieser Adresse an:", LINK,
            "Wenn Sie das nicht wollten, tun Sie nichts: Ohne den Link geschieht nichts.",
        ),
        "taken": (
            "Eine Adresse bei ARXOS", "jemand, vielleicht Sie, wollte sich mit dieser Adresse anmelden.",
            "Zu ihr gehört schon ein Zugang, darum wurde nichts geändert.",
        ),
        "address": (
            "Ihre Adresse bei ARXOS wurde geändert", "von jetzt an melden Sie sich mit Ihrer neuen Adresse an.",
            "Wenn Sie das nicht waren, sagen Sie es sofort dem Administrator Ihres Servers.",
        ),
        "left": (
            "Ihr Zugang zu ARXOS wurde gelöscht", "Ihr Name steht dort nicht mehr, und Ihre Anmeldungen sind beendet.",
            "Dies ist die letzte E-Mail an diese Adresse.",
        ),
        "invitation": (
            "{by} lädt Sie ein: {to}",
            "{by} lädt Sie zu {to} ein, als {role}. Wer dies zuerst öffnet, nimmt die Einladung an; sie gilt bis "
            "{until}:", LINK,
            "Wenn Sie diese Person nicht kennen, tun Sie nichts.",
        ),
    },
}  # fmt: skip


def _letter(language: str, what: str, name: str = "", link: str = "", **said: str) -> Letter:
    """`name` is left out where a stranger may have written it."""
    (hello,), (subject, *paragraphs) = _WORDS[language]["hello"], _WORDS[language][what]
    greeting = " ".join(f"{hello} {name}".split()) + ","
    body = "\n\n".join((greeting, *(one.format(link=link, **said) for one in paragraphs)))
    return " ".join(subject.format(**said).split()), body + "\n"


def welcome(parts: Parts, token: str, language: str) -> Letter:
    return _letter(language, "welcome", link=address(parts, "account/confirm", token))


def known_already(parts: Parts, name: str, token: str, language: str) -> Letter:
    return _letter(language, "known", name, address(parts, "account/reset", token))


def forgotten(parts: Parts, name: str, token: str, language: str) -> Letter:
    return _letter(language, "forgotten", name, address(parts, "account/reset", token))


def password_changed(name: str, language: str) -> Letter:
    return _letter(language, "password", name)


def new_address(parts: Parts, name: str, token: str, language: str) -> Letter:
    return _letter(language, "new address", name, address(parts, "account/email", token))


def address_taken(language: str) -> Letter:
    return _letter(language, "taken")


def address_changed(name: str, language: str) -> Letter:
    return _letter(language, "address", name)


def invitation(parts: Parts, by: str, to: str, role: str, token: str, until: str, language: str) -> Letter:
    """`language`: of who invites; of whom it is for nothing is known."""
    role = ROLES.get(role, role) if language == "de" else role
    link = address(parts, "account/invitation", token)
    return _letter(language, "invitation", link=link, by=by, to=to, role=role, until=until[:10])


def left(language: str) -> Letter:
    return _letter(language, "left")
