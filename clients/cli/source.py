"""Where rules and settlements are read from: a server, a store, or the rule files alone."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from clients.cli.common import one_of
from clients.cli.local import LocalLedger
from clients.cli.rules import known_cities
from clients.cli.stores import Place
from clients.errors import Refusal
from clients.server import Server
from engine.domain.dates import to_date
from engine.domain.movement import AccountAnswer, AccountRequest, CreditedStep
from engine.domain.request import Found, GetSettlement, NothingToReverse, Refused
from engine.domain.statement import GetStatement, Statement
from engine.errors import InvalidInput
from engine.rules.book import PlanBook
from engine.rules.figures import load_figures, to_json
from engine.rules.plan import RulePlan
from gongji.v1 import account_service_pb2, policy_pb2, policy_service_pb2, settlement_service_pb2
from gongji.v1.policy_service_pb2 import ListedPlan
from server.codec_account import encode_statement
from server.codec_policy import encode_city, encode_missing, encode_plan, list_plans
from server.codec_settlement import encode_explanation


class Source(Protocol):
    """Answers questions about rules and settlements, in the messages of `gongji.v1`."""

    def policies(self, city: str = "") -> Sequence[policy_service_pb2.CityPolicies]:
        """Return every dated version of the rules, of one city or of all."""
        ...

    def missing(self, city: str = "") -> Sequence[policy_service_pb2.MissingFigure]:
        """Return the operator figures that nobody has supplied."""
        ...

    def plans(self, city: str, day: int, benefit: int = 0) -> Sequence[ListedPlan]:
        """Return the plans that decide for a city on a day, of one benefit or (0) of all."""
        ...


class RuleFiles:
    """The rules of a book: those of the files, or those of a store with its figures."""

    def __init__(self, book: PlanBook) -> None:
        self.book = book

    def policies(self, city: str = "") -> list[policy_service_pb2.CityPolicies]:
        """Return every dated version of the rules, of one city or of all."""
        return [
            encode_city(self.book.cities[area], self.book.versions(area))
            for area in self._areas(city)
        ]

    def missing(self, city: str = "") -> list[policy_service_pb2.MissingFigure]:
        """Return the operator figures that nobody has supplied."""
        return [
            encode_missing(area, missing)
            for area in self._areas(city)
            for missing in self.book.missing(area)
        ]

    def plans(self, city: str, day: int, benefit: int = 0) -> Sequence[ListedPlan]:
        """Return the plans that decide for a city on a day, of one benefit or (0) of all.

        Raises:
            Refusal: no document is in force.
            InvalidInput: the city has no rules for the benefit.
        """
        found = list_plans(self.book, city, day, benefit).plans
        if not found:
            raise Refusal(f"NO_RULE: no document of {city} is in force on {to_date(day)}")
        return found

    def _areas(self, city: str) -> list[str]:
        return [self.book.city(city).area] if city else sorted(self.book.cities)


class StoreSource(RuleFiles, AbstractContextManager["StoreSource"]):
    """A store with its figures and settlements."""

    def __init__(self, store: Place) -> None:
        """Open a store that exists.

        Raises:
            StoreError: it does not, or somebody else holds it.
        """
        self.ledger = LocalLedger(store, create=False)
        super().__init__(self.ledger.book)

    def explain(
        self, institution: str, *, settlement_id: int = 0, request_id: str = ""
    ) -> settlement_service_pb2.Explanation:
        """Return a settlement of the institution with the clauses of its parts."""
        found = self.ledger.find(GetSettlement(institution, settlement_id, request_id))
        if not isinstance(found, Found):
            raise Refusal(found.message or found.reason.name)
        return encode_explanation(found, self.ledger.plan, dict(self.book.cities))

    def statement(
        self, member: str, first_day: int, last_day: int
    ) -> account_service_pb2.Statement:
        """Return what moved a member's account on some days, YYYYMMDD."""
        found = self.ledger.statement(GetStatement(member, first_day, last_day))
        if not isinstance(found, Statement):
            raise Refusal(found.message or found.reason.name)
        return encode_statement(found)

    def account(self, request: AccountRequest) -> AccountAnswer | NothingToReverse | Refused:
        """Move an account, take back what moved one, or look up what members contribute.

        Raises:
            InvalidInput: the request is malformed.
        """
        return self.ledger.account(request)

    def credit_run(self, city: str, month: int, *, dry_run: bool = False) -> Iterator[CreditedStep]:
        """Credit the members of a city (area code) for a month, YYYYMM; yield each step, done.

        Raises:
            Refusal: the city is credited nothing for the month; the message says why.
            InvalidInput: there is no such city or month.
        """
        return self.ledger.credit_run(city, month, dry_run=dry_run)

    def plan(self, digest: bytes) -> policy_pb2.Plan:
        """Return a plan that decided something, with its clause table."""
        plan: RulePlan | None = self.ledger.plan(digest)
        if plan is None:
            raise Refusal("no such plan decided anything in this store")
        return encode_plan(plan, self.book.cities.get(plan.city))

    def supply(self, file: Path) -> int:
        """Supply the operator figures of a file; return how many."""
        return self.ledger.supply(to_json(load_figures(file, self.book.cities)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ledger.close()


def open_ledger(server: str | None, store: Place | None) -> StoreSource | Server:
    """Return what answers for a ledger, to be closed: the store given, or else a server.

    Raises:
        StoreError: there is no such store, or somebody else holds it.
    """
    target = one_of(server, store)
    return Server(target) if isinstance(target, str) else StoreSource(target)


def open_source(stack: ExitStack, server: str | None, store: Place | None) -> Source:
    """Return where rules are read from: the server or store given, else the rule files."""
    if store is not None:
        one_of(server, store)
    if store is not None:
        return stack.enter_context(StoreSource(store))
    if server is not None:
        return stack.enter_context(Server(server))
    return RuleFiles(PlanBook(known_cities()))


def read_figures(file: Path) -> bytes:
    """Return the bytes of a figure file that the rules here accept.

    Raises:
        InvalidInput: it cannot be read.
        RuleFileError: it is not accepted.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInput(str(file), f"{error.strerror}; name a file that can be read") from None
    load_figures(file, known_cities())
    return content
