"""Notices in German, for letters and pushes: rows of the inbox speak English, and the app says them by their kind.

What it does not know it leaves as it is.
"""

from __future__ import annotations

import re

import msgspec

from ..accounts.cleansing import BETWEEN
from .notices import WORDS, Notice

ROLES = {
    "viewer": "Betrachter", "reporter": "Melder", "technician": "Techniker", "reviewer": "Prüfer",
    "manager": "Verwalter", "owner": "Eigentümer", "member": "Mitglied", "admin": "Administrator",
}  # fmt: skip
_WORDS = {
    "task_assigned": ("Aufgabe für Sie: {what}", "{count} Aufgaben für Sie"),
    "work_order_assigned": ("Arbeitsauftrag für Sie: {what}", "{count} Arbeitsaufträge für Sie"),
    "annotation_assigned": ("Anmerkung für Sie: {what}", "{count} Anmerkungen für Sie"),
    "validation_accepted": ("Angenommen: {what}", "{count} Ihrer Feststellungen wurden angenommen"),
    "validation_rejected": ("Zurückgegeben: {what}", "{count} Ihrer Feststellungen wurden zurückgegeben"),
    "review": ("Zu prüfen: {what}", "{count} Feststellungen zu prüfen"),
    "conflict": ("Ihre Änderung an {what} traf auf eine andere", "{count} Ihrer Änderungen trafen auf andere"),
    "annotation": ("Neue Anmerkung: {what}", "{count} neue Anmerkungen zu Ihren Einträgen"),
    "comment": ("Neue Antwort: {what}", "{count} neue Antworten"),
    "role_given": ("Sie sind nun {what}", "Sie sind nun {what}"),
    "role_taken": ("Sie haben hier keine Rolle mehr", "Sie haben hier keine Rolle mehr"),
    "invited": ("Sie sind eingeladen als {what}", "Sie sind eingeladen als {what}"),
}
_MORE = {
    "review": {
        "confirmed": "bestätigt", "corrected": "berichtigt", "not_found": "nicht gefunden", "no_access": "kein Zugang",
        "unexpected": "unerwartet",
    },
    "conflict": {"deleted": "gelöscht"},
    "invited": {"the letter has the link": "der Link steht in der E-Mail"},
}  # fmt: skip
_ROLE_OF = re.compile(rf"({'|'.join(ROLES)}) of (.*)")
_DUE = re.compile(r"due (\d{4})-(\d\d)-(\d\d)")


def in_german(one: Notice) -> Notice:
    return msgspec.structs.replace(one, title=_title(one.kind, one.title), body=_body(one.kind, one.body))


def _title(kind: str, title: str) -> str:
    for english, german in zip(WORDS[kind], _WORDS[kind], strict=True):
        pattern = re.escape(english).replace(r"\{what\}", "(?P<what>.*)").replace(r"\{count\}", r"(?P<count>\d+)")
        if found := re.fullmatch(pattern, title):
            said = found.groupdict()
            if role := _ROLE_OF.fullmatch(said.get("what", "")):
                said["what"] = f"{ROLES[role[1]]} von {role[2]}"
            return german.format(**said)
    return title


def _body(kind: str, body: str) -> str:
    before, between, last = body.rpartition(BETWEEN)
    if due := _DUE.fullmatch(last) if kind.endswith("_assigned") else None:
        last = f"fällig am {int(due[3])}.{int(due[2])}.{due[1]}"
    return before + between + _MORE.get(kind, {}).get(last, last)
