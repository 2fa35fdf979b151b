"""The lagging tables against the fold of the journal up to their checkpoint."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final

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
    of_years, of_accounts = _member_year_blocks(fold, years), _account_blocks(fold, accounts)
    total = len(of_years) + len(of_accounts)
    compared = chain(
        _member_years(store, fold, of_years),
        _accounts(store, fold, of_accounts),
        _visits(store, fold),
    )
    for blocks, (rows, differences) in enumerate(compared):
        for name, position, expected, found in differences:
            report.add(Kind.TABLE, sequence, position, name, expected, found)
        report.tables_compared += rows
        progress(min(blocks, total), total)


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


def _member_year_blocks(fold: Fold, known: set[tuple[int, int]]) -> dict[tuple[int, int], Array]:
    """Return the lines of member-years as the fold has them, by (year, block), these included."""
    shape = BLOCK, MEMBER_YEAR_WIDTH
    lines = {key: np.zeros(shape, dtype=np.int64) for key in sorted(known)}
    for member, year in fold.counters.keys() | fold.last_entry.keys():
        block = year, member // BLOCK
        if block not in lines:
            lines[block] = np.zeros(shape, dtype=np.int64)
        line = lines[block][member % BLOCK]
        line[:-1] = fold.line((member, year))
        line[-1] = fold.last_entry.get((member, year), 0)
    return lines


def _account_blocks(fold: Fold, known: set[int]) -> dict[int, Array]:
    """Return the accounts as the fold has them, by block, these included."""
    lines = {block: np.zeros((BLOCK, ACCOUNT_WIDTH), dtype=np.int64) for block in sorted(known)}
    for member, balance in fold.balances.items():
        block = member // BLOCK
        if block not in lines:
            lines[block] = np.zeros((BLOCK, ACCOUNT_WIDTH), dtype=np.int64)
        last, closed_by = fold.account_entry.get(member, 0), fold.closed_by.get(member, 0)
        lines[block][member % BLOCK] = balance, last, closed_by
    return lines


def _member_years(
    store: Store, fold: Fold, blocks: dict[tuple[int, int], Array]
) -> Iterator[tuple[int, list[Difference]]]:
    for (year, block), expected in blocks.items():
        found = store.member_years(year, block)
        names = (*(f"member-year: {name}" for name in LINE), "member-year: last_entry")
        yield _rows(expected), _differing(names, expected, found)


def _accounts(
    store: Store, fold: Fold, blocks: dict[int, Array]
) -> Iterator[tuple[int, list[Difference]]]:
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


def _visits(store: Store, fold: Fold) -> Iterator[tuple[int, list[Difference]]]:
    """Compare the visits of member-years, those included that only the tables know."""
    for key in fold.counters.keys() | fold.visits.keys():
        last = fold.last_entry.get(key, 0)
        # A claim's own visit, at an institution and with a request id, is nobody else's.
        visits = fold.visits.get(key, {})
        expected = {name: fen for name, fen in visits.items() if name[0] < 0 or not name[1]}
        found = {(institution, visit): paid for institution, visit, paid in store.visits(*key)}
        differences: list[Difference] = [
            ("visit: paid", last, expected.get(name, 0), found.get(name, 0))
            for name in expected.keys() | found.keys()
            if expected.get(name, 0) != found.get(name, 0)
        ]
        yield 0, differences
