"""What is wrong is one line and an exit code, never a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clients.cli.main import gongji

NOBODY = "127.0.0.1:1"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(gongji, arguments)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nonsense"], 2, "No such command"),
        (["gateway", "none.csv"], 2, "No such file"),
        (["settle", "none.csv", "--store", "none.sqlite"], 3, "no such store"),
        (["serve", "--store", "no/such/folder/l.sqlite"], 3, "make it first"),
        (["serve", "--store", "mysql://x/y"], 2, "postgresql://USER@HOST/DATABASE"),
        (["serve", "--store", "."], 2, "is a folder"),
        (["serve", "--store", "postgresql://x:secret@127.0.0.1:1/y"], 3, "cannot be reached"),
        (["store", "init", "l.sqlite"], 2, "a file needs no such thing"),
        (["store", "init", "postgresql://127.0.0.1:1/y"], 3, "cannot be reached"),
        (["store", "upgrade", "postgresql://127.0.0.1:1/y"], 3, "cannot be reached"),
        (["serve", "--store", "l.sqlite", "--listen", "0.0.0.0:50051"], 2, "not this machine"),
        (["serve", "--store", "l.sqlite", "--listen", "50051"], 2, "HOST:PORT"),
        (["gateway", "x.csv", "--server", "example.org:1"], 2, "not this machine"),
        (["policy", "show", "atlantis"], 2, "no rules"),
        (["policy", "show", "370300", "--date", "1999-01-01"], 2, "1999-01-01; documents"),
        (["policy", "show", "370300", "--date", "tomorrow"], 2, "tomorrow"),
        (["policy", "supply", "none.toml", "--store", "l.sqlite"], 2, "No such file"),
        (["policy", "list", "--store", "none.sqlite"], 3, "no such store"),
        (["register", "members", "none.csv", "--store", "l.sqlite"], 2, "No such file"),
        (["explain", "x", "--institution", "H1"], 2, "settlement id"),
        (["explain", "1", "--institution", "H1", "--store", "none.sqlite"], 3, "no such store"),
        (["terminal", "settle", "--member", "M1"], 2, "--institution: is missing"),
        (["terminal", "settle", "--institution", "H1"], 2, "--member: is missing"),
        (
            ["terminal", "settle", "--institution", "H1", "--member", "M", "--in-scope", "1.5"],
            2,
            "--in-scope: expected yuan",
        ),
        (
            ["terminal", "preview", "--institution", "H1", "--member", "M", "--benefit", "dental"],
            2,
            "--benefit: expected one of ordinary",
        ),
        (["terminal", "query", "--institution", "H1"], 2, "--id or --request-id"),
        (["terminal", "cancel", "0", "--institution", "H1"], 2, "0"),
        (["terminal", "resend", "--institution", "../H1"], 2, "cannot name"),
    ],
)
def test_a_wrong_command_line_says_what_to_do(
    arguments: list[str], code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GONGJI_OUTBOX", str(tmp_path / "outbox"))
    result = run(*arguments)
    assert (result.exit_code, says in result.output) == (code, True), result.output
    assert "Traceback" not in result.output


def test_both_server_and_store_are_too_many(tmp_path: Path) -> None:
    result = run(
        "explain", "1", "--institution", "H", "--server", NOBODY, "--store", str(tmp_path / "l")
    )
    assert result.exit_code == 2
    assert "not both" in result.output


def test_a_server_that_is_not_there_took_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGJI_OUTBOX", str(tmp_path))
    claim = ["--institution", "H1", "--member", "M1", "--in-scope", "1.00"]
    result = run("terminal", "settle", *claim, "--server", NOBODY, "--patience", "1")
    assert result.exit_code == 3
    assert "nothing was sent" in result.output
    # It was never sent, so it does not wait for an answer.
    assert run("terminal", "resend", "--institution", "H1", "--server", NOBODY).output.strip() == (
        "nothing is unanswered"
    )


def test_a_gateway_without_a_server_can_go_on_later(tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    file.write_text("institution,member,date,in_scope\nH1,M1,2024-03-05,1.00\n")
    result = run("gateway", str(file), "--server", NOBODY, "--patience", "1")
    assert result.exit_code == 3
    assert "nothing was sent" in result.output


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "is empty"), ("a,b\n", "unknown column"), ("institution,member\n", "date is missing")],
)
def test_a_file_that_is_none_is_exit_code_2(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "claims.csv"
    file.write_text(content)
    result = run("gateway", str(file), "--server", NOBODY)
    assert result.exit_code == 2
    assert says in result.output


def test_a_figure_file_that_is_wrong_says_where(tmp_path: Path) -> None:
    file = tmp_path / "figures.toml"
    file.write_text('format = 1\ncity = "370300"\n[[figure]]\nname = "colour"\n')
    result = run("policy", "supply", str(file), "--store", str(tmp_path / "l.sqlite"))
    assert result.exit_code == 2
    assert "figures.toml" in result.output


def test_an_unexpected_fault_is_one_line_too() -> None:
    code = (
        "import clients.cli.main as m\n"
        "def broken(*a, **k): raise RuntimeError('secret')\n"
        "m.gongji.main = broken\n"
        "m.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "RuntimeError" in done.stderr
    assert "secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_policy_speaks_to_programs_and_to_people() -> None:
    listed = json.loads(run("policy", "list", "--json").output)
    assert {"cities", "missing"} == set(listed)
    assert run("policy", "list", "--strict").exit_code == 1
    for city in listed["cities"]:
        if not city["versions"]:
            # A draft without a day: nothing to show until the operator supplies one.
            assert "effective_date" in {m["figure"] for m in listed["missing"]}
            continue
        day = str(city["versions"][0]["first_day"])
        date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        shown = run("policy", "show", city["area"], "--date", date)
        assert shown.exit_code == 0
        assert city["name"] in shown.output
        assert city["documents"][0]["number"] in shown.output
        found = json.loads(run("policy", "show", city["area"], "--date", date, "--json").output)
        assert found["plans"][0]["digest"] == city["versions"][0]["plan"]
    assert "meet exactly one rule each" in run("policy", "check").output
