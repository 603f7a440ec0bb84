"""Fixtures every suite may ask for. The servers behind them start when the first test needs them."""

import ssl
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
import redis as redis_client
from hypothesis import settings

from arxos_sync.storage import garbage
from tests import services


def pytest_collection_finish() -> None:
    """As the programs do, so that tests find what that might hurt."""
    garbage.look_rarely()


# httpx reads the certificates of the world anew for each client and each call, which takes longer than the call does
ssl.create_default_context = cache(ssl.create_default_context)

settings.register_profile("ci", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def postgis_template() -> str:
    return services.template_url()


@pytest.fixture
def postgis_url(postgis_template):
    """A fresh database with the postgis extension, dropped after the test."""
    name = f"test_{uuid4().hex}"
    yield services.create_database(name)
    services.drop_database(name)


@pytest.fixture
def postgis_store_url(postgis_url):
    """As `postgis_url`, with the server's tables."""
    import schemas
    from arxos_sync.storage import postgis

    postgis.prepare(postgis_url, schemas.catalogue(), "a new life")
    return postgis_url


@pytest.fixture
def redis_url():
    url = services.redis_server_url()
    with redis_client.Redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture(scope="session")
def chromium() -> str:
    return services.chromium_path()


@pytest.fixture(scope="module")
def browser(chromium):
    """A running Chromium; ended with its module, since Playwright keeps an event loop in the thread meanwhile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=services.CHROMIUM_FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def free_port() -> int:
    return services.free_port()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files that stand beside the repository; where they are missing, and only there, tests skip."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not here")
    return folder
