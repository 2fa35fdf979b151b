"""Lines of a bill, and the papers of a claim, under the names of the worked-case format."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from clients import fields as f
from clients.rows import Fields
from engine.domain.bill import BillLine, check_lines, line_amount_fen, line_over_limit_fen
from engine.domain.codes import Benefit, LineClass, LineFlag, Paper
from engine.domain.money import parse_quantity, parse_rate, parse_unit_price
from engine.errors import InvalidInput

CLASSES: Final[Mapping[str, LineClass]] = {
    "A": LineClass.A,
    "B": LineClass.B,
    "none": LineClass.NONE,
}
FLAGS: Final[Mapping[str, LineFlag]] = {flag.name.lower(): flag for flag in LineFlag if flag}
BENEFITS: Final[Mapping[str, Benefit]] = {
    benefit.name.lower(): benefit
    for benefit in (Benefit.ORDINARY, Benefit.CHRONIC, Benefit.SPECIAL)
}
"""Benefits that a line can be directed to."""
PAPERS: Final[Mapping[str, Paper]] = {paper.name.lower(): paper for paper in Paper if paper.name}

_KEYS: Final = (
    "class",
    "amount",
    "first_pay",
    "over_limit",
    "flag",
    "benefit",
    "quantity",
    "unit_price",
    "price_ceiling",
    "code",
)
_KEY_OF: Final = {
    "line_class": "class",
    "amount_fen": "amount",
    "first_pay_bp": "first_pay",
    "over_limit_fen": "over_limit",
    "unit_price_micro_yuan": "unit_price",
    "unit_ceiling": "price_ceiling",
    "unit_ceiling_micro_yuan": "price_ceiling",
}
"""Keys of a line's fields, as the engine and as the server name them."""
_LINE_FIELD: Final = re.compile(r"(?:.*\.)?(lines(?:\[[0-9]+\])?)(?:\.([a-z_]+))?", re.ASCII)
_WHOLE_YUAN: Final = re.compile(r"-?[0-9]+", re.ASCII)


def line_column(path: str) -> str:
    """Return a path into the lines of a bill in our names; empty if it leads elsewhere."""
    match = _LINE_FIELD.fullmatch(path)
    if match is None:
        return ""
    line, field = match.groups()
    return f"{line}.{_KEY_OF.get(field, field)}" if field else line


def lines_of(fields: Fields) -> tuple[BillLine, ...]:
    """Return the lines of a record, none if it has none.

    The amount may be left out beside quantity and unit price, and what is over the limit beside a
    price ceiling: they follow from them.

    Raises:
        InvalidInput: naming the key of the line, `lines[0].amount`, or of the record.
    """
    if "lines" not in fields:
        return ()
    records = fields["lines"]
    if not isinstance(records, list):
        raise InvalidInput("lines", f"expected a list of objects, found {f.shown(records)}")
    if not records:
        raise InvalidInput("lines", "holds no line; give one at least, or the parts of the bill")
    lines = tuple(_line(f"lines[{index}]", record) for index, record in enumerate(records))
    try:
        check_lines("lines", lines)
    except InvalidInput as error:
        raise InvalidInput(line_column(error.path), error.problem) from None
    return lines


def _line(path: str, record: object) -> BillLine:
    if not isinstance(record, dict):
        expected = f"an object with some of {', '.join(_KEYS)}"
        raise InvalidInput(path, f"expected {expected}, found {f.shown(record)}")
    for key in record:
        if key not in _KEYS:
            problem = f"unknown; expected some of {', '.join(_KEYS)}"
            raise InvalidInput(f"{path}.{f.shown(key)[1:-1]}", problem)
    try:
        return _line_of({key: value for key, value in record.items() if value not in ("", None)})
    except InvalidInput as error:
        raise InvalidInput(f"{path}.{error.path}", error.problem) from None


def _line_of(fields: Fields) -> BillLine:
    line_class = f.named("class", fields.get("class"), CLASSES)
    quantity = _parsed(fields, "quantity", parse_quantity)
    unit_price = _parsed(fields, "unit_price", parse_unit_price)
    unit_ceiling = _parsed(fields, "price_ceiling", parse_unit_price)
    amount_fen, over_fen = f.yuan(fields, "amount"), f.yuan(fields, "over_limit")
    if amount_fen is None:
        if not (quantity and unit_price):
            raise InvalidInput("amount", "is missing; give it, or quantity and unit_price")
        amount_fen = line_amount_fen(quantity, unit_price)
    if over_fen is None:
        over_fen = line_over_limit_fen(amount_fen, quantity, unit_ceiling) if unit_ceiling else 0
    return BillLine(
        line_class=line_class,
        amount_fen=amount_fen,
        first_pay_bp=_parsed(fields, "first_pay", parse_rate),
        over_limit_fen=over_fen,
        flag=f.named("flag", fields["flag"], FLAGS) if "flag" in fields else 0,
        benefit=f.named("benefit", fields["benefit"], BENEFITS) if "benefit" in fields else 0,
        quantity=quantity,
        unit_price=unit_price,
        unit_ceiling=unit_ceiling,
        code=f.identifier(fields, "code"),
    )


def _parsed(fields: Fields, name: str, parse: Callable[[str], int]) -> int:
    """Return what a text stands for, 0 if it is absent."""
    if name not in fields:
        return 0
    try:
        return parse(f.text(fields, name))
    except ValueError as error:
        raise InvalidInput(name, str(error)) from None


def line_from_text(text: str) -> dict[str, object]:
    """Return the record of a line written as `CLASS[,YUAN][,KEY=VALUE]...`.

    Raises:
        InvalidInput: it is not written so; its path names the key, where one is wrong.
    """
    name, *rest = (part.strip() for part in text.split(","))
    record: dict[str, object] = {"class": name}
    if rest and "=" not in rest[0]:
        record["amount"] = rest.pop(0)
    for part in rest:
        key, equals, value = part.partition("=")
        if not equals or not value:
            problem = "expected CLASS[,YUAN][,KEY=VALUE]... such as B,100.00,first_pay=0.10, found "
            raise InvalidInput("", problem + f.shown(text))
        if key not in _KEYS:
            raise InvalidInput("", f"unknown key {f.shown(key)}; expected some of {_named_keys()}")
        if key in record:
            raise InvalidInput(key, "stands twice; give it once")
        record[key] = value
    for key in ("amount", "over_limit"):
        yuan = record.get(key)
        if isinstance(yuan, str) and _WHOLE_YUAN.fullmatch(yuan):
            record[key] = f"{yuan}.00"
    return record


def _named_keys() -> str:
    return ", ".join(key for key in _KEYS if key != "class")


def papers_of(fields: Fields) -> int:
    """Return the papers of a record as bits of `Paper`: a list of names, or names with blanks.

    Raises:
        InvalidInput: naming `papers`, if one is none.
    """
    bits = 0
    for name in f.listed(fields, "papers"):
        bits |= f.named("papers", name, PAPERS)
    return bits
