"""Money is an integer number of fen, a rate an integer number of basis points; never a float.

The only multiplication of money by a rate, and the only rounding, stand here.
"""

import re

BP = 10_000
"""Basis points in one: 6_000 is 60 %."""

AMOUNT_MAX_FEN = 10**12
"""Largest amount of one field of a claim: a product with a rate stays inside 64 bits."""

_YUAN = re.compile(r"(0|[1-9][0-9]{0,9})\.([0-9]{2})", re.ASCII)
_RATE = re.compile(r"([01])\.([0-9]{1,4})", re.ASCII)


def mul_bp_half_up(amount_fen: int, rate_bp: int) -> int:
    """Return `amount_fen` times `rate_bp`, rounded half up to the fen; both not negative."""
    return (amount_fen * rate_bp + BP // 2) // BP


def mul_bp_half_down(amount_fen: int, rate_bp: int) -> int:
    """Return `amount_fen` times `rate_bp`, rounded half down to the fen; both not negative.

    The complement of `mul_bp_half_up`: for a rate r, `mul_bp_half_up(a, r)` and
    `mul_bp_half_down(a, BP - r)` add up to `a`, although neither is computed from the other.
    """
    return (amount_fen * rate_bp + BP // 2 - 1) // BP


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
