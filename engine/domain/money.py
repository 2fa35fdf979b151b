"""Money is an integer number of fen, a rate an integer number of basis points; never a float.

The only multiplications of money, by a rate and of a price by a quantity, and the only rounding,
stand here. A quantity is an integer number of ten-thousandths of a unit, a unit price one of
millionths of a yuan.
"""

import re
from collections.abc import Iterable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

N = TypeVar("N", int, npt.NDArray[np.int64])
"""A number, or a column of numbers in 64 bits."""

BP = 10_000
"""Basis points in one: 6_000 is 60 %."""

AMOUNT_MAX_FEN = 10**12
"""Largest amount of one field of a claim: a product with a rate stays inside 64 bits."""

QUANTITY_MAX = 10**10
"""Largest quantity of a bill line, in ten-thousandths of a unit: a million units."""

UNIT_PRICE_MAX = 10**13
"""Largest unit price, in millionths of a yuan: ten million yuan."""

PRODUCT_MAX = 9 * 10**18
"""Largest quantity times unit price: 900 million yuan; it stays inside 63 bits."""

_PRODUCT_OF_FEN = 10**8
"""Ten-thousandths of a unit times millionths of a yuan in one fen."""

_YUAN = re.compile(r"(0|[1-9][0-9]{0,9})\.([0-9]{2})", re.ASCII)
_RATE = re.compile(r"([01])\.([0-9]{1,4})", re.ASCII)
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,7})(?:\.([0-9]{1,6}))?", re.ASCII)


def mul_bp_half_up(amount_fen: int, rate_bp: int) -> int:
    """Return `amount_fen` times `rate_bp`, rounded half up to the fen; both not negative."""
    return (amount_fen * rate_bp + BP // 2) // BP


def mul_bp_half_down(amount_fen: int, rate_bp: int) -> int:
    """Return `amount_fen` times `rate_bp`, rounded half down to the fen; both not negative.

    The complement of `mul_bp_half_up`: for a rate r, `mul_bp_half_up(a, r)` and
    `mul_bp_half_down(a, BP - r)` add up to `a`, although neither is computed from the other.
    """
    return (amount_fen * rate_bp + BP // 2 - 1) // BP


def sum_bp_half_up(shares: Iterable[tuple[int, int]]) -> int:
    """Return the sum of amounts (fen) times rates (bp), rounded half up to the fen, once."""
    return (sum(amount_fen * rate_bp for amount_fen, rate_bp in shares) + BP // 2) // BP


def sum_bp_half_down(shares: Iterable[tuple[int, int]]) -> int:
    """Return the sum of amounts (fen) times rates (bp), rounded half down to the fen, once."""
    return (sum(amount_fen * rate_bp for amount_fen, rate_bp in shares) + BP // 2 - 1) // BP


def bp_half_up(products: N) -> N:
    """Return sums of amounts (fen) times rates (bp), not negative, rounded half up to the fen."""
    return (products + BP // 2) // BP


def share_bp_half_up(amount_fen: N, rate_bp: int, part: N, whole: N) -> N:
    """Return `amount_fen` times `rate_bp` times `part` / `whole`, rounded half up to the fen, once.

    Args:
        amount_fen: not negative.
        rate_bp: not negative; `BP` for the amount itself.
        part: how many units of the whole, as months; not negative.
        whole: positive.
    """
    divisor = BP * whole
    return (2 * amount_fen * rate_bp * part + divisor) // (2 * divisor)


def mul_price_half_up(quantity: int, unit_price: int) -> int:
    """Return the fen of a quantity at a unit price, rounded half up once; both not negative.

    Args:
        quantity: Ten-thousandths of a unit.
        unit_price: Millionths of a yuan.
    """
    return (quantity * unit_price + _PRODUCT_OF_FEN // 2) // _PRODUCT_OF_FEN


def parse_yuan(text: str) -> int:
    """Return the fen of a yuan amount written with two decimals, as `"1234.50"`.

    Raises:
        ValueError: not such an amount, negative, or above `AMOUNT_MAX_FEN`.
    """
    match = _YUAN.fullmatch(text)
    if match is None:
        raise ValueError(f'expected yuan with two decimals such as "1234.50", found "{text}"')
    amount_fen = int(match[1]) * 100 + int(match[2])
    if amount_fen > AMOUNT_MAX_FEN:
        raise ValueError(f"at most {format_yuan(AMOUNT_MAX_FEN)} yuan, found {text}")
    return amount_fen


def format_yuan(amount_fen: int) -> str:
    """Return the amount in yuan with two decimals, as `"1234.50"` or `"-0.05"`."""
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{sign}{yuan}.{fen:02}"


def parse_rate(text: str) -> int:
    """Return the basis points of a rate written as a decimal fraction, as `"0.85"` or `"1.0"`.

    Raises:
        ValueError: not such a rate, or above 1.
    """
    match = _RATE.fullmatch(text)
    rate_bp = -1 if match is None else int(match[1]) * BP + int(match[2].ljust(4, "0"))
    if not 0 <= rate_bp <= BP:
        raise ValueError(f'expected a rate from "0.0" to "1.0" such as "0.85", found "{text}"')
    return rate_bp


def parse_quantity(text: str) -> int:
    """Return the ten-thousandths of a quantity with up to four decimals, as `"2"` or `"0.5"`.

    Raises:
        ValueError: not such a number, zero, negative, or above `QUANTITY_MAX`.
    """
    quantity = _scaled(text, 4)
    if not 0 < quantity <= QUANTITY_MAX:
        raise ValueError(
            'expected a quantity above 0 and up to 1000000 with at most four decimals, such as "2" '
            f'or "0.5", found "{text}"'
        )
    return quantity


def parse_unit_price(text: str) -> int:
    """Return the millionths of a unit price in yuan with up to six decimals, as `"12.345678"`.

    Raises:
        ValueError: not such a price, zero, negative, or above `UNIT_PRICE_MAX`.
    """
    price = _scaled(text, 6)
    if not 0 < price <= UNIT_PRICE_MAX:
        raise ValueError(
            "expected yuan above 0 and up to 10000000 with at most six decimals, such as "
            f'"12.5" or "0.034567", found "{text}"'
        )
    return price


def _scaled(text: str, decimals: int) -> int:
    """Return a decimal number as an integer of its last possible decimal; -1: it is none."""
    match = _DECIMAL.fullmatch(text)
    whole, fraction = match.groups("") if match else ("", "")
    if match is None or len(fraction) > decimals:
        return -1
    return int(whole + fraction.ljust(decimals, "0"))
