"""The signals of every account of a journal, in one pass over it.

What accounts paid is kept as columns, 48 bytes a payment from the first day of the period on; only
accounts in which something is frequent enough are looked at one by one, by `engine.domain.signals`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from engine.domain.dates import china_day
from engine.domain.journal import Segment, SegmentKind
from engine.domain.layout import ENTRY, Array
from engine.domain.movement import Act, MovementKind, act_from_json
from engine.domain.register import Institution, Member
from engine.domain.signals import Limits, Payment, Signal, signals_of
from engine.state.register import Register
from engine.store.protocol import Store

Progress = Callable[[int, int], None]
"""Takes how many journal positions are read, and how many there are."""

_CHUNK: Final = 4_000_000
"""Bytes of entries that are looked at together."""
_DAYS: Final = 10**8
"""Above every YYYYMMDD."""
_AGENCY: Final = -1
"""In place of an institution's number."""

_PAID: Final = np.dtype(
    [
        ("position", "<i8"),
        ("claim", "<i8"),
        ("owner", "<i4"),
        ("institution", "<i4"),
        ("day", "<i4"),
        ("person", "<i4"),
        ("fen", "<i8"),
        ("before", "<i8"),
    ]
)
"""What one account paid by one entry or movement; `claim` is the position of the claim's first
part. Where `fen` is 0, nothing was paid: it says that the account was moved, on which day."""

_ACCOUNTS: Final = (
    ("member", "account", "account_before"),
    ("payer", "family_account", "family_before"),
)
"""Of the accounts that an entry may move: the owner in `CLAIM`, what it pays and its balance before
in `RESULT`."""


def find_signals(
    store: Store,
    members: Register[Member],
    institutions: Register[Institution],
    days: tuple[int, int],
    limits: Limits,
    progress: Progress,
) -> Iterator[Signal]:
    """Yield the signals of every account, account by account in the order of the register.

    Args:
        store: Whose journal is read.
        members: The register as the journal has it at its end.
        institutions: Likewise.
        days: The first and the last day of the period, YYYYMMDD, as the ledger booked.
        limits: From which number on a pattern is a signal.
        progress: Told now and then how far the pass is.
    """
    journal = _Journal(members, institutions, days[0])
    for _, segment in store.segments(store.sequence, 0):
        if journal.take(segment):
            progress(segment.next_position - 1, store.last_position)
    paid = journal.payments(days[1])
    progress(store.last_position, store.last_position)
    owners = _candidates(paid, limits)
    starts, ends = (np.searchsorted(paid["owner"], owners, side) for side in ("left", "right"))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield from signals_of(journal.named(paid[start:end]), limits)


class _Journal:
    """What is kept of a journal while it is read."""

    def __init__(
        self, members: Register[Member], institutions: Register[Institution], first_day: int
    ) -> None:
        self._members = members
        self._institutions = institutions
        self._first_day = first_day
        self._strangers: dict[str, int] = {}
        """Numbers of persons whom the register does not have, after those of the register."""
        self._latest = 0
        """The latest day so far."""
        self._waiting: list[tuple[bytes, int, int]] = []
        """Records, count and day of the segments of entries that are not looked at yet."""
        self._bytes = 0
        self._paid: list[Array] = []
        self._rows: list[tuple[int, ...]] = []
        self._undone: list[Array] = []
        self._undone_acts: list[int] = []

    def take(self, segment: Segment) -> bool:
        """Read a segment; return whether that ended a chunk."""
        day = china_day(segment.instant)
        is_late = day < self._latest
        self._latest = max(self._latest, day)
        if segment.kind == SegmentKind.ENTRIES:
            if is_late:
                self._moved_entries(segment, day)
            self._waiting.append((segment.records, segment.count, day))
        elif segment.kind == SegmentKind.MOVEMENTS:
            act = act_from_json(segment.text)
            if is_late and act.kind != MovementKind.BARRED:
                self._moved_by_act(segment, day)
            self._take_act(segment, act, day)
        self._bytes += len(segment.records)
        if self._bytes < _CHUNK:
            return False
        self._take_entries()
        return True

    # --- the clock went back --------------------------------------------------------------
    #
    # A booked day is never after that of what moved the account later. Only what was booked on an
    # earlier day than something before it can put that off, so only that is noted.

    def _moved_entries(self, segment: Segment, day: int) -> None:
        """Note whose accounts were moved on an earlier day than what stands before."""
        entries = segment.entries()
        for owner, paid, _ in _ACCOUNTS:
            moved = entries[entries["result"][paid] != 0]
            self._paid.append(
                _rows(moved["link"]["position"], moved["claim"][owner], np.int64(day))
            )

    def _moved_by_act(self, segment: Segment, day: int) -> None:
        moved = segment.movements()
        positions = segment.first_position + np.arange(segment.count)
        self._paid.append(_rows(positions, moved["member"], np.int64(day)))

    # --- what was paid --------------------------------------------------------------------

    def _take_entries(self) -> None:
        """Keep what the entries that wait have paid and undone."""
        self._bytes = 0
        if not self._waiting:
            return
        records, counts, segment_days = zip(*self._waiting, strict=True)
        self._waiting = []
        entries = np.frombuffer(b"".join(records), dtype=ENTRY)
        days = np.repeat(np.array(segment_days), np.array(counts))
        undoes = entries["link"]["undoes"]
        self._undone.append(undoes[undoes != 0])
        for owner, paid, before in _ACCOUNTS:
            chosen = (entries["result"][paid] > 0) & (days >= self._first_day)
            link, claim, result = (entries[name][chosen] for name in ("link", "claim", "result"))
            rows = _rows(link["position"], claim[owner], days[chosen])
            rows["claim"] -= link["part"]
            rows["institution"] = claim["institution"]
            rows["person"] = claim["member"]
            rows["fen"] = result[paid]
            rows["before"] = result[before]
            self._paid.append(rows)

    def _take_act(self, segment: Segment, act: Act, day: int) -> None:
        """Keep what a payment outside of claims has paid or undone."""
        if act.kind != MovementKind.PAYMENT:
            return
        if act.undoes:
            self._undone_acts.append(act.undoes)
            return
        (record,) = segment.movements()
        owner, fen = int(record["member"]), -int(record["fen"])
        if fen <= 0 or day < self._first_day:
            return
        at = self._institutions.numbers[act.institution] if act.institution else _AGENCY
        person = self._person(act.person) if act.person else owner
        before, position = int(record["balance"]) + fen, segment.first_position
        self._rows.append((position, position, owner, at, day, person, fen, before))

    def _person(self, name: str) -> int:
        """Return the number of a person, of the register or not."""
        number = self._members.numbers.get(name)
        if number is None:
            after = len(self._members) + len(self._strangers)
            number = self._strangers.setdefault(name, after)
        return number

    def payments(self, last_day: int) -> Array:
        """Return what was paid in the period and stands, by owner and position.

        The parts of a claim are one payment.
        """
        self._take_entries()
        paid = np.concatenate([*self._paid, np.array(self._rows, dtype=_PAID)])
        undone = np.concatenate([*self._undone, np.array(self._undone_acts, dtype=np.int64)])
        self._paid, self._rows = [], []
        paid = paid[np.lexsort((paid["position"], paid["owner"]))]
        _put_days_back(paid)
        in_period = (paid["day"] >= self._first_day) & (paid["day"] <= last_day)
        paid = paid[in_period & (paid["fen"] > 0) & ~np.isin(paid["position"], undone)]
        starts = _starts(paid, ("owner", "claim"))
        if not len(starts):
            return paid
        fen = np.add.reduceat(paid["fen"], starts)
        paid = paid[starts]
        paid["fen"] = fen
        return paid

    def named(self, paid: Array) -> list[Payment]:
        """Return payments with ids in place of numbers."""
        members, institutions = self._members.items, self._institutions.items
        strangers = list(self._strangers)
        named = []
        for position, _, owner, at, day, person, fen, before in paid.tolist():
            known = person < len(members)
            named.append(
                Payment(
                    position,
                    members[owner].id,
                    "" if at == _AGENCY else institutions[at].id,
                    day,
                    members[person].id if known else strangers[person - len(members)],
                    fen,
                    before,
                )
            )
        return named


def _rows(positions: Array, owners: Array, days: Array | np.int64) -> Array:
    """Return rows of `_PAID` that say which accounts were moved where and when."""
    rows = np.zeros(len(positions), dtype=_PAID)
    rows["position"] = rows["claim"] = positions
    rows["owner"] = owners
    rows["day"] = days
    return rows


def _put_days_back(paid: Array) -> None:
    """Put each day back to the earliest of what moved the account later; by owner and position."""
    offsets = paid["owner"] * np.int64(_DAYS)
    # Read from the end, every owner's days lie below those of the owners read before.
    earliest = np.minimum.accumulate((offsets + paid["day"])[::-1])[::-1]
    paid["day"] = earliest - offsets


def _starts(rows: Array, names: Sequence[str]) -> Array:
    """Return where a value of these columns differs from the row before, the first included."""
    differs = np.zeros(len(rows), dtype=bool)
    differs[:1] = True
    for name in names:
        differs[1:] |= rows[name][1:] != rows[name][:-1]
    return np.flatnonzero(differs)


def _groups(rows: Array, names: Sequence[str]) -> tuple[Array, Array]:
    """Return the first row of each group with equal values in these columns, and the sizes."""
    ordered = rows[np.lexsort([rows[name] for name in reversed(names)])]
    starts = _starts(ordered, names)
    return ordered[starts], np.diff(starts, append=len(rows))


def _candidates(paid: Array, limits: Limits) -> Array:
    """Return the numbers of the owners in whose payments there is a signal, each once, in order."""

    def often(rows: Array, names: Sequence[str], limit: int) -> Array:
        firsts, sizes = _groups(rows, names)
        return firsts["owner"][sizes >= limit]

    placed = paid[paid["institution"] != _AGENCY]
    places, _ = _groups(placed, ("owner", "day", "institution"))
    persons, _ = _groups(paid, ("owner", "person"))
    emptied = (paid["fen"] == paid["before"]) & (paid["fen"] >= limits.emptied_fen)
    found = (
        often(paid, ("owner", "day"), limits.many_a_day),
        often(placed, ("owner", "institution", "fen"), limits.same_amount),
        paid["owner"][emptied],
        often(places, ("owner", "day"), limits.places_a_day),
        often(persons, ("owner",), limits.several_persons),
    )
    return np.unique(np.concatenate(found))
