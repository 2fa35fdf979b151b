"""Plans, figures and explanations on the wire."""

import hashlib
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.codes import Benefit
from engine.errors import InvalidInput
from engine.rules.book import PlanBook
from engine.rules.figures import figures_from_supply
from engine.rules.plan import ClaimClass
from gongji.v1 import policy_service_pb2 as pb
from server.codec_policy import encode_plan, figures_to_toml, refusing_line
from tests.support.runner import cities
from tests.support.world import JINAN, ZIBO


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_text_in_a_supply_file_is_read_as_it_was_sent(text: str) -> None:
    figure = pb.Figure(
        city="heyuan",
        name="annual_cap",
        value="1.00",
        source=text,
        first_day=20260101,
        last_day=20261231,
    )
    read = tomllib.loads(figures_to_toml([figure]).decode())["figure"][0]
    assert read["source"] == text
    assert read["first_day"].isoformat() == "2026-01-01"
    assert "key" not in read


def test_a_figure_without_days_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        figures_to_toml([pb.Figure(first_day=20260101, last_day=20260101), pb.Figure()])
    assert caught.value.path == "figures[1].first_day"


def test_a_plan_can_be_checked_against_its_digest() -> None:
    book = PlanBook(cities())
    for area in book.cities:
        for plan in book.versions(area):
            message = encode_plan(plan, book.cities[area])
            assert message.digest == hashlib.sha256(message.canonical_json).digest()
            assert len(message.tariffs) == 12
            assert [len(tariff.rates) for tariff in message.tariffs] == [4] * 12
            keys = {document.key for document in message.documents}
            cited = {c.document for citation in message.citations for c in citation.clauses}
            assert cited <= keys


@pytest.mark.parametrize(
    ("benefit", "figure"),
    [
        (Benefit.CHRONIC, "chronic_annual_cap"),
        (Benefit.SPECIAL, "special_annual_cap"),
        (Benefit.DAY_SURGERY, "inpatient_deductible.1"),
    ],
)
def test_a_benefit_that_lacks_a_figure_is_found_in_the_matrix(
    benefit: Benefit, figure: str
) -> None:
    plan = PlanBook(cities()).plan_for(ZIBO, 20260302, ClaimClass(benefit))
    assert plan is not None
    line = refusing_line(plan, benefit)
    assert line is not None
    assert line.figure == figure
    assert refusing_line(plan, Benefit.ORDINARY) is None


def test_drugs_paid_separately_can_be_asked_for_their_missing_figures() -> None:
    plan = PlanBook(cities()).plan_for(ZIBO, 20260302, ClaimClass(Benefit.SEPARATE_PAY))
    assert plan is not None
    line = refusing_line(plan, Benefit.SEPARATE_PAY)
    assert line is not None
    assert line.figure == "separate_pay_deductible"
    with pytest.raises(InvalidInput, match="8 is not a benefit; expected 1 to 7"):
        refusing_line(plan, 8)


def test_ordinary_claims_are_refused_where_every_level_lacks_its_figure() -> None:
    book, day = PlanBook(cities()), 20240601

    def line(levels: str) -> str:
        given = dict.fromkeys(levels, "400.00")
        figures = figures_from_supply("jinan", {"ordinary_deductible": given}, cities())
        plan = book.with_figures(figures).plan_for(JINAN, day)
        assert plan is not None
        found = refusing_line(plan, Benefit.ORDINARY)
        return found.figure if found else ""

    assert line("") == "ordinary_deductible.1"
    assert line("2") == ""
    assert line("123") == ""
