"""A claim of several benefits in Changchun, worked by hand, and a bench to settle it on."""

from typing import Any

from engine.domain.bill import BillLine
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, DiseaseKind, LineClass
from engine.domain.dates import Interval
from engine.domain.register import Disease, Member
from engine.domain.request import BatchAnswer, Counters, PutMembers
from engine.kernel import FAST, Kernel
from tests.support.city_bench import Bench
from tests.support.runner import FIGURES
from tests.support.world import CHANGCHUN

DAY = 2024_05_05
SUPPLY: dict[str, object] = FIGURES[CHANGCHUN] | {
    "inpatient_deductible": {"2": "500.00", "3": "900.00"},
    "inpatient_rate": {"2": "0.88", "3": "0.85"},
    "disease_cap": {"D": "3000.00"},
    "day_surgery_standard": {"P": "5000.00"},
    "pooled_cap": "10000.00",
}

SPECIAL = BillLine(LineClass.A, 90_000, benefit=Benefit.SPECIAL)
CHRONIC = BillLine(LineClass.A, 55_000, benefit=Benefit.CHRONIC)
CHRONIC_B = BillLine(LineClass.B, 50_000, 1_000, benefit=Benefit.CHRONIC)
ORDINARY = BillLine(LineClass.A, 40_000)
OUTSIDE = BillLine(LineClass.NONE, 3_000)
LINES = (ORDINARY, CHRONIC, OUTSIDE, SPECIAL, CHRONIC_B)
"""At level 2: special 900.00 less 500.00 at 88 %; chronic 1000.00 less 200.00 at 70 %; ordinary
400.00 at 55 %, its deductible borne by the chronic part."""
FUNDS = [35_200, 56_000, 22_000]
PERSONS = [54_800, 49_000, 21_000]


def bench_with(kernel: Kernel = FAST, **member: Any) -> Bench:
    """Return a bench whose member has disease D in both registers."""
    bench = Bench(CHANGCHUN, kernel, SUPPLY)
    days = Interval(2023_01_01)
    diseases = tuple(Disease("D", kind, days) for kind in DiseaseKind)
    bench.ask(PutMembers([Member("m", CHANGCHUN, diseases=diseases, **member)]))
    return bench


def itemised(request_id: str, *lines: BillLine, **changes: Any) -> Claim:
    """Return a claim of the member at the level 2 institution, for disease D."""
    total = sum(line.amount_fen for line in lines)
    base = Claim("M", request_id, "m", DAY, DAY, total, 0, 0, 0, 0, disease="D", lines=lines)
    return base._replace(**changes)


def parts_of(answer: BatchAnswer, row: int = 0, name: str = "pooled_fund") -> list[int]:
    """Return one field of the results of a claim's parts."""
    found: list[int] = answer.parts[row]["result"][name].tolist()
    return found


def counted(bench: Bench) -> Counters:
    """Return the counters of the year without the position of the last entry."""
    return bench.counters(2024)._replace(last_entry=0)
