"""Register changes and what they affect, for people and for programs."""

import datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from engine.domain.dates import DATE_MIN, OPEN_END, to_date
from engine.domain.money import format_yuan
from engine.domain.reasons import Reason
from engine.domain.register import (
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.domain.registration import (
    NAMES,
    Affected,
    Changed,
    ChangeKind,
    Changes,
    Item,
    days_of,
)

_WIDEST: Final = 1000


def print_changed(changed: Changed) -> None:
    """Print a change, and the settlements that would have come out differently."""
    console = Console(highlight=False, soft_wrap=True)
    if changed.dry_run:
        console.print("dry run: nothing changed")
    elif changed.replayed:
        console.print(f"made before: {changed.change_id}")
    else:
        console.print(f"change {changed.change_id}")
    for line in _lines(changed):
        console.print(f"  {line}", markup=False)
    if not changed.affected:
        console.print("no settlement would have come out differently")
        return
    count = f"{len(changed.affected):,}" + (" and more" if changed.more else "")
    console.print(f"would have come out differently, and stand as they are: {count}")
    table = _table(changed.affected)
    # As wide as it is: an id that is cut, or broken in two, cannot be looked up.
    width = console.measure(table, options=console.options.update(max_width=_WIDEST)).maximum
    Console(highlight=False, width=max(width, console.width)).print(table)


def changed_dict(changed: Changed) -> dict[str, Any]:
    """Return a change with its answer for programs; amounts in yuan, days YYYY-MM-DD."""
    return {
        "change": changed.change_id,
        "kind": changed.kind.name.lower(),
        "member": changed.member,
        "institution": changed.institution,
        "taken": [item_dict(item) for item in changed.taken],
        "put": [item_dict(item) for item in changed.put],
        "from": _day(changed.first_day),
        "undoes": changed.undoes,
        "replayed": changed.replayed,
        "dry_run": changed.dry_run,
        "clauses": [clause._asdict() for clause in changed.clauses],
        "affected": [_affected_dict(one) for one in changed.affected],
        "more_affected": changed.more,
    }


def print_changes(changes: Changes) -> None:
    """Print the changes of one entry, the oldest first."""
    console = Console(highlight=False, soft_wrap=True)
    if not changes.changes:
        console.print("no changes; entries that were entered from files are not listed")
    for noted in changes.changes:
        changed, when = noted.changed, _instant(noted.instant)
        undone = f", undone by {noted.undone_by}" if noted.undone_by else ""
        console.print(f"{when} {changed.change_id}{undone}", markup=False)
        for line in _lines(changed):
            console.print(f"  {line}", markup=False)
        if changed.affected:
            count = f"{len(changed.affected):,}" + (" and more" if changed.more else "")
            console.print(f"  settlements it affected: {count}")


def changes_dict(changes: Changes) -> dict[str, Any]:
    """Return the changes of one entry for programs."""
    return {
        "changes": [
            changed_dict(noted.changed)
            | {"instant": _instant(noted.instant), "undone_by": noted.undone_by}
            for noted in changes.changes
        ]
    }


def item_dict(item: Item) -> dict[str, Any]:
    """Return an item for programs."""
    first_day, last_day = days_of(item)
    return {"item": NAMES[type(item)], **_fields(item), "from": _day(first_day)} | (
        {"to": None if last_day == OPEN_END else _day(last_day)}
    )


def _lines(changed: Changed) -> list[str]:
    """Return what a change does, item by item."""
    lines = [f"- {_words(item)}" for item in changed.taken]
    lines += [f"+ {_words(item)}" for item in changed.put]
    if changed.kind == ChangeKind.SELECT:
        why = f": {changed.reason}" if changed.reason else ""
        lines.append(f"selected on {_day(changed.day)} for {changed.for_year}{why}")
    if changed.undoes:
        lines.append(f"undoes {changed.undoes}")
    return lines


def _words(item: Item) -> str:
    first_day, last_day = days_of(item)
    start = "the beginning" if first_day <= DATE_MIN else _day(first_day)
    end = "open" if last_day == OPEN_END else _day(last_day)
    fields = _fields(item)
    if isinstance(item, Contribution):
        # Two amounts: neither says by itself which it is.
        fields = {name: f"{name} {yuan}" for name, yuan in fields.items()}
    what = " ".join(value for value in fields.values() if value)
    return f"{NAMES[type(item)]} {what}{' ' if what else ''}{start} to {end}"


def _fields(item: Item) -> dict[str, str]:
    """Return what an item says besides its days."""
    match item:
        case Filing():
            return {"kind": item.kind.name.lower(), "area": item.area}
        case Selection() | Stay():
            return {"institution": item.institution}
        case Disease():
            return {"kind": item.kind.name.lower(), "code": item.code}
        case Referral():
            return {
                "from_institution": item.from_institution,
                "to_institution": item.to_institution,
            }
        case FamilyLink():
            return {
                "relation": item.relation.name.lower(),
                "relative": item.relative,
                "consent": item.consent,
            }
        case Contribution():
            return {"base": format_yuan(item.base_fen), "own": format_yuan(item.own_fen)}
        case Qualification():
            return {"offer": item.offer.name.lower()}
    return {}


def _table(affected: tuple[Affected, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "institution", "request", "member", "date"):
        table.add_column(heading)
    table.add_column("fund paid", justify="right")
    table.add_column("would pay", justify="right")
    table.add_column("because")
    for one in affected:
        table.add_row(
            str(one.settlement_id),
            one.institution,
            one.request_id,
            one.member,
            _day(one.service_date),
            format_yuan(one.pooled_fund_fen),
            format_yuan(one.pooled_fund_after_fen),
            _reason(one.reason_after),
        )
    return table


def _affected_dict(one: Affected) -> dict[str, Any]:
    return {
        "settlement": one.settlement_id,
        "institution": one.institution,
        "request": one.request_id,
        "member": one.member,
        "date": _day(one.service_date),
        "pooled_fund": format_yuan(one.pooled_fund_fen),
        "pooled_fund_after": format_yuan(one.pooled_fund_after_fen),
        "reason_after": _reason(one.reason_after),
    }


def _reason(reason: Reason) -> str:
    return reason.name if reason else ""


def _day(day: int) -> str:
    return str(to_date(day)) if day >= DATE_MIN else ""


def _instant(instant_ms: int) -> str:
    seconds, _ = divmod(instant_ms, 1000)
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(sep=" ")
