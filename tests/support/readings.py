"""The figures and exclusions of the documents, typed by hand; see `tests.support.oracle`."""

from fractions import Fraction
from typing import Final

from engine.domain.codes import Fact, Place
from engine.domain.reasons import Reason
from tests.support.oracle import Lines, Probe, Reading, Tariff, half_up
from tests.support.world import CHANGCHUN, HEYUAN, JINAN, SUIZHOU, ZIBO

ACTIVE, VETERAN = 0, 2
LEVELS: Final = "一二三三"


def percent(points: int) -> Fraction:
    """Return percentage points as a share."""
    return Fraction(points, 100)


def common_refusals(p: Probe) -> Lines:
    """Return the refusals no document prints: a claim over a boundary, a benefit not offered."""
    lines: Lines = []
    if p.facts & Fact.SPANS_BOUNDARY:
        lines.append((Reason.SPANS_BOUNDARY, ""))
    if p.facts & Fact.NOT_OFFERED:
        lines.append((Reason.BENEFIT_NOT_OFFERED, ""))
    return lines


def other_medicine(p: Probe, dual: str, separate: str) -> Lines:
    """Return the refusals of medicines whose figures are elsewhere; with their articles."""
    lines: Lines = []
    if p.facts & Fact.DUAL_CHANNEL:
        lines.append((Reason.NO_FIGURE, dual))
    if p.facts & Fact.SEPARATE_PAY:
        lines.append((Reason.NO_FIGURE, separate))
    return lines


def unfiled(p: Probe) -> bool:
    """Return whether the care was outside the city, without a filing for the place."""
    return bool(p.facts & Fact.OUTSIDE_CITY) and not p.facts & Fact.FILED


def no_prescription(p: Probe) -> bool:
    """Return whether it is a pharmacy and nobody prescribed."""
    return bool(p.facts & Fact.PHARMACY) and not p.facts & Fact.PRESCRIBER


class Zibo:
    """淄政办发〔2022〕12号."""

    deductible = (5_000, 50_000, 70_000, 70_000)
    rate = (60, 60, 50, 50)

    def tariff(self, p: Probe) -> Tariff:
        """Return 第六条."""
        rise = p.status > ACTIVE and p.day >= 2024_01_01
        temporary = p.place in (Place.OTHER_CITY, Place.OTHER_PROVINCE)
        annual = 3000 if p.day < 2024_01_01 else 4000
        six = "第六条"
        return Tariff(
            self.deductible[p.level],
            percent(self.rate[p.level] + (5 if rise else 0)),
            percent(10) if temporary else Fraction(0),
            annual=annual * 100,
            articles=dict.fromkeys(("first_pay", "deductible", "rate", "annual_cap"), six),
            words={
                "rate": f"支付比例{self.rate[p.level]}% {LEVELS[p.level]}级"
                + (" 提高5个百分点" if rise else " !提高5个百分点")
                + (" 建国前老工人" if rise and p.status == VETERAN else " !建国前老工人"),
                "deductible": f"起付标准{self.deductible[p.level] // 100}元",
                "annual_cap": f"最高支付{annual}元",
                "first_pay": "先自付10%",
            },
        )

    def refusals(self, p: Probe) -> Lines:
        """Return 第九、十一、十二条."""
        lines: Lines = []
        if p.facts & (Fact.CHRONIC | Fact.SPECIAL):
            lines.append((Reason.NO_FIGURE, "第九条"))
        if p.facts & Fact.DAY_SURGERY:
            lines.append((Reason.NO_FIGURE, "第十一条"))
        lines += other_medicine(p, "", "第十一条")
        lines += [line for line in common_refusals(p) if line[0] == Reason.SPANS_BOUNDARY]
        if p.facts & Fact.PHARMACY:
            lines.append((Reason.BENEFIT_NOT_OFFERED, "第十二条"))
        lines += [line for line in common_refusals(p) if line[0] != Reason.SPANS_BOUNDARY]
        if p.facts & Fact.MATERNITY:
            lines.append((Reason.OTHER_SCHEME, ""))
        return lines

    def exclusions(self, p: Probe) -> Lines:
        """Return 第八条."""
        lines: Lines = []
        for fact, reason in (
            (Fact.NOT_DESIGNATED, Reason.NOT_DESIGNATED),
            (Fact.IN_ARREARS, Reason.ARREARS),
            (Fact.IN_STAY, Reason.INPATIENT_STAY),
            (Fact.LIABLE, Reason.LIABLE_ELSEWHERE),
        ):
            if p.facts & fact:
                lines.append((reason, "第八条"))
        if no_prescription(p):
            lines.append((Reason.NO_PRESCRIPTION, "第十二条"))
        return lines


class Heyuan:
    """河府〔2025〕27号, with the average wages that the tests assume."""

    rate = (70, 60, 55, 55)
    visit = (60, 120, 150, 150)
    wage_fen: Final = {2023: 98_765_50, 2024: 101_234_75}

    def tariff(self, p: Probe) -> Tariff:
        """Return 第四条."""
        retired = p.status > ACTIVE
        wage = self.wage_fen[p.day // 10_000 - 2]
        four = "第四条"
        return Tariff(
            0,
            percent(self.rate[p.level] + (5 if retired else 0)),
            visit=self.visit[p.level] * 100,
            annual=half_up(Fraction(wage * 2, 100)),
            articles=dict.fromkeys(("deductible", "rate", "visit_cap", "annual_cap"), four),
            words={
                "rate": f"支付比例{self.rate[p.level]}% {LEVELS[p.level]}级"
                + (" 提高5个百分点" if retired else " !提高5个百分点")
                + (" 建国前老工人" if p.status == VETERAN else " !建国前老工人")
                + (" 已备案" if p.place == Place.FILED else " !已备案"),
                "deductible": "没有起付标准",
                "visit_cap": f"每次最高支付{self.visit[p.level]}元",
                "annual_cap": "年度 限额",
            },
        )

    def refusals(self, p: Probe) -> Lines:
        """Return 第四、六条."""
        lines: Lines = []
        if p.facts & (Fact.CHRONIC | Fact.SPECIAL):
            lines.append((Reason.NO_FIGURE, "第六条"))
        if p.facts & Fact.DAY_SURGERY:
            lines.append((Reason.NO_FIGURE, ""))
        if p.facts & Fact.ORDINARY and p.day // 10_000 - 2 not in self.wage_fen:
            lines.append((Reason.NO_FIGURE, "第四条"))
        lines += other_medicine(p, "", "")
        lines += common_refusals(p)
        if p.facts & Fact.MATERNITY:
            lines.append((Reason.OTHER_SCHEME, ""))
        return lines

    def exclusions(self, p: Probe) -> Lines:
        """Return 第四、十二、十五条."""
        lines: Lines = []
        if p.facts & Fact.NOT_DESIGNATED:
            lines.append((Reason.NOT_DESIGNATED, "第四条"))
        if p.facts & Fact.IN_ARREARS:
            lines.append((Reason.ARREARS, ""))
        if p.facts & Fact.LIABLE:
            lines.append((Reason.LIABLE_ELSEWHERE, ""))
        if unfiled(p):
            lines.append((Reason.NOT_FILED, "第四条"))
        if not p.facts & (Fact.OUTSIDE_CITY | Fact.SELECTED | Fact.REFERRED | Fact.EMERGENCY):
            lines.append((Reason.NOT_SELECTED, "第十五条"))
        if no_prescription(p):
            lines.append((Reason.NO_PRESCRIPTION, "第十二条"))
        return lines


class Suizhou:
    """随政办发〔2022〕26号, with the pooled cap that the tests assume."""

    deductible = (500, 400, 400)
    rate = ((80, 70, 60, 60), (85, 75, 65, 65), (85, 75, 65, 65))
    annual = (1300, 1600, 1600)
    pooled_fen = 3_000_00

    def tariff(self, p: Probe) -> Tariff:
        """Return 第八、九条."""
        status, level = p.status, p.level
        veteran = " 建国前老工人" if status == VETERAN else " !建国前老工人"
        who = "在职职工" if status == ACTIVE else "退休人员"
        eight = "第八条"
        return Tariff(
            self.deductible[status] * 100,
            percent(self.rate[status][level]),
            annual=self.annual[status] * 100,
            pooled=self.pooled_fen,
            pooled_counts=True,
            articles={
                **dict.fromkeys(("deductible", "rate", "annual_cap"), eight),
                "pooled_cap": "第九条",
            },
            words={
                "rate": f"支付比例{self.rate[status][level]}% {LEVELS[level]}级 {who}{veteran}"
                + (" 已备案" if p.place == Place.FILED else " !已备案"),
                "deductible": f"起付标准{self.deductible[status]}元 {who}{veteran}",
                "annual_cap": f"年支付限额{self.annual[status]}元 {who}{veteran}",
                "pooled_cap": "合并计入 最高支付限额",
            },
        )

    def refusals(self, p: Probe) -> Lines:
        """Return 第九、十九、二十二条."""
        lines: Lines = []
        if p.facts & (Fact.CHRONIC | Fact.SPECIAL):
            lines.append((Reason.NO_FIGURE, "第九条"))
        if p.facts & Fact.DAY_SURGERY:
            lines.append((Reason.NO_FIGURE, "第二十二条"))
        lines += other_medicine(p, "第十九条", "")
        lines += common_refusals(p)
        if p.facts & Fact.ADMITTED_HERE:
            lines.append((Reason.MERGED_INTO_STAY, "第十九条"))
        if p.facts & Fact.MATERNITY:
            lines.append((Reason.OTHER_SCHEME, "第九条"))
        return lines

    def exclusions(self, p: Probe) -> Lines:
        """Return 第七、十、二十一、二十七条."""
        lines: Lines = []
        for fact, reason in (
            (Fact.NOT_DESIGNATED, Reason.NOT_DESIGNATED),
            (Fact.IN_ARREARS, Reason.ARREARS),
            (Fact.LIABLE, Reason.LIABLE_ELSEWHERE),
        ):
            if p.facts & fact:
                lines.append((reason, "第二十七条"))
        if unfiled(p):
            lines.append((Reason.NOT_FILED, "第七条"))
        if p.facts & Fact.OUTSIDE_CITY and p.facts & Fact.NOT_NETWORKED:
            lines.append((Reason.NOT_NETWORKED, "第十条"))
        if no_prescription(p):
            lines.append((Reason.NO_PRESCRIPTION, "第二十一条"))
        return lines


class Jinan:
    """济政办发〔2022〕12号 and 〔2025〕4号, with the figures that the tests assume."""

    deductible = (200, 400, 700, 700)
    rate = (70, 70, 50, 50)
    second_cap_fen = 5_000_00

    def tariff(self, p: Probe) -> Tariff:
        """Return （二）to（五）and（七）."""
        first = p.day < 2024_01_01
        far = p.place == Place.OTHER_PROVINCE
        rise = (0, 0, 5)[p.status] if first else (0, 5, 10)[p.status]
        annual, threshold = (4500, 8000) if first else (6000, 6000)
        return Tariff(
            self.deductible[p.level] * 100,
            percent(self.rate[p.level] + rise - (10 if far else 0)),
            annual=annual * 100,
            threshold=threshold * 100,
            second_rate=percent(60),
            second_cap=self.second_cap_fen,
            articles={
                "deductible": "（四）",
                "rate": "（二）",
                "annual_cap": "（三）",
                "large_amount": "（七）",
            },
            words={
                "rate": f"支付比例{self.rate[p.level]}% {LEVELS[p.level]}级"
                + (" 降低10个百分点" if far else " !降低10个百分点")
                + (" 长期居住地" if p.place == Place.FILED else " !长期居住地")
                + (" 省内其他地市" if p.place == Place.OTHER_CITY else " !省内其他地市")
                + (" 建国前老工人" if p.status == VETERAN else " !建国前老工人")
                + (" 退休人员" if rise and not first else " !退休人员"),
                "deductible": f"{LEVELS[p.level]}级 起付标准 " + ("分别" if first else "合并"),
                "annual_cap": f"支付限额{annual}元",
                "large_amount": f"超过{threshold}元",
            },
        )

    def refusals(self, p: Probe) -> Lines:
        """Return （六）and（八）."""
        lines: Lines = []
        if p.facts & (Fact.CHRONIC | Fact.SPECIAL):
            lines.append((Reason.NO_FIGURE, "（六）"))
        if p.facts & Fact.DAY_SURGERY:
            lines.append((Reason.NO_FIGURE, "（八）"))
        lines += other_medicine(p, "（十）", "（六）")
        lines += common_refusals(p)
        if p.facts & Fact.MATERNITY:
            lines.append((Reason.OTHER_SCHEME, ""))
        return lines

    def exclusions(self, p: Probe) -> Lines:
        """Return （二）and（十）, and what is not printed."""
        lines: Lines = []
        if p.facts & Fact.NOT_DESIGNATED:
            lines.append((Reason.NOT_DESIGNATED, "（二）"))
        if p.facts & Fact.IN_ARREARS:
            lines.append((Reason.ARREARS, ""))
        if p.facts & Fact.LIABLE:
            lines.append((Reason.LIABLE_ELSEWHERE, ""))
        if no_prescription(p):
            lines.append((Reason.NO_PRESCRIPTION, "（十）"))
        return lines


class Changchun:
    """The draft, from the day that the tests assume."""

    deductible = (100, 200, 300, 300)
    rate = (60, 55, 50, 50)
    name = ("一级", "二级", "三级（市级）", "三级（省级）")

    def tariff(self, p: Probe) -> Tariff:
        """Return 三（三）."""
        rise = p.status > ACTIVE
        three = "三（三）"
        return Tariff(
            self.deductible[p.level] * 100,
            percent(self.rate[p.level] + (2 if rise else 0)),
            annual=2_000_00,
            articles=dict.fromkeys(("deductible", "rate", "annual_cap"), three),
            words={
                "rate": f"支付比例{self.rate[p.level]}% {self.name[p.level]}"
                + (" 提高2个百分点" if rise else " !提高2个百分点")
                + (" 建国前老工人" if p.status == VETERAN else " !建国前老工人")
                + (" 备案地" if p.place == Place.FILED else " !备案地"),
                "deductible": f"{self.name[p.level]} 起付标准{self.deductible[p.level]}元",
                "annual_cap": "最高支付限额2000元 不计入",
            },
        )

    def refusals(self, p: Probe) -> Lines:
        """Return 三（三）and 三（六）."""
        lines = other_medicine(p, "三（九）", "")
        if p.facts & Fact.SPANS_BOUNDARY:
            lines.append((Reason.SPANS_BOUNDARY, ""))
        if p.facts & (Fact.PHARMACY | Fact.NOT_OFFERED):
            lines.append((Reason.BENEFIT_NOT_OFFERED, "三（三）"))
        if p.facts & Fact.ADMITTED and p.facts & Fact.ASKED_EMERGENCY:
            lines.append((Reason.MERGED_INTO_STAY, "三（六）"))
        if p.facts & Fact.MATERNITY:
            lines.append((Reason.OTHER_SCHEME, ""))
        return lines

    def exclusions(self, p: Probe) -> Lines:
        """Return 三（三）, 三（八）, 三（九）and what is not printed."""
        lines: Lines = []
        if p.facts & Fact.NOT_DESIGNATED:
            lines.append((Reason.NOT_DESIGNATED, "三（三）"))
        if p.facts & Fact.IN_ARREARS:
            lines.append((Reason.ARREARS, ""))
        if p.facts & Fact.IN_STAY:
            lines.append((Reason.INPATIENT_STAY, "三（九）"))
        if p.facts & Fact.LIABLE:
            lines.append((Reason.LIABLE_ELSEWHERE, ""))
        if unfiled(p):
            lines.append((Reason.NOT_FILED, "三（八）"))
        if (
            p.facts & Fact.OUTSIDE_CITY
            and p.facts & Fact.NOT_NETWORKED
            and not p.facts & Fact.MANUAL
        ):
            lines.append((Reason.NOT_NETWORKED, "三（八）"))
        return lines


READINGS: Final[dict[str, Reading]] = {
    ZIBO: Zibo(),
    HEYUAN: Heyuan(),
    SUIZHOU: Suizhou(),
    JINAN: Jinan(),
    CHANGCHUN: Changchun(),
}
