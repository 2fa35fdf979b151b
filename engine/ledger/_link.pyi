"""Entries chained into the journal, and the state moved along; see `_link.pyx`."""

from engine.domain.claim import Claim
from engine.domain.layout import Array
from engine.state.state import State

def link(entries: Array, refused: Array, claims: list[Claim], state: State) -> None: ...
def forget(entries: Array) -> None: ...
