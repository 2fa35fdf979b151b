"""Random claims of one member: every benefit, bills as parts and as lines, and what goes wrong.

Where a benefit is asked for, mostly what it needs is there too (level, registration, statement), so
that claims are settled under it; the rest is drawn from all there is.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from engine.domain.bill import BillLine, line_amount_fen, line_over_limit_fen
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, Kind, Level, Liability, LineClass, LineFlag, Paper
from engine.domain.dates import Interval
from engine.domain.register import Institution, Member

CHANGCHUN = "220100"
LINJIANG = "990100"
"""A city of the tests' own, with rules for ordinary care alone."""
CHRONIC = ("M01", "M02", "M09")
SPECIAL = ("T01", "T02", "M01")
PROCEDURES = ("DS01", "DS02", "DS09")
"""Codes; of those with a 9 the operator has no figure. One is both chronic and special, so that a
bill may have parts of both."""

FIRST_DAY = {
    LINJIANG: 2024_01_01,
    "441600": 2025_08_01,
    "421300": 2022_12_31,
    CHANGCHUN: 2023_06_15,
}
LAST_DAY = {"421300": 2024_12_30}
"""Days on which documents begin and end, where that is within a year that is drawn."""

_SHARES = {
    Benefit.ORDINARY: 30,
    Benefit.CHRONIC: 28,
    Benefit.SPECIAL: 18,
    Benefit.DAY_SURGERY: 9,
    Benefit.EMERGENCY: 15,
}
_CHANGCHUN_LEVELS = {
    Benefit.CHRONIC: (Level.LEVEL_1, Level.LEVEL_2, Level.LEVEL_3),
    Benefit.SPECIAL: (Level.LEVEL_2, Level.LEVEL_3, Level.LEVEL_3_PROVINCIAL),
    Benefit.DAY_SURGERY: (Level.LEVEL_3, Level.LEVEL_3_PROVINCIAL),
}
_DRUG_LINES = {CHANGCHUN: 0.01, LINJIANG: 0.01}
"""Share of bill lines with a drug that has a payment of its own, where hardly any is settled."""
_PACKAGES = (1, 432_101, 600_001, 1_000_000, 2_000_000)
_NEAR = (1, 5_000, 10_000, 20_001, 50_000, 70_000, 90_000, 250_000, 600_000)


def day_of(rng: random.Random, year: int) -> int:
    """Return a day of a year; its first and last ones more often."""
    edge = rng.random()
    if edge < 0.04:
        return year * 10_000 + 101
    if edge < 0.08:
        return year * 10_000 + 1231
    return year * 10_000 + rng.randint(1, 12) * 100 + rng.randint(1, 28)


def interval_of(rng: random.Random, year: int) -> Interval:
    """Return an interval of days of a year."""
    first, last = sorted((day_of(rng, year), day_of(rng, year)))
    return Interval(first, last)


@dataclass(frozen=True)
class Draw:
    """What claims of one member are drawn from."""

    rng: random.Random
    institutions: Sequence[Institution]
    member: Member
    years: tuple[int, ...]
    payers: Sequence[str] = ()
    """Relatives who may be asked to pay; no other member's claims name the first."""
    ordinary: bool = False
    """Only well-formed claims for ordinary care, their bills in four parts."""

    def claim(self, request_id: str) -> Claim:
        """Return a claim, now and then one that cannot be."""
        rng, member = self.rng, self.member
        benefit = self._benefit()
        day = self._day()
        here = self._institution(benefit)
        liability = rng.choice(list(Liability)) if rng.random() < 0.1 else Liability.NONE
        manual = rng.random() < 0.1
        claim = Claim(
            institution=here.id,
            request_id=request_id,
            member=member.id,
            service_date=day,
            until_date=day if rng.random() < 0.93 else self._until(day),
            total_fen=0,
            in_scope_fen=0,
            pre_payment_fen=0,
            over_limit_fen=0,
            non_covered_fen=0,
            benefit=benefit,
            visit=rng.choice(("V1", "V2")) if rng.random() < 0.3 else "",
            disease=self._code(benefit),
            prescriber=self._prescriber(here),
            liability=liability,
            emergency=rng.random() < 0.1,
            referred=rng.random() < 0.1,
            admission=here.id if rng.random() < 0.07 else "",
            statement=rng.random() < (0.6 if benefit == Benefit.EMERGENCY else 0.05),
            manual=manual,
            use_account=rng.random() < 0.4,
            prescription="rx-1" if here.kind == Kind.PHARMACY and rng.random() < 0.5 else "",
            papers=rng.choice((0, 7, sum(Paper), 5)) if manual else 0,
            payer=self._payer(),
        )
        itemised = rng.random() < 0.35
        claim = self._itemised(claim) if itemised and not self.ordinary else self._in_parts(claim)
        if liability and rng.random() < 0.5:
            claim = claim._replace(liable_fen=rng.randint(0, claim.total_fen + 100))
        return self._spoilt(claim) if rng.random() < 0.04 and not self.ordinary else claim

    # --- who, when, where ----------------------------------------------------------------

    def _payer(self) -> str:
        """Return who is asked to pay: mostly nobody, else mostly the own relative."""
        if not self.payers or self.rng.random() < 0.7:
            return ""
        return self.payers[0] if self.rng.random() < 0.95 else self.rng.choice(self.payers)

    def _benefit(self) -> Benefit:
        if self.ordinary or (self.member.city == LINJIANG and self.rng.random() < 0.9):
            return Benefit.ORDINARY
        return self.rng.choices(list(_SHARES), list(_SHARES.values()))[0]

    def _day(self) -> int:
        """Return a day, mostly one on which a document is in force."""
        rng, city = self.rng, self.member.city
        year = rng.choice(self.years)
        day = day_of(rng, year)
        first, last = FIRST_DAY.get(city, 0), LAST_DAY.get(city, 9999_12_31)
        while not first <= day <= last and rng.random() < 0.8:
            day = first if year == 2022 else day_of(rng, year)
        return day

    def _until(self, day: int) -> int:
        """Return a last day: of the same year, or of the next one."""
        rng, year = self.rng, day // 10_000
        return max(day, self._day()) if rng.random() < 0.6 else (year + 1) * 10_000 + 105

    def _institution(self, benefit: Benefit) -> Institution:
        city = self.member.city
        levels = _CHANGCHUN_LEVELS.get(benefit, ()) if city == CHANGCHUN else ()
        if not levels or self.rng.random() < 0.4:
            return self.rng.choice(self.institutions)
        fit = [i for i in self.institutions if i.level in levels and i.kind == Kind.HOSPITAL]
        if benefit == Benefit.SPECIAL:
            fit += [i for i in self.institutions if i.kind == Kind.SPECIALIST]
        return self.rng.choice([i for i in fit if i.area == city and i.designated != ()])

    def _prescriber(self, here: Institution) -> str:
        if self.rng.random() < (0.2 if here.kind == Kind.PHARMACY else 0.7):
            return ""
        return self.rng.choice(self.institutions[:3]).id

    def _code(self, benefit: Benefit) -> str:
        """Return a code, mostly a registered one of that kind; seldom one that is none."""
        codes = {
            Benefit.CHRONIC: CHRONIC,
            Benefit.SPECIAL: SPECIAL,
            Benefit.DAY_SURGERY: PROCEDURES,
        }.get(benefit, ())
        if not codes or self.rng.random() < 0.05:
            return self.rng.choice(("", "M01", "T01", "X99"))
        registered = [d.code for d in self.member.diseases if d.code in codes]
        weighted = registered if registered and self.rng.random() < 0.8 else [*codes, codes[0]]
        return self.rng.choice(weighted)

    # --- the bill ------------------------------------------------------------------------

    def _amount(self, benefit: int = Benefit.ORDINARY) -> int:
        near = self.rng.choice(_PACKAGES if benefit == Benefit.DAY_SURGERY else _NEAR)
        return max(0, near + self.rng.randint(-near, 99))

    def _in_parts(self, claim: Claim) -> Claim:
        in_scope = self._amount(claim.benefit)
        extra = [self._amount() if self.rng.random() < 0.2 else 0 for _ in range(3)]
        return claim._replace(
            total_fen=in_scope + sum(extra),
            in_scope_fen=in_scope,
            pre_payment_fen=extra[0],
            over_limit_fen=extra[1],
            non_covered_fen=extra[2],
        )

    def _itemised(self, claim: Claim) -> Claim:
        lines = tuple(self._line() for _ in range(self.rng.choice((1, 2, 2, 3, 5))))
        return claim._replace(lines=lines, total_fen=sum(line.amount_fen for line in lines))

    def _line(self) -> BillLine:
        rng = self.rng
        kind = rng.choice((LineClass.A, LineClass.A, LineClass.B, LineClass.NONE))
        flag = LineFlag.GENERAL_FEE if rng.random() < 0.1 else LineFlag.NONE
        if rng.random() < _DRUG_LINES.get(self.member.city, 0.15):
            flag = rng.choice((LineFlag.DUAL_CHANNEL, LineFlag.SEPARATE_PAY))
        line = BillLine(
            kind,
            self._amount(),
            first_pay_bp=rng.choice((0, 500, 1_005, 3_333)) if kind == LineClass.B else 0,
            flag=flag,
            benefit=rng.choice((0, 0, Benefit.ORDINARY, Benefit.CHRONIC, Benefit.SPECIAL)),
        )
        if rng.random() < 0.2:
            return self._priced(line)
        if rng.random() < 0.2:
            line = line._replace(over_limit_fen=rng.randint(0, line.amount_fen))
        return line

    def _priced(self, line: BillLine) -> BillLine:
        """Return the line with a quantity, a unit price and perhaps a ceiling."""
        quantity, price = self.rng.randint(1, 300_000), self.rng.randint(1, 99_999_999)
        ceiling = self.rng.choice((0, price - price // 3))
        amount = line_amount_fen(quantity, price)
        return line._replace(
            amount_fen=amount,
            over_limit_fen=line_over_limit_fen(amount, quantity, ceiling) if ceiling else 0,
            quantity=quantity,
            unit_price=price,
            unit_ceiling=ceiling,
        )

    def _spoilt(self, claim: Claim) -> Claim:
        """Return the claim with something that cannot be, or that nobody knows."""
        spoil = self.rng.randrange(7)
        if spoil == 0:
            return claim._replace(total_fen=claim.total_fen + 1)
        if spoil == 1:
            return claim._replace(until_date=claim.service_date // 10_000 * 10_000 + 101)
        if spoil == 2:
            return claim._replace(member="nobody")
        if spoil == 3:
            return claim._replace(prescriber="nowhere")
        if spoil == 4:
            return claim._replace(liability=Liability.NONE, liable_fen=1)
        if spoil == 5:
            return claim._replace(service_date=self.years[0] * 10_000 + 1301)
        return claim._replace(lines=(), total_fen=-1, in_scope_fen=-1)
