"""Every case file through every way: what is supported passes, and the ways agree.

A case that is not supported yet is never passed: the runner names the key or kind that makes it
so, and here these are checked to be exactly what the engine leaves out so far.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from clients.cli.cases.format import Case, read_files
from clients.cli.cases.run import WAYS, Report, run_cases
from clients.cli.cases.support import KINDS, why_not
from engine.rules.load import load_cities

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*/*.toml"))
CASES = read_files(FILES)
SERVED = ("zibo", "heyuan", "suizhou", "jinan", "changchun")


@cache
def report(way: str) -> Report:
    """Run all cases one way, once."""
    return run_cases(CASES, [way], load_cities())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "case", [case for case in CASES if not why_not(case)], ids=lambda case: case.id
)
def test_case(case: Case, way: str) -> None:
    (result,) = report(way).ways
    failures = [failure.line() for failure in result.failures if failure.case == case.id]
    assert not failures, "\n".join(failures)
    assert case in result.passed, result.broken


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_lost(way: str) -> None:
    got = report(way)
    (result,) = got.ways
    assert not result.broken
    assert len(result.passed) + len(result.failed) + len(got.unsupported) == len(CASES)


def test_the_ways_have_one_digest() -> None:
    digests = {way: report(way).ways[0].digest.hexdigest() for way in WAYS}
    assert len(set(digests.values())) == 1, digests


def test_of_the_cities_served_only_the_listed_kinds_are_excepted() -> None:
    for case in CASES:
        if case.city in SERVED:
            used = {event.kind for event in case.events} & set(KINDS)
            assert bool(why_not(case)) == bool(used), case.id


def altered(expect: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the expectations with one value changed, for every value."""
    other = {"refused": "settled", "settled": "refused", "cancelled": "refused"}
    for key, value in expect.items():
        if isinstance(value, dict):
            yield from ({**expect, key: inner} for inner in altered(value))
        elif isinstance(value, int):
            yield {**expect, key: value + 1}
        elif key == "outcome":
            yield {**expect, key: other.get(value, "cancelled")}
        else:
            reason = "NOT_DESIGNATED" if value == "OTHER_SCHEME" else "OTHER_SCHEME"
            benefit = "chronic" if value == "special" else "special"
            yield {**expect, key: {"reason": reason, "benefit": benefit}[key]}


def test_every_expectation_is_checked() -> None:
    """Each expected value, altered by itself, makes its case fail."""
    wrong = [
        replace(
            case,
            id=f"{case.id}#{event.position}.{number}",
            events=tuple(replace(e, expect=expect) if e is event else e for e in case.events),
        )
        for case in CASES
        if not why_not(case)
        for event in case.events
        for number, expect in enumerate(altered(event.expect))
    ]
    (result,) = run_cases(wrong, ["bulk"], load_cities()).ways
    assert len(wrong) > 200
    assert [case.id for case in result.passed] == []
    assert not result.broken
