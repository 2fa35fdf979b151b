"""Account rules of the five cities with assumed figures, and members to credit."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.domain.codes import Status
from engine.rules.account import (
    Credit,
    Credited,
    credit,
)
from engine.rules.book import PlanBook
from engine.rules.figures import figures_from_supply
from engine.rules.model import CityRules

JINAN, ZIBO, CHANGCHUN, SUIZHOU, HEYUAN = "370100", "370300", "220100", "421300", "441600"
SUPPLY: Mapping[str, Mapping[str, Any]] = {
    JINAN: {"average_pension_2023": "4321.00", "old_unit_credit": "90.00"},
    ZIBO: {"average_pension_2023": "3987.65", "old_unit_credit": "88.89"},
    CHANGCHUN: {"effective_date": "2023-07-01"},
    SUIZHOU: {},
    HEYUAN: {},
}
ACTIVE = Credited(
    born_on=1980_01_01, base_fen=5_000_00, own_contribution_fen=100_00, months_combined=200
)
RETIRED = replace(ACTIVE, status=Status.RETIRED, born_on=1960_01_01)


def book(cities: Mapping[str, CityRules], area: str, **more: Any) -> PlanBook:
    supply = {**SUPPLY[area], **more}
    given = {name: value for name, value in supply.items() if value is not None}
    return PlanBook(cities).with_figures(figures_from_supply(area, given, cities))


def credited(book: PlanBook, area: str, month: int, member: Credited) -> Credit:
    return credit(book.account_on(area, month * 100 + 1), month, member)
