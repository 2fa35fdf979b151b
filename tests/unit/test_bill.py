"""Bill lines: their four parts, what is malformed, what cannot be, and their text."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.bill import (
    ENCODED_MAX,
    LINES_MAX,
    BillLine,
    Parts,
    check_line,
    check_lines,
    decode_lines,
    encode_lines,
    invalid_line,
    line_amount_fen,
    line_over_limit_fen,
    parts_of,
)
from engine.domain.codes import Benefit, LineClass, LineFlag
from engine.domain.money import (
    AMOUNT_MAX_FEN,
    BP,
    PRODUCT_MAX,
    QUANTITY_MAX,
    UNIT_PRICE_MAX,
    parse_quantity,
    parse_unit_price,
)
from engine.errors import InvalidInput

A, B, NONE = LineClass.A, LineClass.B, LineClass.NONE
FEE = LineFlag.GENERAL_FEE


def half_up(number: Fraction) -> int:
    return floor(number + Fraction(1, 2))


# --- the four parts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (BillLine(A, 9_500, over_limit_fen=500), (9_000, 0, 500, 0)),
        (BillLine(NONE, 2_500), (0, 0, 0, 2_500)),
        # What is over the limit stays so, outside the catalogue as well.
        (BillLine(NONE, 2_500, over_limit_fen=500), (0, 0, 500, 2_000)),
        # The share is taken of what the ceiling left.
        (BillLine(B, 10_000, 1_000, 2_000), (7_200, 800, 2_000, 0)),
        (BillLine(B, 10_000), (10_000, 0, 0, 0)),
        (BillLine(B, 10_000, BP), (0, 10_000, 0, 0)),
        # Half a fen is the person's, less than half is not.
        (BillLine(B, 5, 1_000), (4, 1, 0, 0)),
        (BillLine(B, 4, 1_000), (4, 0, 0, 0)),
        (BillLine(B, 15, 1_000, 10), (4, 1, 10, 0)),
        (BillLine(B, 1, 4_999), (1, 0, 0, 0)),
        (BillLine(B, 1, 5_000), (0, 1, 0, 0)),
        (BillLine(A, 0), (0, 0, 0, 0)),
        (BillLine(A, 700, 0, 700), (0, 0, 700, 0)),
        (BillLine(A, 700, flag=LineFlag.DUAL_CHANNEL), (700, 0, 0, 0)),
    ],
)
def test_a_line_splits_by_its_class(line: BillLine, parts: tuple[int, ...]) -> None:
    for fee_in_scope in (True, False):
        assert parts_of(line, general_fee_in_scope=fee_in_scope) == parts


@pytest.mark.parametrize(
    ("line", "in_scope", "otherwise"),
    [
        (BillLine(NONE, 1_000, flag=FEE), (1_000, 0, 0, 0), (0, 0, 0, 1_000)),
        (BillLine(NONE, 1_000, 0, 100, FEE), (900, 0, 100, 0), (0, 0, 100, 900)),
        (BillLine(B, 1_000, 1_000, 100, FEE), (900, 0, 100, 0), (810, 90, 100, 0)),
        (BillLine(A, 1_000, flag=FEE), (1_000, 0, 0, 0), (1_000, 0, 0, 0)),
    ],
)
def test_a_general_fee_is_in_scope_where_it_is_said_so(
    line: BillLine, in_scope: tuple[int, ...], otherwise: tuple[int, ...]
) -> None:
    assert parts_of(line, general_fee_in_scope=True) == in_scope
    assert parts_of(line, general_fee_in_scope=False) == otherwise


AMOUNTS = st.integers(0, AMOUNT_MAX_FEN)
GOOD_LINES = st.builds(
    lambda line_class, amounts, share, flag, benefit, code: BillLine(
        line_class, max(amounts), share * (line_class == B), min(amounts), flag, benefit, code=code
    ),
    st.sampled_from(LineClass),
    st.tuples(AMOUNTS, AMOUNTS),
    st.integers(0, BP),
    st.sampled_from(LineFlag),
    st.integers(0, 3),
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), max_size=16),
)


@given(GOOD_LINES, st.booleans())
def test_parts_are_what_exact_fractions_say(line: BillLine, fee_in_scope: bool) -> None:
    check_line("line", line)
    assert invalid_line(line) == ""
    parts = parts_of(line, general_fee_in_scope=fee_in_scope)
    assert sum(parts) == line.amount_fen
    assert min(parts) >= 0
    rest = line.amount_fen - line.over_limit_fen
    first = half_up(Fraction(rest * line.first_pay_bp, BP))
    fee = line.flag == FEE and fee_in_scope
    if line.line_class == NONE and not fee:
        assert parts == Parts(0, 0, line.over_limit_fen, rest)
    else:
        first = 0 if fee else first
        assert parts == Parts(rest - first, first, line.over_limit_fen, 0)


# --- quantity and price ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "price", "fen"),
    [
        ("2", "50.00", 10_000),
        ("3", "0.333333", 100),
        # 0.0001 units of 50 yuan are half a fen, and so are 0.5 units of 0.01 yuan.
        ("0.0001", "50", 1),
        ("0.5", "0.01", 1),
        ("0.0001", "49.999999", 0),
        # Four decimals times six, exactly: 1.2345 x 1.234567 = 1.5240729615.
        ("1.2345", "1.234567", 152),
        # A tie at the tenth decimal: 0.0125 x 0.400000 = 0.005.
        ("0.0125", "0.400000", 1),
        ("0.0125", "0.399999", 0),
        # A double would have 0.285 x 100 below the tie.
        ("1", "0.285", 29),
        ("1.0050", "1.000000", 101),
    ],
)
def test_a_quantity_at_a_price_is_rounded_once(quantity: str, price: str, fen: int) -> None:
    units, price_each = parse_quantity(quantity), parse_unit_price(price)
    assert line_amount_fen(units, price_each) == fen
    check_line("line", BillLine(A, fen, quantity=units, unit_price=price_each))


@given(st.integers(1, QUANTITY_MAX), st.integers(1, UNIT_PRICE_MAX), st.data())
def test_prices_are_what_exact_fractions_say(
    quantity: int, price: int, data: st.DataObject
) -> None:
    price = min(price, PRODUCT_MAX // quantity)
    ceiling = data.draw(st.integers(0, min(UNIT_PRICE_MAX, PRODUCT_MAX // quantity)))
    amount = half_up(Fraction(quantity, 10**4) * Fraction(price, 10**6) * 100)
    limit = half_up(Fraction(quantity, 10**4) * Fraction(ceiling, 10**6) * 100)
    assert line_amount_fen(quantity, price) == amount
    over = line_over_limit_fen(amount, quantity, ceiling)
    assert over == max(0, amount - limit)
    good = BillLine(A, amount, 0, over if ceiling else 0, 0, 0, quantity, price, ceiling)
    check_line("line", good)
    assert invalid_line(good) == ""
    with pytest.raises(InvalidInput, match="quantity times unit price is"):
        check_line("line", good._replace(amount_fen=amount + 1))


def test_the_largest_product_stays_inside_63_bits() -> None:
    assert PRODUCT_MAX < 2**63
    assert line_amount_fen(1, PRODUCT_MAX) < AMOUNT_MAX_FEN


@pytest.mark.parametrize(
    "text", ["", "0", "0.0000", "-1", "1.", ".5", "01", "1e3", "1,5", "1.00005"]
)
def test_what_is_no_quantity_says_what_is(text: str) -> None:
    with pytest.raises(ValueError, match="above 0 and up to 1000000 with at most four decimals"):
        parse_quantity(text)


@pytest.mark.parametrize(
    "text", ["", "0", "0.0", "-1", "1.", "\uff11", "10000000.000001", "0.0000005"]
)
def test_what_is_no_unit_price_says_what_is(text: str) -> None:
    with pytest.raises(ValueError, match="above 0 and up to 10000000 with at most six decimals"):
        parse_unit_price(text)


def test_the_largest_quantity_and_price_are_taken() -> None:
    assert parse_quantity("1000000.0000") == QUANTITY_MAX
    assert parse_unit_price("10000000.000000") == UNIT_PRICE_MAX
    with pytest.raises(ValueError, match="1000000"):
        parse_quantity("1000000.0001")


# --- what is malformed -------------------------------------------------------------------

GOOD = BillLine(B, 10_000, 1_000, 2_000, 0, 0, 20_000, 50_000_000, 40_000_000, "X1")


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"line_class": 0}, "line_class", "0 is not a class; expected 1"),
        ({"line_class": 4}, "line_class", "4 is not a class"),
        ({"flag": -1}, "flag", "-1 is not a flag"),
        ({"flag": 4}, "flag", "expected 0 to 3"),
        ({"benefit": Benefit.DAY_SURGERY}, "benefit", "4 is not a benefit of a line"),
        ({"first_pay_bp": -1}, "first_pay_bp", "expected 0 to 10000"),
        ({"first_pay_bp": BP + 1}, "first_pay_bp", "found 10001"),
        ({"line_class": A}, "first_pay_bp", "for class B only"),
        ({"line_class": NONE}, "first_pay_bp", "for class B only"),
        ({"code": " X"}, "code", "begins or ends with a space"),
        ({"quantity": 0}, "quantity", "is missing beside the unit price"),
        ({"unit_price": 0}, "unit_price", "is missing beside the quantity"),
        ({"quantity": 0, "unit_price": 0}, "quantity", "is missing beside the price ceiling"),
        ({"quantity": -1}, "quantity", "expected 0 to 10000000000, found -1"),
        ({"quantity": QUANTITY_MAX + 1}, "quantity", "expected 0 to"),
        ({"unit_price": -1}, "unit_price", "expected 0 to 10000000000000"),
        ({"unit_price": UNIT_PRICE_MAX + 1}, "unit_price", "found 10000000000001"),
        ({"unit_ceiling": -1}, "unit_ceiling", "expected 0 to"),
        ({"quantity": 10**9, "unit_price": 10**10}, "quantity", "above 900000000.00 yuan"),
        ({"quantity": 10**9, "unit_ceiling": 10**10}, "quantity", "above 900000000.00 yuan"),
        ({"amount_fen": 9_999}, "amount_fen", "is 10000 fen, found 9999"),
        ({"amount_fen": -10_000}, "amount_fen", "found -10000"),
        ({"over_limit_fen": 1_999}, "over_limit_fen", "over the ceiling are 2000 fen, found 1999"),
        ({"unit_ceiling": 60_000_000}, "over_limit_fen", "are 0 fen, found 2000"),
    ],
)
def test_a_malformed_line_is_named(change: dict[str, int], field: str, says: str) -> None:
    check_lines("lines", [GOOD])
    with pytest.raises(InvalidInput) as caught:
        check_lines("lines", [GOOD, BillLine(A, 1), GOOD._replace(**change)])  # type: ignore[arg-type]
    assert caught.value.path == f"lines[2].{field}"
    assert says in caught.value.problem


def test_an_amount_over_the_limit_needs_no_price() -> None:
    check_line("line", BillLine(A, 100, over_limit_fen=30))
    check_line("line", GOOD._replace(unit_ceiling=0, over_limit_fen=7))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (BillLine(A, -1), "its amount is negative"),
        (BillLine(A, AMOUNT_MAX_FEN + 1), "its amount is above"),
        (BillLine(A, 5, over_limit_fen=-1), "its part over the limit is negative"),
        (BillLine(A, 5, over_limit_fen=6), "its part over the limit is above its amount"),
        (BillLine(A, 0), ""),
        (BillLine(A, 5, over_limit_fen=5), ""),
    ],
)
def test_what_cannot_be_is_for_the_ledger_to_refuse(line: BillLine, says: str) -> None:
    check_line("line", line)
    found = invalid_line(line)
    assert found.startswith(says)
    assert bool(found) == bool(says)


# --- as text -----------------------------------------------------------------------------

ANY_INT = st.integers(-(2**63), 2**63 - 1)
ANY_LINES = st.builds(BillLine, *[ANY_INT] * 9, st.text(st.characters(codec="utf-8"), max_size=20))


@given(st.lists(ANY_LINES | GOOD_LINES, max_size=5))
def test_encoded_lines_come_back(lines: list[BillLine]) -> None:
    data = encode_lines(lines)
    assert decode_lines(data) == tuple(lines)
    assert encode_lines(decode_lines(data)) == data


def test_the_text_is_what_it_is() -> None:
    assert encode_lines(()) == b""
    lines = [BillLine(A, 500), BillLine(B, 15, 1_000, 10), BillLine(NONE, 7, code="药")]
    text = '[[1,500],[2,15,1000,10],[3,7,0,0,0,0,0,0,0,"药"]]'
    assert encode_lines(lines) == text.encode()
    assert decode_lines(text.encode()) == tuple(lines)


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{}",
        b"1",
        b"[1]",
        b"[[1]]",
        b"[[1,500,0]]",
        b"[[1, 500]]",
        b"[[true,500]]",
        b"[[1,500.0]]",
        b'[[1,"500"]]',
        b"[[1,500,0,0,0,0,0,0,0,7]]",
        b'[[1,500,0,0,0,0,0,0,0,"",1]]',
        b'["ab"]',
        b"[[1,500]",
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_what_encodes_no_lines_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no encoded lines"):
        decode_lines(data)


def test_lines_that_are_taken_have_a_longest_text() -> None:
    longest = BillLine(B, -(2**63), BP, -(2**63), 3, 3, 0, 0, 0, '"' * 64)
    check_lines("lines", [longest] * LINES_MAX)
    # The amounts of a line with a quantity are short; these fields are as long as may be.
    priced = QUANTITY_MAX, UNIT_PRICE_MAX, UNIT_PRICE_MAX
    data = encode_lines(
        [
            longest._replace(quantity=q, unit_price=p, unit_ceiling=c)
            for q, p, c in [priced] * LINES_MAX
        ]
    )
    assert len(data) <= ENCODED_MAX
    with pytest.raises(InvalidInput, match="at most 1000 lines, found 1001; split the bill"):
        check_lines("lines", [longest] * (LINES_MAX + 1))
