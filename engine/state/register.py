"""A register by number and by id, whose entries are made of their journal form when asked for.

At a start the journal's text is cut into entries and no more: of a million members few are asked
for in the first second, and none before the first answer.
"""

from collections.abc import Callable, Iterator
from typing import Final, Generic, Protocol, TypeVar

import numpy as np

from engine.domain.layout import Array


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_HasId)

_QUOTE, _OPEN, _CLOSE = b'"[]'
_MARKS: Final = np.zeros(256, dtype=bool)
_MARKS[[_QUOTE, _OPEN, _CLOSE]] = True
_BLOCK: Final = 1_000
"""Entries that are made together where all of them are asked for."""


class Items(Generic[T]):
    """The entries of a register by number, in order of first appearance."""

    def __init__(self, read: Callable[[bytes], list[T]]) -> None:
        """Take what reads a JSON array of entries."""
        self._read = read
        self.held: list[T | bytes] = []
        """Each entry, or what it is to be made of."""

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, number: int) -> T:
        item = self.held[number]
        if isinstance(item, bytes):
            (item,) = self._read(b"[%b]" % item)
            self.held[number] = item
        return item

    def __iter__(self) -> Iterator[T]:
        for first in range(0, len(self), _BLOCK):
            numbers = range(first, min(first + _BLOCK, len(self)))
            texts = {n: item for n in numbers if isinstance(item := self.held[n], bytes)}
            made = self._read(b"[%b]" % b",".join(texts.values()))
            for n, item in zip(texts, made, strict=True):
                self.held[n] = item
            yield from (self[n] for n in numbers)


class Register(Generic[T]):
    """Entries by number (order of first appearance) and by id."""

    def __init__(self, read: Callable[[bytes], list[T]]) -> None:
        """Take what reads a JSON array of entries, each an array that begins with the id."""
        self.items: Items[T] = Items(read)
        self.numbers: dict[str, int] = {}
        self._read = read

    def __len__(self) -> int:
        return len(self.items)

    def put(self, item: T) -> int:
        """Enter or replace an item; return its number."""
        return self._put(item.id, item)

    def _put(self, item_id: str, item: T | bytes) -> int:
        held = self.items.held
        number = self.numbers.setdefault(item_id, len(held))
        if number == len(held):
            held.append(item)
        else:
            held[number] = item
        return number

    def put_text(self, data: bytes) -> None:
        """Enter or replace the items of a JSON array, in the form in which the journal has them."""
        rows = split_rows(data)
        if rows is None:
            for item in self._read(data):
                self.put(item)
            return
        first = len(self.items)
        if self.numbers.keys().isdisjoint(rows):
            self.numbers.update(zip(rows, range(first, first + len(rows)), strict=True))
            self.items.held.extend(rows.values())
            return
        for item_id, row in rows.items():
            self._put(item_id, row)

    def find(self, item_id: str) -> T | None:
        """Return the item with this id, or None."""
        number = self.numbers.get(item_id)
        if number is None:
            return None
        item = self.items.held[number]
        return self.items[number] if isinstance(item, bytes) else item


def split_rows(data: bytes) -> dict[str, bytes] | None:
    """Return the rows of a JSON array of arrays by the text that each begins with.

    None where that is not to be seen from quotation marks and brackets alone: an escape in a text,
    blanks between the rows, the same text twice, or something else than arrays that begin with one.
    """
    if b"\\" in data:
        return None
    cut = _cut(np.frombuffer(data, dtype=np.uint8))
    if cut is None:
        return None
    starts, ends, closing = (part.tolist() for part in cut)
    names = [data[a + 2 : b].decode() for a, b in zip(starts, closing, strict=True)]
    rows = dict(zip(names, (data[a:b] for a, b in zip(starts, ends, strict=True)), strict=True))
    return rows if len(rows) == len(names) else None


def _cut(data: Array) -> tuple[Array, Array, Array] | None:
    """Return where each row starts and ends, and where the text ends that it begins with."""
    marks = np.flatnonzero(_MARKS[data])
    kinds = data[marks]
    quotes = kinds == _QUOTE
    outside = np.cumsum(quotes) & 1 == 0
    seen = quotes | outside  # a bracket within a text is none
    marks, kinds, quotes = marks[seen], kinds[seen], quotes[seen]
    steps = (kinds == _OPEN).astype(np.int8) - (kinds == _CLOSE).astype(np.int8)
    depth = np.cumsum(steps, dtype=np.int32)
    opening = np.flatnonzero((steps > 0) & (depth == 2))
    starts, ends = marks[opening], marks[(steps < 0) & (depth == 1)] + 1
    if not len(starts) or len(starts) != len(ends) or depth[-1] or opening[-1] + 2 >= len(marks):
        return None
    whole = starts[0] == 1 and ends[-1] == len(data) - 1
    side_by_side = bool((starts[1:] == ends[:-1] + 1).all())
    named = bool((quotes[opening + 1] & (marks[opening + 1] == starts + 1)).all())
    return (starts, ends, marks[opening + 2]) if whole and side_by_side and named else None
