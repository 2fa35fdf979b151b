"""What each alternative reading changes: the same made-up claims, settled under one and the other.

Every run is a ledger in memory with the compiled kernel. One question is switched at a time; the
others stay as they hold.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from clients.cli.compare import Bench
from clients.cli.effect_claims import make_claims
from clients.cli.people import CitySetting, read_days, read_figures
from engine.domain.dates import year_of
from engine.domain.layout import AMOUNTS, Array
from engine.domain.request import Accepted, BatchAnswer, PutInstitutions, PutMembers, SupplyFigures
from engine.errors import InvalidInput
from engine.kernel import FAST
from engine.rules.book import PlanBook
from engine.rules.figures import Figure, FigureSet, load_figures, to_json
from engine.rules.model import READING, Choice, CityRules, Question
from engine.rules.readings import readings_on

_BATCH: Final = 5_000
"""Claims that are settled at once."""
_SWITCHED: Final = "gongji policy effect"
"""Source of the figure that switches a reading for a run."""
_REFUSED: Final = 1_000
_ERROR: Final = 2_000
"""Added to the reason, if any, they stand for the outcome; a settled claim has its reason."""


class Run(NamedTuple):
    """The claims of a city, settled once."""

    settled: int
    pooled_fund_fen: int
    large_amount_fund_fen: int
    outcomes: Array
    """For each claim a column: how it came out, then every amount of `AMOUNTS`; int64."""


class Effect(NamedTuple):
    """One alternative: what it comes to, and in how many claims it differs from `base`."""

    question: Question
    base: str
    """The choice that holds otherwise."""
    choice: Choice
    run: Run
    changed: int
    """Claims of which an amount or the outcome is another."""


class CityEffects(NamedTuple):
    """The alternatives of one city, beside the readings that hold."""

    rules: CityRules
    days: CitySetting
    assumed: tuple[Figure, ...]
    """The figures built in, which nobody published."""
    claims: int
    members: int
    base: Run
    effects: tuple[Effect, ...]


def open_bench(cities: Sequence[str], figures: Sequence[Path]) -> Bench:
    """Return the cities under the figures built in, and those of supply files in their place.

    Raises:
        InvalidInput: there is no such city, a file cannot be read, or its figures contradict
            others.
        RuleFileError: a supply file is not accepted.
    """
    return Bench(cities, [read_figures(), *figures])


def held(rules: CityRules, figures: FigureSet, day: int) -> Iterator[tuple[Question, str]]:
    """Yield (question, the choice that holds on `day`) for every question of a city."""
    chosen = readings_on(rules, figures, day)
    for question in rules.questions:
        yield question, next(choice.id for choice in question.choices if choice.id in chosen)


def count_runs(bench: Bench) -> int:
    """Return how often the claims of a city are settled, over all cities."""
    return sum(
        1 + sum(len(question.choices) - 1 for question in city.questions) for city in bench.cities
    )


def measure(
    bench: Bench, *, claims: int, members: int, seed: int, settled: Callable[[CityRules, int], None]
) -> Iterator[CityEffects]:
    """Yield what the alternatives change in each city.

    Args:
        bench: The cities with their figures; nothing is settled in it.
        claims: How many claims to make for each city.
        members: How many people have them.
        seed: The same seed gives the same claims.
        settled: Told of the city and the number of claims just settled.
    """
    cities = bench.book.cities
    built_in = {figure.source for figure in load_figures(read_figures(), cities)}
    days = {setting.area: setting for setting in read_days(bench.book, "effect.toml")}
    for rules in bench.cities:
        if rules.area not in days:
            raise InvalidInput(
                "city", f"no document of {rules.pinyin} is in force; supply its figures (--figures)"
            )
        own = FigureSet(tuple(f for f in bench.book.figures if f.city == rules.area))
        book = PlanBook({rules.area: rules}, own)
        made = CityRuns(book, rules, days[rules.area], seed, members, claims, settled)
        yield CityEffects(
            rules,
            days[rules.area],
            tuple(figure for figure in own if figure.source in built_in),
            claims,
            members,
            made.base,
            tuple(made.effects()),
        )


class CityRuns:
    """The claims of one city, and their outcomes under the readings that hold."""

    def __init__(
        self,
        book: PlanBook,
        rules: CityRules,
        days: CitySetting,
        seed: int,
        members: int,
        claims: int,
        settled: Callable[[CityRules, int], None],
    ) -> None:
        """Make the claims and settle them under the readings that hold; see `measure`."""
        self._book = book
        self._rules = rules
        self._days = days
        self._settled = settled
        plans = book.versions(rules.area)
        self._world = make_claims(days, plans, seed, members, claims)
        self.claims = [claim for own in self._world.claims.values() for claim in own]
        self.base = self.run()

    def effects(self) -> Iterator[Effect]:
        """Yield every alternative of every question, settled."""
        for question, base in held(self._rules, self._book.figures, self._days.first_day):
            for choice in question.choices:
                if choice.id == base:
                    continue
                run = self.run(choice.id)
                changed = (run.outcomes != self.base.outcomes).any(axis=0).sum()
                # What a run came to is kept for all of them, its claims are not.
                yield Effect(question, base, choice, run._replace(outcomes=_NONE), int(changed))

    def run(self, choice: str = "") -> Run:
        """Settle the claims, with one question switched to `choice` if one is given."""
        area = self._rules.area
        bench = Bench([area], book=self._book, kernel=FAST)
        if choice:
            bench.ask(SupplyFigures(to_json([self._switch(choice)])), Accepted)
        for request in (PutInstitutions(self._world.institutions), PutMembers(self._world.members)):
            bench.ask(request, Accepted)
        outcomes = np.zeros((1 + len(AMOUNTS), len(self.claims)), np.int64)
        for first in range(0, len(self.claims), _BATCH):
            batch = self.claims[first : first + _BATCH]
            _read(bench.settle(batch), outcomes[:, first : first + len(batch)])
            self._settled(self._rules, len(batch))
        return Run(
            int((outcomes[0] < _REFUSED).sum()),
            int(outcomes[1 + AMOUNTS.index("pooled_fund")].sum()),
            int(outcomes[1 + AMOUNTS.index("large_amount_fund")].sum()),
            outcomes,
        )

    def _switch(self, choice: str) -> Figure:
        """Return the figure that makes a choice for every year of the claims."""
        spec = self._rules.figure(READING)
        number = spec.choices.index(choice) if spec else 0
        first = year_of(self._days.first_day) * 10_000 + 101
        last = year_of(self._days.last_day) * 10_000 + 1231
        question = choice.partition("-")[0]
        return Figure(self._rules.area, READING, question, number, first, last, _SWITCHED)


_NONE: Final = np.zeros((0, 0), np.int64)


def _read(answer: BatchAnswer, outcomes: Array) -> None:
    """Put the answers of a batch into their columns."""
    results = answer.entries["result"]
    outcomes[0] = results["reason"]
    for row, refused in answer.refusals.items():
        outcomes[0, row] = _REFUSED + refused.reason
    outcomes[0, list(answer.errors)] = _ERROR
    for number, name in enumerate(AMOUNTS, 1):
        outcomes[number] = results[name]
