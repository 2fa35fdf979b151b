"""What a newcomer gets wrong: nothing is spoiled by it, and one line says what to do."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clients.cli.main import gongji
from tests.cli.test_errors import NOBODY

EXAMPLES = Path(__file__).parents[2] / "clients" / "examples"
HEADING = "institution,member,date,in_scope\n"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(gongji, [str(argument) for argument in arguments])


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clients.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return a store that knows the people of the examples."""
    store = tmp_path / "ledger.sqlite"
    for register in ("institutions", "members"):
        entered = run("register", register, EXAMPLES / f"{register}.csv", "--store", store)
        assert entered.exit_code == 0, entered.output
    return store


def example_claim(**changes: str) -> dict[str, str]:
    with EXAMPLES.joinpath("claims.csv").open(encoding="utf-8") as stream:
        row = next(csv.DictReader(stream))
    return {name: value for name, value in row.items() if value} | changes


def write(path: Path, *rows: dict[str, str]) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


# --- files that are no stores ------------------------------------------------------------


def foreign(folder: Path, kind: str) -> Path:
    path = folder / "thing"
    if kind == "database":
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE t(x)")
        connection.close()
    else:
        path.write_text("dear diary" if kind == "text" else "")
    return path


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("verify",),
    ("serve",),
    ("explain", "1", "--institution", "H1"),
    ("policy", "list"),
    ("settle", str(EXAMPLES / "claims.csv"), "--out", "out"),
)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (arguments, kind)
        for arguments in COMMANDS
        for kind in ("text", "database", "empty")
        # `serve` takes an empty file: a crash while a store is made leaves exactly that.
        if (arguments[0], kind) != ("serve", "empty")
    ],
    ids=str,
)
def test_what_is_no_store_is_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = foreign(tmp_path, kind)
    before = path.read_bytes()
    result = run(*arguments, "--store", path)
    assert result.exit_code == 3, result.output
    assert ("is empty, not a store" if kind == "empty" else "not a store") in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["thing"]
    assert path.read_bytes() == before


def test_a_store_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    store = tmp_path / "new.sqlite"
    result = run("settle", EXAMPLES / "claims.csv", "--store", store, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert f"gongji register institutions FILE --store {store}" in result.output
    assert list(tmp_path.iterdir()) == []


# --- files of claims ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"", "机构,人员\n".encode("gbk"), b"a,b\n1,2\n", b"institution,member,date\nH,M,\n"]
)
def test_a_file_that_cannot_be_used_leaves_nothing_behind(
    made: Path, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "claims.csv"
    file.write_bytes(content)
    before = set(tmp_path.iterdir())
    assert run("settle", file, "--store", made).exit_code == 2
    assert set(tmp_path.iterdir()) == before
    write(file, example_claim())
    assert run("settle", file, "--store", made).exit_code == 0


def test_a_changed_file_without_ids_is_exit_code_2(made: Path, tmp_path: Path) -> None:
    claim = example_claim()
    claim.pop("request_id")
    file = write(tmp_path / "claims.csv", claim)
    assert run("settle", file, "--store", made).exit_code == 0
    write(file, claim, claim | {"in_scope": "1.00"})
    for again in ((), ("--again",)):
        result = run("settle", file, "--store", made, *again)
        assert result.exit_code == 2
        assert "new file" in result.output
    assert json.loads(run("verify", "--store", made, "--json").output)["settlements"] == 1


def test_a_finished_file_says_that_nothing_is_new(made: Path, tmp_path: Path) -> None:
    file = write(
        tmp_path / "claims.csv", example_claim(), example_claim(request_id="X", member="?")
    )
    assert run("settle", file, "--store", made).exit_code == 1
    result = run("settle", file, "--store", made)
    assert result.exit_code == 1
    assert "nothing new: 1 settled and 1 refused or malformed earlier (20" in result.output
    summary = json.loads(run("settle", file, "--store", made, "--json").output)
    assert [summary[name] for name in ("settled", "replayed", "refused")] == [0, 1, 1]
    assert (summary["earlier"]["settled"], summary["earlier"]["refused"]) == (1, 1)


def test_a_benefit_that_was_not_given_has_a_column(made: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "claims.csv", example_claim(benefit="chronic", disease="DM"))
    assert run("settle", file, "--store", made).exit_code == 0
    with (tmp_path / "claims.csv.gongji" / "results.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    assert (row["requested_benefit"], row["benefit"]) == ("chronic", "ordinary")
    receipt = run(
        "explain", row["settlement_id"], "--institution", row["institution"], "--store", made
    ).output
    assert "申请待遇 门诊慢性病：未登记该病种或该级别机构不开展，按普通门诊结算" in receipt


def test_an_opening_that_is_not_taken_names_the_column(made: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "openings.csv", {"member": "?", "account_balance": "5.00"})
    result = run("register", "openings", file, "--store", made)
    assert result.exit_code == 1
    assert "line 2, member:" in result.output


# --- what is not there -------------------------------------------------------------------


def test_server_and_store_together_are_too_many(made: Path) -> None:
    for arguments in (("policy", "list"), ("policy", "show", "370300")):
        result = run(*arguments, "--server", NOBODY, "--store", made)
        assert result.exit_code == 2
        assert "not both" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("gateway", str(EXAMPLES / "claims.csv"), "--out", "out"),
        ("policy", "list"),
        ("explain", "1", "--institution", "H1"),
        ("terminal", "query", "1", "--institution", "H1"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_refused_connection_is_said_soon_and_with_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    begin = time.monotonic()
    result = run(*arguments, "--server", NOBODY)
    assert time.monotonic() - begin < 5
    assert result.exit_code == 3
    assert f"gongji: {NOBODY}: cannot be connected to" in result.output


def test_a_day_without_rules_names_the_days_with_rules() -> None:
    output = run("policy", "show", "zibo", "--date", "1999-01-01").output
    assert "in force on 1999-01-01; documents are in force 20" in output


def test_an_unknown_settlement_is_exit_code_1(made: Path) -> None:
    result = run("explain", "99", "--institution", "H-CENTRE", "--store", made)
    assert result.exit_code == 1, result.output


# --- programs, terminals, signals --------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify", "--store", "none.sqlite", "--json"), 3),
        (("explain", "x", "--institution", "H1", "--json"), 2),
        (("gateway", "none.csv", "--json"), 2),
    ],
)
def test_an_error_is_json_for_a_program(arguments: tuple[str, ...], code: int) -> None:
    done = command(*arguments)
    assert (done.returncode, done.stderr) == (code, "")
    error = json.loads(done.stdout)
    assert error["exit"] == code
    assert error["error"]


def test_a_terminal_that_knows_no_chinese_gets_something() -> None:
    done = command("policy", "show", "370300", "--date", "2024-03-05", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "370300" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_gateway_says_how_to_go_on(number: int) -> None:
    code = (
        "import clients.cli.filerun as f, time\n"
        "from clients.cli.common import Fail\n"
        "try:\n"
        "    with f.resumable():\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(30)\n"
        "except Fail as error:\n"
        "    print(error.message)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == "ready\n"
        it.send_signal(number)
        assert "run the same command to resume" in it.stdout.read()


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("serve", "--store", tmp_path / "l.sqlite", "--listen", f"127.0.0.1:{port}")
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "another port" in done.stderr
