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


def test_a_server_has_a_user_of_its_own(pg_server: Server) -> None:
    pg_server.sql("CREATE DATABASE granted; CREATE ROLE clerk LOGIN;")
    owner = pg_server.url("granted")
    clerk = owner.replace("//gongji@", "//clerk@")
    too_soon = run("store", "grant", owner, "clerk")
    assert (too_soon.exit_code, "gongji store init" in too_soon.output) == (3, True)
    assert run("store", "init", owner).exit_code == 0
    refused = run("register", "members", EXAMPLES / "members.csv", "--store", clerk)
    assert refused.exit_code == 3
    assert "not for user clerk; have its owner run gongji store grant" in refused.output
    nobody = run("store", "grant", owner, "nobody-there")
    assert (nobody.exit_code, "knows no user nobody-there" in nobody.output) == (3, True)
    by_himself = run("store", "grant", clerk, "clerk")
    assert (by_himself.exit_code, "not for user clerk" in by_himself.output) == (3, True)
    for _ in range(2):
        done = run("store", "grant", owner, "clerk")
        assert done.exit_code == 0, done.output
        assert "clerk may serve the store, and not change its journal" in done.output
    not_his = run("store", "grant", clerk, "gongji")
    assert (not_his.exit_code, "a user of its own for servers" in not_his.output) == (3, True)
    taken = run("register", "members", EXAMPLES / "members.csv", "--store", clerk)
    assert taken.exit_code == 0, taken.output
    assert run("verify", "--store", clerk).exit_code == 0


def test_a_password_is_not_shown() -> None:
    said = run("store", "upgrade", "postgresql://gongji:secret@127.0.0.1:1/tour").output
    assert "cannot be reached" in said
    assert "secret" not in said


def test_an_sqlite_file_is_copied(tmp_path: Path) -> None:
    path, folder = tmp_path / "tour.sqlite", tmp_path / "backups"
    folder.mkdir()
    assert run("register", "members", EXAMPLES / "members.csv", "--store", path).exit_code == 0
    done = run("store", "backup", "--store", path, "--into", folder)
    assert done.exit_code == 0, done.output
    (copy,) = folder.glob("tour-1-*.sqlite")
    assert done.output.startswith(f"{copy}: complete up to segment 1, journal position 0\n")
    checked = run("verify", "--store", copy)
    assert checked.exit_code == 0
    assert done.output.splitlines()[1].removeprefix("digest ") in checked.output
    told = json.loads(run("store", "backup", "--store", path, "--into", folder, "--json").output)
    assert told["file"] == str(copy)
    assert told["digest"] in done.output


def test_a_copy_that_cannot_be_made(pg_server: Server, tmp_path: Path) -> None:
    path = tmp_path / "tour.sqlite"
    alone = run("store", "backup", "--store", path)
    assert (alone.exit_code, "belong together" in alone.output) == (2, True)
    missing = run("store", "backup", "--store", path, "--into", tmp_path)
    assert (missing.exit_code, "there is no such store" in missing.output) == (3, True)
    pg_server.sql("CREATE DATABASE copied")
    url = pg_server.url("copied")
    assert run("store", "init", url).exit_code == 0
    refused = run("store", "backup", "--store", url, "--into", tmp_path)
    assert (refused.exit_code, "pg_dump" in refused.output) == (1, True)
    nobody = run("store", "backup", "--server", "127.0.0.1:1")
    assert (nobody.exit_code, "cannot be connected to" in nobody.output) == (3, True)
