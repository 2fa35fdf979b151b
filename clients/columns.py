"""Claims of a Parquet file made by columns: all the rows in which nothing is unusual.

A row is taken here only where every check of its fields is sure to pass. What another row is, a
claim all the same or a line that is none, its fields say one by one (`clients.files`), so that no
message stands here. Columns of few values (days, codes, flags) are read by the very functions that
read a field, once for each value.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import compress
from typing import Any, Final, NamedTuple

import numpy as np

from clients import fields as f
from clients.bill import papers_of
from clients.parquet import Part
from clients.rows import Fields
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.domain.codes import Benefit, Liability
from engine.domain.ids import ID_LENGTH_MAX, check_id
from engine.domain.layout import Array
from engine.domain.money import AMOUNT_MAX_FEN
from engine.errors import InvalidInput

_PARTS: Final = ("in_scope", "pre_payment", "over_limit", "non_covered")
_IDS: Final = ("visit", "disease", "prescriber", "admission", "prescription", "payer")
_FLAGS: Final = ("emergency", "referred", "statement", "manual", "use_account")
_MEANINGS: Final = 4_096
_WORD_MAX: Final = 64
"""Longest text of a column of few values that is looked up; papers alone may be longer."""

_new_claim: Final = partial(tuple.__new__, Claim)
"""Makes a claim of its fields, as `Claim._make` does, which takes half as long again."""


class PlainClaims(NamedTuple):
    """The claims of the rows that are sure to be claims, and where in the part these stand."""

    places: Sequence[int]
    claims: list[Claim]


def plain_claims(part: Part, default_id: Callable[[int], str]) -> PlainClaims:
    """Return the claims of a part in which nothing is unusual; none if a column as a whole is.

    Args:
        part: Rows of a file of claims.
        default_id: Returns the request id of a claim that came without one, from its place.
    """
    try:
        return _plain_claims(_Table(part), default_id)
    except (part.arrow.ArrowException, UnicodeDecodeError):
        # Text that is none, integers beyond 63 bits: the rows on their own say which of them it is.
        return PlainClaims([], [])


def _plain_claims(table: "_Table", default_id: Callable[[int], str]) -> PlainClaims:
    ids = table.ids("request_id")
    columns: dict[str, list[Any]] = {
        "institution": table.ids("institution", required=True),
        "request_id": [text or default_id(place) for place, text in enumerate(ids)],
        "member": table.ids("member", required=True),
        **{name: table.ids(name) for name in _IDS},
        **{name: table.words(name, False) for name in _FLAGS},
        "benefit": table.words("benefit", Benefit.ORDINARY),
        "liability": table.words("liability", Liability.NONE),
        "papers": table.words("papers", 0),
        "lines": [()] * table.count,
        **_days(table),
        **_amounts(table),
    }
    _check_pairs(table, columns)
    rows = zip(*(columns[name] for name in Claim._fields), strict=True)
    if table.sure.all():
        return PlainClaims(range(table.count), list(map(_new_claim, rows)))
    chosen = compress(rows, table.sure.tolist())
    return PlainClaims(np.flatnonzero(table.sure).tolist(), list(map(_new_claim, chosen)))


class _Table:
    """The columns of a part that hold anything; `sure` says which rows passed every check."""

    def __init__(self, part: Part) -> None:
        self.arrow = part.arrow
        self.count: int = part.batch.num_rows
        self.sure: Array = np.ones(self.count, dtype=bool)
        self._arrays = {
            column.name: array
            for column, array in zip(part.columns, part.batch.columns, strict=True)
            if array.null_count < self.count
        }

    def given(self, name: str) -> Array:
        """Return which rows have a value in a column."""
        if name not in self._arrays:
            return np.zeros(self.count, dtype=bool)
        return _numpy(self._arrays[name].is_valid())

    def ids(self, name: str, *, required: bool = False) -> list[str]:
        """Return the ids of a column, empty where there is none."""
        if name not in self._arrays:
            self.sure &= not required
            return [""] * self.count
        arrow = self.arrow
        texts = self._arrays[name].cast(arrow.string()).fill_null("")
        values: list[str] = texts.to_pylist()
        lengths = _numpy(arrow.compute.binary_length(texts))
        fits = _numpy(arrow.compute.ascii_is_printable(texts)) & (lengths <= ID_LENGTH_MAX)
        for spaced in (arrow.compute.starts_with, arrow.compute.ends_with):
            fits &= ~_numpy(spaced(texts, " "))
        for place in np.flatnonzero(~fits).tolist():
            fits[place] = _is_id(values[place])
        self.sure &= fits & (lengths > 0) if required else fits
        return values

    def words(self, name: str, default: object) -> list[Any]:
        """Return what the values of a column of few values mean.

        Args:
            name: Of the column.
            default: What it means that there is none; None: then the row is no plain claim.
        """
        array = self._arrays.get(name)
        if array is None:
            self.sure &= default is not None
            return [default] * self.count
        types = self.arrow.types
        if types.is_nested(array.type):
            self.sure &= ~self.given(name)
            return [default] * self.count
        if types.is_dictionary(array.type):
            array = array.cast(array.type.value_type)
        encoded = array.dictionary_encode()
        words = encoded.dictionary.cast(self.arrow.string()).to_pylist()
        meanings: list[Any] = [_meaning(name, word) if word else default for word in words]
        if len(meanings) == 1 and not encoded.null_count:
            self.sure &= meanings[0] is not None
            return meanings * self.count
        meanings.append(default)
        places = _numpy(encoded.indices.fill_null(len(words)))
        if None in meanings:
            self.sure &= np.array([meaning is not None for meaning in meanings])[places]
        return list(map(meanings.__getitem__, places.tolist()))

    def amounts(self, name: str) -> Array:
        """Return the amounts of a column in fen, 0 where there is none; a negative one is unusual.

        Raises:
            ArrowInvalid: one is beyond 63 bits.
        """
        if name not in self._arrays:
            return np.zeros(self.count, dtype=np.int64)
        values = _numpy(self._arrays[name].cast(self.arrow.int64()).fill_null(0))
        self.sure &= (values >= 0) & (values <= AMOUNT_MAX_FEN)
        return values


def _days(table: _Table) -> dict[str, list[Any]]:
    """Return the first and the last day of service, which is the first where none is given."""
    first = table.words("date", None)
    if not table.given("until").any():
        return {"service_date": first, "until_date": first}
    last = [until or day for day, until in zip(first, table.words("until", 0), strict=True)]
    return {"service_date": first, "until_date": last}


def _amounts(table: _Table) -> dict[str, list[Any]]:
    """Return the parts of the bill, what they add up to, and the part somebody is liable for."""
    parts = {name: table.amounts(name) for name in _PARTS}
    table.sure &= np.any([table.given(name) for name in _PARTS], axis=0)
    total = np.where(table.given("total"), table.amounts("total"), sum(parts.values()))
    table.sure &= total <= AMOUNT_MAX_FEN
    liable = table.amounts("liable_amount")
    return {
        "total_fen": total.tolist(),
        "liable_fen": np.where(table.given("liable_amount"), liable, LIABLE_NOT_GIVEN).tolist(),
        **{f"{name}_fen": amounts.tolist() for name, amounts in parts.items()},
    }


def _check_pairs(table: _Table, columns: dict[str, list[Any]]) -> None:
    """Leave out the rows of which two fields do not go together."""
    if table.given("liable_amount").any():
        unasked = np.array([not code for code in columns["liability"]])
        table.sure &= ~(table.given("liable_amount") & unasked)
    if table.given("payer").any():
        people = zip(columns["payer"], columns["member"], strict=True)
        table.sure &= np.array([payer != member for payer, member in people])


def _numpy(array: Any) -> Array:
    values: Array = array.to_numpy(zero_copy_only=False)
    return values


def _is_id(text: str) -> bool:
    try:
        check_id("", text, required=False)
    except InvalidInput:
        return False
    return True


def _benefit(fields: Fields) -> Benefit | None:
    """Return the benefit that a claim asks for; lines alone fall under the others."""
    benefit = f.code(fields, "benefit", Benefit)
    return benefit if benefit <= Benefit.EMERGENCY else None


_READERS: Final[dict[str, Callable[[Fields], object]]] = {
    "date": partial(f.day, name="date"),
    "until": partial(f.day, name="until"),
    "benefit": _benefit,
    "liability": partial(f.code, name="liability", codes=Liability),
    "papers": papers_of,
    **{name: partial(f.flag, name=name) for name in _FLAGS},
}


@lru_cache(_MEANINGS)
def _meaning(name: str, word: str) -> object:
    """Return what a value of a column means, None if a row with it is no plain claim."""
    if len(word) > _WORD_MAX:
        return None
    try:
        return _READERS[name]({name: word})
    except InvalidInput:
        return None
