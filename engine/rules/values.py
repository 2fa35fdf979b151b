"""Entries of a benefit's rule file as the values that the compiler reads."""

from engine.domain.codes import Benefit
from engine.domain.dates import Interval
from engine.rules import schema_values as schema
from engine.rules.model import PRESCRIPTION_APART, Floor, Value
from engine.rules.plan import AGE_MAX, HALF_UP, NO_CAP, ClauseRef
from engine.rules.schema import Dated


def value_of(
    entry: Dated,
    benefit: Benefit,
    index: int,
    clauses: tuple[ClauseRef, ...],
    readings: tuple[str, ...],
) -> Value:
    """Return the value that an entry stands for.

    Args:
        entry: one of `engine.rules.schema_values`.
        benefit: whose file it stands in.
        index: its place in its table there.
        clauses: what it cites, checked.
        readings: the choices under which it holds.
    """
    floor = getattr(entry, "floor", None)
    return Value(
        number=_number(entry),
        days=Interval(entry.first_day, entry.last_day),
        clauses=clauses,
        levels=tuple(getattr(entry, "levels", ())),
        statuses=tuple(getattr(entry, "statuses", ())),
        places=tuple(getattr(entry, "places", ())),
        kind=_kind(entry),
        figure=getattr(entry, "figure", getattr(entry, "unless", "")),
        figure_key=getattr(entry, "figure_key", ""),
        cap_figure=getattr(entry, "cap_figure", ""),
        readings=readings,
        floor=Floor(floor.figure, floor.rate, floor.years_back) if floor else None,
        benefit=benefit,
        index=index,
        kinds=tuple(sorted(getattr(entry, "kinds", ()))),
        ages=getattr(entry, "ages", (0, AGE_MAX)),
        above=getattr(entry, "above", 0),
    )


def _kind(entry: Dated) -> int:
    """Return how an entry counts, 0 for the usual way; of a deductible and a visit cap its own."""
    match entry:
        case schema.DeductibleEntry():
            return int(entry.counter)
        case schema.VisitCapEntry():
            apart = entry.prescription == "a visit of its own"
            return int(entry.visit) + PRESCRIPTION_APART * apart
        case schema.AnnualCapEntry():
            return int(entry.counts == "cost")
        case schema.RateEntry():
            return int(entry.level_of == "selected")
        case schema.FirstPayEntry():
            return int(entry.of == "what is above the deductible")
        case schema.SecondPaymentEntry():
            return int(entry.burden == "copay")
        case schema.PooledCapEntry():
            return int(entry.required)
    return 0


def _number(entry: Dated) -> int:
    match entry:
        case schema.DeductibleEntry():
            return entry.amount
        case schema.CapEntry():
            return NO_CAP if entry.amount is None else entry.amount
        case schema.RateEntry() | schema.FirstPayEntry():
            return entry.rate
        case schema.SecondPaymentEntry():
            return entry.threshold
        case schema.BonusEntry() | schema.CutEntry():
            return entry.points
        case schema.GeneralFeeEntry():
            return int(entry.in_scope)
        case schema.PaperClaimEntry():
            return sum(set(entry.papers))
    return HALF_UP
