"""`gongji store`, and the commands that take the URL of a store where they take a file."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from benchmarks.peers.cluster import Server
from clients.cli.main import gongji
from tests.support.postgres import pg_server

__all__ = ["pg_server"]

EXAMPLES = Path(__file__).parents[2] / "clients/examples"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(gongji, [str(argument) for argument in arguments])


def test_a_store_is_made_filled_and_checked(pg_server: Server, tmp_path: Path) -> None:
    """The tour of the README on a database, and on a file: the same digest."""
    pg_server.sql("CREATE DATABASE tour")
    url = pg_server.url("tour")
    assert "no store; make one with gongji store init" in run("verify", "--store", url).output
    assert run("store", "init", url).exit_code == 0
    again = run("store", "init", url)
    assert (again.exit_code, "already" in again.output) == (3, True)
    assert "format 1" in run("store", "upgrade", url).output
    digests = set()
    places: tuple[str | Path, ...] = url, tmp_path / "tour.sqlite"
    for number, place in enumerate(places):
        for name in ("institutions", "members", "openings"):
            done = run("register", name, EXAMPLES / f"{name}.csv", "--store", place)
            assert done.exit_code == 0, done.output
        assert run("policy", "supply", EXAMPLES / "figures.toml", "--store", place).exit_code == 0
        out = tmp_path / str(number)
        settled = run("settle", EXAMPLES / "claims.csv", "--store", place, "--out", out)
        assert settled.exit_code == 1, settled.output
        explained = run("explain", "4", "--institution", "H-CENTRE", "--store", place)
        assert explained.exit_code == 0, explained.output
        checked = run("verify", "--store", place, "--json")
        assert checked.exit_code == 0, checked.output
        digests.add(json.loads(checked.output)["digest"])
    assert len(digests) == 1
    results = [tmp_path.joinpath(n, "results.csv").read_text("utf-8") for n in ("0", "1")]
    assert results[0] == results[1]


def test_a_password_is_not_shown() -> None:
    said = run("store", "upgrade", "postgresql://gongji:secret@127.0.0.1:1/tour").output
    assert "cannot be reached" in said
    assert "secret" not in said
