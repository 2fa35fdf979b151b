"""Movements of accounts outside of claims: each against the fold, the registers and its plan."""

from dataclasses import fields, replace
from typing import Final, NamedTuple

import numpy as np

from engine.domain.account import DisposalEvent, Product, Purpose, Relation
from engine.domain.codes import Mode
from engine.domain.journal import Segment
from engine.domain.layout import Array
from engine.domain.movement import Act, MovementKind, act_from_json, act_to_json
from engine.domain.reasons import Reason
from engine.domain.register import Member
from engine.rules.account import credit, credited, dispose, has_account, use
from engine.rules.account_plan import AccountPlan, account_plan_from_json
from engine.state.tables import CreditRow, KeyRow, KeyStatus
from engine.verify.fold import Fold
from engine.verify.report import Kind, Report

_NO_PARTS: Final = (0, 0, 0)
_NO_RULES: Final = (-1, -1, -1)
_NOTHING: Final = Act(MovementKind.BARRED)
_FIELDS: Final = frozenset(field.name for field in fields(Act)) - {"kind"}
_USED: Final = {
    MovementKind.CREDIT: {"plan", "city", "month"},
    MovementKind.PAYMENT: {
        *("plan", "citations", "institution", "request_id", "day", "person", "relation"),
        *("purpose", "product", "amount_fen"),
    },
    MovementKind.DISPOSAL: {
        *("plan", "citations", "request_id", "day", "event", "to_area", "beneficiary"),
        *("application", "proof", "outcome"),
    },
    MovementKind.BARRED: {"institution", "request_id", "original"},
}
"""What an act that is no undo may say, by its kind."""
_NEEDED: Final = {
    MovementKind.PAYMENT: ("request_id", "day", "relation", "purpose", "amount_fen"),
    MovementKind.DISPOSAL: ("request_id", "day", "event", "outcome"),
}
"""What it must say."""
_NAMES: Final = ("previous", "fen", "balance", "part_fen", "member", "rule", "spare")


class Movement(NamedTuple):
    """One movement as plain values, with the act that it is of."""

    position: int
    previous: int
    fen: int
    balance: int
    part_fen: tuple[int, ...]
    member: int
    rule: tuple[int, ...]
    spare: int
    act: Act


class MovementChecker:
    """Checks segments of movements in journal order and books them in the fold."""

    def __init__(self, fold: Fold, undone: set[int], report: Report) -> None:
        """Take the fold, the positions that undos name, and where findings go."""
        self.plans: list[AccountPlan] = []
        self.credits: list[CreditRow] = []
        """Segments of credits, as the lagging tables have them."""
        self._fold = fold
        self._undone = undone
        self._report = report
        self._digests: set[bytes] = set()
        self._named: dict[int, Movement] = {}
        self._taken_back: set[int] = set()
        self._posted: dict[tuple[str, int], Array] = {}
        """Fen that stand posted, by city and month: a row a member, a column a part."""
        self._closing: dict[int, list[int]] = {}
        """Disposals that stand and close, by member: journal positions."""
        self._sequence = 0

    def take_plan(self, sequence: int, text: bytes) -> None:
        """Take an account plan of the journal."""
        try:
            plan = account_plan_from_json(text)
        except (ValueError, TypeError, KeyError) as error:
            found = type(error).__name__
            self._report.add(Kind.PLAN, sequence, 0, "account plan", "a plan in JSON", found)
            return
        self.plans.append(plan)
        if plan.to_json() != text:
            self._report.add(Kind.PLAN, sequence, 0, "account plan", "canonical", "other JSON")
        digest = plan.digest()
        if digest in self._digests:
            self._report.add(Kind.PLAN, sequence, 0, "account plan", "a new one", "a known one")
        self._digests.add(digest)

    def check(self, sequence: int, segment: Segment) -> None:
        """Check and book the movements of a segment."""
        self._sequence = sequence
        fold, first = self._fold, segment.first_position
        if first != fold.position + 1:
            self._add(Kind.STRUCTURE, first, "position", fold.position + 1, first)
        fold.position = first + segment.count - 1
        try:
            act = act_from_json(segment.text)
        except ValueError as error:
            self._add(Kind.STRUCTURE, first, "act", "an act in JSON", type(error).__name__)
            return
        if act_to_json(act) != segment.text:
            self._add(Kind.STRUCTURE, first, "act", "canonical JSON", "other JSON")
        movements = _movements(segment.movements(), first, act)
        self._report.movements += len(movements)
        self._check_ids(act, first)
        if act.kind == MovementKind.BARRED:
            self._check_barred(movements)
            return
        self._check_act(act, movements)
        for movement in movements:
            self._take(movement)
        if act.kind == MovementKind.CREDIT:
            members = [movement.member for movement in movements]
            row = CreditRow(first, act.city, act.month, min(members), max(members))
            self.credits.append(row)

    # --- the act -------------------------------------------------------------------------

    def _check_ids(self, act: Act, position: int) -> None:
        """Check that the ids an act uses up were free, and note what they stand for from now on."""
        fold, keys = self._fold, self._fold.keys
        at = -1
        if act.institution:
            number = fold.institution_numbers.get(act.institution)
            if number is None:
                self._add(Kind.REGISTER, position, "institution", "one of the register", "another")
                return
            at = -2 - number
        barred = act.kind == MovementKind.BARRED
        fresh = [act.request_id, act.original] if barred else [act.request_id]
        if act.kind == MovementKind.CREDIT and not act.undoes:
            fresh = []
            if act.request_id or act.original:
                self._add(Kind.ID, position, "request id", "none", "an id")
        for request_id in fresh:
            if not request_id or (at, request_id) in keys:
                self._add(Kind.ID, position, "request id", "an id that is free", "used or none")
        status = KeyStatus.UNDO if act.undoes or barred else KeyStatus.STANDING
        if act.request_id:
            keys[at, act.request_id] = KeyRow(position, status, 0)
        if barred:
            keys[at, act.original] = KeyRow(position, KeyStatus.TOMBSTONE, 0)
        elif act.undoes and act.original:
            found = keys.get((at, act.original))
            if found != KeyRow(act.undoes, KeyStatus.STANDING, 0):
                self._add(Kind.UNDO, position, "original", "an id that stands", "another")
            keys[at, act.original] = KeyRow(act.undoes, KeyStatus.UNDONE, position)

    def _check_unused(self, act: Act, position: int) -> None:
        """Check that an act says nothing that its kind has no use for, and what it has to say."""
        for name in _FIELDS - _USED[act.kind]:
            if getattr(act, name) != getattr(_NOTHING, name):
                self._add(Kind.STRUCTURE, position, f"act.{name}", "nothing", "something")
        for name in _NEEDED.get(act.kind, ()):
            if not getattr(act, name):
                self._add(Kind.STRUCTURE, position, f"act.{name}", "something", "nothing")

    def _check_barred(self, movements: list[Movement]) -> None:
        self._check_unused(movements[0].act, movements[0].position)
        for movement in movements:
            empty = Movement(movement.position, 0, 0, 0, _NO_PARTS, -1, _NO_RULES, 0, movement.act)
            if movement != empty or len(movements) > 1:
                self._add(Kind.TOMBSTONE, movement.position, "movement", "nobody's", "another")

    def _check_act(self, act: Act, movements: list[Movement]) -> None:
        """Check what holds for all movements of an act."""
        first = movements[0].position
        members = {movement.member for movement in movements}
        many = act.kind == MovementKind.CREDIT and not act.undoes
        if len(members) != len(movements) or (len(movements) > 1 and not many):
            self._add(Kind.STRUCTURE, first, "movements", "of one account each", "others")
        if not act.undoes:
            self._check_unused(act, first)
        if not 0 <= act.plan < len(self.plans):
            last = len(self.plans) - 1
            self._add(Kind.PLAN, first, "act.plan", f"from 0 to {last}", act.plan)

    # --- one movement --------------------------------------------------------------------

    def _take(self, movement: Movement) -> None:
        fold, act, position = self._fold, movement.act, movement.position
        if not 0 <= movement.member < len(fold.members):
            last = len(fold.members) - 1
            self._add(Kind.REGISTER, position, "member", f"from 0 to {last}", movement.member)
            return
        before = fold.balances.get(movement.member, 0)
        last_entry = fold.account_entry.get(movement.member, 0)
        for kind, name, expected, found in (
            (Kind.CHAIN, "previous", last_entry, movement.previous),
            (Kind.BALANCE, "balance", before + movement.fen, movement.balance),
            (Kind.STRUCTURE, "spare", 0, movement.spare),
        ):
            if expected != found:
                self._add(kind, position, name, expected, found)
        if before + movement.fen < 0:
            self._add(Kind.BALANCE, position, "balance", "not negative", before + movement.fen)
        if position in self._undone:
            self._named[position] = movement
        if act.undoes:
            self._check_undo(movement)
        elif 0 <= act.plan < len(self.plans) and all(
            getattr(act, name) for name in _NEEDED.get(act.kind, ())
        ):
            self._check_by_plan(movement, self.plans[act.plan], before)
        self._book(movement)

    def _book(self, movement: Movement) -> None:
        fold, act, member = self._fold, movement.act, movement.member
        fold.balances[member] = fold.balances.get(member, 0) + movement.fen
        fold.account_entry[member] = movement.position
        name = act.kind.name.lower()
        self._report.movements_fen[name] += movement.fen
        if act.kind == MovementKind.CREDIT:
            self._posted_for(act)[member] += movement.part_fen
        if not act.closes:
            return
        closing = self._closing.setdefault(member, [])
        if not act.undoes:
            closing.append(movement.position)
            fold.closed_by.setdefault(member, movement.position)
            return
        if any(position > act.undoes for position in closing):
            what = "a disposal after which none stands"
            self._add(Kind.UNDO, movement.position, "undoes", what, act.undoes)
        self._closing[member] = [position for position in closing if position != act.undoes]
        if fold.closed_by.get(member) == act.undoes:
            del fold.closed_by[member]

    def _posted_for(self, act: Act) -> Array:
        """Return what stands posted for the month of a credit, with a row for every member."""
        count, key = len(self._fold.members), (act.city, act.month)
        posted = self._posted.get(key)
        if posted is None or len(posted) < count:
            grown = np.zeros((count, len(_NO_PARTS)), dtype=np.int64)
            if posted is not None:
                grown[: len(posted)] = posted
            self._posted[key] = posted = grown
        return posted

    def _check_undo(self, movement: Movement) -> None:
        """Check that it is the exact opposite of a movement that stands."""
        act, position = movement.act, movement.position
        target = self._named.get(act.undoes)
        if target is None or target.act.undoes:
            self._add(Kind.UNDO, position, "undoes", "an earlier movement", act.undoes)
            return
        if act.undoes in self._taken_back:
            self._add(Kind.UNDO, position, "undoes", "a movement that stands", "one undone")
        self._taken_back.add(act.undoes)
        original = target.act.request_id
        expected = replace(
            target.act, request_id=act.request_id, undoes=act.undoes, original=original
        )
        if (target.member, expected) != (movement.member, act):
            self._add(Kind.UNDO, position, "act", f"that of position {act.undoes}", "another")
        opposite = (-movement.fen, *(-fen for fen in movement.part_fen), *movement.rule)
        if opposite != (target.fen, *target.part_fen, *target.rule):
            self._add(Kind.UNDO, position, "fen", -target.fen, movement.fen)

    def _check_by_plan(self, movement: Movement, plan: AccountPlan, before: int) -> None:
        """Check that the plan is the one for the day, and that it says what was done."""
        act, position = movement.act, movement.position
        member = self._fold.members[movement.member]
        day = act.month * 100 + 1 if act.kind == MovementKind.CREDIT else act.day
        if plan.city != member.city or not plan.first_day <= day <= plan.last_day:
            self._add(Kind.PLAN, position, "act.plan", f"that of {member.city} on {day}", plan.city)
            return
        if movement.member in self._fold.closed_by and act.kind != MovementKind.DISPOSAL:
            self._add(Kind.REGISTER, position, "account", "an open one", "a closed one")
        of_credit = act.kind == MovementKind.CREDIT  # may take back what an earlier mode gave
        left = act.kind == MovementKind.DISPOSAL and before  # by an earlier mode
        if not (of_credit or left or has_account(plan, Mode(member.mode))):
            self._add(Kind.REGISTER, position, "account", "one by the mode of insurance", "none")
        parts = (movement.part_fen, movement.rule)
        if not of_credit and parts != (_NO_PARTS, _NO_RULES):
            self._add(Kind.AMOUNT, position, "part_fen, rule", (_NO_PARTS, _NO_RULES), parts)
        match act.kind:
            case MovementKind.CREDIT:
                self._check_credit(movement, plan, member, before)
            case MovementKind.PAYMENT:
                self._check_payment(movement, plan, member, before)
            case MovementKind.DISPOSAL:
                self._check_disposal(movement, plan, member, before)

    def _check_credit(
        self, movement: Movement, plan: AccountPlan, member: Member, before: int
    ) -> None:
        """Credit the member again, by himself: what was posted is the difference."""
        act, position = movement.act, movement.position
        if act.city != member.city:
            self._add(Kind.REGISTER, position, "act.city", member.city, act.city)
        again = credit(plan, act.month, credited(member, act.month * 100 + 1))
        if again.reason != Reason.NONE:
            self._add(Kind.AMOUNT, position, "fen", again.reason.name, movement.fen)
            return
        parts = [-fen for fen in self._posted_for(act)[movement.member].tolist()]
        rules = list(_NO_RULES)
        for part in again.parts:
            parts[part.part - 1] += part.fen
            rules[part.part - 1] = part.rule
        short = max(0, -(before + sum(parts)))
        for n, fen in enumerate(parts):  # what is not there is left off the first parts
            less = min(short, max(0, -fen))
            parts[n], short = fen + less, short - less
        for name, expected, found in (
            ("fen", sum(parts), movement.fen),
            ("part_fen", parts, list(movement.part_fen)),
            ("rule", rules, list(movement.rule)),
        ):
            if expected != found:
                self._add(Kind.AMOUNT, position, name, expected, found)

    def _check_payment(
        self, movement: Movement, plan: AccountPlan, owner: Member, before: int
    ) -> None:
        """Ask the plan again whether the account pays this, for that person, at that place."""
        act, position = movement.act, movement.position
        number = self._fold.institution_numbers.get(act.institution)
        place = None if number is None else self._fold.registered[number]
        relation = _relation(owner, act)
        found = use(
            plan,
            Purpose(act.purpose),
            Product(act.product),
            None if relation is None else Relation(relation),
            None if place is None else place.kind,
        )
        if relation != act.relation:
            self._add(Kind.REGISTER, position, "act.relation", relation, act.relation)
        if (found.reason, found.citations) != (Reason.NONE, act.citations):
            expected = f"{found.reason.name} by {found.citations}"
            self._add(Kind.AMOUNT, position, "act.citations", expected, act.citations)
        if place is not None and not any(act.day in days for days in place.designated):
            self._add(Kind.REGISTER, position, "institution", "a designated one", "another")
        paid = min(act.amount_fen, before)
        if movement.fen != -paid or paid <= 0:
            self._add(Kind.AMOUNT, position, "fen", -paid, movement.fen)

    def _check_disposal(
        self, movement: Movement, plan: AccountPlan, owner: Member, before: int
    ) -> None:
        """Ask the plan again what becomes of the balance."""
        act, position = movement.act, movement.position
        found = dispose(
            plan,
            DisposalEvent(act.event),
            in_province=(act.to_area or owner.city)[:2] == owner.city[:2],
            applied=bool(act.application),
            beneficiary=act.beneficiary,
        )
        if (found.outcome, (found.citation,)) != (act.outcome, act.citations):
            self._add(Kind.AMOUNT, position, "act.outcome", found.outcome, act.outcome)
        expected = -before if act.closes else 0
        if movement.fen != expected:
            self._add(Kind.AMOUNT, position, "fen", expected, movement.fen)

    def _add(self, kind: Kind, position: int, field: str, expected: object, found: object) -> None:
        self._report.add(kind, self._sequence, position, field, expected, found)


def _relation(owner: Member, act: Act) -> int | None:
    """Return what the person is to the owner, as the register has it now; None: nobody known."""
    if not act.person:
        return Relation.SELF
    for link in owner.family:
        if link.relative == act.person and act.day in link.days:
            return link.relation
    return None


def _movements(movements: Array, first: int, act: Act) -> list[Movement]:
    """Return movements as plain values."""
    columns = [movements[name].tolist() for name in _NAMES]
    return [
        Movement(first + n, previous, fen, balance, tuple(parts), member, tuple(rules), spare, act)
        for n, (previous, fen, balance, parts, member, rules, spare) in enumerate(
            zip(*columns, strict=True)
        )
    ]


def undone_by(segment: Segment) -> int:
    """Return the position of the movement that a segment takes back, 0 if none or unreadable."""
    try:
        return act_from_json(segment.text).undoes
    except ValueError:
        return 0
