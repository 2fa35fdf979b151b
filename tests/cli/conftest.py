"""A small world of made-up people, and a real server that knows them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.cli.demo_run import register_world, supply_figures
from clients.cli.people import World, make_world, read_setting
from clients.cli.process import ServerProcess
from clients.server import Server
from engine.rules.book import PlanBook
from engine.rules.load import load_cities


@pytest.fixture(scope="session")
def world() -> World:
    setting = read_setting(PlanBook(load_cities()))
    return make_world(setting._replace(members=40, claims_a_member=8))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def server(store: Path, world: World) -> Iterator[ServerProcess]:
    with ServerProcess(store) as running:
        enter(running.address, world)
        yield running


@pytest.fixture
def counter(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ServerProcess:
    """Return a server that the terminal of a hospital asks, with an outbox of its own."""
    monkeypatch.setenv("GONGJI_SERVER", server.address)
    monkeypatch.setenv("GONGJI_OUTBOX", str(tmp_path / "outbox"))
    monkeypatch.setenv("GONGJI_INSTITUTION", "370300-H02")
    return server


def enter(address: str, world: World) -> None:
    with Server(address) as connection:
        supply_figures(connection)
        register_world(connection, world)
