"""Compares what a case expects with what came of it, and checks what always holds."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from clients.cli.cases.build import Names, undone
from clients.cli.cases.format import ACCOUNT, UNDOS, Event, explicit_visits
from clients.cli.cases.outcome import CREDITED, ERROR, REFUSED, SETTLED, Outcome
from clients.cli.cases.schema import ACCOUNT_AMOUNTS, CUTS, SETTLEMENT_AMOUNTS
from clients.cli.cases.values import Values
from engine.domain.codes import Benefit
from engine.domain.money import format_yuan
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.domain.request import Counters

DAY_SURGERY: Final = "day_surgery"


class Failure(NamedTuple):
    """One expectation that does not hold."""

    file: str
    case: str
    event: str
    way: str
    key: str
    expected: str
    found: str

    def line(self) -> str:
        """Return the failure as one line."""
        return (
            f"{self.file}: {self.case}: {self.event}: {self.way}: {self.key}: "
            f"expected {self.expected}, found {self.found}"
        )


class Difference(NamedTuple):
    """A key whose value is not what was expected."""

    key: str
    expected: str
    found: str


def label(event: Event) -> str:
    """Return how an event is named in messages: its id, or its kind and what it undoes."""
    if event.kind in UNDOS:
        return f"{event.kind} {event.values['of']} (event {event.position})"
    return event.id


def differences(event: Event, outcome: Outcome) -> Iterator[Difference]:
    """Yield what differs between an event's expectations and its outcome, `after` apart."""
    expect = event.expect
    of_account = event.kind in ACCOUNT
    wanted = expected_of_account(expect) if of_account else expected_outcome(expect)
    if outcome.outcome == ERROR:
        yield Difference("outcome", wanted or "an answer", outcome.message)
        return
    if wanted and wanted != outcome.outcome:
        why = " ".join(part for part in (outcome.reason, outcome.message) if part)
        yield Difference("outcome", wanted, outcome.outcome + (f" ({why})" if why else ""))
    if "reason" in expect and expect["reason"] != outcome.reason:
        yield Difference("reason", expect["reason"], outcome.reason or "none")
    if "benefit" in expect and expect["benefit"] != outcome.benefit:
        yield Difference("benefit", expect["benefit"], outcome.benefit or "none")
    if "from" in expect and expect["from"] != outcome.first_day:
        yield Difference("from", str(expect["from"]), str(outcome.first_day or "none"))
    amounts = outcome.amounts if of_account else _amounts(outcome)
    for name, amount_fen in _expected_amounts(expect):
        if amounts.get(name) != amount_fen:
            yield Difference(name, format_yuan(amount_fen), _yuan(amounts.get(name)))
    if outcome.outcome == SETTLED:
        yield from broken_identities(outcome)


def expected_outcome(expect: Values) -> str:
    """Return the outcome an event expects, empty if it does not say.

    Where it is not named: settled if an amount or a benefit is expected, or a reason that
    excludes; refused if the reason is one that refuses.
    """
    if "outcome" in expect:
        return str(expect["outcome"])
    if any(True for _ in _expected_amounts(expect)) or "benefit" in expect:
        return SETTLED
    if "reason" in expect:
        return SETTLED if Reason[expect["reason"]] >= EXCLUSION_FIRST else "refused"
    return ""


def expected_of_account(expect: Values) -> str:
    """Return the outcome that an account's event expects, empty if it does not say.

    Where it is not named: refused if there is a reason, credited if a credit is expected.
    """
    if "outcome" in expect:
        return str(expect["outcome"])
    if "reason" in expect:
        return REFUSED
    return CREDITED if "credit" in expect else ""


def broken_identities(outcome: Outcome) -> Iterator[Difference]:
    """Yield the sums of a settlement that are not equal."""
    amounts = _amounts(outcome)
    sums = [
        ("total", ("non_covered", "over_limit", "pre_payment", "excluded", "in_scope")),
        ("total", ("pooled_fund", "large_amount_fund", "institution_share", "person")),
        ("person", ("account", "family_account", "cash")),
    ]
    if outcome.benefit != DAY_SURGERY:
        sums.append(("in_scope", ("deductible", "copay", "over_cap", "pooled_fund")))
    for whole, parts in sums:
        added_fen = sum(amounts[part] for part in parts)
        if amounts[whole] != added_fen:
            key = f"{whole} = {' + '.join(parts)}"
            yield Difference(key, _yuan(amounts[whole]), _yuan(added_fen))


def differences_after(names: Names, event: Event, counters: Counters) -> Iterator[Difference]:
    """Yield the counters after an event that are not as expected."""
    after = event.expect.get("after", {})
    kept = {
        "deductible": counters.deductible_fen,
        "ordinary_paid": counters.ordinary_paid_fen,
        "pooled_paid": counters.pooled_paid_fen,
        "compliant_burden": counters.compliant_burden_fen,
        "large_amount_paid": counters.large_amount_paid_fen,
        "special_deductible": counters.special_deductible_fen,
        "chronic_paid": counters.chronic_paid_fen,
        "cost": counters.cost_fen,
    }
    for name, found_fen in kept.items():
        if name in after and after[name] != found_fen:
            yield Difference(f"after.{name}", _yuan(after[name]), _yuan(found_fen))
    borne = {at.institution: at.borne_fen for at in counters.deductible_at}
    for at, fen in after.get("deductible_at", {}).items():
        found_fen = borne.get(names.id(at), 0)
        if found_fen != fen:
            yield Difference(f"after.deductible_at.{at}", _yuan(fen), _yuan(found_fen))
    for name, found in (
        ("disease_paid", dict(counters.diseases)),
        ("month_paid", dict(counters.months)),
        ("day_paid", dict(counters.days)),
        ("benefit_deductible", _by_name(counters.benefit_deductible)),
        ("benefit_paid", _by_name(counters.benefit_paid)),
    ):
        for key, paid_fen in after.get(name, {}).items():
            if found.get(key, 0) != paid_fen:
                yield Difference(f"after.{name}.{key}", _yuan(paid_fen), _yuan(found.get(key, 0)))
    for visit, paid_fen in after.get("visit_paid", {}).items():
        found_fen = _visit_paid(names, visit, counters)
        if found_fen != paid_fen:
            yield Difference(f"after.visit_paid.{visit}", _yuan(paid_fen), _yuan(found_fen))


def balance_differences(event: Event, outcome: Outcome, counters: Counters) -> Iterator[Difference]:
    """Yield the balance after a payment where the counters, or the answer, have another."""
    kept_fen, wanted_fen = counters.account_balance_fen, event.expect["balance"]
    for found_fen in {kept_fen, outcome.amounts.get("balance", kept_fen)} - {wanted_fen}:
        yield Difference("balance", _yuan(wanted_fen), _yuan(found_fen))


def _by_name(amounts: Iterable[tuple[int, int]]) -> dict[str, int]:
    return {Benefit(benefit).name.lower(): fen for benefit, fen in amounts}


def _visit_paid(names: Names, visit: str, counters: Counters) -> int:
    """Return what was paid for an explicit visit, else for the default visit of an event."""
    if visit in explicit_visits(names.case):
        wanted = {(visit, "")}
    else:
        wanted = {
            (names.id(event.id), names.id(event.values["institution"]))
            for event in names.case.events
            if event.id == visit and "institution" in event.values
        }
    return sum(v.paid_fen for v in counters.visits if (v.visit, v.institution) in wanted)


def year_after(names: Names, event: Event) -> int:
    """Return the policy year whose counters an event's `after` names: the claim's."""
    claim = undone(names.case, event) if event.kind in UNDOS else event
    return int(claim.values["date"]) // 10_000


def _amounts(outcome: Outcome) -> dict[str, int]:
    """Return the amounts under the format's names, with the sum of the cuts."""
    if not outcome.amounts:
        return {}
    amounts = dict(outcome.amounts)
    for cut in CUTS:
        amounts[f"cuts.{cut}"] = amounts.pop(f"cut_{cut}")
    amounts["over_cap"] = sum(amounts[f"cuts.{cut}"] for cut in CUTS)
    return amounts


def _expected_amounts(expect: Values) -> Iterator[tuple[str, int]]:
    for name in (*SETTLEMENT_AMOUNTS, *ACCOUNT_AMOUNTS):
        if name in expect:
            yield name, expect[name]
    for cut, amount_fen in expect.get("cuts", {}).items():
        yield f"cuts.{cut}", amount_fen


def _yuan(amount_fen: int | None) -> str:
    return "none" if amount_fen is None else format_yuan(amount_fen)
