"""As tests/server: a running server over each store, with a person for each role."""

from tests.server.conftest import building, nobody, owner, running, stranger, url

__all__ = ["building", "nobody", "owner", "running", "stranger", "url"]
