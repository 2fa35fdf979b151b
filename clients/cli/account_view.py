"""Statements of personal accounts, for people and for programs."""

from enum import IntEnum
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from engine.domain.account import DisposalEvent, Product, Purpose
from engine.domain.dates import to_date
from engine.domain.money import format_yuan
from engine.domain.statement import MovedBy
from gongji.v1.account_service_pb2 import Movement, Statement

MOVED_BY: Final = {
    MovedBy.SETTLEMENT: "结算",
    MovedBy.CREDIT: "划入",
    MovedBy.PAYMENT: "支付",
    MovedBy.DISPOSAL: "处置",
}
PURPOSES: Final = {
    Purpose.MEDICAL: "医疗费用",
    Purpose.PHARMACY_GOODS: "药店药品器械",
    Purpose.PREMIUM: "参保缴费",
    Purpose.MAKE_UP_CONTRIBUTION: "补缴医保费",
    Purpose.PREVENTIVE_TCM: "中医治未病",
    Purpose.PUBLIC_HEALTH: "公共卫生",
    Purpose.FITNESS: "体育健身",
}
PRODUCTS: Final = {
    Product.RESIDENT: "居民医保",
    Product.LONG_TERM_CARE: "长期护理险",
    Product.LARGE_AMOUNT: "大额医疗补助",
    Product.COMMERCIAL_INCLUSIVE: "惠民保",
}
EVENTS: Final = {
    DisposalEvent.MOVE: "转移接续",
    DisposalEvent.EMIGRATION: "出境定居",
    DisposalEvent.DEATH: "死亡",
    DisposalEvent.ENLISTMENT: "入伍",
    DisposalEvent.RESETTLEMENT: "异地安置",
}
_WIDEST: Final = 1000


def statement_dict(found: Statement) -> dict[str, Any]:
    """Return a statement for programs: yuan as text, days YYYYMMDD, codes by name."""
    return {
        "member": found.member_id,
        "opening": format_yuan(found.opening_fen),
        "closing": format_yuan(found.closing_fen),
        "movements": [
            {
                "entry_id": movement.entry_id,
                "moved_by": _name(MovedBy, movement.moved_by),
                "undoes": movement.undone_id,
                "booked": movement.booked_day,
                "institution": movement.institution_id,
                "request_id": movement.request_id,
                "patient": movement.patient_member_id,
                "date": movement.service_date,
                "purpose": _name(Purpose, movement.purpose),
                "product": _name(Product, movement.product),
                "event": _name(DisposalEvent, movement.event),
                "moved": format_yuan(movement.moved_fen),
                "balance": format_yuan(movement.balance_fen),
            }
            for movement in found.movements
        ],
    }


def print_statement(found: Statement) -> None:
    """Print a statement as a table."""
    title = f"{found.member_id} 个人账户明细（元）"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name, right in (
        ("记账日期", False),
        ("业务", False),
        ("编号", True),
        ("使用人", False),
        ("医药机构", False),
        ("业务日期", False),
        ("收支", True),
        ("余额", True),
    ):
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    table.add_row("", "期初", "", "", "", "", "", format_yuan(found.opening_fen))
    for movement in found.movements:
        table.add_row(
            str(to_date(movement.booked_day)),
            what(movement),
            str(movement.entry_id),
            movement.patient_member_id,
            movement.institution_id,
            _when(movement),
            format_yuan(movement.moved_fen),
            format_yuan(movement.balance_fen),
        )
    table.add_row("", "期末", "", "", "", "", "", format_yuan(found.closing_fen))
    print_wide(table)


def print_wide(table: Table) -> None:
    """Print a table as wide as it is: an id that is cut cannot be looked up."""
    console = Console(highlight=False)
    width = console.measure(table, options=console.options.update(max_width=_WIDEST)).maximum
    Console(highlight=False, width=max(width, console.width)).print(table)


def what(movement: Movement) -> str:
    """Return in Chinese what moved the account, and what for; of an undo what it takes back."""
    words = MOVED_BY[MovedBy(movement.moved_by)]
    if movement.undone_id:
        return f"撤销{words} {movement.undone_id}"
    match MovedBy(movement.moved_by):
        case MovedBy.PAYMENT:
            purpose = PURPOSES[Purpose(movement.purpose)]
            product = PRODUCTS.get(Product(movement.product), "")
            return " ".join(filter(None, (words, purpose, product)))
        case MovedBy.DISPOSAL:
            return f"{words} {EVENTS[DisposalEvent(movement.event)]}"
    return words


def _when(movement: Movement) -> str:
    """Return the day of what moved the account; of a credit its month."""
    day = str(to_date(movement.service_date))
    return day[:7] if MovedBy(movement.moved_by) == MovedBy.CREDIT else day


def _name(kind: type[IntEnum], number: int) -> str | None:
    """Return the name of a code for programs, None where it does not apply."""
    return kind(number).name.lower() if number else None
