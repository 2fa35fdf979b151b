"""The chain of what moved one account, the last first: settlements, their undos, movements."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from engine.domain.journal import EntryText
from engine.ledger.context import Context, JournalMovement


class ChainEntry(NamedTuple):
    """An entry of the journal that moved the account."""

    record: np.void
    text: EntryText


def chain(context: Context, member: int) -> Iterator[tuple[int, ChainEntry | JournalMovement]]:
    """Yield position and what moved the account of a member (a number) there, the last first."""
    position = context.state.accounts.read(member).last_entry
    while position:
        found = context.record(position)
        if found is not None:
            record, text = found
            yield position, ChainEntry(record, text)
            own = int(record["claim"]["member"]) == member
            position = int(record["link"]["account_previous" if own else "family_previous"])
            continue
        moved = context.movement_at(position)
        yield position, moved
        position = int(moved.record["previous"])


def movements_of(context: Context, member: int, after: int = 0) -> Iterator[JournalMovement]:
    """Yield the movements of an account after a position, the last first."""
    for position, found in chain(context, member):
        if position <= after:
            return
        if not isinstance(found, ChainEntry):
            yield found
