"""Runs cases: sorts them into ledgers, plays them each way, adds up what came of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from clients.cli.cases.compare import Failure
from clients.cli.cases.format import Case, with_own_rules
from clients.cli.cases.inprocess import InProcessLane
from clients.cli.cases.outcome import Lane, LaneError
from clients.cli.cases.play import Played, interleaved, one_by_one, registers
from clients.cli.cases.support import lines, why_not
from clients.cli.cases.values import CaseError
from engine.digest import ResultDigest
from engine.errors import EngineError, InvalidInput
from engine.rules.figures import Figure, figures_from_supply
from engine.rules.model import CityRules

REFERENCE: Final = "reference"
FAST: Final = "fast"
BULK: Final = "bulk"
GRPC: Final = "grpc"
WAYS: Final = (REFERENCE, FAST, BULK, GRPC)

Player = Callable[[Lane, Sequence[Played]], None]
NewLane = Callable[[Sequence[Figure]], Lane]


@dataclass(slots=True)
class WayResult:
    """What came of all cases one way. `broken` says why the way could not be used to the end."""

    way: str
    passed: list[Case] = field(default_factory=list)
    failed: list[Case] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    broken: str = ""
    digest: ResultDigest = field(default_factory=ResultDigest)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run: by way, and the cases that could not be run, with what makes it so."""

    ways: tuple[WayResult, ...]
    unsupported: tuple[tuple[Case, tuple[str, ...]], ...]
    not_supported: tuple[str, ...]
    """What makes them so, in lines for people."""
    supported: int

    @property
    def digests_equal(self) -> bool:
        """Whether every way has the same result digest."""
        return len({way.digest.digest() for way in self.ways}) <= 1

    def passed(self, strict: bool) -> bool:
        """Return whether something ran and nothing failed.

        `strict` counts an unsupported case as failed.
        """
        good = all(not way.failed and not way.broken for way in self.ways)
        ran = good and self.supported > 0 and self.digests_equal
        return ran and not (strict and self.unsupported)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a run: as read here, and the folders beside the package's own."""

    cities: Mapping[str, CityRules]
    folders: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """Cases that share one ledger: for each city they have the same figures."""

    cases: tuple[Case, ...]
    figures: tuple[Figure, ...]


def run_cases(
    cases: Sequence[Case],
    ways: Iterable[str],
    cities: Mapping[str, CityRules],
    folders: Iterable[Path] = (),
) -> Report:
    """Run cases each way.

    Args:
        cases: The cases.
        ways: Of `WAYS`.
        cities: The rules of the package and of `folders`; those that a case's own file names are
            added.
        folders: Where cities beside those of the package are: a server reads them itself.

    Raises:
        CaseError: A case supplies a figure that its city does not know.
    """
    own = with_own_rules(cases, cities)
    read = (*folders, *(case.rules for case in cases if case.rules))
    rules = Rules(own, tuple(dict.fromkeys(read)))
    reasons = [(case, why_not(case)) for case in cases]
    supported = [case for case, why in reasons if not why]
    ledgers = share(supported, rules.cities)
    return Report(
        ways=tuple(_run_way(way, ledgers, rules) for way in ways),
        unsupported=tuple((case, why) for case, why in reasons if why),
        not_supported=tuple(lines({reason for _, why in reasons for reason in why})),
        supported=len(supported),
    )


def share(cases: Iterable[Case], cities: Mapping[str, CityRules]) -> list[Shared]:
    """Sort cases into ledgers: as few as can be, each with one set of figures a city."""
    supplies: dict[str, list[dict[str, Any]]] = {}
    members: list[list[Case]] = []
    figures: list[list[Figure]] = []
    for case in cases:
        known = supplies.setdefault(case.city, [])
        new = case.supply not in known
        if new:
            known.append(case.supply)
        number = known.index(case.supply)
        if number == len(members):
            members.append([])
            figures.append([])
        members[number].append(case)
        if new:
            figures[number] += _figures(case, cities)
    return [
        Shared(tuple(group), tuple(supplied))
        for group, supplied in zip(members, figures, strict=True)
    ]


def _figures(case: Case, cities: Mapping[str, CityRules]) -> tuple[Figure, ...]:
    try:
        return figures_from_supply(case.city, case.supply, cities)
    except InvalidInput as error:
        raise CaseError(case.where.at(error.path), error.problem) from None


def _run_way(way: str, ledgers: Sequence[Shared], rules: Rules) -> WayResult:
    new_lane, play = _means(way, rules)
    result = WayResult(way)
    for shared in ledgers:
        played = [Played(case, way) for case in shared.cases]
        try:
            _play(new_lane, play, played, shared.figures, result.digest)
        except (LaneError, EngineError) as error:
            result.broken = " ".join(str(error).split())
        for one in played:
            finished = one.event is None
            (result.passed if finished and not one.failures else result.failed).append(one.case)
            result.failures += one.failures
    return result


def _play(
    new_lane: NewLane,
    play: Player,
    played: Sequence[Played],
    figures: Sequence[Figure],
    digest: ResultDigest,
) -> None:
    lane = new_lane(figures)
    try:
        lane.prepare(registers(played))
        play(lane, played)
    finally:
        digest.merge(lane.digest)
        lane.close()


def _means(way: str, rules: Rules) -> tuple[NewLane, Player]:
    """Return how to reach a ledger that way, and how to play the cases on it."""
    cities = rules.cities
    if way == REFERENCE:
        return partial(InProcessLane, REFERENCE, cities), one_by_one
    if way == FAST:
        return partial(InProcessLane, FAST, cities), one_by_one
    if way == BULK:
        return partial(InProcessLane, FAST, cities), interleaved
    from clients.cli.cases.remote import RemoteLane

    return partial(RemoteLane, rules.folders), one_by_one
