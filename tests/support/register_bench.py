"""A pipeline whose register is changed item by item, with claims to settle beside it."""

from pathlib import Path
from typing import Any

from engine.digest import result_digest
from engine.domain.claim import Claim
from engine.domain.codes import Kind, Level
from engine.domain.dates import Interval
from engine.domain.reasons import Reason
from engine.domain.register import (
    Institution,
    Member,
)
from engine.domain.registration import (
    Changed,
    ChangeKind,
    ChangeRegister,
    Item,
)
from engine.domain.request import (
    BatchAnswer,
    PutInstitutions,
    PutMembers,
    SettleBatch,
    SupplyFigures,
)
from engine.kernel import Kernel
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.store.sqlite import SqliteStore
from tests.support.runner import assumed_figures, cities
from tests.support.world import HEYUAN, SUIZHOU, ZIBO

FAR = "310100"


class Bench:
    """A pipeline on an SQLite store that can be closed and opened again."""

    def __init__(self, path: Path, kernel: Kernel) -> None:
        self.path, self.kernel = path, kernel
        self.open()
        self.ask(SupplyFigures(to_json(assumed_figures())))
        self.ask(
            PutInstitutions(
                [
                    Institution("Y", HEYUAN),
                    Institution("M", HEYUAN, Level.LEVEL_2),
                    Institution("Z", ZIBO, Level.LEVEL_2),
                    Institution("S", SUIZHOU, Level.LEVEL_2),
                    Institution("FAR", FAR, Level.LEVEL_3),
                    Institution("RX", ZIBO, kind=Kind.PHARMACY),
                ]
            )
        )
        self.ask(PutMembers([Member("h", HEYUAN), Member("z", ZIBO), Member("s", SUIZHOU)]))

    def open(self) -> None:
        self.store = SqliteStore.open(self.path)
        self.pipeline = Pipeline.open(self.store, cities(), self.kernel)

    def reopen(self, *, checkpoint: bool) -> None:
        if checkpoint:
            self.pipeline.checkpoint()
        self.store.close()
        self.open()

    def ask(self, request: Any) -> Any:
        return self.pipeline.run([request], 1)[0]

    def settle(self, *claims: Claim) -> BatchAnswer:
        answer = self.ask(SettleBatch(claims))
        assert isinstance(answer, BatchAnswer)
        assert not answer.refusals
        assert not answer.errors
        return answer

    def add(self, item: Item, change_id: str = "a", **holder: Any) -> Any:
        return self.ask(ChangeRegister(change_id, ChangeKind.ADD, item, **(holder or Z)))

    def end(self, item: Item, last_day: int, change_id: str = "e", **holder: Any) -> Any:
        request = ChangeRegister(change_id, ChangeKind.END, item, **(holder or Z))
        return self.ask(request._replace(last_day=last_day))

    def remove(self, item: Item, change_id: str = "r", **holder: Any) -> Any:
        return self.ask(ChangeRegister(change_id, ChangeKind.REMOVE, item, **(holder or Z)))

    def member(self, name: str = "z") -> Member:
        found = self.pipeline._state.members.find(name)
        assert found is not None
        return found

    def institution(self, name: str) -> Institution:
        found = self.pipeline._state.institutions.find(name)
        assert found is not None
        return found

    def digest(self) -> bytes:
        return result_digest(list(self.pipeline.entries()))


Z: dict[str, Any] = {"member": "z"}
H: dict[str, Any] = {"member": "h"}
ANY = Interval(0)


def claim(request_id: str, institution: str, day: int, fen: int = 100_000, **more: Any) -> Claim:
    member = {"Y": "h", "M": "h", "S": "s"}.get(institution, "z")
    parts = (day, day, fen, fen, 0, 0, 0)
    return Claim(institution, request_id, more.pop("member", member), *parts)._replace(**more)


def listed(answer: Any) -> list[tuple[str, int, int, Reason]]:
    """Return (request id, paid, would pay, why) of what a change affects."""
    assert isinstance(answer, Changed), answer
    return [
        (a.request_id, a.pooled_fund_fen, a.pooled_fund_after_fen, a.reason_after)
        for a in answer.affected
    ]
