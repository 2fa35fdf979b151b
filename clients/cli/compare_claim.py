"""One claim under the rules of several cities: side by side, and what makes the difference."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from clients.cli.compare import Bench, Outcome, Registers, amounts
from clients.cli.plan_notes import percent
from clients.cli.policy_view import Days
from clients.explain import figure_value, grounds_of
from clients.paper import indented
from clients.receipt import REASONS, Ground, ground_text
from engine.domain.claim import Claim
from engine.domain.codes import (
    Benefit,
    DiseaseKind,
    FilingKind,
    Kind,
    Level,
    Place,
    Status,
)
from engine.domain.dates import Interval, to_date, year_of
from engine.domain.layout import AMOUNTS, CUTS
from engine.domain.money import format_yuan
from engine.domain.reasons import Reason
from engine.domain.register import Disease, Filing, Institution, Member, Opening, Selection
from engine.rules.compile import in_force
from engine.rules.days import union
from engine.rules.plan import DEDUCTIBLE_INSTITUTION, DEDUCTIBLE_NONE, NO_CAP, RulePlan
from server.codec_policy import encode_citation

MEMBER: Final = "member"
INSTITUTION: Final = "institution"
"""Ids of the two that a claim of options is of."""

_ALWAYS_FROM: Final = Interval(2000_01_01)
_REGISTERED: Final = {Benefit.CHRONIC: DiseaseKind.CHRONIC, Benefit.SPECIAL: DiseaseKind.SPECIAL}

_ROWS: Final = (
    ("in_scope", "政策范围内 in scope"),
    ("excluded", "不予支付 excluded"),
    ("first_pay", "异地先行自付 first pay"),
    ("deductible", "起付标准 deductible"),
    ("copay", "按比例自付 co-payment"),
    ("cuts", "超过限额 cut by caps"),
    ("pooled_fund", "统筹基金 pooled fund"),
    ("large_amount_fund", "大额补助 large-amount"),
    ("person", "个人负担 person"),
)


class Setting(NamedTuple):
    """Who is treated where, apart from what the claim itself says."""

    status: Status
    level: Level
    kind: Kind
    place: Place
    selected: bool
    """Whether the member has selected the institution."""
    deductible_borne_fen: int
    ordinary_paid_fen: int
    """Counters of the year before the claim."""


class Value(NamedTuple):
    """What one city says of one part, and by which clauses."""

    part: str
    key: object
    """What is compared: cities of one key do not differ in this part."""
    text: str
    grounds: tuple[Ground, ...]
    figures: tuple[str, ...]
    """Operator figures that entered it, as `NAME = VALUE (source)`."""


class Difference(NamedTuple):
    """A part in which cities differ: the value of each city, by area code."""

    part: str
    values: Mapping[str, Value]


def compare_claim(bench: Bench, claim: Claim, setting: Setting) -> list[Outcome]:
    """Return what a claim comes to in every city; it names `MEMBER` and `INSTITUTION`.

    Raises:
        InvalidInput: an opening counter is malformed.
    """
    own = bench.cities[0].area
    area = _area(own, setting.place)
    kind = _REGISTERED.get(Benefit(claim.benefit))
    member = Member(
        MEMBER,
        own,
        setting.status,
        filings=(Filing(FilingKind.LONG_TERM, area, _ALWAYS_FROM),)
        if setting.place == Place.FILED
        else (),
        selections=(Selection(INSTITUTION, _ALWAYS_FROM),) if setting.selected else (),
        diseases=(Disease(claim.disease, kind, _ALWAYS_FROM),) if kind and claim.disease else (),
    )
    institution = Institution(INSTITUTION, area, setting.level, setting.kind)
    borne = setting.deductible_borne_fen
    opening = Opening(
        MEMBER,
        year_of(claim.service_date),
        deductible_fen=borne,
        deductible_at_fen=((INSTITUTION, borne),),
        ordinary_paid_fen=setting.ordinary_paid_fen,
    )
    registers = Registers(bench)
    registers.enter([member], [institution], [opening])
    return bench.compare(claim, registers)


def _area(own: str, place: Place) -> str:
    """Return the code of an area that lies so, seen from the city `own`."""
    if place == Place.LOCAL:
        return own
    if place == Place.OTHER_CITY:
        return f"{own[:2]}{'02' if own[2:4] == '01' else '01'}00"
    return f"{'12' if own[:2] == '11' else '11'}0100"


# --- what makes the difference -----------------------------------------------------------


def differences(outcomes: Sequence[Outcome]) -> list[Difference]:
    """Return the parts in which the cities that settled the claim differ, in their order."""
    settled = [outcome for outcome in outcomes if outcome.record is not None]
    cut = {name for outcome in settled for name, fen in _amounts(outcome).items() if fen}
    found: dict[str, dict[str, Value]] = {}
    for outcome in settled:
        for value in _values(outcome, cut):
            found.setdefault(value.part, {})[outcome.city.area] = value
    return [
        Difference(part, values)
        for part, values in found.items()
        if len({value.key for value in values.values()}) > 1 or len(values) < len(settled)
    ]


def _amounts(outcome: Outcome) -> Mapping[str, int]:
    """Return the result of a claim that was settled, with the sum of its cuts."""
    if outcome.record is None:
        return {}
    result = amounts(outcome.record["result"])
    return {**result, "cuts": sum(result[name] for name in CUTS)}


def _values(outcome: Outcome, moved: set[str]) -> Iterator[Value]:
    """Yield what a city says of each part that counted in one of the cities (`moved`)."""
    record, plan = outcome.record, outcome.plan
    if record is None or plan is None:
        return
    result, row = amounts(record["result"]), record["row"]
    level, status, place = int(row["level"]), int(row["status"]), int(row["place"])
    group = plan.by_status(level, status)

    def value(part: str, key: object, text: str, citation: int) -> Value:
        return Value(part, key, text, *_cited(outcome, plan, citation))

    if "excluded" in moved:
        reason = Reason(result["reason"])
        excluded = result["excluded"]
        text = f"{format_yuan(excluded)}（{reason.name} {REASONS.get(reason, '')}）"
        yield value("excluded", excluded, text if excluded else "—", result["cite_excluded"])
    if not result["in_scope"] and not result["first_pay"]:
        return  # nothing was left to be computed
    if "first_pay" in moved:
        rate = plan.first_pay_bp[place]
        yield value("first_pay", rate, percent(rate), plan.first_pay_cite[place])
    standard = plan.deductible_fen[group]
    kind = plan.deductible_kind
    yield value(
        "deductible",
        (standard, kind == DEDUCTIBLE_INSTITUTION),
        _deductible(standard, kind),
        plan.deductible_cite[group],
    )
    at = plan.at(level, status, place)
    yield value("rate", plan.rate_bp[at], percent(plan.rate_bp[at]), plan.rate_cite[at])
    caps = (
        ("cut_visit", plan.visit_cap_fen[group], "a visit", plan.visit_cap_cite[group]),
        ("cut_annual", plan.annual_cap_fen[group], "a year", plan.annual_cap_cite[group]),
        ("cut_pooled", plan.pooled_cap_fen, "a year, pooled fund", plan.pooled_cap_cite),
    )
    for part, cap, per, citation in caps:
        if part in moved:
            text = "none" if cap == NO_CAP else f"{format_yuan(cap)} {per}"
            yield value(part, cap, text, citation)
    if "large_amount_fund" in moved:
        rate, threshold = plan.second_rate_bp, plan.second_threshold_fen
        text = f"{percent(rate)} above {format_yuan(threshold)} a year" if rate else "none"
        yield value("large_amount_fund", (rate, threshold), text, plan.second_cite)


def _deductible(standard: int, kind: int) -> str:
    if kind == DEDUCTIBLE_NONE:
        return "none"
    per = " at each institution" if kind == DEDUCTIBLE_INSTITUTION else ""
    return f"{format_yuan(standard)} a year{per}"


def _cited(
    outcome: Outcome, plan: RulePlan, citation: int
) -> tuple[tuple[Ground, ...], tuple[str, ...]]:
    """Return the clauses of a citation, and the operator figures it rests on."""
    numbers = {document.key: document.number for document in outcome.city.documents}
    cited = plan.citations[citation]
    grounds = grounds_of(encode_citation(cited).clauses, numbers)
    figures = tuple(
        f"{figure.name} = {figure_value(figure.name, figure.value)} ({figure.source})"
        for figure in plan.figures
        if figure.name in cited.figures
    )
    return grounds, figures


# --- what was refused --------------------------------------------------------------------


def refusal(bench: Bench, outcome: Outcome, day: int) -> tuple[str, str, str]:
    """Return the reason, what was found, and what to supply; the last is empty: nothing helps."""
    if outcome.error is not None:
        return "NOT_SERVED", f"{outcome.error.path} {outcome.error.problem}", ""
    refused = outcome.refused
    if refused is None:
        return "", "", ""
    reason = refused.reason
    if reason == Reason.NO_RULE:
        return reason.name, *_no_rule(bench, outcome, day)
    message = refused.message or REASONS.get(reason, "")
    known = outcome.city.figure(refused.figure.partition(".")[0]) if refused.figure else None
    return reason.name, message, refused.figure if known else ""


def _no_rule(bench: Bench, outcome: Outcome, day: int) -> tuple[str, str]:
    city, figures = outcome.city, bench.book.figures
    held = [str(Days(*days)) for days in union(in_force(city, figures))]
    message = f"no document is in force on {to_date(day)}"
    if held:
        message += f"; in force {', '.join(held)}"
    # A draft begins on a day that only the operator knows; one that is there says what it says.
    drafts = [document.starts for document in city.documents if document.starts]
    open_ = [name for name in drafts if not figures.of(city.area, name)]
    return message, ", ".join(open_)


# --- for people --------------------------------------------------------------------------


def print_outcomes(bench: Bench, outcomes: Sequence[Outcome], day: int) -> None:
    """Print the amounts of the cities side by side, the refusals, and the differences."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("元 yuan", no_wrap=True)
    for outcome in outcomes:
        table.add_column(outcome.city.name, justify="right", overflow="fold")
    said = {outcome.city.area: refusal(bench, outcome, day) for outcome in outcomes}
    table.add_row("结果 outcome", *(_cell(said[outcome.city.area]) for outcome in outcomes))
    of = [_amounts(outcome) for outcome in outcomes]
    for name, label in _ROWS:
        if name != "excluded" or any(found.get(name) for found in of):
            table.add_row(label, *(format_yuan(found[name]) if found else "" for found in of))
    console.print(table)
    for outcome in outcomes:
        reason, message, supply = said[outcome.city.area]
        if reason:
            _lines(console, f"{outcome.city.name}  {reason}: {message}", 0)
            if supply:
                _lines(console, f"supply {supply} in a file for --figures", 6)
    names = {outcome.city.area: outcome.city.name for outcome in outcomes}
    found = differences(outcomes)
    if sum(outcome.record is not None for outcome in outcomes) > 1:
        console.print(
            "\n[bold]What makes the difference[/bold]"
            if found
            else "\nThe cities that settled it do not differ."
        )
    for difference in found:
        console.print(_PARTS[difference.part])
        for area, value in difference.values.items():
            _lines(console, f"{names[area]}  {value.text}", 2)
            for ground in value.grounds:
                _lines(console, ground_text(ground), 6)
            for figure in value.figures:
                _lines(console, figure, 6)


_PARTS: Final = {
    **dict(_ROWS),
    "rate": "支付比例 rate",
    "cut_visit": "单次限额 cap of a visit",
    "cut_annual": "年度限额 cap of a year",
    "cut_pooled": "统筹基金限额 cap of the pooled fund",
}


def _cell(said: tuple[str, str, str]) -> str:
    reason, _, supply = said
    # Narrow enough that five cities stand side by side.
    return "\n".join(part for part in (reason or "settled", supply.replace("_", "_\n")) if part)


def _lines(console: Console, text: str, indent: int) -> None:
    for row in indented(text, indent, "", console.width):
        console.print(row, markup=False, soft_wrap=True)


# --- for programs ------------------------------------------------------------------------


def outcomes_dict(bench: Bench, outcomes: Sequence[Outcome], day: int) -> dict[str, object]:
    """Return the comparison for programs: yuan as text, clauses by part."""
    return {
        "cities": [_outcome_dict(outcome, refusal(bench, outcome, day)) for outcome in outcomes],
        "differences": [
            {
                "part": difference.part,
                "values": {
                    area: {
                        "value": value.text,
                        "clauses": [ground._asdict() for ground in value.grounds],
                        "figures": list(value.figures),
                    }
                    for area, value in difference.values.items()
                },
            }
            for difference in differences(outcomes)
        ],
    }


def _outcome_dict(outcome: Outcome, said: tuple[str, str, str]) -> dict[str, object]:
    reason, message, supply = said
    result = _amounts(outcome)
    excluded = Reason(result["reason"]).name if result.get("reason") else ""
    return {
        "area": outcome.city.area,
        "name": outcome.city.name,
        "outcome": "refused" if reason else "settled",
        "reason": reason or excluded,
        "message": message,
        "supply": supply,
        **{name: format_yuan(result[name]) for name in AMOUNTS if result},
        "plan": outcome.plan.digest().hex() if outcome.plan else "",
    }
