"""A keyring of one JSON file, for systems without one: tests name it by PYTHON_KEYRING_BACKEND."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend


class FileKeyring(KeyringBackend):
    priority = 1  # type: ignore[assignment]

    def _kept(self):
        path = Path(os.environ["ARXOS_TEST_KEYRING"])
        return json.loads(path.read_text()) if path.exists() else {}

    def get_password(self, service, username):
        return self._kept().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        kept = self._kept() | {f"{service}/{username}": password}
        Path(os.environ["ARXOS_TEST_KEYRING"]).write_text(json.dumps(kept))

    def delete_password(self, service, username):
        raise NotImplementedError(f"{service}/{username} stays")
