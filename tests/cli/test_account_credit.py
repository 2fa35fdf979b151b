"""`gongji account credit|credit-run`, on a store and on a server."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clients.cli.local import LocalLedger
from clients.cli.main import gongji
from clients.cli.process import ServerProcess
from engine.domain.movement import CreditedStep, CreditStep

Run = Callable[..., Result]
MEMBERS = """id,city,status,born_on,own_contribution,mode
A1,370100,active,1980-05-01,100.00,
A2,370100,active,1981-05-01,120.50,
OLD,370100,retired,1950-05-01,,
UNKNOWN,370100,active,1980-05-01,,
POOLED,370100,active,1980-05-01,90.00,pooled_only
OTHER,441600,active,1980-05-01,90.00,
"""
FIGURE = """format = 1
city = "jinan"

[[figure]]
name = "average_pension_2023"
value = "4000.00"
source = "made up for the test"
first_day = 2024-01-01
last_day = 2025-12-31
"""
JUNE = ("--city", "370100", "--month", "2024-06")


def plain(*arguments: str) -> Result:
    return CliRunner().invoke(gongji, arguments)


def enter(tmp_path: Path, members: str, *target: str) -> None:
    file = tmp_path / "members.csv"
    file.write_text(members)
    made = plain("register", "members", str(file), *target)
    assert made.exit_code == 0, made.output


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    store = tmp_path / "ledger.sqlite"
    enter(tmp_path, MEMBERS, "--store", str(store))
    return store


@pytest.fixture(params=["store", "server"])
def target(request: pytest.FixtureRequest, filled: Path) -> Iterator[tuple[str, str]]:
    """Return the option that names the store, or a server that holds it; verified at the end."""
    if request.param == "store":
        yield "--store", str(filled)
    else:
        with ServerProcess(filled) as server:
            yield "--server", server.address
    checked = plain("verify", "--store", str(filled))
    assert checked.exit_code == 0, checked.output


@pytest.fixture
def run(target: tuple[str, str]) -> Run:
    return lambda *arguments: plain("account", *arguments, *target)


def asked(run: Run, *arguments: str) -> dict[str, object]:
    """Run a command with --json that is done, and return what it says."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    said: dict[str, object] = json.loads(result.output)
    return said


def closing(run: Run, member: str) -> object:
    return asked(run, "statement", member)["closing"]


def sums(report: dict[str, object]) -> tuple[object, ...]:
    return tuple(report[name] for name in ("posted_before", "posted", "accounts_moved", "stands"))


def test_a_run_from_dry_run_to_the_second_one(
    run: Run, target: tuple[str, str], tmp_path: Path
) -> None:
    tried = run("credit-run", *JUNE, "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "dry run, nothing was posted: 370100 2024-06" in tried.output
    assert "would stand 220.50" in tried.output
    assert closing(run, "A1") == "0.00"

    done = run("credit-run", "--city", "jinan", "--month", "2024-06")
    assert done.exit_code == 0, done.output
    assert "核对 check: 规则合计 rules 220.50 = 已立账 stands posted 220.50" in done.output
    assert "INVALID_CLAIM × 1: the register has no own_contribution" in done.output
    assert "NO_FIGURE × 1: the figure average_pension_2023 is missing" in done.output
    assert "for example OLD" in done.output
    assert closing(run, "A2") == "120.50"

    again = asked(run, "credit-run", *JUNE)
    assert sums(again) == ("220.50", "0.00", 0, "220.50")
    assert (again["members"], again["without_account"]) == (5, 1)
    assert [(one["part"], one["members"], one["sum"]) for one in again["rules"]] == [  # type: ignore[attr-defined]
        ("own", 2, "220.50"),
        ("unit", 2, "0.00"),
    ]

    figures = tmp_path / "figures.toml"
    figures.write_text(FIGURE)
    assert plain("policy", "supply", str(figures), *target).exit_code == 0
    whole = asked(run, "credit-run", *JUNE)
    assert sums(whole) == ("220.50", "100.00", 1, "320.50")
    assert closing(run, "OLD") == "100.00"


def test_what_was_too_much_is_taken_back_as_far_as_it_goes(
    run: Run, target: tuple[str, str], tmp_path: Path
) -> None:
    asked(run, "credit-run", *JUNE)
    paid = ("--purpose", "premium", "--product", "resident", "--day", "2024-06-05")
    asked(run, "pay", "A1", *paid, "--amount", "70.00")
    enter(tmp_path, MEMBERS.replace("100.00", "40.00").replace("120.50", "20.50"), *target)
    less = asked(run, "credit-run", *JUNE)
    assert sums(less) == ("220.50", "-130.00", 2, "90.50")
    assert (less["taken_back"], less["not_taken_back"]) == ("130.00", "30.00")
    assert less["difference"] == "0.00"
    shown = run("credit-run", *JUNE)
    assert (
        "rules 60.50 + 未能冲回 not taken back 30.00 = 已立账 stands posted 90.50" in shown.output
    )
    one = run("credit", "A1", "--month", "2024-06")
    assert "未能冲回 not taken back" in one.output


def test_one_member(run: Run) -> None:
    first = run("credit", "A1", "--month", "2024-06")
    assert first.exit_code == 0, first.output
    for words in (
        "应划 credit             100.00 元 (A1, 2024-06)",
        "个人缴费 own          100.00 元",
        "自2024年1月起单位缴费不再划入个人账户",
        "本次 posted now         100.00 元",
        "余额 balance            100.00 元",
    ):
        assert words in first.output
    again = asked(run, "credit", "A1", "--month", "2024-06")
    assert (again["credit"], again["posted"], again["movement"]) == ("100.00", "0.00", 0)
    assert "nothing new" in run("credit", "A1", "--month", "2024-06").output
    assert "has no account" in run("credit", "POOLED", "--month", "2024-06").output
    assert sums(asked(run, "credit-run", *JUNE)) == ("100.00", "120.50", 1, "220.50")
    taken = asked(run, "credit", "A1", "--month", "2024-07")
    undone = asked(run, "undo", "--movement", str(taken["movement"]))
    assert (undone["kind"], undone["moved"], undone["balance"]) == ("credit", "-100.00", "100.00")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("credit", "nobody", "--month", "2024-06"), 1, "MEMBER_UNKNOWN"),
        (("credit", "UNKNOWN", "--month", "2024-06"), 1, "INVALID_CLAIM: the register does not"),
        (("credit", "OLD", "--month", "2024-06"), 1, "average_pension_2023: see gongji policy"),
        (("credit", "A1", "--month", "2019-06"), 1, "NO_RULE"),
        (("credit", "A1", "--month", "2024-13"), 2, "expected a month"),
        (("credit-run", "--city", "370100", "--month", "June"), 2, "such as 2024-06"),
        (("credit-run", "--city", "370100", "--month", "2019-06"), 1, "no document of 370100"),
        (("credit-run", "--city", "nowhere", "--month", "2024-06"), 2, "expected one of"),
        (("credit-run", "--month", "2024-06"), 2, "--city"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert closing(run, "A1") == "0.00"


def test_a_run_that_is_stopped_is_gone_on_with(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(ledger: LocalLedger, city: str, month: int, **_: bool) -> Iterator[CreditedStep]:
        step = ledger.account(CreditStep(city, month, at_most=1))
        assert isinstance(step, CreditedStep)
        yield step
        raise KeyboardInterrupt

    command = ("account", "credit-run", *JUNE, "--store", str(filled))
    with monkeypatch.context() as patched:
        patched.setattr(LocalLedger, "credit_run", stopped)
        broken = plain(*command)
    assert broken.exit_code == 3
    assert "run the same command again, it posts the rest" in broken.stderr
    rest = json.loads(plain(*command, "--json").output)
    assert sums(rest) == ("100.00", "120.50", 1, "220.50")


def test_a_run_of_several_steps_comes_to_the_same(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clients.cli.local.CreditStep", partial(CreditStep, at_most=1))
    with LocalLedger(filled, create=False) as ledger:
        steps = list(ledger.credit_run("370100", 2024_06, dry_run=True))
    assert [step.finished for step in steps] == [False] * 5 + [True]
    done = plain("account", "credit-run", *JUNE, "--store", str(filled), "--json")
    said = json.loads(done.output)
    assert sums(said) == ("0.00", "220.50", 2, "220.50")
    assert [one["sum"] for one in said["rules"]] == ["220.50", "0.00"]
    assert [one["example"] for one in said["undetermined"]] == ["UNKNOWN", "OLD"]


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    result = plain("account", "credit-run", *JUNE, "--store", str(tmp_path / "none.sqlite"))
    assert result.exit_code == 3
    assert "no such store" in result.stderr
