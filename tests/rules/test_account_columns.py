"""Credits of many members at once are those of one member at a time, to the fen."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.account import CreditPart
from engine.domain.codes import Employment, Mode, Status
from engine.domain.reasons import Reason
from engine.rules.account import Credited, credit
from engine.rules.account_columns import NO_RULE_APPLIED, CreditedColumns, credit_columns
from engine.rules.book import PlanBook
from engine.rules.figures import figures_from_supply
from engine.rules.load import load_cities

CITIES = load_cities()
SUPPLIES: tuple[Mapping[str, Mapping[str, str]], ...] = (
    {},
    {
        "370100": {"average_pension_2023": "4321.01", "old_unit_credit": "90.03"},
        "370300": {"average_pension_2023": "3987.65", "old_unit_credit": "88.89"},
        "220100": {"effective_date": "2023-07-01"},
    },
)


def make_book(supplies: Mapping[str, Mapping[str, str]]) -> PlanBook:
    book = PlanBook(CITIES)
    for area, supply in supplies.items():
        book = book.with_figures(figures_from_supply(area, supply, CITIES))
    return book


BOOKS = [make_book(supplies) for supplies in SUPPLIES]

BORN = st.one_of(
    st.just(0),
    st.builds(
        lambda year, month, day: year * 10_000 + month * 100 + day,
        st.integers(1930, 2005) | st.integers(1952, 1957),
        st.integers(1, 12),
        st.integers(1, 28) | st.just(30),
    ),
)
FEN = st.just(0) | st.integers(1, 100_000_00) | st.integers(1, 10**12)
MONTHS = st.integers(0, 3) | st.integers(0, 600)
MEMBERS = st.builds(
    Credited,
    status=st.sampled_from(Status),
    born_on=BORN,
    mode=st.sampled_from([Mode.COMBINED, Mode.COMBINED, Mode.COMBINED, Mode.POOLED_ONLY]),
    employment=st.sampled_from(Employment),
    base_fen=FEN,
    own_contribution_fen=FEN,
    months_combined=MONTHS,
    months_pooled_only=MONTHS,
    still_paying=st.booleans(),
)


def columns(members: list[Credited]) -> CreditedColumns:
    def column(name: str, kind: type[np.generic] = np.int64) -> np.ndarray:
        return np.array([getattr(member, name) for member in members], dtype=kind)

    return CreditedColumns(
        status=column("status", np.int8),
        born_on=column("born_on", np.int32),
        mode=column("mode", np.int8),
        employment=column("employment", np.int8),
        base_fen=column("base_fen"),
        own_contribution_fen=column("own_contribution_fen"),
        months_combined=column("months_combined", np.int16),
        months_pooled_only=column("months_pooled_only", np.int16),
        still_paying=column("still_paying", np.bool_),
    )


@settings(max_examples=300, deadline=None)
@given(
    book=st.sampled_from(BOOKS),
    area=st.sampled_from(sorted(CITIES)),
    month=st.builds(lambda y, m: y * 100 + m, st.integers(2022, 2026), st.integers(1, 12)),
    members=st.lists(MEMBERS, max_size=40),
)
def test_columns_agree_with_one_at_a_time(
    book: PlanBook, area: str, month: int, members: list[Credited]
) -> None:
    plan = book.account_on(area, month * 100 + 1)
    found = credit_columns(plan, month, columns(members))
    for row, member in enumerate(members):
        one = credit(plan, month, member)
        part_fen = [0] * len(CreditPart)
        rule = [NO_RULE_APPLIED] * len(CreditPart)
        for part in one.parts:
            part_fen[part.part - 1] = part.fen
            rule[part.part - 1] = part.rule
        assert Reason(int(found.reason[row])) == one.reason
        assert int(found.fen[row]) == one.fen
        assert found.part_fen[row].tolist() == part_fen
        assert found.rule[row].tolist() == rule


def test_columns_are_whole_numbers_of_the_same_length() -> None:
    plan = BOOKS[1].account_on("370300", 2023_05_01)
    found = credit_columns(plan, 202305, columns([Credited(base_fen=5_000_00)] * 3))
    assert (found.fen.dtype, found.part_fen.dtype) == (np.dtype("i8"), np.dtype("i8"))
    assert (found.rule.dtype, found.reason.dtype) == (np.dtype("i2"), np.dtype("i2"))
    assert found.fen.tolist() == [144_45] * 3
    assert found.part_fen.sum(axis=1).tolist() == found.fen.tolist()
    nobody = credit_columns(plan, 202305, columns([]))
    assert nobody.part_fen.shape == (0, len(CreditPart))


def test_columns_refuse_a_plan_of_other_days() -> None:
    plan = BOOKS[1].account_on("370300", 2023_05_01)
    with pytest.raises(ValueError, match="take that of the first day"):
        credit_columns(plan, 202401, columns([]))
