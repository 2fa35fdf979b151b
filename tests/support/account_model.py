"""Accounts as a dictionary: what each answer moved, held against what the rules of ours allow.

It asks the city's rules what a credit comes to, and nothing of the ledger: no table, no chain.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from engine.domain.account import CreditPart
from engine.domain.claim import Claim
from engine.domain.codes import Mode
from engine.domain.movement import (
    Act,
    CreditedMember,
    CreditedStep,
    CreditMember,
    CreditStep,
    Dispose,
    Moved,
    Pay,
    UndoMovement,
)
from engine.domain.reasons import Detail, Reason
from engine.domain.register import Member
from engine.domain.request import (
    Accepted,
    Answer,
    BatchAnswer,
    Cancel,
    ItemError,
    NothingToReverse,
    PutMembers,
    Refused,
    Request,
    Reverse,
    SettleBatch,
    Undone,
)
from engine.rules.account import Credit, Credited, credit
from engine.rules.book import PlanBook
from tests.support.runner import plain

Key = tuple[str, str, str]
"""Of a request id: `claim` or `account`, who asked, the id."""


class Line(NamedTuple):
    """What a statement must say of one movement."""

    position: int
    moved_fen: int
    balance_fen: int
    undoes: int


@dataclass
class Stood:
    """Something that moved accounts and was not taken back."""

    kind: str
    """`settlement`, `payment`, `disposal` or `credit`."""
    position: int
    institution: str
    request_id: str
    """Empty for a credit."""
    moves: dict[str, int]
    """Fen by member, as they were added."""
    month: int = 0
    parts: tuple[int, ...] = ()
    """Of a credit, fen by part."""
    act: Act | None = None


@dataclass
class Model:
    """Balances and what stands, from the answers alone."""

    book: PlanBook
    members: dict[str, Member] = field(default_factory=dict)
    opened: dict[str, int] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[Line]] = field(default_factory=dict)
    closed_by: dict[str, int] = field(default_factory=dict)
    posted: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    standing: dict[int, Stood] = field(default_factory=dict)
    first: dict[Key, object] = field(default_factory=dict)
    """The first answer that used an id up, in a form to compare."""
    undone: set[Key] = field(default_factory=set)
    barred: set[Key] = field(default_factory=set)
    met: Counter[str] = field(default_factory=Counter)
    moved: set[str] = field(default_factory=set)
    """Whose account the last answer moved."""

    def enter(self, members: Sequence[Member], openings: dict[str, int]) -> None:
        """Take people with what their accounts hold at first."""
        for member in members:
            self.members[member.id] = member
            self.opened[member.id] = self.balances[member.id] = openings.get(member.id, 0)
            self.lines[member.id] = []

    def take(self, request: Request, answer: Answer, next_position: int) -> None:
        """Take an answer; `next_position` is the journal's before the request."""
        self.moved.clear()
        if isinstance(answer, ItemError):
            self.met[f"{type(request).__name__} malformed"] += 1
            return
        match request:
            case SettleBatch():
                self._settle(request, answer, next_position)
            case Cancel() | Reverse():
                self._undo_settlement(request, answer, next_position)
            case Pay() | Dispose() | UndoMovement():
                self._account(request, answer, next_position)
            case CreditMember():
                self._credit_member(request, answer, next_position)
            case CreditStep():
                self._credit_step(request, answer, next_position)
            case PutMembers():
                assert isinstance(answer, Accepted)
                assert not answer.errors
                self.members.update({member.id: member for member in request.members})
                self.met["register changed"] += 1

    # --- what moves ----------------------------------------------------------------------

    def _move(self, member: str, fen: int, position: int, undoes: int = 0) -> None:
        self.balances[member] += fen
        self.moved.add(member)
        assert self.balances[member] >= 0, f"{member} is overdrawn by movement {position}"
        self.lines[member].append(Line(position, fen, self.balances[member], undoes))

    def _take_back(self, position: int, at: int, key: Key) -> Stood:
        """Move back what stands at a position, by an undo that is `at` another one."""
        stood = self.standing.pop(position)
        for member, fen in stood.moves.items():
            self._move(member, -fen, at, position)
        if stood.request_id:
            self.undone.add((key[0], stood.institution, stood.request_id))
        return stood

    def _is_new(self, key: Key, answer: object, *, replayed: bool) -> bool:
        """Return whether an id was used up now; the second time it has the first answer."""
        assert (key in self.first) == replayed, f"{key}: replayed {replayed}"
        assert key not in self.undone | self.barred, f"{key} was answered though it is used up"
        if replayed:
            assert self.first[key] == answer, f"{key} has another answer the second time"
            self.met[f"{key[0]} again"] += 1
            return False
        self.first[key] = answer
        return True

    def _refused(self, request: object, key: Key, refused: Refused) -> None:
        if key in self.undone:
            assert refused.detail == Detail.UNDONE
        if key in self.barred:
            assert refused.detail == Detail.REVERSED_BEFORE_ARRIVAL
        detail = f" {refused.detail.name}" if refused.detail else ""
        self.met[f"{type(request).__name__} {refused.reason.name}{detail}"] += 1

    # --- settlements ---------------------------------------------------------------------

    def _settle(self, request: SettleBatch, answer: Answer, position: int) -> None:
        assert isinstance(answer, BatchAnswer)
        if request.preview:
            self.met["preview"] += 1
            return
        for row, claim in enumerate(request.claims):
            key = ("claim", claim.institution, claim.request_id)
            if row in answer.errors:
                self.met["claim malformed"] += 1
            elif row in answer.refusals:
                self._refused(claim, key, answer.refusals[row])
            else:
                replayed = row in answer.replayed
                found = plain(answer, row)
                assert isinstance(found, tuple)
                if self._is_new(key, found[2], replayed=replayed):
                    assert int(answer.entries[row]["link"]["position"]) == position
                    self._settled(claim, answer.entries[row]["result"], position)
                    position += 1

    def _settled(self, claim: Claim, result: np.void, position: int) -> None:
        own, family = int(result["account"]), int(result["family_account"])
        member, payer = claim.member, claim.payer
        assert int(result["person"]) == own + family + int(result["cash"])
        has = self.members[member].mode == Mode.COMBINED and not self.closed_by.get(member)
        wanted = min(self.balances[member], int(result["account_allowed"]))
        assert own == (wanted if has and claim.use_account else 0), "the own account"
        wanted = 0
        if payer and not result["family_reason"]:
            assert not self.closed_by.get(payer), "a closed account pays for a relative"
            wanted = min(self.balances[payer], max(0, int(result["family_allowed"]) - own))
        assert family == wanted, "the relative's account"
        moves = {name: -fen for name, fen in ((member, own), (payer, family)) if fen}
        for name, fen in moves.items():
            self._move(name, fen, position)
        self.standing[position] = Stood(
            "settlement", position, claim.institution, claim.request_id, moves
        )
        self.met["settled"] += 1
        self.met["settled, own account"] += own > 0
        self.met["settled, relative's account"] += family > 0
        self.met["settled, both accounts"] += own > 0 < family
        if payer and result["family_reason"]:
            self.met[f"relative {Reason(result['family_reason']).name}"] += 1

    def _undo_settlement(self, request: Cancel | Reverse, answer: Answer, position: int) -> None:
        key = ("claim", request.institution, request.request_id)
        if isinstance(answer, Refused):
            return self._refused(request, key, answer)
        if isinstance(answer, NothingToReverse):
            assert isinstance(request, Reverse)
            return self._nothing(("claim", *key[1:]), request.original_request_id, answer, position)
        assert isinstance(answer, Undone)
        found = plain(answer, 0)
        assert isinstance(found, tuple)
        if not self._is_new(key, found[2], replayed=answer.replayed):
            return None
        link, result = answer.entry.record["link"], answer.entry.record["result"]
        stood = self._take_back(int(link["undoes"]), position, key)
        assert stood.kind == "settlement"
        owed = -int(result["account"]) - int(result["family_account"])
        assert owed == -sum(stood.moves.values()), "what was paid is not what is given back"
        self.met[f"{type(request).__name__} done"] += 1
        self.met["given back to a closed account"] += any(map(self.closed_by.get, stood.moves))
        return None

    def _nothing(
        self, key: Key, original: str, answer: NothingToReverse, next_position: int
    ) -> None:
        barred = (key[0], key[1], original)
        if not answer.tombstone:
            assert barred in self.undone | self.barred
            self.met["undone already"] += 1
        elif self._is_new(key, answer.request_id, replayed=answer.replayed):
            assert answer.tombstone == next_position
            self.barred.add(barred)
            self.met[f"{key[0]} barred"] += 1

    # --- payments, disposals, their undo -------------------------------------------------

    def _account(
        self, request: Pay | Dispose | UndoMovement, answer: Answer, position: int
    ) -> None:
        by = "" if isinstance(request, Dispose) else request.institution
        key = ("account", by, request.request_id)
        if isinstance(answer, Refused):
            return self._refused_account(request, key, answer)
        if isinstance(answer, NothingToReverse):
            assert isinstance(request, UndoMovement)
            return self._nothing(key, request.original_request_id, answer, position)
        assert isinstance(answer, Moved)
        first = answer._replace(replayed=False)
        if not self._is_new(key, first, replayed=answer.replayed):
            return None
        assert answer.position == position
        if isinstance(request, UndoMovement):
            self._movement_undone(request, answer, key)
        elif isinstance(request, Pay):
            self._paid(request, answer)
        else:
            self._disposed(request, answer)
        assert answer.balance_fen == self.balances[answer.member]
        return None

    def _refused_account(
        self, request: Pay | Dispose | UndoMovement, key: Key, answer: Refused
    ) -> None:
        if isinstance(request, UndoMovement):
            if answer.reason == Reason.NO_BALANCE:
                stood = self._named(request)
                short = any(self.balances[name] < fen for name, fen in stood.moves.items())
                assert short, "there is enough to take it back"
        elif answer.reason == Reason.NO_BALANCE:
            assert self.balances[request.member] == 0
        elif answer.reason == Reason.NO_ACCOUNT:
            pooled = self.members[request.member].mode == Mode.POOLED_ONLY
            assert pooled or self.closed_by.get(request.member)
        self._refused(request, key, answer)

    def _named(self, request: UndoMovement) -> Stood:
        """Return what stands and is named by an undo."""
        if request.movement:
            return self.standing[request.movement]
        by = (request.institution, request.original_request_id)
        found = [s for s in self.standing.values() if s.kind != "settlement"]
        return next(s for s in found if (s.institution, s.request_id) == by)

    def _paid(self, request: Pay, answer: Moved) -> None:
        balance = self.balances[request.member]
        assert balance > 0
        assert not self.closed_by.get(request.member), "a closed account pays"
        assert answer.fen == -min(request.amount_fen, balance)
        self._stand("payment", answer)
        self.met["paid"] += 1
        self.met["paid in part"] += request.amount_fen > balance
        self.met["paid for a relative"] += bool(answer.act.person)

    def _disposed(self, request: Dispose, answer: Moved) -> None:
        closes = answer.act.closes
        assert answer.fen == (-self.balances[request.member] if closes else 0)
        self._stand("disposal", answer)
        if closes and not self.closed_by.get(request.member):
            self.closed_by[request.member] = answer.position
            self.met["closed"] += 1
        else:
            self.met["disposed of again" if closes else "kept"] += 1

    def _stand(self, kind: str, answer: Moved) -> None:
        act = answer.act
        self._move(answer.member, answer.fen, answer.position)
        self.standing[answer.position] = Stood(
            kind,
            answer.position,
            act.institution,
            act.request_id,
            {answer.member: answer.fen},
            act=act,
        )

    def _movement_undone(self, request: UndoMovement, answer: Moved, key: Key) -> None:
        named = self._named(request)
        assert named.position == answer.act.undoes
        assert named.institution == request.institution
        stood = self._take_back(named.position, answer.position, key)
        assert stood.moves == {answer.member: -answer.fen}
        if stood.kind == "credit":
            before = self.posted[answer.member, stood.month]
            for part, fen in enumerate(stood.parts):
                before[part] -= fen
        if self.closed_by.get(answer.member) == stood.position:
            del self.closed_by[answer.member]
            self.met["opened again"] += 1
        by = "id" if request.movement else "request"
        self.met[f"{stood.kind} undone by {by}"] += 1

    # --- credits -------------------------------------------------------------------------

    def due(self, member: Member, month: int) -> Credit:
        """Return what the rules give a member for a month."""
        day = month * 100 + 1
        base_fen, own_fen = next(
            ((base, own) for base, own, days in member.contributions if day in days), (0, 0)
        )
        asked = Credited(
            status=member.status_on(day),
            born_on=member.born_on,
            mode=member.mode,
            employment=member.employment,
            base_fen=base_fen,
            own_contribution_fen=own_fen,
            months_combined=member.months_combined,
            months_pooled_only=member.months_pooled_only,
            still_paying=any(day in days for days in member.still_paying),
        )
        return credit(self.book.account_on(member.city, day), month, asked)

    def _differences(self, member: str, month: int, due: Credit) -> tuple[list[int], int]:
        """Return what is to be posted by part, and what is too much and spent."""
        before = self.posted.get((member, month), [0] * len(CreditPart))
        wanted = [-fen for fen in before]
        for each in due.parts:
            wanted[each.part - 1] += each.fen
        short = max(0, -(self.balances[member] + sum(wanted)))
        left = short
        for part, fen in enumerate(wanted):
            less = min(left, max(0, -fen))
            wanted[part] += less
            left -= less
        return wanted, short

    def _post(self, member: str, month: int, differences: list[int], position: int) -> None:
        before = self.posted.setdefault((member, month), [0] * len(CreditPart))
        for part, fen in enumerate(differences):
            before[part] += fen
        fen = sum(differences)
        self._move(member, fen, position)
        self.standing[position] = Stood(
            "credit", position, "", "", {member: fen}, month, tuple(differences)
        )
        self.met["credited"] += fen > 0
        self.met["credit taken back"] += fen < 0
        self.met["credit moved between parts"] += fen == 0

    def _credit_member(self, request: CreditMember, answer: Answer, position: int) -> None:
        due = self.due(self.members[request.member], request.month)
        closed = self.closed_by.get(request.member)
        if isinstance(answer, Refused):
            assert answer.reason == (due.reason or Reason.NO_ACCOUNT)
            assert due.reason or closed
            self.met[f"CreditMember {answer.reason.name}"] += 1
            return
        assert isinstance(answer, CreditedMember)
        assert not due.reason
        assert not closed
        differences, short = self._differences(request.member, request.month, due)
        assert (answer.fen, answer.moved_fen, answer.short_fen) == (
            due.fen,
            sum(differences),
            short,
        )
        assert [(p.part, p.fen) for p in answer.parts] == [(p.part, p.fen) for p in due.parts]
        assert answer.position == (position if any(differences) else 0)
        if any(differences):
            self._post(request.member, request.month, differences, position)
        else:
            self.met["credited before"] += 1
        self.met["credit short"] += short > 0
        assert answer.balance_fen == self.balances[request.member]

    def _credit_step(self, request: CreditStep, answer: Answer, position: int) -> None:
        if isinstance(answer, Refused):
            assert answer.reason == Reason.NO_RULE
            self.met["CreditStep NO_RULE"] += 1
            return
        assert isinstance(answer, CreditedStep)
        names = list(self.members)[request.first : request.first + request.at_most]
        names = [name for name in names if self.members[name].city == request.city]
        total: Counter[str] = Counter(members=len(names))
        reasons: Counter[Reason] = Counter()
        for name in names:
            due = self.due(self.members[name], request.month)
            if due.reason or self.closed_by.get(name):
                reasons[Reason.NO_ACCOUNT if self.closed_by.get(name) else due.reason] += 1
                continue
            differences, short = self._differences(name, request.month, due)
            total["before_fen"] += sum(self.posted.get((name, request.month), ()))
            total["credit_fen"] += due.fen
            total["without_account"] += not due.parts
            total["short_fen"] += short
            if any(differences):
                fen = sum(differences)
                total.update(posted=1, posted_fen=fen, taken_back_fen=max(0, -fen))
                if not request.dry_run:
                    self._post(name, request.month, differences, position)
                    position += 1
        self._compare(answer, total, reasons)
        self.met["dry run" if request.dry_run else "credit run"] += 1

    def _compare(self, answer: CreditedStep, total: Counter[str], reasons: Counter[Reason]) -> None:
        """Hold the report of a step against the members one by one."""
        said: dict[str, Any] = answer._asdict()
        for name in (
            *("members", "credit_fen", "before_fen", "posted", "posted_fen"),
            *("taken_back_fen", "short_fen", "without_account"),
        ):
            assert said[name] == total[name], name
        assert sum(rule.fen for rule in answer.rules) == total["credit_fen"]
        counted: Counter[Reason] = Counter()
        for each in answer.reasons:  # one reason may stand there twice, for what is missing
            counted[each.reason] += each.members
        assert counted == reasons
        for reason, count in reasons.items():
            self.met[f"CreditStep member {reason.name}"] += count
