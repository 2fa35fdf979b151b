"""Counters that only alternative readings keep: shown, opened, and never kept in two ways."""

import pytest

from engine.domain.codes import Level
from engine.domain.register import Opening
from engine.domain.request import Accepted, Cancel, ImportOpenings, ItemError, SupplyFigures, Undone
from engine.kernel import FAST, REFERENCE, Kernel
from engine.rules.figures import figures_from_supply, to_json
from tests.support.city_bench import Bench, claim
from tests.support.runner import cities
from tests.support.world import HEYUAN, JINAN, ZIBO

KERNELS = pytest.mark.parametrize("kernel", [REFERENCE, FAST], ids=lambda kernel: kernel.name)


def choose(bench: Bench, city: str, choice: str) -> object:
    """Supply a reading; return the answer."""
    figures = figures_from_supply(city, {"reading": {choice.partition("-")[0]: choice}}, cities())
    return bench.ask(SupplyFigures(to_json(figures)))


@KERNELS
def test_borne_by_level_is_shown_and_taken_back(kernel: Kernel) -> None:
    bench = Bench(ZIBO, kernel, reading={"G2": "G2-B"})
    parts = bench.settle(
        claim("a", "M", 2024_05_05, 60_000),
        claim("b", "Y", 2024_05_06, 6_000),
        claim("c", "X", 2024_05_07, 10_000),
    )
    assert [part["deductible"] for part in parts] == [50_000, 5_000, 10_000]
    now = bench.counters(2024)
    levels = ((Level.LEVEL_1, 5_000), (Level.LEVEL_2, 50_000), (Level.LEVEL_3, 10_000))
    assert now.deductible_by_level_fen == levels
    assert (now.deductible_fen, now.deductible_at, now.cost_fen) == (0, (), 0)
    assert isinstance(bench.ask(Cancel("M", "k", 1)), Undone)
    assert bench.counters(2024).deductible_by_level_fen == (levels[0], levels[2])
    bench.check()


@KERNELS
def test_the_cost_of_the_year_is_shown(kernel: Kernel) -> None:
    bench = Bench(ZIBO, kernel, reading={"G1": "G1-B", "G2": "G2-A2"})
    first, second = bench.settle(
        claim("a", "Y", 2023_05_05, 60_000), claim("b", "M", 2023_05_06, 300_000)
    )
    # 50.00 first; 550.00 at 60 %. Then 600.00 has passed the 500.00 of level 2, and 2400.00 of
    # the band of 3000.00 is left.
    assert (first["deductible"], first["pooled_fund"]) == (5_000, 33_000)
    assert (second["deductible"], second["pooled_fund"]) == (0, 144_000)
    assert second["cut_annual"] == 36_000
    assert (second["cost_before"], bench.counters(2023).cost_fen) == (60_000, 360_000)
    bench.check()


@KERNELS
def test_what_an_opening_paid_and_bore_is_cost(kernel: Kernel) -> None:
    """The fund never pays more in the year than the figure of the band."""
    bench = Bench(ZIBO, kernel, reading={"G1": "G1-B"})
    opening = Opening("m", 2024, deductible_fen=50_000, ordinary_paid_fen=210_000)
    bench.ask(ImportOpenings([opening]))
    (part,) = bench.settle(claim("a", "M", 2024_05_05, 400_000))
    assert part["pooled_fund"] == 84_000  # (4000.00 - 500.00 - 2100.00) x 60 %
    bench.check()


@pytest.mark.parametrize(
    ("city", "reading", "year"), [(ZIBO, {"G2": "G2-B"}, 2024), (JINAN, {}, 2023)]
)
def test_an_opening_that_no_counter_takes_is_refused(
    city: str, reading: dict[str, str], year: int
) -> None:
    bench = Bench(city, reading=reading)
    answer = bench.ask(
        ImportOpenings([Opening("m", year, 50_000), Opening("m", year, 0, True, 1_000)])
    )
    assert isinstance(answer, Accepted)
    assert answer.count == 1
    (error,) = answer.errors
    assert (error.index, error.path) == (0, "deductible_fen")
    assert "by institution or level" in error.problem


@pytest.mark.parametrize(
    ("city", "choice", "day", "institution"),
    [
        (ZIBO, "G2-B", 2024_05_05, "M"),
        (ZIBO, "G2-A2", 2024_05_05, "M"),
        (ZIBO, "G1-B", 2024_05_05, "M"),
        (JINAN, "J3-B", 2024_05_05, "M"),
        (HEYUAN, "H2-C", 2025_09_05, "M"),
    ],
)
def test_a_reading_that_counts_otherwise_comes_too_late(
    city: str, choice: str, day: int, institution: str
) -> None:
    bench = Bench(city)
    bench.settle(claim("a", institution, day, 60_000))
    figures = len(bench.store.journal)
    answer = choose(bench, city, choice)
    assert isinstance(answer, ItemError)
    assert "is settled" in answer.problem or "are settled" in answer.problem
    assert len(bench.store.journal) == figures
    (again,) = bench.settle(claim("b", institution, day, 60_000))
    assert again["reason"] == 0 or city == HEYUAN


def test_a_reading_that_counts_alike_may_be_chosen_any_time() -> None:
    bench = Bench(ZIBO)
    bench.settle(claim("a", "M", 2024_05_05, 60_000))
    assert isinstance(choose(bench, ZIBO, "Z4-B"), Accepted)
    (part,) = bench.settle(claim("b", "M", 2024_05_06, 60_000))
    assert part["excluded"] == 60_000
    bench.check()
