"""`/admin`: pages for administrators, made here and brought up to date by HTMX.

No script and no style stands in them: the policy of the app's pages holds. Acts are POSTs that repeat the CSRF cookie
in a header (`pwa/desk/admin.js`); each is answered with the line it was about, or with what was wrong.
"""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import QueryParameter

from arxos_sync.problems import Problem, kind

from ..accounts.people import Person, reading
from ..attachments import quarantine
from ..given import Caller, Given
from ..jobs import routes as jobs
from ..jobs import work
from ..operations.headers import DESK_POLICY
from ..parts import Parts, now_ms
from . import lists, storage
from .html import Html, fill, joined
from .routes import demand_admin, do
from .rows import HEADS, LINES, state, text, when

PAGE = 50
SECTIONS = {
    "": "Overview", "devices": "Devices", "users": "People", "sessions": "Logins", "jobs": "Jobs",
    "webhooks": "Webhooks", "quarantine": "Quarantine",
}  # fmt: skip
EMPTY = {
    "devices": "No device has synchronised yet.", "users": "Nobody is here yet.", "sessions": "Nobody is logged in.",
    "jobs": "No job was asked for yet.", "webhooks": "Nothing was sent to a webhook yet.",
    "quarantine": "Nothing is in quarantine.",
}  # fmt: skip
NOTES = {
    "devices": "Lag is how many sequences a device's buildings have gone on since it last synchronised.",
    "quarantine": "What people still sent of a building they had lost. Nobody else sees it.",
    "webhooks": "Deliveries, newest first. A given-up one can be tried again.",
}
_Next = Annotated[str | None, QueryParameter(name="next")]


@get("/admin", include_in_schema=False)
async def overview(parts: Given, person: Caller) -> Response[str]:
    admin = demand_admin(person)
    found = await anyio.to_thread.run_sync(storage.overview, parts)
    return _sent(_page(admin, "", _overview(found)))


@get("/admin/{section:str}", include_in_schema=False)
async def section(
    request: Request[Any, Any, Any], parts: Given, person: Caller, section: str, next_page: _Next = None
) -> Response[str]:
    admin = demand_admin(person)
    if section not in LINES:
        raise Problem("not_found", f"/admin/{section}")
    found = await anyio.to_thread.run_sync(_listed, parts, section, next_page)
    if request.headers.get("hx-request") and next_page:
        return _sent(_lines(section, found, admin))
    return _sent(_page(admin, section, _table(section, found, admin)))


@post("/admin/ask/{what:str}", status_code=200, include_in_schema=False)
async def ask(parts: Given, person: Caller, what: str) -> Response[str]:
    """`backup`, `restore-drill`, `prune`, `verify`."""
    admin = demand_admin(person)

    def asked() -> work.Job:
        answer = jobs.ask.fn(parts, admin, jobs.Asked(what))
        return answer.content

    job = await anyio.to_thread.run_sync(asked)
    done = fill('<p role="status">Asked for {kind}. <a href="/admin/jobs">See the jobs</a></p>', kind=job.kind)
    return _sent(done)


@post("/admin/{section:str}/{id:str}/{act:str}", status_code=200, include_in_schema=False)
async def act(parts: Given, person: Caller, section: str, id: str, act: str) -> Response[str]:
    admin = demand_admin(person)
    if (section, act) == ("jobs", "cancel"):
        row = msgspec.to_builtins(await anyio.to_thread.run_sync(jobs.cancel.fn, parts, admin, id))
    else:
        row = await do(parts, admin, section, id, act)
    return _sent(Html("") if act == "end" else LINES[section](row, now_ms(), admin.id))


# ---------------------------------------------------------------- what is on them


def _listed(parts: Parts, section: str, next_page: str | None) -> lists.ListedPage:
    match section:
        case "jobs":
            with reading(parts.store) as sql:
                page = jobs.page_of(sql, None, None, None, PAGE, next_page)
            return lists.ListedPage([msgspec.to_builtins(one) for one in page.items], page.next, page.total)
        case "quarantine":
            kept = quarantine.page_of(parts, PAGE, next_page)
            items = [msgspec.to_builtins(one) | {"what": one.line()} for one in kept.items]
            return lists.ListedPage(items, kept.next, kept.total)
    return lists.listed(parts, section, PAGE, next_page)


def _table(section: str, page: lists.ListedPage, admin: Person) -> Html:
    head = joined(
        fill('<th scope="col">{word}</th>', word=word) if word else fill('<td></td>') for word in HEADS[section]
    )
    if not page.items:
        return fill('<p class="card soft nothing">{text}</p>', text=EMPTY[section])
    note = fill('<p class="soft">{text}</p>', text=NOTES[section]) if section in NOTES else Html("")
    return fill(
        '{note}<section class="card"><table class="desk-table"><caption class="soft">{total} in all, {order}</caption>'
        "<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></section>",
        order="oldest first" if section == "quarantine" else "newest first",
        note=note, total=page.total, head=head, lines=_lines(section, page, admin),
    )  # fmt: skip


def _lines(section: str, page: lists.ListedPage, admin: Person) -> Html:
    at = now_ms()
    lines = joined(LINES[section](row, at, admin.id) for row in page.items)
    if page.next is None:
        return lines
    more = fill(
        '<tr class="more"><td colspan="{width}"><a class="button plain" href="/admin/{section}?next={next}" '
        'hx-get="/admin/{section}?next={next}" hx-target="closest tr" hx-swap="outerHTML">More</a></td></tr>',
        width=len(HEADS[section]), section=section, next=page.next,
    )  # fmt: skip
    return joined((lines, more))


def _overview(found: dict[str, Any]) -> Html:
    backup = found["backup"]
    said = fill('<span class="soft">none yet</span>')
    if backup is not None:
        tone = "good" if backup["state"] == "done" else "bad"
        word = "verified" if backup["state"] == "done" else f"failed: {backup['problem']}"
        said = joined((state(word, tone), Html(" "), when(backup["finished_at"], now_ms())))
    live = text("in this process") if found["redis_away"] is None else state("by Redis", "good")
    live = state("Redis is away, hints are polled", "warn") if found["redis_away"] else live
    facts = [("Last backup", said), ("Live hints", live), ("Open sockets here", text(found["sockets"]))]
    return fill(
        '<div class="desk-cards">{counts}{storage}{queues}</div>'
        '<section class="card"><h2>This server</h2><dl class="facts">{facts}</dl><div class="row">{asks}</div>'
        '<div id="asked"></div></section>{answers}',
        counts=_card("What is here", {n: f"{v:,}" for n, v in found["counts"].items()}),
        storage=_card("Storage", {name: _bytes(size) for name, size in found["storage"].items()}),
        queues=_card("Waiting", {n: f"{v:,}" for n, v in found["queues"].items()}),
        facts=joined(fill("<dt>{name}</dt><dd>{value}</dd>", name=name, value=value) for name, value in facts),
        asks=joined(_ask(what, word) for what, word in _ASKS),
        answers=_answers(found["answers"]),
    )  # fmt: skip


_ASKS = (("backup", "Back up now"), ("restore-drill", "Try the newest backup"), ("verify", "Verify digests"))


def _ask(what: str, word: str) -> Html:
    button = '<button class="button plain" hx-post="/admin/ask/{what}" hx-target="#asked">{word}</button>'
    return fill(button, what=what, word=word)


def _card(title: str, facts: dict[str, str]) -> Html:
    rows = joined(fill("<dt>{name}</dt><dd>{value}</dd>", name=name, value=value) for name, value in facts.items())
    return fill('<section class="card"><h2>{title}</h2><dl class="facts">{rows}</dl></section>', title=title, rows=rows)


def _answers(routes: list[dict[str, Any]]) -> Html:
    most = sorted(routes, key=lambda one: -one["count"])[:12]
    rows = joined(
        fill(
            '<tr><td data-label="Route"><code>{route}</code></td><td data-label="Answers">{count}</td>'
            '<td data-label="p50">{p50}</td><td data-label="p95">{p95}</td><td data-label="p99">{p99}</td></tr>',
            route=one["route"], count=f"{one['count']:,}",
            **{name: _ms(one[name]) for name in ("p50", "p95", "p99")},
        )
        for one in most
    )  # fmt: skip
    return fill(
        '<section class="card"><h2>Answers of this process</h2><table class="desk-table"><thead><tr>'
        '<th scope="col">Route</th><th scope="col">Answers</th><th scope="col">p50</th><th scope="col">p95</th>'
        '<th scope="col">p99</th></tr></thead><tbody>{rows}</tbody></table></section>',
        rows=rows,
    )


def _ms(seconds: float) -> str:
    return "over 30 s" if seconds == float("inf") else f"≤ {seconds * 1000:g} ms"


def _bytes(size: int) -> str:
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


# ---------------------------------------------------------------- the frame around them


def _page(admin: Person, section: str, body: Html) -> Html:
    links = joined(
        fill(
            '<a href="/admin{path}"{here}>{word}</a>', path=f"/{name}" if name else "", word=word,
            here=Html(' aria-current="page"') if name == section else Html(""),
        )
        for name, word in SECTIONS.items()
    )  # fmt: skip
    return fill(_FRAME, title=SECTIONS[section], email=admin.email, links=links, body=body)


_FRAME: Any = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
  <meta name="color-scheme" content="light dark">
  <meta name="htmx-config" content='{{"includeIndicatorCSS": false}}'>
  <title>{title} · ARXOS administration</title>
  <link rel="icon" href="/icons/arxos.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/css/app.css">
  <link rel="stylesheet" href="/desk/admin.css">
  <script src="/desk/admin.js" defer></script>
  <script src="/vendor/htmx/htmx.min.js" defer></script>
</head>
<body>
  <a class="skip" href="#page">Skip to the page</a>
  <header class="bar desk-bar"><a class="desk-home" href="/">ARXOS</a><span class="soft">{email}</span></header>
  <nav class="desk-nav" aria-label="Administration">{links}</nav>
  <div id="problem" role="alert"></div>
  <main id="page" class="desk" tabindex="-1"><h1>{title}</h1>{body}</main>
</body>
</html>
"""


def _sent(html: Html, status: int = 200) -> Response[str]:
    headers = {"Content-Security-Policy": DESK_POLICY, "Cache-Control": "no-store", "Vary": "Cookie, HX-Request"}
    return Response(html, status_code=status, media_type="text/html; charset=utf-8", headers=headers)


def _wrong(request: Request[Any, Any, Any], problem: Problem) -> Response[str]:
    known = kind(problem.code)
    callout = fill(
        '<div class="callout bad"><div><p><strong>{title}</strong></p><p>{detail}</p><p>{hint}</p></div></div>',
        title=known.title, detail=problem.detail, hint=problem.hint,
    )  # fmt: skip
    if request.headers.get("hx-request"):
        return _sent(callout, known.status)
    renew = Html(' data-renew="yes"') if problem.code == "unauthenticated" else Html("")
    return _sent(fill(_CLOSED, renew=renew, callout=callout), known.status)


_CLOSED: Any = """<!doctype html>
<html lang="en"{renew}>
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>ARXOS administration</title>
  <link rel="stylesheet" href="/css/app.css">
  <link rel="stylesheet" href="/desk/admin.css">
  <script src="/desk/admin.js" defer></script>
</head>
<body><main id="page" class="desk narrow">{callout}<p><a class="button" href="/login">Log in</a></p></main></body>
</html>
"""

router = Router(
    "/", route_handlers=[overview, section, ask, act], exception_handlers={Problem: _wrong}, include_in_schema=False
)
