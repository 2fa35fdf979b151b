"""The lagging tables against the fold of the journal up to their checkpoint."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, TypeVar

import numpy as np

from engine.domain.layout import Array
from engine.state._ids import STATUS_BITS, fingerprint
from engine.state.blocks import BLOCK
from engine.state.tables import (
    ACCOUNT_WIDTH,
    ID_USE,
    MEMBER_YEAR_WIDTH,
    AccountRow,
    CreditRow,
    KeyStatus,
)
from engine.store.protocol import Store
from engine.verify.fold import LINE, Fold
from engine.verify.report import Kind, Report

_LAST: Final = {MEMBER_YEAR_WIDTH: -1, ACCOUNT_WIDTH: 1}
"""Which number of a line is the position of its last entry, by the width of the line."""
Key = TypeVar("Key", int, tuple[int, int])
Difference = tuple[str, int, object, object]
"""(field, journal position it belongs to or 0, expected, found)"""


def compare_tables(
    store: Store,
    fold: Fold,
    credits: Sequence[CreditRow],
    report: Report,
    progress: Callable[[int, int], None],
) -> None:
    """Compare every row that the fold knows with the store's tables.

    To be called when the fold stands at the checkpoint of the tables; `credits` are the segments of
    credits up to there.
    """
    sequence = store.checkpoint_sequence
    report.checkpoint_sequence = sequence
    position = store.checkpoint_position
    if position != fold.position:
        report.add(Kind.TABLE, sequence, 0, "checkpoint_position", fold.position, position)
    if store.credit_count() > len(credits):  # a row that is missing is named below
        report.add(Kind.TABLE, sequence, 0, "rows of credit", len(credits), store.credit_count())
    for city, month in {(row.city, row.month) for row in credits}:
        should = [row for row in credits if (row.city, row.month) == (city, month)]
        rows_found = store.credits(city, month)
        if rows_found != should:
            report.add(Kind.TABLE, sequence, 0, f"credits of {month}", should, rows_found)
    _check_ids(store, fold, report)
    years, accounts = store.blocks()
    of_years = _blocks(_member_year_lines(fold), years, MEMBER_YEAR_WIDTH)
    of_accounts = _blocks(_account_lines(fold), accounts, ACCOUNT_WIDTH)
    total = 2 * len(of_years) + len(of_accounts)
    compared = chain(
        _member_years(store, of_years),
        _accounts(store, of_accounts),
        _visits(store, fold, of_years),
    )
    for blocks, (rows, differences) in enumerate(compared, start=1):
        for name, position, expected, found in differences:
            report.add(Kind.TABLE, sequence, position, name, expected, found)
        report.tables_compared += rows
        progress(blocks, total)


def _check_ids(store: Store, fold: Fold, report: Report) -> None:
    """Compare the uses of request ids: the same ones, whatever their order."""
    sequence = store.checkpoint_sequence
    found = np.concatenate([*store.id_uses(), np.zeros(0, dtype=ID_USE)])
    expected = np.fromiter(_uses(store.id_seed, fold), dtype=ID_USE)
    report.tables_compared += len(fold.keys)
    for use in np.setdiff1d(expected, found):
        report.add(Kind.TABLE, sequence, _position(use), "request id", _named(use), "none")
    for use in np.setdiff1d(found, expected):
        report.add(Kind.TABLE, sequence, _position(use), "request id", "none", _named(use))
    if len(np.unique(found)) != len(found):
        report.add(Kind.TABLE, sequence, 0, "request ids", len(expected), len(found))


def _position(use: np.void) -> int:
    return int(use["use"]) >> STATUS_BITS


def _named(use: np.void) -> str:
    status = int(use["use"]) & ((1 << STATUS_BITS) - 1)
    return f"status {status} at institution {use['institution']}"


def _uses(seed: int, fold: Fold) -> Iterator[tuple[int, int, int]]:
    """Yield the uses that stand for what request ids are used for, as `ID_USE` has them."""
    for (institution, request_id), key in fold.keys.items():
        of_id = fingerprint(seed, institution, request_id)
        status = KeyStatus(key.status)
        if status == KeyStatus.UNDONE:
            yield institution, of_id, key.position << STATUS_BITS | KeyStatus.STANDING
            yield institution, of_id, key.undone_by << STATUS_BITS | status
        else:
            yield institution, of_id, key.position << STATUS_BITS | status


def _member_year_lines(fold: Fold) -> Iterator[tuple[tuple[int, int], int, Sequence[int]]]:
    """Yield (year, block), member and line of the member-years as the fold has them."""
    for key in fold.counters.keys() | fold.last_entry.keys():
        member, year = key
        yield (year, member // BLOCK), member, (*fold.line(key), fold.last_entry.get(key, 0))


def _account_lines(fold: Fold) -> Iterator[tuple[int, int, Sequence[int]]]:
    """Yield block, member and line of the accounts as the fold has them."""
    for member, balance in fold.balances.items():
        last, closed_by = fold.account_entry.get(member, 0), fold.closed_by.get(member, 0)
        yield member // BLOCK, member, (balance, last, closed_by)


def _blocks(
    lines: Iterable[tuple[Key, int, Sequence[int]]], known: Iterable[Key], width: int
) -> dict[Key, Array]:
    """Return lines by block, those that only the tables have included, as zeros."""
    blocks = {key: np.zeros((BLOCK, width), dtype=np.int64) for key in known}
    for key, member, line in lines:
        if key not in blocks:
            blocks[key] = np.zeros((BLOCK, width), dtype=np.int64)
        blocks[key][member % BLOCK] = line
    return blocks


def _member_years(
    store: Store, blocks: dict[tuple[int, int], Array]
) -> Iterator[tuple[int, list[Difference]]]:
    names = (*(f"member-year: {name}" for name in LINE), "member-year: last_entry")
    for (year, block), expected in blocks.items():
        yield _rows(expected), _differing(names, expected, store.member_years(year, block))


def _accounts(store: Store, blocks: dict[int, Array]) -> Iterator[tuple[int, list[Difference]]]:
    names = tuple(f"account: {name}" for name in AccountRow._fields)
    for block, expected in blocks.items():
        yield _rows(expected), _differing(names, expected, store.accounts(block))


def _rows(lines: Array) -> int:
    """Return how many lines have anything in them."""
    return int(lines.any(axis=1).sum())


def _differing(names: Sequence[str], expected: Array, found: Array) -> list[Difference]:
    """Return where lines differ, each with the last entry that the fold or the table has of it."""
    return [
        (names[at], int(expected[n, _LAST[len(names)]]), int(expected[n, at]), int(found[n, at]))
        for n, at in np.argwhere(expected != found).tolist()
    ]


def _visits(
    store: Store, fold: Fold, blocks: Iterable[tuple[int, int]]
) -> Iterator[tuple[int, list[Difference]]]:
    """Compare the visits of blocks of member-years, those included that only the tables know."""
    counted: dict[tuple[int, int], set[int]] = {block: set() for block in blocks}
    for member, year in fold.visits:
        counted.setdefault((year, member // BLOCK), set()).add(member)
    for (year, block), members in counted.items():
        stored = {member for member, _, _ in store.visit_keys(year, block)}
        yield (
            0,
            [
                difference
                for member in sorted(members | stored)
                for difference in _visits_of(store, fold, (member, year))
            ],
        )


def _visits_of(store: Store, fold: Fold, key: tuple[int, int]) -> list[Difference]:
    # A claim's own visit, at an institution and with a request id, is nobody else's.
    visits = fold.visits.get(key, {})
    expected = {name: fen for name, fen in visits.items() if name[0] < 0 or not name[1]}
    found = {(institution, visit): paid for institution, visit, paid in store.visits(*key)}
    return [
        ("visit: paid", fold.last_entry.get(key, 0), expected.get(name, 0), found.get(name, 0))
        for name in expected.keys() | found.keys()
        if expected.get(name, 0) != found.get(name, 0)
    ]
