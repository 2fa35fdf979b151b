"""The lines of a bill: what a terminal says of each, and how each splits into the four parts.

Nothing here knows a city. Whether general fees are in scope is asked of the caller. Malformed
lines are errors; a line whose amounts cannot be, such as a negative one, is for the ledger to
refuse, as it refuses such parts of a claim.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.domain.codes import Benefit, LineClass, LineFlag
from engine.domain.ids import check_id
from engine.domain.money import (
    AMOUNT_MAX_FEN,
    BP,
    PRODUCT_MAX,
    QUANTITY_MAX,
    UNIT_PRICE_MAX,
    format_yuan,
    mul_bp_half_up,
    mul_price_half_up,
)
from engine.errors import InvalidInput

LINES_MAX = 1_000
"""Most lines of one claim."""

ENCODED_MAX = 4 * 65_535
"""Most bytes that `encode_lines` makes of lines that `check_lines` takes."""


class BillLine(NamedTuple):
    """One line of a bill; amounts in fen.

    `first_pay_bp` is the share of a class B line that the person pays first, in basis points.
    `benefit` 0 is the claim's; otherwise the line is directed to ordinary, chronic or special.
    `quantity` is in ten-thousandths of a unit, `unit_price` and `unit_ceiling` in millionths of a
    yuan; 0 is: not given, and of the ceiling: none. `code` is the item's in the catalogue.
    """

    line_class: int
    amount_fen: int
    first_pay_bp: int = 0
    over_limit_fen: int = 0
    flag: int = 0
    benefit: int = 0
    quantity: int = 0
    unit_price: int = 0
    unit_ceiling: int = 0
    code: str = ""


class Parts(NamedTuple):
    """The four parts of a bill or of a line, in fen; they add up to its amount."""

    in_scope_fen: int
    pre_payment_fen: int
    over_limit_fen: int
    non_covered_fen: int


_CLASSES = frozenset(LineClass)
_FLAGS = frozenset(LineFlag)
_BENEFITS = frozenset((0, Benefit.ORDINARY, Benefit.CHRONIC, Benefit.SPECIAL))
_DEFAULTS = tuple(BillLine._field_defaults.values())
_GIVEN = len(BillLine._fields) - len(_DEFAULTS)


# --- amounts -----------------------------------------------------------------------------


def parts_of(line: BillLine, *, general_fee_in_scope: bool) -> Parts:
    """Return the four parts of a line, in fen.

    What is over the limit stays so in every class. Of the rest, class A is in scope, class B
    after what the person pays first (rounded half up to the fen), and what is outside the
    catalogue is not covered.

    Args:
        line: A line that `check_line` takes and `invalid_line` says nothing of.
        general_fee_in_scope: Whether a line flagged as a general fee is in scope as a whole,
            whatever its class.
    """
    over_fen = line.over_limit_fen
    rest_fen = line.amount_fen - over_fen
    if line.flag == LineFlag.GENERAL_FEE and general_fee_in_scope:
        return Parts(rest_fen, 0, over_fen, 0)
    if line.line_class == LineClass.NONE:
        return Parts(0, 0, over_fen, rest_fen)
    first_fen = mul_bp_half_up(rest_fen, line.first_pay_bp)
    return Parts(rest_fen - first_fen, first_fen, over_fen, 0)


def line_amount_fen(quantity: int, unit_price: int) -> int:
    """Return what a quantity costs, in fen, rounded half up once.

    Args:
        quantity: Ten-thousandths of a unit, not negative.
        unit_price: Millionths of a yuan, not negative.
    """
    return mul_price_half_up(quantity, unit_price)


def line_over_limit_fen(amount_fen: int, quantity: int, unit_ceiling: int) -> int:
    """Return what of an amount is over a ceiling of the unit price, in fen, never below 0.

    Args:
        amount_fen: The amount of the line.
        quantity: Ten-thousandths of a unit, not negative.
        unit_ceiling: Millionths of a yuan, not negative.
    """
    return max(0, amount_fen - mul_price_half_up(quantity, unit_ceiling))


# --- checks ------------------------------------------------------------------------------


def check_lines(path: str, lines: Sequence[BillLine]) -> None:
    """Check the lines of a claim; `path` is theirs, and `path[0]` the first one's.

    Lines that pass encode to `ENCODED_MAX` bytes at most, as long as their amounts have 64 bits.

    Raises:
        InvalidInput: there are more than `LINES_MAX`, or naming the field that is malformed.
    """
    if len(lines) > LINES_MAX:
        raise InvalidInput(
            path, f"expected at most {LINES_MAX} lines, found {len(lines)}; split the bill"
        )
    for index, line in enumerate(lines):
        check_line(f"{path}[{index}]", line)


def check_line(path: str, line: BillLine) -> None:
    """Check what no rule needs to be asked about: codes, the share, and what the price says.

    Amounts that cannot be are not checked here: `invalid_line` says what is wrong with them.

    Raises:
        InvalidInput: naming the first field that is malformed, below `path`.
    """
    if line.line_class not in _CLASSES:
        found = f"{line.line_class} is not a class; expected 1 (A), 2 (B) or 3 (none)"
        raise InvalidInput(f"{path}.line_class", found)
    if line.flag not in _FLAGS:
        raise InvalidInput(f"{path}.flag", f"{line.flag} is not a flag; expected 0 to 3")
    if line.benefit not in _BENEFITS:
        found = f"{line.benefit} is not a benefit of a line; expected 1 to 3, or 0 for the claim's"
        raise InvalidInput(f"{path}.benefit", found)
    if line.first_pay_bp:
        if not 0 <= line.first_pay_bp <= BP:
            found = f"expected 0 to {BP} basis points, found {line.first_pay_bp}"
            raise InvalidInput(f"{path}.first_pay_bp", found)
        if line.line_class != LineClass.B:
            raise InvalidInput(f"{path}.first_pay_bp", "is for class B only; leave it out")
    if line.code:
        check_id(f"{path}.code", line.code)
    if line.quantity or line.unit_price or line.unit_ceiling:
        _check_price(path, line)


def _check_price(path: str, line: BillLine) -> None:
    """Check quantity, unit price and ceiling, and that the amounts are what they come to."""
    for name, value, highest in (
        ("quantity", line.quantity, QUANTITY_MAX),
        ("unit_price", line.unit_price, UNIT_PRICE_MAX),
        ("unit_ceiling", line.unit_ceiling, UNIT_PRICE_MAX),
    ):
        if not 0 <= value <= highest:
            raise InvalidInput(f"{path}.{name}", f"expected 0 to {highest}, found {value}")
    for name, value, other, word in (
        ("quantity", line.quantity, line.unit_price, "unit price"),
        ("unit_price", line.unit_price, line.quantity, "quantity"),
    ):
        if not value:
            beside = word if other else "price ceiling"
            raise InvalidInput(f"{path}.{name}", f"is missing beside the {beside}; give both")
    if line.quantity * max(line.unit_price, line.unit_ceiling) > PRODUCT_MAX:
        highest_yuan = format_yuan(mul_price_half_up(1, PRODUCT_MAX))
        found = f"times the price or the ceiling is above {highest_yuan} yuan; split the line"
        raise InvalidInput(f"{path}.quantity", found)
    amount_fen = mul_price_half_up(line.quantity, line.unit_price)
    if line.amount_fen != amount_fen:
        found = f"quantity times unit price is {amount_fen} fen, found {line.amount_fen}"
        raise InvalidInput(f"{path}.amount_fen", found)
    if line.unit_ceiling:
        over_fen = line_over_limit_fen(amount_fen, line.quantity, line.unit_ceiling)
        if line.over_limit_fen != over_fen:
            found = f"over the ceiling are {over_fen} fen, found {line.over_limit_fen}"
            raise InvalidInput(f"{path}.over_limit_fen", found)


def invalid_line(line: BillLine) -> str:
    """Return why a claim with this line is refused as `INVALID_CLAIM`; empty: it is not."""
    if line.amount_fen < 0:
        return "its amount is negative"
    if line.amount_fen > AMOUNT_MAX_FEN:
        return f"its amount is above {AMOUNT_MAX_FEN} fen"
    if line.over_limit_fen < 0:
        return "its part over the limit is negative"
    if line.over_limit_fen > line.amount_fen:
        return "its part over the limit is above its amount"
    return ""


# --- as text -----------------------------------------------------------------------------


def encode_lines(lines: Sequence[BillLine]) -> bytes:
    """Return lines as UTF-8 JSON, an array of arrays; no bytes for no lines.

    Each line's fields are in their order; those at its end that have their defaults are left out.
    Equal lines have equal bytes.
    """
    if not lines:
        return b""
    rows = [_shortened(line) for line in lines]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


def decode_lines(data: bytes) -> tuple[BillLine, ...]:
    """Return the lines that `encode_lines` made the bytes of.

    Raises:
        ValueError: it made them of none.
    """
    if not data:
        return ()
    try:
        lines = tuple(_line(row) for row in json.loads(data))
        canonical = encode_lines(lines) == data
    except (ValueError, TypeError, RecursionError):
        canonical = False
    if not canonical:
        raise ValueError("these bytes are no encoded lines of a bill")
    return lines


def _shortened(line: BillLine) -> tuple[int | str, ...]:
    """Return the fields of a line without the defaults at its end."""
    end = len(line)
    while end > _GIVEN and line[end - 1] == _DEFAULTS[end - 1 - _GIVEN]:
        end -= 1
    return line[:end]


def _line(row: Any) -> BillLine:
    """Return a line of a decoded row, or raise what an unfit one raises."""
    line = BillLine(*row)
    # What is of another type may equal a field and even be encoded alike.
    if [type(value) for value in line] != _TYPES:
        raise TypeError
    return line


_TYPES = [*[int] * (len(BillLine._fields) - 1), str]
