"""Names that a plan is shown with, and the marks of its clauses."""

from collections.abc import Iterable
from typing import Final

from clients.explain import grounds_of
from clients.receipt import ground_text
from engine.domain.codes import Level, Place, Status
from gongji.v1 import policy_pb2

LEVELS: Final = {
    Level.LEVEL_1: "一级及以下",
    Level.LEVEL_2: "二级",
    Level.LEVEL_3: "三级",
    Level.LEVEL_3_PROVINCIAL: "三级（省属）",
}
STATUSES: Final = {
    Status.ACTIVE: "在职",
    Status.RETIRED: "退休",
    Status.VETERAN: "建国前老工人",
}
PLACES: Final = {
    Place.LOCAL: "市内",
    Place.FILED: "异地备案",
    Place.OTHER_CITY: "省内异地",
    Place.OTHER_PROVINCE: "跨省异地",
}


def percent(rate_bp: int) -> str:
    """Return basis points as per cent: 6000 is 60%, 555 is 5.55%."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}.{rest:02}%" if rest else f"{whole}%"


def ground_of(plan: policy_pb2.Plan, citation: int) -> str:
    """Return the clauses of a plan's citation in words; empty: there is none."""
    if not 0 < citation < len(plan.citations):
        return ""
    numbers = {document.key: document.number for document in plan.documents}
    return "；".join(map(ground_text, grounds_of(plan.citations[citation].clauses, numbers)))


class Notes:
    """Marks for citations, numbered as they come, and their texts; of several plans together."""

    def __init__(self) -> None:
        self._marks: dict[str, int] = {}

    def mark(self, plan: policy_pb2.Plan, citation: int) -> str:
        """Return the mark of a plan's citation: the same text has the same one."""
        return self.mark_of(ground_of(plan, citation))

    def mark_of(self, ground: str) -> str:
        """Return the mark of a text; none of an empty one."""
        return f"({self._marks.setdefault(ground, len(self._marks) + 1)})" if ground else ""

    def is_stated(self, plan: policy_pb2.Plan, citation: int) -> bool:
        """Return whether a document prints what a citation rests on."""
        return any(clause.stated for clause in plan.citations[citation].clauses)

    def lines(self) -> Iterable[tuple[str, str]]:
        """Return the marks with their texts."""
        return ((f"({number})", text) for text, number in self._marks.items())
