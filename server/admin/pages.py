"""`/admin`: pages for administrators, made here and brought up to date by HTMX.

No script and no style stands in them: the policy of the app's pages holds. Acts are POSTs that repeat the CSRF cookie
in a header (`pwa/desk/admin.js`); each is answered with the line it was about, or with what was wrong.
"""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, SkipValidation

from arxos_sync.problems import Problem, kind

from ..accounts.people import Person, reading
from ..attachments import quarantine
from ..given import Caller, Given
from ..jobs import routes as jobs
from ..jobs import work
from ..listing import PageAsked
from ..notifications.preferences import LANGUAGE, language_of, spoken
from ..operations.headers import DESK_POLICY
from ..parts import Parts, now_ms
from . import lists, storage
from .html import Html, fill, joined
from .routes import demand_admin, do
from .rows import ACTS, HEADS, LINES, View, state, text, when
from .words import Say

PAGE = 50
SECTIONS = ("overview", *LINES)
NOTED = ("devices", "quarantine", "webhooks")
_Next = Annotated[str | None, QueryParameter(name="next")]
_View = NamedDependency[SkipValidation[View]]


def view_of(request: Request[Any, Any, Any], parts: Given, person: Caller) -> View:
    """Raises Problem `unauthenticated`, `forbidden`. In the language that the person chose, else their browser's."""
    admin, asked = demand_admin(person), request.headers.get("accept-language", LANGUAGE)
    request.state.say = say = Say(language_of(parts, admin.id, asked))
    return View(say, now_ms(), admin.id)


@get("/admin", include_in_schema=False)
async def overview(parts: Given, person: Caller, view: _View) -> Response[str]:
    admin = demand_admin(person)
    found = await anyio.to_thread.run_sync(storage.overview, parts)
    return _sent(_page(admin, "overview", _overview(found, view), view.say))


@get("/admin/{section:str}", include_in_schema=False)
async def section(
    request: Request[Any, Any, Any], parts: Given, person: Caller, view: _View, section: str, next_page: _Next = None
) -> Response[str]:
    admin = demand_admin(person)
    if section not in LINES:
        raise Problem("not_found", f"/admin/{section}")
    found = await anyio.to_thread.run_sync(_listed, parts, section, next_page)
    if request.headers.get("hx-request") and next_page:
        return _sent(_lines(section, found, view))
    return _sent(_page(admin, section, _table(section, found, view), view.say))


@post("/admin/ask/{what:str}", status_code=200, include_in_schema=False)
async def ask(parts: Given, person: Caller, view: _View, what: str) -> Response[str]:
    """`backup`, `restore-drill`, `prune`, `verify`."""
    admin = demand_admin(person)

    def asked() -> work.Job:
        answer = jobs.ask.fn(parts, admin, jobs.Asked(what))
        return answer.content

    job = await anyio.to_thread.run_sync(asked)
    asked_for = view.say("asked_for", kind=view.say.known(f"job_{job.kind}", job.kind))
    done = '<p role="status">{asked_for} <a href="/admin/jobs">{see}</a></p>'
    return _sent(fill(done, asked_for=asked_for, see=view.say("see_jobs")))


@post("/admin/{section:str}/{id:str}/{act:str}", status_code=200, include_in_schema=False)
async def act(parts: Given, person: Caller, view: _View, section: str, id: str, act: str) -> Response[str]:
    admin = demand_admin(person)
    if (section, act) == ("jobs", "cancel"):
        row = msgspec.to_builtins(await anyio.to_thread.run_sync(jobs.cancel.fn, parts, admin, id))
    else:
        row = await do(parts, admin, section, id, act)
    return _sent(Html("") if act == "end" else LINES[section](row, view))


# ---------------------------------------------------------------- what is on them


def _listed(parts: Parts, section: str, next_page: str | None) -> lists.ListedPage:
    match section:
        case "jobs":
            with reading(parts.store) as sql:
                page = jobs.page_for(sql, None, PageAsked(limit=PAGE, next=next_page))
            return lists.ListedPage([msgspec.to_builtins(one) for one in page.items], page.next, page.total)
        case "quarantine":
            kept = quarantine.kept_page(parts, PageAsked(limit=PAGE, next=next_page))
            return lists.ListedPage([msgspec.to_builtins(one) for one in kept.items], kept.next, kept.total)
    return lists.listed(parts, section, PageAsked(limit=PAGE, next=next_page))


def _table(section: str, page: lists.ListedPage, view: View) -> Html:
    say = view.say
    if not page.items:
        return fill('<p class="card soft nothing">{text}</p>', text=say(f"{section}_none"))
    heads = [fill('<th scope="col">{word}</th>', word=say(head)) for head in HEADS[section]]
    if section in ACTS:
        heads.append(Html("<td></td>"))
    note = fill('<p class="soft">{text}</p>', text=say(f"{section}_note")) if section in NOTED else Html("")
    return fill(
        '{note}<section class="card"><table class="desk-table"><caption class="soft">{caption}</caption>'
        "<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></section>",
        caption=say("oldest_first" if section == "quarantine" else "newest_first", total=say.number(page.total)),
        note=note, heads=joined(heads), lines=_lines(section, page, view),
    )  # fmt: skip


def _lines(section: str, page: lists.ListedPage, view: View) -> Html:
    lines = joined(LINES[section](row, view) for row in page.items)
    if page.next is None:
        return lines
    more = fill(
        '<tr class="more"><td colspan="{width}"><a class="button plain" href="/admin/{section}?next={next}" '
        'hx-get="/admin/{section}?next={next}" hx-target="closest tr" hx-swap="outerHTML">{word}</a></td></tr>',
        width=len(HEADS[section]) + (section in ACTS), section=section, next=page.next, word=view.say("more"),
    )  # fmt: skip
    return joined((lines, more))


def _overview(found: dict[str, Any], view: View) -> Html:
    say = view.say
    facts = [
        ("last_backup", _backup(found["backup"], view)),
        ("live_hints", _hints(found["redis_away"], say)),
        ("sockets", text(say.number(found["sockets"]))),
    ]
    sizes = {name: _bytes(size, say) for name, size in found["storage"].items()}
    return fill(
        '<div class="desk-cards">{counts}{storage}{queues}</div>'
        '<section class="card"><h2>{here}</h2><dl class="facts">{facts}</dl><div class="row">{asks}</div>'
        '<div id="asked"></div></section>{answers}',
        counts=_card(say, "what_is_here", "count", {n: say.number(v) for n, v in found["counts"].items()}),
        storage=_card(say, "storage", "storage", sizes),
        queues=_card(say, "waiting_queues", "queue", {n: say.number(v) for n, v in found["queues"].items()}),
        facts=joined(fill("<dt>{name}</dt><dd>{value}</dd>", name=say(name), value=value) for name, value in facts),
        here=say("this_server"), asks=joined(_ask(what, say) for what in _ASKS),
        answers=_answers(found["answers"], say),
    )  # fmt: skip


def _backup(last: dict[str, Any] | None, view: View) -> Html:
    if last is None:
        return fill('<span class="soft">{word}</span>', word=view.say("no_backup"))
    good = last["state"] == "done"
    word = view.say("backup_verified") if good else view.say("backup_failed", problem=last["problem"])
    return joined((state(word, "good" if good else "bad"), Html(" "), when(last["finished_at"], view)))


def _hints(redis_away: bool | None, say: Say) -> Html:
    if redis_away is None:
        return text(say("hints_within"))
    return state(say("hints_away"), "warn") if redis_away else state(say("hints_redis"), "good")


_ASKS = ("backup", "restore-drill", "verify")


def _ask(what: str, say: Say) -> Html:
    button = '<button class="button plain" hx-post="/admin/ask/{what}" hx-target="#asked">{word}</button>'
    return fill(button, what=what, word=say(f"ask_{what}"))


def _card(say: Say, title: str, of: str, facts: dict[str, str]) -> Html:
    rows = joined(
        fill("<dt>{name}</dt><dd>{value}</dd>", name=say.known(f"{of}_{name}", name), value=value)
        for name, value in facts.items()
    )
    card = '<section class="card"><h2>{title}</h2><dl class="facts">{rows}</dl></section>'
    return fill(card, title=say(title), rows=rows)


def _answers(routes: list[dict[str, Any]], say: Say) -> Html:
    most = sorted(routes, key=lambda one: -one["count"])[:12]
    words = {"routes": say("route"), "answers": say("answers")}
    rows = joined(
        fill(
            '<tr><td data-label="{routes}"><code>{route}</code></td><td data-label="{answers}">{count}</td>'
            '<td data-label="p50">{p50}</td><td data-label="p95">{p95}</td><td data-label="p99">{p99}</td></tr>',
            route=one["route"], count=say.number(one["count"]), **words,
            **{name: _ms(one[name], say) for name in ("p50", "p95", "p99")},
        )
        for one in most
    )  # fmt: skip
    return fill(
        '<section class="card"><h2>{title}</h2><table class="desk-table"><thead><tr>'
        '<th scope="col">{routes}</th><th scope="col">{answers}</th><th scope="col">p50</th><th scope="col">p95</th>'
        '<th scope="col">p99</th></tr></thead><tbody>{rows}</tbody></table></section>',
        title=say("answers_title"), rows=rows, **words,
    )  # fmt: skip


def _ms(seconds: float, say: Say) -> str:
    return say("over_s") if seconds == float("inf") else say("at_most_ms", ms=say.number(seconds * 1000, "g"))


def _bytes(size: int, say: Say) -> str:
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{say.number(amount, '.0f' if unit == 'B' else '.1f')} {unit}"
        amount /= 1024
    return f"{say.number(amount, '.1f')} TiB"


# ---------------------------------------------------------------- the frame around them


def _page(admin: Person, section: str, body: Html, say: Say) -> Html:
    links = joined(
        fill(
            '<a href="/admin{path}"{here}>{word}</a>', path="" if name == "overview" else f"/{name}", word=say(name),
            here=Html(' aria-current="page"') if name == section else Html(""),
        )
        for name in SECTIONS
    )  # fmt: skip
    return fill(
        _FRAME, language=say.language, page_title=say("page_title", title=say(section)), title=say(section),
        skip=say("skip"), administration=say("administration"), email=admin.email, links=links, body=body,
    )  # fmt: skip


_FRAME: Any = """<!doctype html>
<html lang="{language}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
  <meta name="color-scheme" content="light dark">
  <meta name="htmx-config" content='{{"includeIndicatorCSS": false}}'>
  <title>{page_title}</title>
  <link rel="icon" href="/icons/arxos.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/css/app.css">
  <link rel="stylesheet" href="/desk/admin.css">
  <script src="/desk/admin.js" defer></script>
  <script src="/vendor/htmx/htmx.min.js" defer></script>
</head>
<body>
  <a class="skip" href="#page">{skip}</a>
  <header class="bar desk-bar"><a class="desk-home" href="/">ARXOS</a><span class="soft">{email}</span></header>
  <nav class="desk-nav" aria-label="{administration}">{links}</nav>
  <div id="problem" role="alert"></div>
  <main id="page" class="desk" tabindex="-1"><h1>{title}</h1>{body}</main>
</body>
</html>
"""


def _sent(html: Html, status: int = 200) -> Response[str]:
    headers = {
        "Content-Security-Policy": DESK_POLICY, "Cache-Control": "no-store",
        "Vary": "Cookie, HX-Request, Accept-Language",
    }  # fmt: skip
    return Response(html, status_code=status, media_type="text/html; charset=utf-8", headers=headers)


def _wrong(request: Request[Any, Any, Any], problem: Problem) -> Response[str]:
    say = request.state.get("say") or Say(spoken(request.headers.get("accept-language", LANGUAGE)))
    title, hint = say.refused(problem.code, problem.hint)
    callout = fill(
        '<div class="callout bad"><div><p><strong>{title}</strong></p><p lang="en">{detail}</p><p>{hint}</p></div>'
        "</div>",
        title=title, detail=problem.detail, hint=hint,
    )  # fmt: skip
    status = kind(problem.code).status
    if request.headers.get("hx-request"):
        return _sent(callout, status)
    renew = Html(' data-renew="yes"') if problem.code == "unauthenticated" else Html("")
    said = {"language": say.language, "title": say("closed_title"), "log_in": say("log_in")}
    return _sent(fill(_CLOSED, renew=renew, callout=callout, **said), status)


_CLOSED: Any = """<!doctype html>
<html lang="{language}"{renew}>
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}</title>
  <link rel="stylesheet" href="/css/app.css">
  <link rel="stylesheet" href="/desk/admin.css">
  <script src="/desk/admin.js" defer></script>
</head>
<body><main id="page" class="desk narrow">{callout}<p><a class="button" href="/login">{log_in}</a></p></main></body>
</html>
"""

router = Router(
    "/",
    route_handlers=[overview, section, ask, act],
    dependencies={"view": Provide(view_of, sync_to_thread=True)},
    exception_handlers={Problem: _wrong},
    include_in_schema=False,
)
