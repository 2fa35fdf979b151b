"""One member and a few institutions of a city, on a pipeline with a store in memory."""

from typing import Any

from engine.domain.claim import Claim
from engine.domain.codes import Kind, Level
from engine.domain.register import AccountOpening, Institution, Member
from engine.domain.request import (
    Answer,
    BatchAnswer,
    Counters,
    GetCounters,
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    Request,
    SettleBatch,
    SupplyFigures,
)
from engine.kernel import FAST, Kernel
from engine.pipeline import Pipeline
from engine.rules.figures import figures_from_supply, to_json
from engine.verify.check import verify_store
from tests.support.memory_store import MemoryStore
from tests.support.runner import FIGURES, cities


class Bench:
    """A pipeline with one member and a few institutions of a city."""

    def __init__(
        self,
        city: str,
        kernel: Kernel = FAST,
        assumed: dict[str, object] | None = None,
        **supply: object,
    ) -> None:
        self.store = MemoryStore()
        self.kernel = kernel
        self.pipeline = Pipeline.open(self.store, cities(), kernel)
        figures = figures_from_supply(
            city, (FIGURES.get(city, {}) if assumed is None else assumed) | supply, cities()
        )
        self.ask(SupplyFigures(to_json(figures)))
        self.ask(
            PutInstitutions(
                [
                    Institution("Y", city),
                    Institution("M", city, Level.LEVEL_2),
                    Institution("X", city, Level.LEVEL_3),
                    Institution("NET", city, kind=Kind.INTERNET_HOSPITAL, host="M"),
                    Institution("RX", city, kind=Kind.PHARMACY),
                ]
            )
        )
        self.ask(PutMembers([Member("m", city)]))
        self.ask(ImportOpenings([AccountOpening("m", 100_000)]))

    def ask(self, request: Request) -> Answer:
        return self.pipeline.run([request], 1)[0]

    def batch(self, *claims: Claim, preview: bool = False) -> BatchAnswer:
        answer = self.ask(SettleBatch(claims, preview))
        assert isinstance(answer, BatchAnswer)
        return answer

    def settle(self, *claims: Claim, preview: bool = False) -> list[dict[str, int]]:
        answer = self.batch(*claims, preview=preview)
        assert not answer.refusals
        assert not answer.errors
        names = answer.entries.dtype["result"].names or ()
        return [dict(zip(names, e["result"].item(), strict=True)) for e in answer.entries]

    def counters(self, year: int) -> Counters:
        answer = self.ask(GetCounters("m", year))
        assert isinstance(answer, Counters)
        return answer

    def check(self) -> None:
        """Let the shared checker read what was written, tables included."""
        self.pipeline.checkpoint()
        report = verify_store(self.store)
        assert report.ok, report.findings


def claim(request_id: str, institution: str, day: int, in_scope: int, **changes: Any) -> Claim:
    base = Claim(institution, request_id, "m", day, day, in_scope, in_scope, 0, 0, 0)
    made = base._replace(**changes)
    return made._replace(total_fen=in_scope + made.pre_payment_fen)
