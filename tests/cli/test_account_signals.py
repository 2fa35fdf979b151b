"""`gongji account signals`, of a member by a server or a store, and of every account of a store."""

import json
from pathlib import Path

import pytest

from clients.cli.signals_view import print_signals
from engine.domain.signals import Payment, Signal, SignalKind
from tests.cli.test_account_move import Run, asked, filled, plain, run
from tests.cli.test_errors import NOBODY

__all__ = ["filled", "run"]
ALL_DAYS = ("--from", "2000-01-01", "--to", "2999-12-31")
LOW = ("--many-a-day", "2", "--emptied", "100.00")
PAY = ("pay", "OWNER", "--purpose", "premium", "--product", "resident", "--day", "2024-05-05")
"""The statement of OWNER: 10.00, 20.00 taken back, 290.00 which is all that is left."""


def fill(run: Run) -> tuple[int, int]:
    """Pay and take back; return the numbers of the two payments that stand."""
    first = asked(run, *PAY, "--amount", "10.00")
    undone = asked(run, *PAY, "--amount", "20.00")
    asked(run, "undo", "--movement", str(undone["movement"]))
    last = asked(run, *PAY, "--amount", "380.00", "--for", "R1")
    return int(str(first["movement"])), int(str(last["movement"]))


def test_of_a_member(run: Run) -> None:
    first, last = fill(run)
    said = asked(run, "signals", "OWNER", *ALL_DAYS, *LOW)
    assert (said["from"], said["to"]) == ("2000-01-01", "2999-12-31")
    assert said["limits"] == {
        "many_a_day": 2,
        "same_amount": 3,
        "emptied": "100.00",
        "places_a_day": 3,
        "several_persons": 4,
    }
    found = said["signals"]
    assert isinstance(found, list)
    many, emptied = found
    assert (many["kind"], many["count"], many["paid"]) == ("many_a_day", 2, "300.00")
    assert [payment["entry_id"] for payment in many["payments"]] == [first, last]
    assert (emptied["kind"], emptied["member"]) == ("emptied", "OWNER")
    (payment,) = emptied["payments"]
    assert payment == {
        "entry_id": last,
        "booked": emptied["first_day"],
        "patient": "R1",
        "institution": "",
        "paid": "290.00",
        "balance_before": "290.00",
    }
    table = run("signals", "OWNER", *ALL_DAYS, *LOW)
    assert table.exit_code == 0, table.output
    for words in ("同日多笔 many_a_day: 2 笔", "一次用尽 emptied: 1 笔", "290.00", "no verdicts"):
        assert words in table.output
    nothing = run("signals", "OWNER", *ALL_DAYS)
    assert nothing.exit_code == 0
    assert "0 条，0 个账户" in nothing.output
    before = asked(run, "signals", "OWNER", "--from", "2000-01-01", "--to", "2000-12-31", *LOW)
    assert before["signals"] == []
    assert run("signals", "nobody", *ALL_DAYS).exit_code == 1


def test_of_every_account_of_a_store(filled: Path) -> None:
    fill(lambda *arguments: plain("account", *arguments, "--store", str(filled)))
    one, everybody = (
        plain("account", "signals", *who, *ALL_DAYS, *LOW, "--json", "--store", str(filled))
        for who in (("OWNER",), ())
    )
    assert everybody.exit_code == 0, everybody.output
    assert json.loads(everybody.output) == json.loads(one.output)
    assert len(json.loads(one.output)["signals"]) == 2
    table = plain("account", "signals", *ALL_DAYS, *LOW, "--store", str(filled))
    assert "2 条，1 个账户" in table.output


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((*ALL_DAYS, "--server", NOBODY), 2, "give --store FILE"),
        (ALL_DAYS, 2, "which a server does not do"),
        ((*ALL_DAYS, "--store", "s.sqlite", "--server", NOBODY), 2, "not both"),
        (("OWNER", *ALL_DAYS, "--server", NOBODY), 3, NOBODY),
        ((*ALL_DAYS, "--store", "nowhere.sqlite"), 3, "no such store"),
        (("OWNER", "--from", "2024-01-01"), 2, "--to"),
        (("--from", "2024-01-02", "--to", "2024-01-01"), 2, "before the first day"),
        (("--from", "2024-02-30", "--to", "2024-03-01"), 2, "such as 2025-09-01"),
        ((*ALL_DAYS, "--many-a-day", "0"), 2, "x>=1"),
        ((*ALL_DAYS, "--emptied", "500"), 2, "yuan with two decimals"),
    ],
)
def test_mistakes(
    arguments: tuple[str, ...],
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = plain("account", "signals", *arguments)
    assert result.exit_code == code, result.output
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_places_and_persons_stand_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    payments = tuple(
        Payment(n, "M1", place, 2024_05_05 + n, person, 1_000 * n, 90_000)
        for n, (place, person) in enumerate((("H-1", "M1"), ("H-2", "C1")), 1)
    )
    kinds = (SignalKind.PLACES_A_DAY, SignalKind.SEVERAL_PERSONS)
    print_signals([Signal(kind, "M1", 2, payments) for kind in kinds], (2024_05_01, 2024_05_31))
    shown = capsys.readouterr().out
    for words in ("同日多处 places_a_day: 2 处", "多人使用 several_persons: 2 人", "H-2", "C1"):
        assert words in shown
    assert "2024-05-06 / 2024-05-07" in shown
    assert "30.00" in shown
    assert "2 条，1 个账户" in shown
