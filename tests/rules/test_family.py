"""What rule plans say of relatives' accounts is what the account rules say."""

import pytest

from engine.domain.account import Purpose, Relation
from engine.domain.codes import Benefit, Kind
from engine.domain.reasons import Reason
from engine.rules.account import use
from engine.rules.book import PlanBook
from engine.rules.figures import FigureSet, figures_from_supply
from engine.rules.load import load_cities
from engine.rules.plan import ClaimClass

CITIES = load_cities()
EFFECTIVE = figures_from_supply("changchun", {"effective_date": "2023-06-15"}, CITIES)
SUIZHOU = "421300"
PLACES = (
    ("family_medical", Purpose.MEDICAL, Kind.HOSPITAL),
    ("family_goods", Purpose.PHARMACY_GOODS, Kind.PHARMACY),
)


@pytest.mark.parametrize("switch", [None, "false", "true"])
@pytest.mark.parametrize("city", sorted(CITIES))
def test_the_sets_are_those_of_the_account_rules(city: str, switch: str | None) -> None:
    supplied = FigureSet().add(EFFECTIVE)
    if switch:
        given = {"family_use": switch == "true"}
        supplied = supplied.add(figures_from_supply("suizhou", given, CITIES))
    book = PlanBook(CITIES, supplied)
    met = 0
    for version in book.versions(city):
        for benefit in (Benefit.ORDINARY, Benefit.SPECIAL):
            for day in (version.first_day, version.last_day):
                plan = book.plan_for(city, day, ClaimClass(benefit))
                assert plan is not None
                for name, purpose, kind in PLACES:
                    relations = getattr(plan, name)
                    for relation in set(Relation) - {Relation.SELF}:
                        found = use(
                            book.account_on(city, day), purpose, relation=relation, place=kind
                        )
                        assert bool(relations >> relation & 1) == (found.reason == Reason.NONE)
                        met += bool(relations >> relation & 1)
                    cited = plan.citations[getattr(plan, f"{name}_cite")]
                    assert bool(cited.clauses) == bool(relations)
    assert bool(met) == (city != SUIZHOU or switch != "false")
