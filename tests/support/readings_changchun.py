"""Changchun's benefits beside the ordinary one, typed by hand from 三（四）to 三（七）of the draft.

The figures that the draft leaves to other documents are those that the tests assume.
"""

from dataclasses import replace
from typing import Final

from engine.domain.codes import Benefit, Fact, Paper, Place
from engine.domain.reasons import Reason
from tests.support.oracle import Lines, Probe, Reading, Tariff
from tests.support.readings import Changchun, percent

INPATIENT_DEDUCTIBLE: Final = (200_00, 500_00, 900_00, 1200_00)
INPATIENT_RATE: Final = (90, 88, 85, 80)
POOLED_FEN: Final = 200_000_00
DISEASE_CAP_FEN: Final = {"M01": 2400_00, "M02": 7000_00, "M03": 3600_00}
PRICE_FEN: Final = {"DS01": 6000_00, "DS02": 4321_00}
LEVEL_KEYS: Final = ("1", "2", "3", "3p")
PAPERS: Final = Paper.CREDENTIAL | Paper.INVOICE | Paper.MEDICAL_RECORD
"""三（八）「凭医疗保障凭证、医疗费用收据（发票）、病历等材料」."""


class Chronic(Changchun):
    """三（四）, for a disease with a limit of its own."""

    def tariff(self, p: Probe) -> Tariff:
        """Return 70 % for everybody, the ordinary deductible, 6500 yuan and the disease's limit."""
        four = "三（四）"
        return Tariff(
            (100_00, 200_00, 300_00)[p.level],
            percent(70),
            annual=6500_00,
            paid=p.chronic_paid,
            disease=DISEASE_CAP_FEN[p.code],
            articles=dict.fromkeys(("deductible", "rate", "annual_cap", "disease_cap"), four),
            words={
                "deductible": f"{self.name[p.level]} 起付标准{(p.level + 1) * 100}元 合并计算",
                "rate": "慢性疾病 支付比例70% !退休" + _filed(p),
                "annual_cap": "慢性疾病 6500元 不计入",
                "disease_cap": f"按病种 最高支付限额 @disease_cap.{p.code}",
            },
        )

    def refusals(self, p: Probe) -> Lines:
        """Return the missing limit of the disease, before all others."""
        missing: Lines = []
        if p.code not in DISEASE_CAP_FEN:
            missing.append((Reason.NO_FIGURE, "三（四）"))
        return missing + super().refusals(p)


class Special(Changchun):
    """三（五）."""

    article = "三（五）"
    subject = "门诊特殊疾病"

    def tariff(self, p: Probe) -> Tariff:
        """Return the inpatient figures of the institution, one deductible a year, topped up."""
        key, name = LEVEL_KEYS[p.level], self.name[p.level]
        return Tariff(
            INPATIENT_DEDUCTIBLE[p.level],
            percent(INPATIENT_RATE[p.level]),
            pooled=POOLED_FEN,
            pooled_counts=True,
            special=True,
            articles=dict.fromkeys(("deductible", "rate", "pooled_cap"), self.article),
            words={
                "deductible": f"{name} 住院起付标准 一次 @inpatient_deductible.{key}",
                "rate": f"{self.subject} {name} 住院支付比例 @inpatient_rate.{key}" + _filed(p),
                "pooled_cap": "合并计算 最高支付限额 @pooled_cap",
            },
        )

    def refusals(self, p: Probe) -> Lines:
        """Return 「二级及以上定点综合医疗机构、专科医疗机构（不限定等级）」."""
        return _not_here(p, super().refusals(p), self._elsewhere(p), self.article)

    def _elsewhere(self, p: Probe) -> bool:
        return p.level == 0 and not p.facts & Fact.SPECIALIST


class Emergency(Special):
    """三（六）: not admitted, with the statement: one stay."""

    article = "三（六）"
    subject = "急诊、抢救"

    def tariff(self, p: Probe) -> Tariff:
        """Return the inpatient figures, the deductible whole each time."""
        says = super().tariff(p)
        return replace(says, special=False, each=True)

    def exclusions(self, p: Probe) -> Lines:
        """Return those of ordinary care; 三（九）does not speak of a stay."""
        return [line for line in super().exclusions(p) if line[0] != Reason.INPATIENT_STAY]

    def _elsewhere(self, p: Probe) -> bool:
        return False


class DaySurgery(Emergency):
    """三（七）, for a procedure with a price."""

    article = "三（七）"
    subject = "日间手术"

    def tariff(self, p: Probe) -> Tariff:
        """Return no deductible, the inpatient rate, the price of the procedure."""
        says = super().tariff(p)
        articles = says.articles | {"standard_price": self.article}
        price = f"收费标准 结余 超出 @day_surgery_standard.{p.code}"
        return replace(
            says,
            deductible=0,
            package=PRICE_FEN[p.code],
            articles=articles,
            words=says.words | {"standard_price": price},
        )

    def refusals(self, p: Probe) -> Lines:
        """Return the missing price, and 「三级医疗机构」."""
        missing: Lines = []
        if p.code not in PRICE_FEN:
            missing.append((Reason.NO_FIGURE, "三（七）"))
        return missing + super().refusals(p)

    def _elsewhere(self, p: Probe) -> bool:
        return p.level < 2


def _filed(p: Probe) -> str:
    return " 备案地" if p.place == Place.FILED else " !备案地"


def _not_here(p: Probe, lines: Lines, elsewhere: bool, article: str) -> Lines:
    """Return refusals with that of the level in its place: after those of any institution."""
    if not elsewhere:
        return lines
    before = [line for line in lines if line[0] <= Reason.BENEFIT_NOT_OFFERED]
    after = [line for line in lines if line[0] > Reason.BENEFIT_NOT_OFFERED]
    return [*before, (Reason.BENEFIT_NOT_OFFERED, article), *after]


READINGS_BY_BENEFIT: Final[dict[Benefit, Reading]] = {
    Benefit.ORDINARY: Changchun(),
    Benefit.CHRONIC: Chronic(),
    Benefit.SPECIAL: Special(),
    Benefit.EMERGENCY: Emergency(),
    Benefit.DAY_SURGERY: DaySurgery(),
}

GIVEN: Final = {Benefit.CHRONIC: (0, 1, 2)}
"""Levels at which a benefit is given, where that is not every level: 「三级（市级）及以下」."""
