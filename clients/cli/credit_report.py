"""The report of a credit run: its steps added up."""

from dataclasses import dataclass, field
from typing import Any, Final

from engine.domain.account import CreditPart
from engine.domain.money import format_yuan
from engine.domain.movement import CreditedStep, ReasonTotal, RuleTotal
from engine.domain.reasons import Reason
from engine.domain.registration import DecidedBy

_COLUMNS: Final = {
    "base_fen": "contribution_base",
    "own_contribution_fen": "own_contribution",
}
"""Columns of the register of members, where the rules have another name for them."""


def column_of(total: ReasonTotal) -> str:
    """Return what is missing: a figure, or a column of the register of members; empty: neither."""
    return _COLUMNS.get(total.missing, total.missing)


@dataclass(slots=True)
class CreditReport:
    """What a credit run came to, in fen; `add` takes its steps one after another."""

    city: str
    """Area code."""
    month: int
    """YYYYMM."""
    steps: int = 0
    members: int = 0
    """Members of the city."""
    without_account: int = 0
    """Of them, those whose mode of insurance has no account."""
    credit_fen: int = 0
    """Their credits of the month, whole."""
    before_fen: int = 0
    """What stood posted for the month before the run."""
    posted: int = 0
    """Accounts that were moved."""
    posted_fen: int = 0
    """By how much: what was added less what was taken back."""
    taken_back_fen: int = 0
    short_fen: int = 0
    """What should have been taken back and was not there."""
    dry_run: bool = False
    _rules: dict[tuple[int, int, tuple[DecidedBy, ...]], RuleTotal] = field(default_factory=dict)
    _reasons: dict[tuple[Reason, str], ReasonTotal] = field(default_factory=dict)

    def add(self, step: CreditedStep) -> None:
        """Add what a step did."""
        self.steps += 1
        self.members += step.members
        self.without_account += step.without_account
        self.credit_fen += step.credit_fen
        self.before_fen += step.before_fen
        self.posted += step.posted
        self.posted_fen += step.posted_fen
        self.taken_back_fen += step.taken_back_fen
        self.short_fen += step.short_fen
        self.dry_run |= step.dry_run
        for rule in step.rules:
            # Figures that are supplied during a run make a new plan, whose numbers are its own.
            key = (rule.part, rule.rule, rule.clauses)
            known = self._rules.get(key, rule._replace(members=0, fen=0))
            self._rules[key] = known._replace(
                members=known.members + rule.members, fen=known.fen + rule.fen
            )
        for reason in step.reasons:
            why = (reason.reason, reason.missing)
            before = self._reasons.get(why, reason._replace(members=0))
            self._reasons[why] = before._replace(members=before.members + reason.members)

    @property
    def rules(self) -> list[RuleTotal]:
        """What each rule gave, in the order of the rules."""
        return sorted(self._rules.values(), key=lambda total: (total.part, total.rule))

    @property
    def reasons(self) -> list[ReasonTotal]:
        """Members for whom no credit is determined, by why; `example` is the first of them."""
        return sorted(self._reasons.values(), key=lambda total: (total.reason, total.missing))

    @property
    def undetermined(self) -> int:
        """How many members have no determined credit."""
        return sum(total.members for total in self._reasons.values())

    @property
    def rules_fen(self) -> int:
        """What all rules gave together."""
        return sum(total.fen for total in self._rules.values())

    @property
    def standing_fen(self) -> int:
        """What stands posted for the month after the run; of a dry run, what would stand."""
        return self.before_fen + self.posted_fen

    @property
    def difference_fen(self) -> int:
        """What stands posted beyond the rules' sum and what could not be taken back; 0: it fits."""
        return self.standing_fen - self.rules_fen - self.short_fen

    def as_dict(self) -> dict[str, Any]:
        """Return the report for programs: yuan as text."""
        year, number = divmod(self.month, 100)
        return {
            "city": self.city,
            "month": f"{year}-{number:02}",
            "dry_run": self.dry_run,
            "members": self.members,
            "without_account": self.without_account,
            "credit": format_yuan(self.credit_fen),
            "rules": [
                {
                    "part": CreditPart(total.part).name.lower(),
                    "members": total.members,
                    "sum": format_yuan(total.fen),
                    "clauses": [clause._asdict() for clause in total.clauses],
                }
                for total in self.rules
            ],
            "posted_before": format_yuan(self.before_fen),
            "posted": format_yuan(self.posted_fen),
            "added": format_yuan(self.posted_fen + self.taken_back_fen),
            "taken_back": format_yuan(self.taken_back_fen),
            "not_taken_back": format_yuan(self.short_fen),
            "accounts_moved": self.posted,
            "stands": format_yuan(self.standing_fen),
            "difference": format_yuan(self.difference_fen),
            "undetermined": [
                {
                    "reason": total.reason.name,
                    "members": total.members,
                    "missing": column_of(total),
                    "example": total.example,
                }
                for total in self.reasons
            ],
        }
