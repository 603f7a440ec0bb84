"""What the person who stands for a webhook is written: (subject, body), plain text, in English or German."""

from __future__ import annotations

_TURNED_OFF = {
    "en": (
        "A webhook was turned off",
        "The webhook {name}\n{url}\nanswered 410 Gone: it wants to hear nothing more, so it was turned off.\n\n"
        "What waited for it is kept. Turn it on again, and it is delivered.\n",
    ),
    "de": (
        "Ein Webhook wurde abgeschaltet",
        "Der Webhook {name}\n{url}\nhat mit 410 Gone geantwortet: Er will nichts mehr hören, darum wurde er "
        "abgeschaltet.\n\nWas auf ihn wartete, ist aufgehoben. Schalten Sie ihn wieder ein, und es wird zugestellt.\n",
    ),
}


def turned_off(name: str | None, url: str, language: str) -> tuple[str, str]:
    subject, body = _TURNED_OFF[language]
    return subject, body.format(name=name or "", url=url)
