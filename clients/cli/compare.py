"""Claims under the rules of several cities: a ledger in memory, and people carried to each city.

A person is carried to another city as if the two cities had changed places on the map: what was in
the own city is in the other one, what was in the own province is in the other province, and so on.
Whether care was local, filed, in another city or in another province is thereby kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np

from clients.cli.local import unexpected
from clients.cli.rules import known_cities
from clients.errors import FileError
from clients.registers import RegisterItem, read_register, register_column
from clients.rows import BadRow
from engine.domain.claim import Claim
from engine.domain.codes import Benefit
from engine.domain.layout import RESULT, Array
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.request import (
    Accepted,
    BatchAnswer,
    ImportOpenings,
    ItemError,
    PutInstitutions,
    PutMembers,
    Refused,
    Request,
    SettleBatch,
    SupplyFigures,
)
from engine.errors import InvalidInput, InvariantBroken
from engine.kernel import FAST, REFERENCE, Kernel, PlanTable
from engine.ledger.ledger import Ledger
from engine.pipeline import CHECKPOINT_USES
from engine.rules.book import PlanBook
from engine.rules.figures import load_figures, to_json
from engine.rules.model import CityRules
from engine.rules.plan import DEDUCTIBLE_BENEFIT, DEDUCTIBLE_OWN, ClaimClass, RulePlan
from engine.state.blocks import BLOCK
from engine.state.state import State
from engine.state.tables import ACCOUNT_WIDTH, ID_USE, MEMBER_YEAR_WIDTH, CreditRow, VisitKey

T = TypeVar("T")

UNKNOWN: Final = "?"
"""The id of a member that no register has."""


class BothKernels:
    """The compiled kernel, checked against the reference kernel row by row."""

    name: Final = "both"

    def settle(
        self,
        rows: Array,
        plans: PlanTable,
        counters: Array,
        visits: Array,
        results: Array,
        balances: Array | None = None,
    ) -> None:
        """Settle by both.

        Raises:
            InvariantBroken: they disagree.
        """
        moved = [counters, visits, results, *([] if balances is None else [balances])]
        copies = [each.copy() for each in moved]
        REFERENCE.settle(rows, plans, *copies)
        FAST.settle(rows, plans, *moved)
        for ours, theirs in zip(copies, moved, strict=True):
            _agree(ours, theirs)


def _agree(ours: Array, theirs: Array) -> None:
    if ours.tobytes() != theirs.tobytes():
        raise InvariantBroken(f"the two kernels disagree: {ours} and {theirs}; report this")


class _Nothing:
    """Tables without a journal: they keep the visits that left the memory, and nothing else."""

    def __init__(self) -> None:
        self.paid: dict[VisitKey, int] = {}

    id_seed = 0

    def id_use_count(self) -> int:
        """Return 0: there are none."""
        return 0

    def id_uses(self) -> Iterator[Array]:
        """Return nothing: the ids of a comparison are used once."""
        return iter(())

    def id_uses_at(self, institution: int) -> Array:
        """Return nothing: no register changes in a comparison."""
        return np.zeros(0, dtype=ID_USE)

    def member_years(self, year: int, block: int) -> Array:
        """Return zeros: member-years stay in memory."""
        return np.zeros((BLOCK, MEMBER_YEAR_WIDTH), dtype=np.int64)

    def accounts(self, block: int) -> Array:
        """Return zeros: accounts stay in memory."""
        return np.zeros((BLOCK, ACCOUNT_WIDTH), dtype=np.int64)

    def visit(self, key: VisitKey) -> int | None:
        """Return what was paid for a visit that left the memory, or None."""
        return self.paid.get(key)

    def visit_keys(self, year: int, block: int) -> list[tuple[int, int, str]]:
        """Return the keys of a block of members."""
        return [(k[0], *k[2:]) for k in self.paid if (k[1], k[0] // BLOCK) == (year, block)]

    def visits(self, member: int, year: int) -> list[tuple[int, str, int]]:
        """Return nothing: it is asked for openings only, which come first."""
        return []

    def credits(self, city: str, month: int) -> list[CreditRow]:
        """Return nothing: a comparison credits nobody."""
        return []

    def movements(self, position: int, count: int = 1) -> tuple[int, bytes, bytes] | None:
        """Return None: nothing is journalled."""

    def entry(self, position: int) -> tuple[bytes, bytes] | None:
        """Return None: nothing is journalled."""


class Outcome(NamedTuple):
    """What one claim came to under the rules of one city: one of the last three is there."""

    city: CityRules
    record: np.void | None = None
    """Of the layout `ENTRY`."""
    plan: RulePlan | None = None
    """The plan that decided, also for a refusal that a plan decided."""
    refused: Refused | None = None
    error: ItemError | None = None


class Bench:
    """A ledger in memory, in which everybody is insured in every city that is compared."""

    def __init__(
        self,
        cities: Sequence[str] = (),
        figures: Sequence[Path | bytes] = (),
        *,
        book: PlanBook | None = None,
        kernel: Kernel | None = None,
    ) -> None:
        """Take rules, and the figures of supply files.

        Args:
            cities: Area codes or pinyin names, in the order of the answers; all if empty.
            figures: Supply files, or what they hold; a later one goes before an earlier one.
            book: The rules; those of the rule files of this installation if not given.
            kernel: What settles; both kernels, one checked against the other, if not given.

        Raises:
            InvalidInput: there is no such city, a file cannot be read, or a figure contradicts
                another one.
            RuleFileError: a supply file is not accepted.
        """
        book = book or PlanBook(known_cities())
        named = [book.city(name) for name in cities or sorted(book.cities)]
        self.cities: list[CityRules] = list({rules.area: rules for rules in named}.values())
        self._tables = _Nothing()
        self._state = State(self._tables)
        self._ledger = Ledger(self._state, book, kernel or BothKernels())
        for file in figures:
            try:
                supplied = load_figures(file, book.cities)
            except OSError as error:
                raise InvalidInput(
                    str(file), f"{error.strerror}; name a file that can be read"
                ) from None
            self.ask(SupplyFigures(to_json(supplied)), Accepted)

    @property
    def book(self) -> PlanBook:
        """The rules with the operator figures supplied."""
        return self._ledger.book

    def ask(self, request: Request, expected: type[T]) -> T:
        """Return the answer to a request, which is of the expected kind.

        Raises:
            InvalidInput: the request is malformed.
        """
        (answer,) = self._ledger.apply([request], 0).answers
        if isinstance(answer, expected):
            return answer
        raise unexpected(answer)

    def settle(self, claims: Sequence[Claim]) -> BatchAnswer:
        """Settle claims in order, as they are."""
        answer = self.ask(SettleBatch(claims), BatchAnswer)
        if self._state.changes >= CHECKPOINT_USES:
            self._tables.paid.update(self._state.begin_checkpoint(0).visits)
            self._state.end_checkpoint()
        return answer

    def compare(self, claim: Claim, registers: "Registers") -> list[Outcome]:
        """Return what one claim comes to in every city."""
        answer = self.settle([registers.carry(claim, city.area, "1") for city in self.cities])
        return [self._outcome(city, row, answer) for row, city in enumerate(self.cities)]

    def _outcome(self, city: CityRules, row: int, answer: BatchAnswer) -> Outcome:
        if (error := answer.errors.get(row)) is not None:
            return Outcome(city, error=error)
        if (refused := answer.refusals.get(row)) is not None:
            return Outcome(city, refused=refused, plan=self._plan(refused.plan_digest))
        record = answer.entries[row]
        digest = answer.plan_digests[int(record["row"]["plan"])]
        return Outcome(city, record=record, plan=self._plan(digest))

    def _plan(self, digest: bytes) -> RulePlan | None:
        number = self._state.plan_numbers.get(digest)
        return None if number is None else self._state.plans.plans[number]


def carry_area(area: str, own: str, city: str) -> str:
    """Return where `area` lies once the cities `own` and `city` have changed places on the map.

    Two areas that are the same city, province or neither are so afterwards, so that one seen from
    `own` is what the other is, seen from `city`.
    """
    if area[:4] == own[:4]:
        return city[:4] + area[4:]
    if area[:2] == own[:2]:
        within = own[2:4] if area[2:4] == city[2:4] else area[2:4]
        return city[:2] + within + area[4:]
    return (own[:2] if area[:2] == city[:2] else area[:2]) + area[2:]


class Registers:
    """Members and institutions, entered once for each city under ids of their own."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._members: dict[str, tuple[int, str]] = {}
        self._institutions: dict[str, int] = {}

    def enter(
        self,
        members: Sequence[Member],
        institutions: Sequence[Institution],
        openings: Sequence[Opening | AccountOpening] = (),
    ) -> None:
        """Enter everybody in every city.

        Raises:
            InvalidInput: the first item that is malformed; its path ends in the field.
        """
        members = list({member.id: member for member in members}.values())
        for number, member in enumerate(members):
            self._members[member.id] = (number, member.city)
        for opening in openings:
            if opening.member not in self._members:
                raise InvalidInput(f"{opening.member}.member", "is in no file of members")
        areas = [city.area for city in self._bench.cities]
        owns = sorted({member.city for member in members})
        for area in areas:
            for own in owns:
                self._take(
                    PutInstitutions([self._institution(item, own, area) for item in institutions]),
                    institutions,
                )
            self._take(PutMembers([self._member(member, area) for member in members]), members)
            self._take(ImportOpenings([self._opening(item, area) for item in openings]), openings)

    def carry(self, claim: Claim, area: str, request_id: str) -> Claim:
        """Return the claim as one of the city with this code, under a request id of its own."""
        number, own = self._members.get(claim.member, (-1, area))

        def at(institution: str) -> str:
            return self._at(institution, own, area) if institution else ""

        known = claim.payer in self._members
        payer = self._person(claim.payer, area) if known else f"{UNKNOWN}payer"
        return claim._replace(
            request_id=f"{area}/{request_id}",
            member=f"{area}/{number}" if number >= 0 else UNKNOWN,
            payer=payer if claim.payer else "",
            institution=at(claim.institution),
            prescriber=at(claim.prescriber),
            admission=at(claim.admission),
        )

    def _take(
        self,
        request: PutMembers | PutInstitutions | ImportOpenings,
        items: Sequence[RegisterItem],
    ) -> None:
        for error in self._bench.ask(request, Accepted).errors:
            item = items[error.index]
            name = item.id if isinstance(item, Member | Institution) else item.member
            raise InvalidInput(f"{name}.{register_column(error.path)}", error.problem)

    def _at(self, institution: str, own: str, area: str) -> str:
        """Return the id of an institution, registered or not, as people of `own` see it."""
        number = self._institutions.setdefault(institution, len(self._institutions))
        return f"{area}/{own}/{number}"

    def _person(self, person: str, area: str) -> str:
        """Return the id of a person in a city; of who is in no register, the one he has."""
        known = self._members.get(person)
        return person if known is None else f"{area}/{known[0]}"

    def _institution(self, item: Institution, own: str, area: str) -> Institution:
        return replace(
            item,
            id=self._at(item.id, own, area),
            area=carry_area(item.area, own, area),
            host=self._at(item.host, own, area) if item.host else "",
            parent=self._at(item.parent, own, area) if item.parent else "",
        )

    def _member(self, member: Member, area: str) -> Member:
        own = member.city
        return replace(
            member,
            id=f"{area}/{self._members[member.id][0]}",
            city=area,
            filings=tuple(
                filing._replace(area=carry_area(filing.area, own, area))
                for filing in member.filings
            ),
            selections=tuple(
                selection._replace(institution=self._at(selection.institution, own, area))
                for selection in member.selections
            ),
            stays=tuple(
                stay._replace(institution=self._at(stay.institution, own, area))
                for stay in member.stays
            ),
            family=tuple(
                link._replace(relative=self._person(link.relative, area)) for link in member.family
            ),
        )

    def _opening(self, opening: Opening | AccountOpening, area: str) -> Opening | AccountOpening:
        number, own = self._members[opening.member]
        member = f"{area}/{number}"
        if isinstance(opening, AccountOpening):
            return opening._replace(member=member)
        return opening._replace(
            member=member,
            deductible_at_fen=tuple(
                (self._at(at, own, area), fen) for at, fen in opening.deductible_at_fen
            ),
            **self._borne(opening, area),
        )

    def _borne(self, opening: Opening, area: str) -> dict[str, Any]:
        """Return what benefits' own deductibles bore, in the counters that the city has for it."""
        borne = dict(opening.benefit_deductible_fen)
        special = borne.pop(Benefit.SPECIAL, 0) + opening.special_deductible_fen
        own = special and self._kind(area, opening.year, Benefit.SPECIAL) == DEDUCTIBLE_OWN
        if special and not own:
            borne[Benefit.SPECIAL] = special
        return {
            "special_deductible_fen": special if own else 0,
            "benefit_deductible_fen": tuple(
                (benefit, fen)
                for benefit, fen in borne.items()
                if self._kind(area, opening.year, benefit) == DEDUCTIBLE_BENEFIT
            ),
        }

    def _kind(self, area: str, year: int, benefit: int) -> int:
        """Return how a city counts the deductible of a benefit in a year, -1 if it has no rule."""
        for day in (year * 10_000 + 1231, year * 10_000 + 101):
            if plan := self._bench.book.plan_for(area, day, ClaimClass(benefit)):
                return plan.deductible_kind
        return -1


def read_items(file: Path, register: str) -> Iterator[RegisterItem]:
    """Yield the items of a register file.

    Raises:
        FileError: the file cannot be used, or one of its lines is none.
    """
    for row in read_register(file, register):
        if isinstance(row, BadRow):
            where = f"line {row.line}" + (f", {row.column}" if row.column else "")
            raise FileError(f"{file}: {where}: {row.problem}")
        yield from row.items


def of_kind(items: Iterable[RegisterItem], *kinds: type[T]) -> list[T]:
    """Return the items that are of one of the kinds."""
    return [item for item in items if isinstance(item, kinds)]


def amounts(result: np.void) -> Mapping[str, int]:
    """Return a record of `RESULT` by name, as Python numbers."""
    return dict(zip(RESULT.names or (), result.item(), strict=True))
