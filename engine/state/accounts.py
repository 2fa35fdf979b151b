"""Personal accounts in memory: balances, what moved each last, what closed it."""

import numpy as np

from engine.domain.layout import Array
from engine.domain.movement import Act, MovementKind
from engine.state.blocks import BLOCK, Blocks
from engine.state.lines import take_lines
from engine.state.slots import Slots, zeros
from engine.state.tables import ROW, ROWS_A_BLOCK, AccountRow, CreditRow, Lines, Tables


class Accounts:
    """The accounts of one ledger, on top of the lagging tables; by the number of the owner.

    A slot is the place of an account in `balances`, `entries` and `closed_by`.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.balances = Slots(zeros, ROW)
        """Fen."""
        self.entries = Slots(zeros, ROW)
        """Journal position of the last entry or movement that moved it."""
        self.closed_by = Slots(zeros, ROW)
        """Journal position of the disposal that closed it, 0: open."""
        self.new_credits: list[CreditRow] = []
        """Segments of credits since the last checkpoint."""
        self.places = Blocks()
        """By the number of the owner."""
        self._blocks: list[int] = []

    def slot(self, member: int) -> int:
        """Return the slot of a member's account."""
        slot = self.places.slot(member)
        if slot < 0:
            self._new_block(member // BLOCK)
            slot = self.places.slot(member)
        return slot

    def slots(self, members: Array) -> Array:
        """Return the slots of many members' accounts, int64, in their order."""
        for block in self.places.missing(members):
            self._new_block(block)
        return self.places.slots(members.astype(np.int64))

    def _new_block(self, block: int) -> None:
        """Give a block of members their slots, which are as in the tables."""
        lines = self._tables.accounts(block)
        self._blocks.append(block)
        for column, slots in enumerate((self.balances, self.entries, self.closed_by)):
            first = slots.new(BLOCK)
            slots.values[first : first + BLOCK] = lines[:, column]
        self.places.give(block, first)

    def read(self, member: int) -> AccountRow:
        """Return an account as it stands, without giving it a slot."""
        slot = self.places.slot(member)
        if slot < 0:
            return AccountRow(*self._tables.accounts(member // BLOCK)[member % BLOCK].tolist())
        return AccountRow(
            int(self.balances[slot]), int(self.entries[slot]), int(self.closed_by[slot])
        )

    def holds(self, member: int) -> bool:
        """Return whether an account is in memory."""
        return self.places.slot(member) >= 0

    def open(self, member: int, balance_fen: int) -> None:
        """Set the balance of an account from before the journal."""
        slot = self.slot(member)
        self.balances.values[slot] = balance_fen
        self.balances.mark(slot)

    def touch(self, slot: int, position: int) -> None:
        """Note that the entry at `position` is the last one that moved an account."""
        self.entries.values[slot] = position
        self.balances.mark(slot)

    def move(self, movements: Array, act: Act, first: int, *, held_only: bool = False) -> None:
        """Move accounts by what an act of the journal did; none is in it twice.

        Args:
            movements: of `MOVEMENT`.
            act: what moved them.
            first: journal position of the first of them.
            held_only: move what is in memory; the tables have the rest already.
        """
        if act.kind == MovementKind.BARRED:
            return
        moving = np.arange(len(movements))
        if held_only:
            moving = moving[self.places.held(movements["member"].astype(np.int64))]
        slots = self.slots(movements["member"][moving])
        self.balances.values[slots] += movements["fen"][moving]
        self.entries.values[slots] = first + moving
        self.balances.mark(slots)
        if act.closes and len(slots):
            slot = int(slots[0])
            if not act.undoes and not self.closed_by.values[slot]:
                self.closed_by.values[slot] = first
            elif act.undoes == self.closed_by.values[slot]:
                self.closed_by.values[slot] = 0
        if act.kind == MovementKind.CREDIT and not held_only:
            lowest, highest = int(movements["member"].min()), int(movements["member"].max())
            self.new_credits.append(CreditRow(first, act.city, act.month, lowest, highest))

    def credits(self, city: str, month: int) -> list[CreditRow]:
        """Return the segments that credited a city for a month, in journal order."""
        new = [row for row in self.new_credits if (row.city, row.month) == (city, month)]
        return self._tables.credits(city, month) + new

    # --- checkpoints ---------------------------------------------------------------------

    def take_changed(self) -> Lines:
        """Return the rows of accounts changed since the last checkpoint, now taken note of."""
        firsts = [ROWS_A_BLOCK * block for block in self._blocks]
        return take_lines((self.balances, self.entries, self.closed_by), firsts)
