"""Plain settlements, checked together: many entries in the time of a few.

Plain is an act of one entry that settles ordinary care from four parts, names no relative, and is
not touched by an undo. A run of them is taken only where every check of `engine.verify.entries`
holds for each of them, by columns; else nothing is taken and they are checked one by one, so that
what is found, and how it is said, is the business of one place. The amounts are settled again by
the same reference kernel, in the order of the journal.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from engine.digest import NUMBERS, ResultDigest
from engine.domain.journal import EntryText, Segment, TextColumns
from engine.domain.layout import (
    AMOUNTS,
    COUNTERS_PER_MEMBER_YEAR,
    KEYED_SLOTS,
    RESULT,
    Array,
)
from engine.reference import settle
from engine.reference_accounts import pay_accounts
from engine.state.tables import KeyRow, KeyStatus
from engine.verify.amounts import UNFIT
from engine.verify.fold import Fold, MemberYear, Record, VisitName
from engine.verify.plain_checks import (
    PlanColumns,
    is_as_sent,
    is_by_plan,
    is_plain,
    is_within_limits,
)
from engine.verify.report import PAYERS, Report
from engine.verify.structure import Scan

LEAST: Final = 16
"""Entries from which on it pays to look at them together."""

_YEARS: Final = 10_000
_CLAIM_OF_KEY: Final = ("institution", "prescriber", "service_date")
_ROW_OF_KEY: Final = (*KEYED_SLOTS, "visit_by", "facts", "borne_at", "benefit")
"""What says which counters with keys an entry moves."""


class _Run(NamedTuple):
    """Entries of a segment, one after the other, and the texts they are known by."""

    entries: Array
    texts: TextColumns
    rows: slice
    request_ids: list[str]
    member_years: list[MemberYear]


class _State(NamedTuple):
    """The state that a run meets, and after it was settled again the one it leaves."""

    lines: dict[MemberYear, int]
    counters: Array
    keyed: dict[tuple[MemberYear, VisitName], int]
    visits: Array
    owners: dict[int, int]
    balances: Array
    rows: Array


class _Links(NamedTuple):
    """What a run adds to the chains and to the ids that are used."""

    last_entry: dict[MemberYear, int]
    account_entry: dict[int, int]
    keys: dict[tuple[int, str], KeyRow]


class PlainChecker:
    """Takes runs of plain settlements of which nothing is to be said."""

    def __init__(self, fold: Fold, learned: Scan, report: Report, digest: ResultDigest) -> None:
        """Take the fold that the runs meet and move, and what counts them."""
        self._fold = fold
        self._report = report
        self._digest = digest
        self._undone = _ascending(learned.undone)
        self._years = _ascending(member * _YEARS + year for member, year in learned.member_years)
        self._plans = PlanColumns(())

    def runs(self, segment: Segment) -> Iterator[tuple[slice, bool]]:
        """Yield the entries of a segment in runs: which, and whether they may be taken at once."""
        entries = segment.entries()
        plain = self._plain(entries)
        edges = np.flatnonzero(np.diff(plain)) + 1
        start = 0
        for first, end in zip([0, *edges.tolist()], [*edges.tolist(), len(plain)], strict=True):
            if plain[first] and end - first >= LEAST:
                if start < first:
                    yield slice(start, first), False
                yield slice(first, end), True
                start = end
        if start < len(plain):
            yield slice(start, len(plain)), False

    def _plain(self, entries: Array) -> Array:
        if len(entries) < LEAST:
            return np.zeros(len(entries), dtype=bool)
        try:
            if self._plans.count != len(self._fold.plans):
                self._plans = PlanColumns(self._fold.plans)
            plain = is_plain(entries, self._fold, self._plans)
        except UNFIT:
            return np.zeros(len(entries), dtype=bool)
        years = entries["claim"]["member"].astype(np.int64) * _YEARS + entries["row"]["year"]
        plain &= ~_are_among(entries["link"]["position"], self._undone)
        plain &= ~_are_among(years, self._years)
        return plain

    def take(self, segment: Segment, texts: TextColumns, rows: slice) -> bool:
        """Take a run that `runs` named, whole; return whether that could be done."""
        entries = segment.entries()[rows]
        try:
            run = _Run(
                entries,
                texts,
                rows,
                texts.column("request_id", rows),
                list(
                    zip(
                        _list(entries, "claim", "member"),
                        _list(entries, "row", "year"),
                        strict=True,
                    )
                ),
            )
            links = self._links(run)
            if links is None or not self._is_right(run, segment.instant):
                return False
            state = self._met(run)
            if not _settles_alike(state, entries, self._fold):
                return False
            self._count(run)
        except UNFIT:
            return False
        self._book(run, state, links)
        return True

    def _is_right(self, run: _Run, instant: int) -> bool:
        fold, entries = self._fold, run.entries
        first = fold.position + 1
        positions = np.arange(first, first + len(entries))
        if not (entries["link"]["position"] == positions).all():
            return False
        plans, members = fold.plans, fold.members
        for member, plan, account in zip(
            _list(entries, "claim", "member"),
            _list(entries, "row", "plan"),
            _list(entries, "row", "account"),
            strict=True,
        ):
            if members[member].city != plans[plan].city:
                return False
            if account != (0 if fold.has_account(member) else -1):
                return False
        return (
            is_as_sent(entries, instant)
            and is_by_plan(entries, fold, self._plans)
            and is_within_limits(entries, self._plans)
        )

    def _links(self, run: _Run) -> _Links | None:
        """Return what the run adds to chains and ids, None if it does not go on with them."""
        fold, entries = self._fold, run.entries
        if entries["link"]["family_previous"].any():
            return None
        new = _Links({}, {}, {})
        for key, institution, request_id, position, previous, paid, paid_previous in zip(
            run.member_years,
            _list(entries, "claim", "institution"),
            run.request_ids,
            _list(entries, "link", "position"),
            _list(entries, "link", "previous"),
            _list(entries, "result", "account"),
            _list(entries, "link", "account_previous"),
            strict=True,
        ):
            name, member = (institution, request_id), key[0]
            last = new.last_entry.get(key) or fold.last_entry.get(key, 0)
            moved = new.account_entry.get(member) or fold.account_entry.get(member, 0)
            if previous != last or paid_previous != (moved if paid else 0):
                return None
            if name in fold.keys or name in new.keys:
                return None
            new.last_entry[key] = position
            new.keys[name] = KeyRow(position, KeyStatus.STANDING, 0)
            if paid:
                new.account_entry[member] = position
        return new

    def _met(self, run: _Run) -> _State:
        """Return the state that the run meets, and its rows with the slots in it."""
        fold, rows = self._fold, run.entries["row"].copy()
        lines: dict[MemberYear, int] = {}
        rows["counters"] = [lines.setdefault(key, len(lines)) for key in run.member_years]
        counters = np.array([fold.line(key) for key in lines], dtype=np.int64)
        keyed: dict[tuple[MemberYear, VisitName], int] = {}
        for n, record in _records_of_keys(run):
            key = run.member_years[n]
            for slot, name in record.keyed.items():
                rows[slot][n] = keyed.setdefault((key, name), len(keyed))
        none: dict[VisitName, int] = {}
        visits = [fold.visits.get(key, none).get(name, 0) for key, name in keyed]
        owners: dict[int, int] = {}
        own = [owners.setdefault(member, len(owners)) for member, _ in run.member_years]
        rows["account"] = np.where(rows["account"] < 0, -1, own)
        balances = [fold.balances.get(member, 0) for member in owners]
        return _State(
            lines,
            counters.reshape(-1, COUNTERS_PER_MEMBER_YEAR),
            keyed,
            np.array(visits, dtype=np.int64),
            owners,
            np.array(balances, dtype=np.int64),
            rows,
        )

    def _count(self, run: _Run) -> None:
        """Count the settlements in the digest."""
        fold, claim = self._fold, run.entries["claim"]
        members, institutions = fold.members, fold.institutions
        empty = [""] * len(claim)
        texts = zip(
            [institutions[n] for n in claim["institution"].tolist()],
            run.request_ids,
            [members[n].id for n in claim["member"].tolist()],
            run.texts.column("visit", run.rows),
            run.texts.column("disease", run.rows),
            [institutions[n] if n >= 0 else "" for n in claim["prescriber"].tolist()],
            run.texts.column("admission", run.rows),
            run.texts.column("prescription", run.rows),
            empty,
            empty,
            strict=True,
        )
        numbers = np.empty((len(claim), len(NUMBERS) + len(AMOUNTS)), dtype=np.int64)
        for column, name in enumerate(NUMBERS):
            numbers[:, column] = claim[name]
        for column, name in enumerate(AMOUNTS, len(NUMBERS)):
            numbers[:, column] = run.entries["result"][name]
        self._digest.add_columns(texts, numbers)

    def _book(self, run: _Run, state: _State, links: _Links) -> None:
        """Move the fold along, as the entries would one by one."""
        fold, report, result = self._fold, self._report, run.entries["result"]
        fold.position += len(run.entries)
        fold.counters.update(zip(state.lines, state.counters.tolist(), strict=True))
        fold.last_entry.update(links.last_entry)
        for (key, visit), fen in zip(state.keyed, state.visits.tolist(), strict=True):
            fold.visits.setdefault(key, {})[visit] = fen
        for member in links.account_entry:
            fold.balances[member] = int(state.balances[state.owners[member]])
        fold.account_entry.update(links.account_entry)
        fold.keys.update(links.keys)
        report.settlements += len(run.entries)
        report.total_fen += int(result["total"].sum())
        for name in PAYERS:
            report.payers_fen[name] += int(result[name].sum())


def _are_among(values: Array, ascending: Array) -> Array:
    """Return which values are in an array of `_ascending`; it is not walked to tell."""
    found: Array = ascending[np.searchsorted(ascending, values)] == values
    return found


def _ascending(values: Iterable[int]) -> Array:
    """Return values in order, with one behind them that is larger than any."""
    return np.array([*sorted(values), np.iinfo(np.int64).max], dtype=np.int64)


def _list(entries: Array, part: str, name: str) -> list[int]:
    values: list[int] = entries[part][name].tolist()
    return values


def _records_of_keys(run: _Run) -> Iterator[tuple[int, Record]]:
    """Yield the entries that move a counter with a key, with so much as says which."""
    claim, row = run.entries["claim"], run.entries["row"]
    counting = np.zeros(len(row), dtype=bool)
    for name in KEYED_SLOTS:
        counting |= row[name] >= 0
    here = np.flatnonzero(counting)
    numbers = here + run.rows.start
    visits, diseases = (run.texts.column(name, numbers) for name in ("visit", "disease"))
    claims = zip(*(claim[name][here].tolist() for name in _CLAIM_OF_KEY), strict=True)
    rows = zip(*(row[name][here].tolist() for name in _ROW_OF_KEY), strict=True)
    for n, of_claim, of_row, visit, disease in zip(
        here.tolist(), claims, rows, visits, diseases, strict=True
    ):
        text = EntryText("", run.request_ids[n], visit, disease, "")
        fields = dict(zip(_CLAIM_OF_KEY, of_claim, strict=True))
        of = dict(zip(_ROW_OF_KEY, of_row, strict=True))
        yield n, Record(0, 0, {}, fields, of, {}, text, b"")


def _settles_alike(state: _State, entries: Array, fold: Fold) -> bool:
    """Return whether the reference kernel comes to the stored results, from no debt to none."""
    before = state.counters, state.visits, state.balances
    if any((values < 0).any() for values in before):
        return False
    results = np.zeros(len(entries), dtype=RESULT)
    settle(state.rows, fold.plans, state.counters, state.visits, results)
    pay_accounts(state.rows, results, state.balances)
    return bool((results == entries["result"]).all())
