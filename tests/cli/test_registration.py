"""`gongji register add|end|remove|select|undo|history`, on a store and on a server."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clients.cli.main import gongji
from clients.cli.process import ServerProcess

HERE = Path(__file__).parents[2] / "clients" / "examples"
Run = Callable[..., Result]
ADD = ("add", "arrears", "--member", "Z-ACTIVE", "--from", "2024-06-01", "--id", "A1")


def plain(*arguments: str) -> Result:
    return CliRunner().invoke(gongji, arguments)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    store = tmp_path / "ledger.sqlite"
    for name in ("institutions", "members"):
        made = plain("register", name, str(HERE / f"{name}.csv"), "--store", str(store))
        assert made.exit_code == 0, made.output
    return store


@pytest.fixture(params=["store", "server"])
def run(request: pytest.FixtureRequest, filled: Path) -> Iterator[Run]:
    """Run `gongji register …` on the store, or on a server that holds it."""
    if request.param == "store":
        yield lambda *arguments: plain("register", *arguments, "--store", str(filled))
        return
    with ServerProcess(filled) as server:
        yield lambda *arguments: plain("register", *arguments, "--server", server.address)


def test_a_change_from_dry_run_to_undo(run: Run) -> None:
    tried = run(*ADD, "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "nothing changed" in tried.output
    made = run(*ADD)
    assert "+ arrears 2024-06-01 to open" in made.output
    assert "no settlement would have come out differently" in made.output
    assert "made before: A1" in run(*ADD).output
    ended = json.loads(
        run("end", "arrears", "--member", "Z-ACTIVE", "--on", "2024-06-30", "--json").output
    )
    assert ended["put"] == [{"item": "arrears", "from": "2024-06-01", "to": "2024-06-30"}]
    blocked = run("undo", "A1", "--id", "U1")
    assert blocked.exit_code == 1
    assert blocked.stderr.count("\n") == 1
    assert ended["change"] in blocked.stderr
    assert run("undo", ended["change"], "--id", "U2").exit_code == 0
    assert run("undo", "A1", "--id", "U1").exit_code == 0
    history = run("history", "--member", "Z-ACTIVE").output
    assert "A1, undone by U1" in history
    changes = json.loads(run("history", "--member", "Z-ACTIVE", "--json").output)["changes"]
    assert [one["kind"] for one in changes] == ["add", "end", "undo", "undo"]


def test_what_accounts_need_is_added_and_ended(run: Run) -> None:
    link = ("family", "--member", "Z-ACTIVE", "--relative", "R1")
    said = ("--relation", "child", "--consent", "C-17", "--from", "2025-01-01")
    made = run("add", *link, *said)
    assert made.exit_code == 0, made.output
    assert "+ family child R1 C-17 2025-01-01 to open" in made.output
    assert "no settlement would have come out differently" in made.output
    twice = run("add", *link, *said)
    assert twice.exit_code == 1
    assert "there is a family link from" in twice.stderr
    ended = json.loads(run("end", *link, "--on", "2025-06-30", "--json").output)
    assert ended["put"] == [
        {
            "item": "family",
            "relation": "child",
            "relative": "R1",
            "consent": "C-17",
            "from": "2025-01-01",
            "to": "2025-06-30",
        }
    ]
    paid = ("contribution", "--member", "Z-ACTIVE")
    amounts = ("--base", "5000.00", "--own", "100.00")
    made = run("add", *paid, *amounts, "--from", "2025-01-01")
    assert "+ contribution base 5000.00 own 100.00 2025-01-01 to open" in made.output
    assert run("end", *paid, "--on", "2025-12-31").exit_code == 0
    removed = json.loads(run("remove", *paid, "--json").output)
    assert (removed["taken"][0]["base"], removed["taken"][0]["to"]) == ("5000.00", "2025-12-31")
    retired = ("still_paying", "--member", "Z-RETIRED")
    made = run("add", *retired, "--from", "2025-01-01")
    assert "+ still_paying 2025-01-01 to open" in made.output


def test_a_selection_and_what_refuses_it(run: Run) -> None:
    made = json.loads(
        run(
            *("select", "--member", "H-ACTIVE", "--institution", "H-CENTRE", "--json"),
            *("--date", "2025-09-20", "--for-year", "2026"),
        ).output
    )
    assert made["from"] == "2026-01-01"
    assert made["put"][1] == {
        "item": "selection",
        "institution": "H-CENTRE",
        "from": "2025-01-01",
        "to": "2025-12-31",
    }
    refused = run(
        *("select", "--member", "H-ACTIVE", "--institution", "H-CENTRE"),
        *("--date", "2026-03-01", "--for-year", "2026"),
    )
    assert refused.exit_code == 1
    assert refused.stderr.startswith("gongji: OUTSIDE_WINDOW: ")
    assert refused.stderr.count("\n") == 1
    none = run(
        *("select", "--member", "Z-ACTIVE", "--institution", "Z-HOSPITAL"),
        *("--date", "2024-09-20", "--for-year", "2025"),
    )
    assert none.stderr.startswith("gongji: NO_RULE: ")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("remove", "networked", "--institution", "nowhere"), 1, "INSTITUTION_UNKNOWN"),
        (("remove", "arrears", "--member", "Z-ACTIVE"), 1, "no such arrears"),
        (("add", "arrears", "--member", "Z-ACTIVE", "--from", "2024-02-30"), 2, "such as"),
        (("add", "filing", "--member", "Z-ACTIVE"), 2, "Missing option"),
        (
            (
                *("add", "filing", "--member", "Z-ACTIVE", "--kind", "stationed"),
                *("--area", "31", "--from", "2024-01-01"),
            ),
            2,
            "item.area: expected a six-digit",
        ),
        (
            (
                *("add", "family", "--member", "Z-ACTIVE", "--relative", "Z-ACTIVE"),
                *("--relation", "other", "--consent", "C-17", "--from", "2024-01-01"),
            ),
            2,
            "is the owner of the account",
        ),
        (
            (
                *("add", "family", "--member", "Z-ACTIVE", "--relative", "R1", "--consent", ""),
                *("--relation", "child", "--from", "2024-01-01"),
            ),
            2,
            "item.consent: is missing",
        ),
        (
            (
                *("add", "contribution", "--member", "Z-ACTIVE", "--base", "5000"),
                *("--from", "2024-01-01"),
            ),
            2,
            "expected yuan with two decimals",
        ),
        (("history",), 2, "--member or --institution"),
        (("undo", "never"), 1, "no register change never"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert says in result.output
    assert "Traceback" not in result.output


def test_the_settlements_that_a_change_affects_are_a_table(filled: Path, tmp_path: Path) -> None:
    claims = tmp_path / "claims.csv"
    claims.write_text(
        "institution,request_id,member,date,in_scope\n"
        "Z-HOSPITAL,R1,Z-RETIRED,2024-06-01,1500.00\n"
        "Z-HOSPITAL,R2,Z-RETIRED,2024-07-01,1500.00\n"
    )
    settled = plain("settle", str(claims), "--store", str(filled))
    assert settled.exit_code == 0, settled.output
    stay = ("add", "stay", "--member", "Z-RETIRED", "--institution", "Z-HOSPITAL")
    days = ("--admitted", "2024-06-30", "--discharged", "2024-07-05")
    shown = plain("register", *stay, *days, "--dry-run", "--store", str(filled))
    assert "and stand as they are: 1" in shown.output
    row = next(line for line in shown.output.splitlines() if " R2 " in line)
    assert row.split()[-2:] == ["0.00", "INPATIENT_STAY"]
    assert " R1 " not in shown.output
    made = plain("register", *stay, *days, "--json", "--store", str(filled))
    (affected,) = json.loads(made.output)["affected"]
    assert (affected["request"], affected["pooled_fund_after"]) == ("R2", "0.00")
    checked = plain("verify", "--store", str(filled))
    assert checked.exit_code == 0, checked.output


def test_a_change_needs_a_store_that_is_there(tmp_path: Path) -> None:
    result = plain("register", *ADD, "--store", str(tmp_path / "none.sqlite"))
    assert result.exit_code == 3
    assert "no such store" in result.output
    assert not (tmp_path / "none.sqlite").exists()
