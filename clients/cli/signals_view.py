"""What is worth a look in the use of accounts, for people and for programs."""

from collections.abc import Sequence
from typing import Any, Final

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from clients.cli.account_view import print_wide
from engine.domain.dates import to_date
from engine.domain.money import format_yuan
from engine.domain.signals import Limits, Signal, SignalKind

_KINDS: Final = {
    SignalKind.MANY_A_DAY: "同日多笔",
    SignalKind.SAME_AMOUNT: "同处同额",
    SignalKind.EMPTIED: "一次用尽",
    SignalKind.PLACES_A_DAY: "同日多处",
    SignalKind.SEVERAL_PERSONS: "多人使用",
}
_UNITS: Final = {SignalKind.PLACES_A_DAY: "处", SignalKind.SEVERAL_PERSONS: "人"}
_COLUMNS: Final = (
    ("账户", False),
    ("记账日期", False),
    ("情形", False),
    ("编号", True),
    ("使用人", False),
    ("医药机构", False),
    ("支付", True),
    ("支付前余额", True),
)


def print_signals(signals: Sequence[Signal], days: tuple[int, int]) -> None:
    """Print each signal, and below it its payments; amounts in yuan."""
    if signals:
        first, last = (to_date(day) for day in days)
        title = f"个人账户使用情形 {first} / {last}（元）"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for name, right in _COLUMNS:
            table.add_column(name, justify="right" if right else "left", no_wrap=True)
        for signal in signals:
            _add(table, signal)
        print_wide(table)
    accounts = len({signal.owner for signal in signals})
    click.echo(
        f"{len(signals)} 条，{accounts} 个账户；仅列事实，不作认定 "
        f"{len(signals)} signals, {accounts} accounts: facts to look at, no verdicts"
    )


def _add(table: Table, signal: Signal) -> None:
    first, last = str(to_date(signal.first_day)), str(to_date(signal.last_day))
    days = first if first == last else f"{first} / {last}"
    unit = _UNITS.get(signal.kind, "笔")
    what = f"{_KINDS[signal.kind]} {signal.kind.name.lower()}: {signal.count} {unit}"
    table.add_row(signal.owner, days, what, "", "", "", format_yuan(signal.fen), "")
    for payment in signal.payments:
        table.add_row(
            "",
            f"  {to_date(payment.booked_day)}",
            "",
            str(payment.position),
            payment.person,
            payment.institution,
            format_yuan(payment.fen),
            format_yuan(payment.balance_before_fen),
        )
    table.add_section()


def signals_dict(
    signals: Sequence[Signal], days: tuple[int, int], limits: Limits
) -> dict[str, Any]:
    """Return signals for programs: yuan as text, days YYYY-MM-DD, with their limits."""
    first, last = days
    return {
        "from": str(to_date(first)),
        "to": str(to_date(last)),
        "limits": {
            "many_a_day": limits.many_a_day,
            "same_amount": limits.same_amount,
            "emptied": format_yuan(limits.emptied_fen),
            "places_a_day": limits.places_a_day,
            "several_persons": limits.several_persons,
        },
        "signals": [_signal_dict(signal) for signal in signals],
    }


def _signal_dict(signal: Signal) -> dict[str, Any]:
    return {
        "member": signal.owner,
        "kind": signal.kind.name.lower(),
        "count": signal.count,
        "first_day": str(to_date(signal.first_day)),
        "last_day": str(to_date(signal.last_day)),
        "paid": format_yuan(signal.fen),
        "payments": [
            {
                "entry_id": payment.position,
                "booked": str(to_date(payment.booked_day)),
                "patient": payment.person,
                "institution": payment.institution,
                "paid": format_yuan(payment.fen),
                "balance_before": format_yuan(payment.balance_before_fen),
            }
            for payment in signal.payments
        ],
    }
