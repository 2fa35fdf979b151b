"""Ordinary claims made ready for the kernel; `engine.ledger.ordinary` is the door to it."""

from collections.abc import Callable

from engine.domain.claim import Claim
from engine.domain.codes import Offer
from engine.domain.layout import Array
from engine.domain.register import Institution
from engine.ledger.apart import Apart
from engine.rules.plan import RulePlan
from engine.state.state import State
from engine.state.tables import VisitKey

class Day:
    """What the plan of a city says of ordinary care on a day."""

    def __init__(
        self,
        plan: int,
        rules: RulePlan,
        visit_by_filled: int,
        simple: bool,
    ) -> None:
        """Take what holds on the day.

        Args:
            plan: its number.
            rules: the plan itself.
            visit_by_filled: `VISIT_*` where a prescription is filled.
            simple: whether it counts at most visits and institutions beside a member-year's line.
        """

class Ordinary:
    """Fills entries for ordinary claims; it belongs to one state and to one set of rules."""

    def __init__(
        self,
        state: State,
        day_of: Callable[[str, int], Day | None],
        offer_of: Callable[[Institution], Offer],
        apart: Callable[..., Apart],
        no_visit: VisitKey,
    ) -> None: ...
    def fill(
        self,
        claims: list[Claim],
        first: int,
        entries: Array,
        at: int,
        texts: list[bytes],
        preview: bool,
    ) -> int: ...
