"""What ordinary claims need to know of members; see `_member_facts.pyx`."""

from engine.domain.register import Member
from engine.state.register import Items

class MemberFacts:
    """Facts of members by number, read again wherever the register has something else by now."""

    def __init__(self, items: Items[Member]) -> None: ...
    def plain(self, number: int) -> tuple[str, int, int, int, str, int, int] | None: ...
