"""The worked cases of personal accounts, as questions to the account rules.

What a case says of a balance is the ledger's and not asked here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from clients.cli.cases.format import Case, Event, read_files, with_own_rules
from engine.domain.account import DisposalEvent, Product, Purpose, Relation
from engine.domain.codes import Employment, Kind, Mode, Status
from engine.domain.reasons import Reason
from engine.domain.register import Member
from engine.rules.account import Credited, Disposal, Use, credit, dispose, has_account, use
from engine.rules.book import PlanBook
from engine.rules.figures import figures_from_supply
from engine.rules.load import load_cities

CASES = Path(__file__).parents[1] / "cases"


@dataclass(frozen=True)
class Question:
    """One event of a case with its case and its rules."""

    case: Case
    event: Event
    book: PlanBook

    @property
    def name(self) -> str:
        return f"{self.case.id}-{self.event.position}"

    @property
    def wanted(self) -> str:
        """What is expected: the reason of a refusal, or the outcome."""
        expect = self.event.expect
        return str(expect.get("reason") or expect.get("outcome") or "")

    def answer(self) -> str | int:
        """Return the reason or outcome, or the credit in fen."""
        match self.event.kind:
            case "credit":
                return self._credit()
            case "account_payment":
                reason = self._use().reason
                return "paid" if reason == Reason.NONE else reason.name
        found = self._disposal()
        return found.outcome.name.lower() if found.outcome else found.reason.name

    def _credit(self) -> str | int:
        month = self.event.values["month"]
        first_day = month * 100 + 1
        found = credit(
            self.book.account_on(self.case.area, first_day),
            month,
            credited(self.case.member, first_day),
        )
        return found.fen if found.reason == Reason.NONE else found.reason.name

    def _use(self) -> Use:
        values, case = self.event.values, self.case
        plan = self.book.account_on(case.area, values["date"])
        # An account that does not exist comes before what it may pay.
        mode = Mode[case.member["mode"].upper()]
        if plan is not None and plan.uses and not has_account(plan, mode):
            return Use(Reason.NO_ACCOUNT)
        relations = {one["id"]: Relation[one["relation"].upper()] for one in case.relatives}
        kinds = {one["id"]: Kind[one["kind"].upper()] for one in case.institutions}
        product = values.get("product")
        return use(
            plan,
            Purpose[values["purpose"].upper()],
            Product[product.upper()] if product else Product.NONE,
            Relation.SELF if values["for"] == "self" else relations.get(values["for"]),
            kinds.get(values.get("place", "")),
        )

    def _disposal(self) -> Disposal:
        values = self.event.values
        return dispose(
            self.book.account_on(self.case.area, values["date"]),
            DisposalEvent[values["event"].upper()],
            in_province=values.get("to_area", self.case.area)[:2] == self.case.area[:2],
            applied=values["applied"],
            beneficiary=values["beneficiary"],
        )


def credited(member: Mapping[str, object], day: int) -> Credited:
    """Return a member of a case as the credit of the month of a day sees him."""
    registered = Member(
        "m",
        "",
        Status[str(member["status"]).upper()],
        int(str(member.get("retired_on") or 0)),
    )
    return Credited(
        status=registered.status_on(day),
        born_on=int(str(member["born_on"])),
        mode=Mode[str(member["mode"]).upper()],
        employment=Employment[str(member["employment"]).upper()],
        base_fen=int(str(member["contribution_base"])),
        own_contribution_fen=int(str(member["own_contribution"])),
        months_combined=int(str(member["months_combined"])),
        months_pooled_only=int(str(member["months_pooled_only"])),
        still_paying=bool(member["still_paying_since_retirement_age"]),
    )


def questions() -> Iterator[Question]:
    """Yield every event of the worked cases that asks the account rules."""
    cities = load_cities()
    cases = read_files(sorted(CASES.glob("*/*.toml")), cities)
    cities = with_own_rules(cases, cities)
    for case in cases:
        book = PlanBook(cities).with_figures(figures_from_supply(case.city, case.supply, cities))
        for event in case.events:
            if event.kind in ("credit", "account_payment", "disposal"):
                yield Question(case, event, book)
