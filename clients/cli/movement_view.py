"""What moved an account, and what members contribute, for people and for programs."""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Any, Final

import click

from clients.cli.account_view import EVENTS, PRODUCTS, PURPOSES
from clients.paper import indented, pad, width
from engine.domain.account import (
    ContributionProduct,
    CreditPart,
    DisposalEvent,
    DisposalOutcome,
    Product,
    Purpose,
    Relation,
)
from engine.domain.dates import to_date
from engine.domain.money import format_yuan
from engine.domain.movement import Act, CreditedMember, Duties, Moved, MovementKind
from engine.domain.registration import DecidedBy
from engine.domain.request import NothingToReverse

PARTS: Final = {
    CreditPart.OWN: "个人缴费 own",
    CreditPart.UNIT: "单位缴费 employer",
    CreditPart.FUND: "统筹划入 fund",
}
_KINDS: Final = {
    MovementKind.CREDIT: "划入 credit",
    MovementKind.PAYMENT: "支付 payment",
    MovementKind.DISPOSAL: "账户处置 disposal",
    MovementKind.BARRED: "已禁用 barred",
}
_OUTCOMES: Final = {
    DisposalOutcome.PAID_TO_MEMBER: "退还本人 paid to the member",
    DisposalOutcome.PAID_TO_HEIR: "由继承人继承 paid to the heir",
    DisposalOutcome.TRANSFERRED: "转移 transferred",
    DisposalOutcome.KEPT: "保留 kept",
}
_DUTIES: Final = {
    ContributionProduct.ORDINARY: "普通门诊统筹 ordinary outpatient benefit",
    ContributionProduct.LARGE_AMOUNT: "大额医疗费用补助 large-amount fund",
}
_LABEL_COLUMNS: Final = 24

Rows = Iterable[tuple[str, str]]


# --- payments, disposals, undos ----------------------------------------------------------


def print_moved(moved: Moved) -> None:
    """Print a payment, a disposal or an undo with the clauses that decided."""
    act = moved.act
    if moved.replayed:
        click.echo("先前已办理，同一结果 made before, the same answer")
    if act.undoes:
        rows = _undone(moved)
    elif act.kind == MovementKind.DISPOSAL:
        rows = _disposed(moved)
    else:
        rows = _paid(moved)
    _print_rows(rows)
    _print_rows(_ids(moved))
    print_clauses(moved.clauses)


def moved_dict(moved: Moved) -> dict[str, Any]:
    """Return a movement for programs: yuan as text, days YYYY-MM-DD."""
    act = moved.act
    return {
        "movement": moved.position,
        "kind": act.kind.name.lower(),
        "undoes": act.undoes,
        "member": moved.member,
        "institution": act.institution,
        "request_id": act.request_id,
        "moved": format_yuan(moved.fen),
        "balance": format_yuan(moved.balance_fen),
        **_act_dict(act),
        "clauses": clauses_dict(moved.clauses),
        "replayed": moved.replayed,
    }


def _act_dict(act: Act) -> dict[str, Any]:
    """Return what an act of its kind says."""
    if act.undoes:
        return {"original_request_id": act.original}
    if act.kind == MovementKind.PAYMENT:
        return {
            "day": _day(act.day),
            "purpose": _name(Purpose, act.purpose),
            "product": _name(Product, act.product),
            "person": act.person,
            "relation": _name(Relation, act.relation),
            "asked": format_yuan(act.amount_fen),
        }
    return {
        "day": _day(act.day),
        "event": _name(DisposalEvent, act.event),
        "outcome": _name(DisposalOutcome, act.outcome),
        "to_area": act.to_area,
        "beneficiary": act.beneficiary,
        "application": act.application,
        "proof": act.proof,
    }


def print_nothing(nothing: NothingToReverse) -> None:
    """Print that an undo found nothing to take back."""
    click.echo("没有可撤销的业务，账户未变动 nothing to take back, the account did not move")
    if nothing.tombstone:
        click.echo(
            f"请求号 {nothing.request_id} 不会再被办理 this request id is barred from now on"
        )


def nothing_dict(nothing: NothingToReverse) -> dict[str, Any]:
    """Return for programs that an undo found nothing to take back."""
    return {
        "movement": 0,
        "kind": "nothing_to_reverse",
        "original_request_id": nothing.request_id,
        "barred": bool(nothing.tombstone),
        "replayed": nothing.replayed,
    }


def _paid(moved: Moved) -> Iterator[tuple[str, str]]:
    act, paid = moved.act, -moved.fen
    yield "已支付 paid", _yuan(paid)
    if left := act.amount_fen - paid:
        yield "未支付 not paid", f"{_yuan(left)}：余额不足 the balance was too small"
    product = PRODUCTS.get(Product(act.product), "")
    product = f"：{product} {_name(Product, act.product)}" if product else ""
    person = f"，{act.person} ({_name(Relation, act.relation)})" if act.person else ""
    purpose = f"{PURPOSES[Purpose(act.purpose)]} {_name(Purpose, act.purpose)}"
    yield "用途 for", f"{purpose}{product}{person}"


def _disposed(moved: Moved) -> Iterator[tuple[str, str]]:
    act = moved.act
    # A balance that is kept has not moved: it is what is left.
    fen = moved.balance_fen if act.outcome == DisposalOutcome.KEPT else -moved.fen
    yield "处置 outcome", _OUTCOMES[DisposalOutcome(act.outcome)]
    yield "金额 amount", _yuan(fen)
    event = EVENTS[DisposalEvent(act.event)]
    area = f" → {act.to_area}" if act.to_area else ""
    yield "事由 event", f"{event} {_name(DisposalEvent, act.event)}, {_day(act.day)}{area}"


def _undone(moved: Moved) -> Iterator[tuple[str, str]]:
    act = moved.act
    yield "已撤销 taken back", f"{_KINDS[act.kind]} {act.undoes}"
    yield ("退回账户 returned" if moved.fen >= 0 else "收回 withdrawn"), _yuan(abs(moved.fen))


def _ids(moved: Moved) -> Iterator[tuple[str, str]]:
    yield "余额 balance", f"{_yuan(moved.balance_fen)} ({moved.member})"
    yield "业务号 movement", str(moved.position)
    yield "请求号 request id", moved.act.request_id


# --- one member's credit -----------------------------------------------------------------


def print_credited(credited: CreditedMember) -> None:
    """Print the credit of a member for a month by its parts."""
    rows = [("应划 credit", f"{_yuan(credited.fen)} ({credited.member}, {_month(credited.month)})")]
    _print_rows(rows)
    for part in credited.parts:
        _print_rows([(f"  {PARTS[CreditPart(part.part)]}", _yuan(part.fen))])
        print_clauses(part.clauses)
    if not credited.parts:
        click.echo("  无个人账户划入 the mode of insurance has no account")
    before = "" if credited.moved_fen else "：此前已划 nothing new since it was posted"
    rows = [("本次 posted now", f"{_yuan(credited.moved_fen)}{before if credited.fen else ''}")]
    if credited.short_fen:
        short = f"{_yuan(credited.short_fen)}：余额不足 the balance is too small"
        rows.append(("未能冲回 not taken back", short))
    rows.append(("余额 balance", _yuan(credited.balance_fen)))
    if credited.position:
        rows.append(("业务号 movement", str(credited.position)))
    _print_rows(rows)


def credited_dict(credited: CreditedMember) -> dict[str, Any]:
    """Return the credit of a member for a month for programs: yuan as text."""
    return {
        "member": credited.member,
        "month": _month(credited.month),
        "credit": format_yuan(credited.fen),
        "posted": format_yuan(credited.moved_fen),
        "not_taken_back": format_yuan(credited.short_fen),
        "balance": format_yuan(credited.balance_fen),
        "movement": credited.position,
        "parts": [
            {
                "part": _name(CreditPart, part.part),
                "amount": format_yuan(part.fen),
                "clauses": clauses_dict(part.clauses),
            }
            for part in credited.parts
        ],
    }


# --- what members contribute -------------------------------------------------------------


def print_duties(duties: Duties) -> None:
    """Print what a member of a city contributes to each product a month."""
    click.echo(f"{duties.city} {_day(duties.day)} 每月个人缴费 own contributions a month")
    for duty in duties.duties:
        says = f"文件未规定 the documents do not say ({duty.reason.name})"
        click.echo(
            f"  {_DUTIES[ContributionProduct(duty.product)]}：{says if duty.reason else ''}"
            f"{'' if duty.reason else _yuan(duty.fen)}"
        )
        print_clauses(duty.clauses)


def duties_dict(duties: Duties) -> dict[str, Any]:
    """Return what members contribute for programs; null: the documents do not say."""
    return {
        "city": duties.city,
        "day": _day(duties.day),
        "duties": [
            {
                "product": _name(ContributionProduct, duty.product),
                "reason": duty.reason.name if duty.reason else "",
                "amount": None if duty.reason else format_yuan(duty.fen),
                "clauses": clauses_dict(duty.clauses),
            }
            for duty in duties.duties
        ],
    }


# --- shared ------------------------------------------------------------------------------


def print_clauses(clauses: Iterable[DecidedBy]) -> None:
    """Print the clauses that decided."""
    for clause in clauses:
        for line in indented(clause_words(clause), 10, "    依据："):
            click.echo(line)


def clause_words(clause: DecidedBy) -> str:
    """Return a clause as a line of text: document, clause, what it says, the reading of it."""
    where = f"{clause.document}{clause.clause}" if clause.stated else f"{clause.document}未作规定"
    reading = f" [{clause.reading}]" if clause.reading else ""
    return f"{where}：{clause.text}{reading}" if clause.text else f"{where}{reading}"


def clauses_dict(clauses: Iterable[DecidedBy]) -> list[dict[str, Any]]:
    """Return the clauses that decided, for programs."""
    return [clause._asdict() for clause in clauses]


def _print_rows(rows: Rows) -> None:
    for label, value in rows:
        columns = max(_LABEL_COLUMNS, width(label) + 2)
        click.echo(f"{pad(label, columns)}{value}")


def _yuan(fen: int) -> str:
    return f"{format_yuan(fen)} 元"


def _day(day: int) -> str:
    return str(to_date(day)) if day else ""


def _month(month: int) -> str:
    year, number = divmod(month, 100)
    return f"{year}-{number:02}"


def _name(codes: type[IntEnum], code: int) -> str | None:
    """Return the name of a code in small letters, None where it does not apply."""
    return codes(code).name.lower() if code else None
