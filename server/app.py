"""The server's app, and the one place where its adapters are chosen.

PostGIS where `ARXOS_DATABASE_URL` is set, SpatiaLite otherwise; Redis where `ARXOS_REDIS_URL` is set, this
process alone otherwise.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from typing import Any

import anyio.to_thread
import structlog
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.types import ASGIApp

import schemas
from arxos_sync.storage import garbage
from arxos_sync.store import ServerStore

from . import listing
from .accounts.callers import caller_of
from .accounts.keys import keys_from
from .accounts.memberships import EXPIRED, Memberships
from .accounts.passwords import Passwords
from .accounts.people import Person
from .accounts.routes import router as accounts
from .accounts.sessions import Sessions
from .accounts.throttle import Throttle
from .accounts.tokens import Tokens
from .admin.pages import router as desk
from .admin.routes import router as admin
from .attachments.lying import FarAway, Lying, OnDisk
from .attachments.quarantine import router as quarantine
from .attachments.routes import router as attachments
from .buildings.figures import router as figures
from .buildings.history import Changes
from .buildings.history import router as history
from .buildings.routes import router as buildings
from .buildings.rows import router as rows
from .cmms.connection_routes import router as cmms
from .cmms.connections import forget_old as forget_sync_log
from .cmms.courier import COURIERS, deliver
from .cmms.courier import EVERY_S as DELIVER_EVERY_S
from .cmms.deliveries import Hooks, forget_old
from .cmms.turn import EVERY_S as SYNC_EVERY_S
from .cmms.turn import TURNERS, sync_due
from .cmms.webhook_routes import router as webhooks
from .exports.job import ROUND as EXPORTS
from .exports.routes import router as exports
from .features.routes import router as features
from .given import Given
from .jobs.following import Follower, Following
from .jobs.kinds import ROUNDS as JOB_ROUNDS
from .jobs.rounds import Round, Rounds
from .jobs.routes import router as jobs
from .live.bus import Bus
from .live.routes import router as live
from .live.watch import Watch
from .notifications import vapid
from .notifications.digests import DIGESTS
from .notifications.inbox import Inbox
from .notifications.invitations import INVITATIONS
from .notifications.posting import POST
from .notifications.pushing import PUSH
from .notifications.routes import router as notifications
from .operations import drain, metrics, telling
from .operations.access import access
from .operations.answers import answer
from .operations.gate import gated
from .operations.health import router as health
from .operations.limits import Limits, kind_of
from .operations.logs import redacted
from .operations.pages import router as pages
from .operations.reports import router as reports
from .parts import Parts, new_id
from .settings import Settings, read_settings
from .sync import seen
from .sync.routes import router as sync
from .sync.snapshots import Snapshots
from .validation.capturing import router as capturing
from .validation.consequences import Consequences
from .validation.ranked import router as ranked
from .validation.reviewing import router as reviewing
from .wallet.deciding import router as deciding
from .wallet.posting import POSTING
from .wallet.rewards import Rewards
from .wallet.routes import router as wallet

REDIS_WAIT_S_MAX = 1.0
BODY_BYTES_MAX = 4 * 1024 * 1024  # where a route does not say otherwise
FOLLOWERS: tuple[Follower, ...] = (Memberships(), Consequences(), Rewards(), Inbox(), Hooks(), Changes())
ROUNDS: tuple[Round, ...] = (
    EXPIRED, POSTING, INVITATIONS, DIGESTS, POST, PUSH, *JOB_ROUNDS, EXPORTS, metrics.ROUND, seen.ROUND,
    *(Round(f"webhooks-{place}", DELIVER_EVERY_S, deliver) for place in range(COURIERS)),
    Round("webhooks-old", 3600, forget_old),
    *(Round(f"cmms-{place}", SYNC_EVERY_S, sync_due) for place in range(TURNERS)),
    Round("cmms-old", 3600, forget_sync_log),
)  # fmt: skip


def open_store(settings: Settings) -> ServerStore:
    if settings.database_url is not None:
        from arxos_sync.storage import postgis, postgis_walls

        size, replica = settings.pool_size, settings.database_replica_url
        primary = postgis.open_store(
            settings.database_url,
            schemas.catalogue(),
            epoch=new_id(),
            pool_size=size,
            owner_url=settings.database_owner_url,
        )
        if not primary.walled:
            structlog.get_logger("arxos").warning("row-level security is off", remedy=postgis_walls.REMEDY)
        if replica is None:
            return primary
        from arxos_sync.storage.postgis_replica import ReplicatedStore

        return ReplicatedStore(primary, replica, schemas.catalogue(), size)
    from arxos_sync.storage import spatialite_server

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return spatialite_server.open_store(settings.data_dir, schemas.catalogue(), epoch=new_id())


def open_attachments(settings: Settings) -> Lying:
    return FarAway(settings.attachments_url) if settings.attachments_url else OnDisk(settings.data_dir)


def open_parts(settings: Settings) -> Parts:
    """Everything a server or a command works with; `close_parts` gives it back."""
    store = open_store(settings)
    epoch = store.epoch()
    tokens = Tokens(keys_from(settings.key_file))
    vapid.make_key(settings)
    redis = _redis(settings)
    return Parts(
        settings=settings,
        catalogue=schemas.catalogue(),
        store=store,
        epoch=epoch,
        tokens=tokens,
        passwords=Passwords(),
        sessions=Sessions(store, tokens, redis),
        tries=Throttle(redis),
        bus=Bus(store, redis, settings.redis_url),
        snapshots=Snapshots(store, schemas.catalogue(), epoch, settings.data_dir / "snapshots"),
        attachments=open_attachments(settings),
    )


def _redis(settings: Settings) -> Any:
    if settings.redis_url is None:
        return None
    from redis import Redis

    return Redis.from_url(settings.redis_url, socket_timeout=REDIS_WAIT_S_MAX, socket_connect_timeout=REDIS_WAIT_S_MAX)


def _limits(settings: Settings) -> Limits:
    if settings.redis_url is None:
        return Limits(settings)
    from redis.asyncio import Redis

    redis = Redis.from_url(
        settings.redis_url, socket_timeout=REDIS_WAIT_S_MAX, socket_connect_timeout=REDIS_WAIT_S_MAX
    )
    return Limits(settings, redis)


def create_app(settings: Settings) -> Litestar:
    write_logs(settings.log)

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        parts = await anyio.to_thread.run_sync(open_parts, settings)
        app.state.parts = parts
        app.state.limits = limits = _limits(settings)
        await anyio.to_thread.run_sync(parts.passwords.warm)
        await parts.bus.start()
        watch = Watch(parts)
        await watch.start()
        following = Following(parts, FOLLOWERS)
        await following.start()
        rounds = Rounds(parts, ROUNDS)
        await rounds.start()
        drain.watch()
        try:
            yield
        finally:
            await rounds.stop()
            await following.stop()
            await watch.stop()
            await parts.bus.stop()
            await parts.snapshots.stop()
            await limits.close()
            await anyio.to_thread.run_sync(parts.store.close)

    return Litestar(
        route_handlers=[
            accounts, sync, live, buildings, figures, rows, history, features, attachments, quarantine, notifications,
            jobs, exports, capturing, reviewing, ranked, wallet, deciding, webhooks, cmms, admin, desk, health,
            reports, pages,
        ],  # fmt: skip
        lifespan=[lifespan],
        middleware=[access],
        dependencies={
            "parts": Provide(_parts, sync_to_thread=False),
            "person": Provide(_person),
            "wanted": Provide(listing.asked, sync_to_thread=False),
        },
        exception_handlers={Exception: answer},
        openapi_config=OpenAPIConfig(
            title="ARXOS",
            version="1",
            path="/schema",
            render_plugins=[JsonRenderPlugin(path="/openapi.json"), YamlRenderPlugin(path="/openapi.yaml")],
        ),
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
    )


def _parts(state: State) -> Parts:
    return state.parts


async def _person(request: Request[Any, Any, Any], parts: Given) -> Person | None:
    person = await caller_of(request, parts)
    if person is not None:
        telling.learnt(user=person.id)
        await request.app.state.limits.demand_person(person.id, kind_of(request.method, request.url.path))
    return person


def from_environment() -> ASGIApp:
    """What the server's processes start from."""
    settings = read_settings()
    made = create_app(settings)
    garbage.look_rarely()
    return gated(made, settings)


def write_logs(level: str) -> None:
    """JSON lines on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            telling.merged,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redacted,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )
