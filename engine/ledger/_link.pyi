"""Entries chained into the journal, and the state moved along; see `_link.pyx`."""

from engine.domain.layout import Array
from engine.state.state import State

def link(entries: Array, request_ids: list[str], state: State) -> None: ...
def forget(entries: Array) -> None: ...
