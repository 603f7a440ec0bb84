"""A real server on the embedded default, and tablets that speak to it by `arxos-device`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.operations.demo import PASSWORD
from tests.server.running import Person, Running

ROOT = Path(__file__).resolve().parents[2]


class Tablet:
    """One person's directory, used as a person uses it: by commands in processes of their own."""

    def __init__(self, folder, url, word="owner"):
        self.folder, self.url, self.word = folder, url, word
        self.environment = os.environ | {"PYTHONPATH": str(ROOT), "ARXOS_PASSWORD": PASSWORD}

    def run(self, *words, code=0):
        done = subprocess.run(self.command(*words), env=self.environment, capture_output=True, text=True)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def command(self, *words):
        return [sys.executable, "-m", "client_kit.cli", "--dir", str(self.folder), *words]

    def json(self, *words, code=0):
        return json.loads(self.run(*words, "--json", code=code))

    def set_up(self, building=None):
        self.run("init", "--server", self.url)
        self.run("login", f"{self.word}@demo.arxos")
        if building:
            self.run("subscribe", building)
        return self

    def scope(self, building):
        return next(s for s in self.json("status")["scopes"] if s["scope"] == building)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    server = Running({"ARXOS_DATA_DIR": str(tmp_path_factory.mktemp("server")), "ARXOS_LOG": "error"})
    server.make_people()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def url(running):
    return running.start()


@pytest.fixture
def owner(url):
    return Person(url, "owner")


@pytest.fixture
def building(owner):
    return owner.building()


@pytest.fixture
def tablet(tmp_path, url):
    """Makes tablets of the owner, set up for a building."""

    def make(name, building=None):
        return Tablet(tmp_path / name, url).set_up(building)

    return make
