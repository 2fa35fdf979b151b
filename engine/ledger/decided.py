"""The clauses that decided, as an answer names them."""

from collections.abc import Iterable

from engine.domain.registration import DecidedBy
from engine.rules.account_plan import AccountPlan
from engine.rules.plan import ClauseRef


def decided_by(clauses: Iterable[ClauseRef]) -> tuple[DecidedBy, ...]:
    """Return clauses as an answer has them, each once."""
    return tuple(
        dict.fromkeys(DecidedBy(c.document, c.clause, c.stated, c.reading, c.text) for c in clauses)
    )


def cited(plan: AccountPlan, citations: Iterable[int]) -> tuple[DecidedBy, ...]:
    """Return the clauses of citations of an account plan; 0 cites nothing."""
    return decided_by(
        clause for number in citations if number for clause in plan.citations[number].clauses
    )


def words(clauses: Iterable[DecidedBy]) -> str:
    """Return what clauses settle, in Chinese, as one line."""
    return "；".join(dict.fromkeys(clause.text for clause in clauses if clause.text))
