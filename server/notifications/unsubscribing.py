"""The link at a letter's foot that ends such letters, without a login (RFC 8058).

It is its person's own, and does nothing else. Opening it asks first, since mail programs look at every link.
"""

from __future__ import annotations

import html

from arxos_sync.problems import Problem

from ..accounts.people import Person, person_of, reading
from ..live.bus import Hint
from ..parts import Parts
from .preferences import set_frequency

PATH = "/api/v1/notifications/unsubscribe"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Letters · ARXOS</title>
<body style="font: 1.1rem/1.5 system-ui; max-width: 32rem; margin: 3rem auto; padding: 0 1rem">
<h1>{title}</h1>
<p>{text}</p>
{form}
</body></html>
"""


def address_of(parts: Parts, token: str) -> str | None:
    """None where nobody knows under which address this server is reached."""
    if not parts.settings.public_url:
        return None
    return f"{parts.settings.public_url.rstrip('/')}{PATH}/{token}"


def person_by(parts: Parts, token: str) -> Person:
    """Whose link it is. Raises Problem `not_found`."""
    with reading(parts.store) as sql:
        found = sql.rows(_PERSON, token=token)
    if not found:
        raise Problem("not_found", "This link is not one of this server's.")
    return person_of(found[0])


_PERSON = """
    select "user".id, "user".email, "user".name, "user".is_admin
    from notification_digest
    join "user" on "user".id = notification_digest.user_id
    where notification_digest.unsubscribe = :token and "user".disabled_at is null
    """


def unsubscribe(parts: Parts, token: str) -> Hint | None:
    return set_frequency(parts, person_by(parts, token), "never")


def asking(person: Person) -> str:
    form = '<form method="post"><button style="font: inherit; padding: .5rem 1rem">No more letters</button></form>'
    text = f"Letters to {html.escape(person.email)} about what is new end. The inbox in ARXOS goes on."
    return _PAGE.format(title="No more letters?", text=text, form=form)


def ended(person: Person) -> str:
    text = f"{html.escape(person.email)} is not written to any more. ARXOS, under Notifications, changes that."
    return _PAGE.format(title="No more letters", text=text, form="")
