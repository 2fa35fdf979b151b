"""The lagging tables against the fold of the journal up to their checkpoint."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from engine.domain.layout import COUNTERS_PER_MEMBER_YEAR
from engine.state._ids import STATUS_BITS, fingerprint
from engine.state.tables import ID_USE, CreditRow, KeyStatus
from engine.store.protocol import Store
from engine.verify.fold import LINE, Fold
from engine.verify.report import Kind, Report

_STEP: Final = 1000
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
    years = fold.counters.keys() | fold.visits.keys()
    known = {"account": fold.balances, "credit": credits}
    for name, rows_counted in store.row_counts().items():
        if rows_counted > len(known[name]):  # a row that is missing is named below
            report.add(Kind.TABLE, sequence, 0, f"rows of {name}", len(known[name]), rows_counted)
    for city, month in {(row.city, row.month) for row in credits}:
        should = [row for row in credits if (row.city, row.month) == (city, month)]
        rows_found = store.credits(city, month)
        if rows_found != should:
            report.add(Kind.TABLE, sequence, 0, f"credits of {month}", should, rows_found)
    _check_ids(store, fold, report)
    total = len(years) + len(fold.balances)
    for rows, differences in _all(store, fold):
        for name, position, expected, found in differences:
            report.add(Kind.TABLE, sequence, position, name, expected, found)
        report.tables_compared += 1
        if rows % _STEP == 0 or rows == total:
            progress(rows, total)


def _all(store: Store, fold: Fold) -> Iterator[tuple[int, list[Difference]]]:
    """Yield (rows compared so far, how the last one differs)."""
    rows = 0
    for compare in (_member_years, _accounts):
        for differences in compare(store, fold):
            rows += 1
            yield rows, differences


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


def _member_years(store: Store, fold: Fold) -> Iterator[list[Difference]]:
    for key in fold.counters.keys() | fold.visits.keys():
        last = fold.last_entry.get(key, 0)
        row = store.member_year(*key)
        if row is None:
            yield [("member-year", last, "a row", "none")]
            continue
        differences: list[Difference] = []
        if row.last_entry != last:
            differences.append(("member-year: last_entry", last, last, row.last_entry))
        if len(row.counters) == 8 * COUNTERS_PER_MEMBER_YEAR:
            found = np.frombuffer(row.counters, dtype="<i8").tolist()
        else:
            found = [0] * COUNTERS_PER_MEMBER_YEAR
            differences.append(("member-year: counters", last, "64 bytes", len(row.counters)))
        for name, should, is_ in zip(LINE, fold.line(key), found, strict=True):
            if should != is_:
                differences.append((f"member-year: {name}", last, should, is_))
        yield differences + _visits(store, fold, key, last)


def _visits(store: Store, fold: Fold, key: tuple[int, int], last: int) -> list[Difference]:
    """Compare the visits of a member-year, those that only the tables know included."""
    expected = fold.visits.get(key, {})
    found = {(institution, visit): paid for institution, visit, paid in store.visits(*key)}
    return [
        ("visit: paid", last, expected.get(name, 0), found.get(name, 0))
        for name in expected.keys() | found.keys()
        if expected.get(name, 0) != found.get(name, 0)
    ]


def _accounts(store: Store, fold: Fold) -> Iterator[list[Difference]]:
    for member, balance in fold.balances.items():
        last = fold.account_entry.get(member, 0)
        row = store.account(member)
        if row is None:
            yield [("account", last, "a row", "none")]
            continue
        yield [
            (f"account: {name}", last, should, is_)
            for name, should, is_ in (
                ("balance_fen", balance, row.balance_fen),
                ("last_entry", last, row.last_entry),
                ("closed_by", fold.closed_by.get(member, 0), row.closed_by),
            )
            if should != is_
        ]
