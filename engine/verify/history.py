"""What clients were told, held against what the journal says: for tests that break things.

A client writes down every request it sends and every answer it gets. After a crash, a power cut
or a storm of retries the journal is asked: is everything there that was answered, is anything
there twice, and does a stored entry say what its client was told?
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

import numpy as np

from engine.domain.bill import encode_lines
from engine.domain.claim import Claim
from engine.domain.journal import EntryKind, EntryText, SegmentKind
from engine.domain.layout import (
    AMOUNTS,
    FLAG_EMERGENCY,
    FLAG_MANUAL,
    FLAG_REFERRED,
    FLAG_STATEMENT,
    FLAG_USE_ACCOUNT,
)
from engine.state.registers import institutions_from_json, members_from_json
from engine.store.protocol import Store
from engine.verify.fold import Fold

EXAMPLES_KEPT: Final = 20


class Asked(Enum):
    """What was asked."""

    SETTLE = "settle"
    CANCEL = "cancel"
    REVERSE = "reverse"


class Told(Enum):
    """What the client was told."""

    APPLIED = "applied"
    """Settled, cancelled or reversed, now or as a replay."""
    BARRED = "barred"
    """There was nothing to reverse, and the id of the original is barred by a tombstone."""
    REFUSED = "refused"
    """Nothing was changed; also: there was nothing to reverse, and nothing to bar."""


class Outcome(NamedTuple):
    """An answer: what was told, the journal position and the amounts of `AMOUNTS` it named.

    Position 0 or no amounts: the answer did not name them, and they are not compared.
    """

    told: Told
    position: int = 0
    amounts: tuple[int, ...] = ()


class Event(NamedTuple):
    """One request as its client saw it; `outcome` None: no answer came, or an unknown one."""

    asked: Asked
    institution: str
    request_id: str
    claim: Claim | None = None
    outcome: Outcome | None = None


@dataclass(slots=True)
class HistoryReport:
    """Counts that must be 0, but for the two of unanswered requests."""

    acked_missing: int = 0
    """Answered as applied or barred, and not in the journal."""
    applied_twice: int = 0
    """More than one act for one request id."""
    answer_changed: int = 0
    """The stored entry has another position or other amounts than the client was told."""
    content_changed: int = 0
    """The stored claim is not the one that was sent."""
    refused_but_present: int = 0
    """Every answer to the request was a refusal, and yet it is in the journal."""
    never_sent: int = 0
    """In the journal, and nobody sent it."""
    unknown_present: int = 0
    """Never answered, and in the journal: allowed."""
    unknown_absent: int = 0
    """Never answered, and not in the journal: allowed."""
    examples: list[str] = field(default_factory=list)
    """The first few of what must not be, as (count, institution, request id)."""

    @property
    def ok(self) -> bool:
        """Whether every count that must be 0 is 0."""
        return not any(getattr(self, name) for name in MUST_BE_ZERO)

    def note(self, name: str, key: "_Key") -> None:
        """Count something that must not be."""
        setattr(self, name, getattr(self, name) + 1)
        if len(self.examples) < EXAMPLES_KEPT:
            self.examples.append(f"{name}: {key[0]} {key[1]}")


MUST_BE_ZERO: Final = (
    "acked_missing",
    "applied_twice",
    "answer_changed",
    "content_changed",
    "refused_but_present",
    "never_sent",
)

_Key = tuple[str, str]
"""(institution, request id)"""


class _Stored(NamedTuple):
    """What the journal has under a request id; `claim` is the record that was sent, or empty."""

    kind: int
    position: int
    amounts: tuple[int, ...]
    claim: tuple[object, ...]


def settled(record: np.void) -> Outcome:
    """Return the outcome that an answered record (layout `ENTRY`) stands for, its parts as one."""
    result = record["result"]
    amounts = tuple(int(result[name]) for name in AMOUNTS)
    return Outcome(Told.APPLIED, int(record["link"]["position"]), amounts)


def check_history(
    history: Iterable[Event], store: Store, *, complete: bool = True
) -> HistoryReport:
    """Hold what clients saw against the journal.

    Args:
        history: every request and its answer, a repeated one once for each time it was sent.
        store: whose journal is read.
        complete: whether the history names every request that the journal may hold.
    """
    report = HistoryReport()
    stored = _read(store)
    events: dict[_Key, list[Event]] = defaultdict(list)
    for event in history:
        events[event.institution, event.request_id].append(event)
    counts = Counter(key for key, _ in stored)
    entries = dict(stored)
    for key, count in counts.items():
        if count > 1:
            report.note("applied_twice", key)
        if complete and key not in events:
            report.note("never_sent", key)
    for key, seen in events.items():
        _compare(key, seen, entries.get(key), report)
    return report


def _compare(key: _Key, events: list[Event], stored: _Stored | None, report: HistoryReport) -> None:
    """Compare what was told of one request id, over all its repetitions, with the journal."""
    outcomes = [event.outcome for event in events if event.outcome is not None]
    promised = [outcome for outcome in outcomes if outcome.told != Told.REFUSED]
    if stored is None:
        if promised:
            report.note("acked_missing", key)
        elif len(outcomes) < len(events):
            report.unknown_absent += 1
        return
    if not promised:
        if len(outcomes) == len(events):
            report.note("refused_but_present", key)
        else:
            report.unknown_present += 1
    if any(_differs(outcome, stored) for outcome in promised):
        report.note("answer_changed", key)
    sent = [_content(event.claim) for event in events if event.claim is not None]
    if stored.claim and sent and stored.claim not in sent:
        report.note("content_changed", key)


def _differs(outcome: Outcome, stored: _Stored) -> bool:
    if (outcome.told == Told.BARRED) != (stored.kind == EntryKind.TOMBSTONE):
        return True
    if outcome.position and outcome.position != stored.position:
        return True
    return bool(outcome.amounts) and outcome.amounts != stored.amounts


def _content(claim: Claim) -> tuple[object, ...]:
    """Return the parts of a claim that are compared: all but the ids it is known by."""
    flags = (
        claim.emergency * FLAG_EMERGENCY
        | claim.referred * FLAG_REFERRED
        | claim.statement * FLAG_STATEMENT
        | claim.manual * FLAG_MANUAL
        | claim.use_account * FLAG_USE_ACCOUNT
    )
    return (
        claim.member,
        claim.prescriber,
        claim.service_date,
        claim.until_date,
        claim.total_fen,
        claim.in_scope_fen,
        claim.pre_payment_fen,
        claim.over_limit_fen,
        claim.non_covered_fen,
        claim.liable_fen,
        int(claim.benefit),
        int(claim.liability),
        int(claim.papers),
        flags,
        claim.visit,
        claim.disease,
        claim.admission,
        claim.prescription,
        "",
        encode_lines(claim.lines).decode(),
        claim.payer,
    )


def _read(store: Store) -> list[tuple[_Key, _Stored]]:
    """Return what the journal has under each request id, a repeated one as often as it is there.

    A settlement is under its own id; an undo or a tombstone under the undo's. The entries of one
    act stand there once, their amounts added up.
    """
    fold = Fold()
    stored: list[tuple[_Key, _Stored]] = []
    for _, segment in store.segments(0, 0):
        if segment.kind == SegmentKind.MEMBERS:
            for member in members_from_json(segment.text):
                fold.put_member(member)
        elif segment.kind == SegmentKind.INSTITUTIONS:
            for institution in institutions_from_json(segment.text):
                fold.put_institution(institution)
        elif segment.kind == SegmentKind.ENTRIES:
            for record, text in segment.entry_texts():
                key, entry = _read_entry(fold, record, text)
                if record["link"]["part"] and stored and stored[-1][0] == key:
                    whole = stored[-1][1]
                    added = map(sum, zip(whole.amounts, entry.amounts, strict=True))
                    stored[-1] = key, whole._replace(amounts=tuple(added))
                else:
                    stored.append((key, entry))
    return stored


def _read_entry(fold: Fold, record: np.void, text: EntryText) -> tuple[_Key, _Stored]:
    """Return the key of an entry, and what it says."""
    claim, link, result = record["claim"], record["link"], record["result"]
    kind = int(link["kind"])
    content: tuple[object, ...] = ()
    if kind == EntryKind.SETTLEMENT:
        prescriber = int(claim["prescriber"])
        payer = int(claim["payer"])
        content = (
            fold.members[int(claim["member"])].id,
            fold.institutions[prescriber] if prescriber >= 0 else "",
            *(int(claim[name]) for name in _NUMBERS),
            *text._replace(payer="")[2:],
            fold.members[payer].id if payer >= 0 else text.payer,
        )
    own = text.request_id if kind == EntryKind.SETTLEMENT else text.undo_id
    key = fold.institutions[int(claim["institution"])], own
    amounts = tuple(int(result[name]) for name in AMOUNTS)
    return key, _Stored(kind, int(link["position"]), amounts, content)


_NUMBERS: Final = (
    "service_date",
    "until_date",
    "total",
    "in_scope",
    "pre_payment",
    "over_limit",
    "non_covered",
    "liable",
    "benefit",
    "liability",
    "papers",
    "flags",
)
"""Numbers of a claim's record, in the order of `_content`."""
