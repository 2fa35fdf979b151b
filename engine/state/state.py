"""The state that the journal folds into, in memory, on top of the lagging tables.

Counters of member-years sit in aligned lines, addressed by slots; the slots of a block of members
are given the first time one of them is asked for, and filled from the tables. Everything changed
since the last checkpoint is remembered, so that the next one writes just that. Nothing here is
locked: one writer applies requests one after the other.
"""

from collections.abc import Iterator

import numpy as np

from engine.domain import layout
from engine.domain.journal import EntryKind, Segment, SegmentKind
from engine.domain.layout import Array
from engine.domain.movement import Act, MovementKind, act_from_json
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.registration import Changed, exchange
from engine.errors import InvariantBroken
from engine.kernel import PlanTable
from engine.rules.account_plan import AccountPlan, account_plan_from_json
from engine.rules.plan import plan_from_json
from engine.state._ids import STATUS_BITS, Ids
from engine.state.accounts import Accounts
from engine.state.blocks import BLOCK, Blocks
from engine.state.folding import fold_entries
from engine.state.keyed import (
    DAY,
    DISEASE,
    MONTH,
    PAID,
    borne_key,
    cost_key,
    paid_key,
)
from engine.state.keyed_slots import KeyedSlots
from engine.state.lines import take_lines
from engine.state.register import Register
from engine.state.registers import (
    institutions_from_json,
    members_from_json,
    openings_from_json,
)
from engine.state.registration import ChangeLog, changes_from_json
from engine.state.slots import Slots, zeros
from engine.state.tables import (
    ID_USE,
    ROW,
    STATUS_OF,
    Checkpoint,
    KeyStatus,
    MemberYearRow,
    Tables,
    VisitKey,
    year_place,
)


class State:
    """Registers, plans, counters, visits, accounts and request ids of one ledger."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.members: Register[Member] = Register(members_from_json)
        self.institutions: Register[Institution] = Register(institutions_from_json)
        self.plans = PlanTable()
        self.plan_numbers: dict[bytes, int] = {}
        self.account_plans: list[AccountPlan] = []
        self.account_plan_numbers: dict[bytes, int] = {}
        self.figures: list[bytes] = []
        self.register_changes = ChangeLog()
        self.next_position = 1
        self.counters = Slots(layout.aligned_counters, ROW)
        self.last_entry = Slots(zeros, ROW)
        self.member_years: dict[int, Blocks] = {}
        """By policy year: where its members are in `counters` and `last_entry`."""
        self._blocks_of_years: list[tuple[int, int]] = []
        """(year, block) of each block of slots in `counters`, in their order."""
        self.keyed = KeyedSlots(tables)
        self.visits = self.keyed.slots
        """Counters with keys of their own, visits above all."""
        self.accounts = Accounts(tables)
        self._under_way = 0, 0
        """Of the checkpoint that is written: noted uses of request ids, and credits."""
        self.ids = Ids(tables.id_seed)
        """Every request id that was used, those of the tables included."""
        self.ids.reserve(tables.id_use_count())
        for uses in tables.id_uses():
            self.ids.load(uses)

    # --- slots ---------------------------------------------------------------------------

    def member_year(self, member: int, year: int) -> int:
        """Return the slot of a member-year in `counters` and `last_entry`."""
        blocks = self.member_years.get(year)
        if blocks is None:
            blocks = self.member_years[year] = Blocks()
        slot = blocks.slot(member)
        if slot < 0:
            blocks.give(member // BLOCK, self._new_block(member // BLOCK, year))
            slot = blocks.slot(member)
        return slot

    def _new_block(self, block: int, year: int) -> int:
        """Return the first slot of a block of member-years, which are as in the tables."""
        first = self.counters.new(BLOCK)
        self.last_entry.new(BLOCK)
        self._blocks_of_years.append((year, block))
        lines = self.tables.member_years(year, block)
        self.counters.values[first : first + BLOCK] = lines[:, :-1]
        self.last_entry.values[first : first + BLOCK] = lines[:, -1]
        self.keyed.read_block(year, block)
        return first

    def read_member_year(self, member: int, year: int) -> MemberYearRow:
        """Return a member-year as it stands, without giving it a slot."""
        blocks = self.member_years.get(year)
        slot = -1 if blocks is None else blocks.slot(member)
        if slot < 0:
            line = self.tables.member_years(year, member // BLOCK)[member % BLOCK]
            return MemberYearRow(line[:-1], int(line[-1]))
        return MemberYearRow(self.counters.values[slot].copy(), int(self.last_entry[slot]))

    def visit(self, key: VisitKey) -> int:
        """Return the slot of a visit, or of what else `engine.state.keyed` counts, in `visits`."""
        slot = self.keyed.find(key)
        if slot < 0:
            member, year, _, _ = key
            if member >= 0:
                self.member_year(member, year)  # with it the tables' counters become known
            slot = self.keyed.new(key)
        return slot

    # --- request ids ---------------------------------------------------------------------

    def uses_at(self, institution: int) -> Array:
        """Return the uses of an institution's request ids, of `ID_USE`."""
        noted = self.noted_uses()
        ours = noted[noted["institution"] == institution]
        return np.concatenate((self.tables.id_uses_at(institution), ours))

    def noted_uses(self) -> Array:
        """Return the uses of request ids since the last checkpoint, of `ID_USE`."""
        return np.frombuffer(self.ids.noted_uses(), dtype=ID_USE)

    # --- fold ----------------------------------------------------------------------------

    def fold(self, segment: Segment, *, held_only: bool = False) -> None:
        """Apply one segment of the journal.

        Args:
            segment: the next one.
            held_only: whether the tables have it already, in the checkpoint of another process.
                Then what is not in memory is left to them.
        """
        match segment.kind:
            case SegmentKind.ENTRIES:
                self._fold_entries(segment, held_only)
            case SegmentKind.PLAN:
                plan = plan_from_json(segment.text)
                self.plan_numbers[plan.digest()] = self.plans.append(plan)
            case SegmentKind.MOVEMENTS:
                self._fold_movements(segment, held_only)
            case SegmentKind.ACCOUNT_PLAN:
                self.add_account_plan(account_plan_from_json(segment.text))
            case SegmentKind.FIGURES:
                self.figures.append(segment.text)
            case _:
                self._fold_registers(segment, held_only)

    def _holds(self, opening: Opening | AccountOpening) -> bool:
        """Return whether in memory is what an opening sets."""
        member = self.members.numbers[opening.member]
        if isinstance(opening, AccountOpening):
            return self.accounts.holds(member)
        blocks = self.member_years.get(opening.year)
        return blocks is not None and blocks.slot(member) >= 0

    def holds_visit(self, key: VisitKey) -> bool:
        """Return whether a counter with a key is in memory; note that the tables have it if not."""
        return self.keyed.holds(key)

    def _fold_registers(self, segment: Segment, held_only: bool) -> None:
        match segment.kind:
            case SegmentKind.MEMBERS:
                self.members.put_text(segment.text)
            case SegmentKind.INSTITUTIONS:
                self.institutions.put_text(segment.text)
            case SegmentKind.OPENINGS:
                for opening in openings_from_json(segment.text):
                    if not held_only or self._holds(opening):
                        self.open(opening)
            case SegmentKind.REGISTER_CHANGES:
                for changed in changes_from_json(segment.text):
                    self.change_register(changed, segment.instant)

    def change_register(self, changed: Changed, instant: int) -> None:
        """Take a change of one register entry; `instant` is milliseconds UTC.

        Raises:
            InvariantBroken: the registers do not have what it takes.
        """
        try:
            if changed.member:
                member = self.members.items[self.members.numbers[changed.member]]
                self.members.put(exchange(member, changed.taken, changed.put))
            else:
                number = self.institutions.numbers[changed.institution]
                institution = self.institutions.items[number]
                self.institutions.put(exchange(institution, changed.taken, changed.put))
            self.register_changes.note(changed, instant)
        except LookupError as error:
            raise InvariantBroken(
                f"a register change does not fit the registers: {error}"
            ) from None

    def add_account_plan(self, plan: AccountPlan) -> int:
        """Take an account plan that appears for the first time; return its number."""
        number = self.account_plan_numbers[plan.digest()] = len(self.account_plans)
        self.account_plans.append(plan)
        return number

    def _fold_movements(self, segment: Segment, held_only: bool) -> None:
        self._check_continues(segment.first_position)
        try:
            act = act_from_json(segment.text)
            self.move_accounts(segment.movements(), act, held_only=held_only)
        except (ValueError, LookupError) as error:
            where = f"the movements at {segment.first_position}"
            raise InvariantBroken(f"{where} cannot be read: {error}") from None

    def move_accounts(self, movements: Array, act: Act, *, held_only: bool = False) -> None:
        """Move accounts by what an act of the journal did; no account is in it twice.

        Args:
            movements: of `MOVEMENT`; their positions continue the journal.
            act: what moved them.
            held_only: as of `fold`.
        """
        first = self.next_position
        self.next_position += len(movements)
        self._note_act_keys(act, first)
        self.accounts.move(movements, act, first, held_only=held_only)

    def _note_act_keys(self, act: Act, position: int) -> None:
        """Record the request ids that an act uses up."""
        at = self.asking(act.institution)
        if act.kind == MovementKind.BARRED:
            self.ids.put(at, act.original, position, KeyStatus.TOMBSTONE)
            self.ids.put(at, act.request_id, position, KeyStatus.UNDO)
        elif act.undoes:
            if act.original:
                self.ids.put(at, act.original, position, KeyStatus.UNDONE)
            self.ids.put(at, act.request_id, position, KeyStatus.UNDO)
        elif act.request_id:
            self.ids.put(at, act.request_id, position, KeyStatus.STANDING)

    def asking(self, institution: str) -> int:
        """Return the number under which the ids of account requests stand: its own below 0.

        So the ids of settlements and of account requests are apart; -1 is the agency's.
        """
        return -2 - self.institutions.numbers[institution] if institution else -1

    def _check_continues(self, position: int) -> None:
        if position != self.next_position:
            raise InvariantBroken(
                f"the journal continues at {position}, expected {self.next_position}"
            )

    def _fold_entries(self, segment: Segment, held_only: bool) -> None:
        entries = segment.entries()
        if len(entries):
            self._check_continues(int(entries["link"]["position"][0]))
            fold_entries(self, segment, held_only=held_only)
        self.next_position += len(entries)

    def touch_member_year(self, slot: int, position: int) -> None:
        """Note that the entry at `position` is the last one of a member-year."""
        self.last_entry.values[slot] = position
        self.counters.mark(slot)

    def note_ids(
        self, kind: int, position: int, institution: int, request_id: str, undo_id: str
    ) -> None:
        """Record the request ids that an entry uses up, of a kind of `EntryKind`."""
        self.ids.put(institution, request_id, position, STATUS_OF[EntryKind(kind)])
        if undo_id:
            self.ids.put(institution, undo_id, position, KeyStatus.UNDO)

    def open(self, opening: Opening | AccountOpening) -> None:
        """Set opening counters of a member-year, or the opening balance of an account."""
        member = self.members.numbers[opening.member]
        if isinstance(opening, AccountOpening):
            self.accounts.open(member, opening.balance_fen)
            return
        slot = self.member_year(member, opening.year)
        line = self.counters.values[slot]
        line[:] = 0
        line[layout.DEDUCTIBLE] = opening.deductible_fen
        line[layout.ORDINARY_PAID] = opening.ordinary_paid_fen
        line[layout.POOLED_PAID] = opening.pooled_paid_fen
        line[layout.COMPLIANT_BURDEN] = opening.compliant_burden_fen
        line[layout.LARGE_AMOUNT_PAID] = opening.large_amount_paid_fen
        line[layout.SPECIAL_DEDUCTIBLE] = opening.special_deductible_fen
        line[layout.CHRONIC_PAID] = opening.chronic_paid_fen
        line[layout.FLAGS] = layout.DEDUCTIBLE_MET if opening.deductible_met else 0
        self.counters.mark(slot)
        for (institution, visit), paid_fen in self.keyed.of(member, opening.year).items():
            if paid_fen:
                visit_slot = self.visit((member, opening.year, institution, visit))
                self.visits.values[visit_slot] = 0
                self.visits.mark(visit_slot)
        for key, fen in self._keyed_openings(member, opening):
            visit_slot = self.visit(key)
            self.visits.values[visit_slot] = fen
            self.visits.mark(visit_slot)

    def _keyed_openings(self, member: int, opening: Opening) -> Iterator[tuple[VisitKey, int]]:
        """Yield key and fen of what an opening says of counters with keys of their own."""
        year = opening.year
        yield from (((member, year, -1, visit), fen) for visit, fen in opening.visit_paid_fen)
        for name, fen in opening.deductible_at_fen:
            yield borne_key(member, year, self.institutions.numbers[name]), fen
        if opening.cost_fen:
            yield cost_key(member, year), opening.cost_fen
        for number, items in (
            (DISEASE, opening.disease_paid_fen),
            (MONTH, opening.month_paid_fen),
            (DAY, opening.day_paid_fen),
        ):
            yield from (((member, year, number, text), fen) for text, fen in items)
        for benefit, fen in opening.benefit_deductible_fen:
            yield borne_key(member, year, PAID - benefit), fen
        for benefit, fen in opening.benefit_paid_fen:
            yield paid_key(member, year, benefit), fen

    # --- checkpoints ---------------------------------------------------------------------

    @property
    def uses(self) -> int:
        """Return how many request ids, visits and days there are since the last checkpoint."""
        return self.ids.noted_count + self.keyed.passing

    @property
    def rows(self) -> int:
        """Return how many rows of member-years and accounts changed since the last checkpoint."""
        return len(self.counters.marked()) + len(self.accounts.balances.marked())

    @property
    def changes(self) -> int:
        """Return how much a checkpoint would write, or take out of the memory; 0 for nothing."""
        return self.uses + self.rows + len(self.accounts.new_credits)

    def begin_checkpoint(self, sequence: int) -> Checkpoint:
        """Return what changed since the last checkpoint, as of segment `sequence`.

        What changes from now on is for the next one. Until `end_checkpoint` the state answers for
        what this one writes; if it cannot be written, the state must be taken from the journal
        again.
        """
        visits = self.keyed.take_changed()
        credits = tuple(self.accounts.new_credits)
        uses = self.noted_uses()
        self._under_way = len(uses), len(credits)
        firsts = [year_place(year, block) for year, block in self._blocks_of_years]
        lines = take_lines((self.counters, self.last_entry), firsts)
        return Checkpoint(sequence, uses, lines, visits, self.accounts.take_changed(), credits)

    def end_checkpoint(self) -> None:
        """Forget what the checkpoint wrote, now that it is durable."""
        uses, credits = self._under_way
        self.ids.forget_noted(uses)
        del self.accounts.new_credits[:credits]
        self.keyed.end_checkpoint()

    def learn_checkpoint(self, position: int) -> None:
        """Forget what the checkpoint of another process has written, up to a journal position.

        The state must have folded that far.
        """
        known = int(np.searchsorted(self.noted_uses()["use"] >> STATUS_BITS, position, "right"))
        self.ids.forget_noted(known)
        credits = sum(row.first_position <= position for row in self.accounts.new_credits)
        del self.accounts.new_credits[:credits]
        uses_under_way, credits_under_way = self._under_way
        self._under_way = max(0, uses_under_way - known), max(0, credits_under_way - credits)

        def in_tables(member: int, year: int) -> bool:
            # An opening makes no entry, and no entry comes before one.
            return 0 < self.read_last_entry(member, year) <= position

        self.keyed.forget_passing(in_tables)

    def read_last_entry(self, member: int, year: int) -> int:
        """Return the last entry of a member-year that is in memory, 0 if there is none."""
        blocks = self.member_years.get(year)
        slot = -1 if blocks is None else blocks.slot(member)
        return int(self.last_entry[slot]) if slot >= 0 else 0


def line_moves(entry: np.void) -> list[tuple[int, int]]:
    """Return what an entry adds to its member-year's line, as (position, fen)."""
    row, result = entry["row"], entry["result"]
    moves = [(position, int(result[name])) for position, _, name in layout.MOVED]
    if row["borne"] < 0 and row["deductible_at"] != layout.NOWHERE:
        moves.append((int(row["deductible_at"]), int(result["deductible"])))
    if row["paid"] < 0 and row["paid_at"] != layout.NOWHERE:
        moves.append((int(row["paid_at"]), int(result["pooled_fund"])))
    return moves
