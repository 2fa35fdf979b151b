"""Reads `account.toml`, the optional rule file of personal accounts, and refuses what is wrong.

A city without this file has no rule for accounts: credits, payments and disposals get `NO_RULE`.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from engine.domain.account import Product
from engine.domain.dates import Interval
from engine.domain.money import BP
from engine.errors import RuleFileError
from engine.rules import account_schema as schema
from engine.rules.account_model import (
    ACCOUNT,
    ACCOUNT_TABLES,
    AccountEntry,
    ContributionEntry,
    CreditEntry,
    CreditOf,
    DisposalEntry,
    NoAccountEntry,
    UseBanEntry,
    UseEntry,
    both,
)
from engine.rules.days import overlap
from engine.rules.mistakes import first_problem
from engine.rules.model import KEY_NONE, UNIT_SWITCH, UNIT_YUAN_A_MONTH, Document, FigureSpec
from engine.rules.plan import AGE_MAX, STATUSES, ClauseRef
from engine.rules.readings import never_together
from engine.rules.schema import STATUS_NAMES, Dated
from engine.rules.strict_toml import parse_toml


@dataclass(frozen=True, slots=True)
class AccountReader:
    """What the loader of a city lends for reading its `account.toml`."""

    documents: Mapping[str, Document]
    figures: Mapping[str, FigureSpec]
    clauses: Callable[[str, str, Dated], tuple[ClauseRef, ...]]
    """Return the clauses of an entry, given its file and key path."""
    readings: Callable[[str, str, Dated], tuple[str, ...]]
    """Return the choices that it names as its reading."""
    refuse: Callable[[str, str, str], RuleFileError]
    """Make the exception for a file, a key path and a problem."""

    def read(self, folder: str, files: Mapping[str, bytes]) -> tuple[AccountEntry, ...]:
        """Return the entries, in the order of `ACCOUNT_TABLES`; none where there is no such file.

        Args:
            folder: the place of the files in messages.
            files: content by file name.

        Raises:
            RuleFileError: the file says something that is not accepted.
        """
        if ACCOUNT not in files:
            return ()
        name = f"{folder}/{ACCOUNT}"
        try:
            file = schema.AccountFile.model_validate(parse_toml(files[ACCOUNT], name))
        except ValidationError as error:
            path, problem = first_problem(error, schema.AccountFile)
            raise RuleFileError(name, path, problem) from None
        entries = tuple(
            self._entry(f"{table}[{index}]", index, entry)
            for table in ACCOUNT_TABLES
            for index, entry in enumerate(getattr(file, table))
        )
        self._check_overlaps(entries)
        self._check_bans(entries)
        self._check_ages([entry for entry in entries if isinstance(entry, CreditEntry)])
        return entries

    def _entry(self, path: str, index: int, entry: schema.AccountDated) -> AccountEntry:
        inside = self._inside_document(path, entry)
        common: dict[str, Any] = {
            "days": Interval(entry.first_day, entry.last_day),
            "clauses": self.clauses(ACCOUNT, path, inside),
            "readings": self.readings(ACCOUNT, path, entry),
            "index": index,
            "days_of_document": Interval(inside.first_day, inside.last_day),
        }
        match entry:
            case schema.CreditToml():
                return self._credit(path, entry, common)
            case schema.NoAccountToml():
                return NoAccountEntry(modes=tuple(entry.modes), **common)
            case schema.UseToml():
                self._check_figure(f"{path}.switch", entry.switch, UNIT_SWITCH)
                return UseEntry(
                    purpose=entry.purpose,
                    products=tuple(entry.products or (Product.NONE,)),
                    relations=tuple(entry.relations),
                    place=entry.place,
                    switch=entry.switch,
                    registered=entry.registered,
                    **common,
                )
            case schema.UseBanToml():
                return UseBanEntry(purposes=tuple(entry.purposes), **common)
            case schema.DisposalToml():
                return DisposalEntry(
                    event=entry.event,
                    in_province=entry.in_province,
                    heir=entry.heir,
                    application=entry.application,
                    outcome=entry.outcome,
                    **common,
                )
            case schema.ContributionToml():
                return ContributionEntry(product=entry.product, amount_fen=entry.amount, **common)
        raise self.refuse(ACCOUNT, path, "no such table")

    def _credit(
        self, path: str, entry: schema.CreditToml, common: Mapping[str, Any]
    ) -> CreditEntry:
        if entry.of == CreditOf.FIGURE:
            self._check_figure(f"{path}.figure", entry.figure, UNIT_YUAN_A_MONTH)
        elif entry.figure in self.figures:
            problem = f'{entry.figure} can be supplied: write of = "figure"'
            raise self.refuse(ACCOUNT, f"{path}.of", problem)
        return CreditEntry(
            part=entry.part,
            of=entry.of,
            amount_fen=entry.amount,
            rate_bp=entry.rate or BP,
            figure=entry.figure,
            statuses=tuple(entry.statuses),
            ages=entry.ages,
            employments=tuple(entry.employments),
            still_paying=entry.still_paying,
            alternating=entry.alternating,
            prorated=entry.prorated,
            **common,
        )

    def _inside_document(self, path: str, entry: schema.AccountDated) -> schema.AccountDated:
        """Return the entry with its days inside its document, for the checks of every file."""
        document = self.documents.get(entry.document)
        if not entry.own_days or document is None:
            return entry
        first_day = document.days.first_day
        if not entry.first_day < first_day <= entry.last_day:
            problem = f"{entry.document} begins on {first_day}, not within the days: remove it"
            raise self.refuse(ACCOUNT, f"{path}.own_days", problem)
        return entry.model_copy(update={"first_day": first_day})

    def _check_figure(self, path: str, name: str, unit: str) -> None:
        spec = self.figures.get(name)
        if name and (spec is None or spec.unit != unit or spec.key != KEY_NONE):
            problem = f'expected a figure of figures.toml in {unit}, without a key; found "{name}"'
            raise self.refuse(ACCOUNT, path, problem)

    def _check_overlaps(self, entries: Sequence[AccountEntry]) -> None:
        for one, other in itertools.combinations(entries, 2):
            if _together(one, other) and _same_matter(one, other):
                raise self.refuse(
                    ACCOUNT,
                    f"{other.table}[{other.index}].first_day",
                    f"{one.table}[{one.index}] says it already for the same people on the same "
                    "days; end it before, or name other people",
                )

    def _check_bans(self, entries: Sequence[AccountEntry]) -> None:
        for ban, use in itertools.product(entries, entries):
            if (
                isinstance(ban, UseBanEntry)
                and isinstance(use, UseEntry)
                and use.purpose in ban.purposes
                and _together(ban, use)
            ):
                problem = f"{use.purpose.name.lower()} is paid by use[{use.index}]; remove one"
                raise self.refuse(ACCOUNT, f"use_ban[{ban.index}].purposes", problem)

    def _check_ages(self, credits: Sequence[CreditEntry]) -> None:
        """Refuse a part of the credit that some ages get and some do not, by no entry's word."""
        for one in credits:
            for status, paying, alternating in itertools.product(range(STATUSES), (0, 1), (0, 1)):
                if not _is_for(one, status, paying, alternating):
                    continue
                covered = [
                    other.ages
                    for other in credits
                    if other.part == one.part
                    and one.days.first_day in other.days
                    and not never_together(one.readings, other.readings)
                    and set(one.employments) <= set(other.employments)
                    and _is_for(other, status, paying, alternating)
                ]
                for age in _ages_without(covered):
                    name = next(name for name, at in STATUS_NAMES.items() if at == status)
                    raise self.refuse(
                        ACCOUNT,
                        f"credit[{one.index}].ages",
                        f'no entry for the "{one.part.name.lower()}" part of status "{name}" at '
                        f"age {age} on {one.days.first_day}; add one, with its clause",
                    )


def _together(one: AccountEntry, other: AccountEntry) -> bool:
    """Return whether two entries hold on one day under one set of readings."""
    return overlap(one.days, other.days) and not never_together(one.readings, other.readings)


def _same_matter(one: AccountEntry, other: AccountEntry) -> bool:
    """Return whether two entries speak of the same thing for the same people."""
    match one, other:
        case CreditEntry(), CreditEntry():
            return (
                one.part == other.part
                and not set(one.statuses).isdisjoint(other.statuses)
                and not set(one.employments).isdisjoint(other.employments)
                and one.ages[0] <= other.ages[1]
                and other.ages[0] <= one.ages[1]
                and both(one.still_paying, other.still_paying)
                and both(one.alternating, other.alternating)
            )
        case NoAccountEntry(), NoAccountEntry():
            return not set(one.modes).isdisjoint(other.modes)
        case UseEntry(), UseEntry():
            return (
                (one.purpose, one.place) == (other.purpose, other.place)
                and not set(one.products).isdisjoint(other.products)
                and not set(one.relations).isdisjoint(other.relations)
            )
        case UseBanEntry(), UseBanEntry():
            return not set(one.purposes).isdisjoint(other.purposes)
        case DisposalEntry(), DisposalEntry():
            return (
                one.event == other.event
                and both(one.in_province, other.in_province)
                and both(one.heir, other.heir)
            )
        case ContributionEntry(), ContributionEntry():
            return one.product == other.product
    return False


def _is_for(entry: CreditEntry, status: int, paying: int, alternating: int) -> bool:
    return (
        status in entry.statuses
        and both(entry.still_paying, paying)
        and both(entry.alternating, alternating)
    )


def _ages_without(covered: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Yield the first age that none of the ranges has, if there is one."""
    age = 0
    for first, last in sorted(covered):
        if first > age:
            break
        age = max(age, last + 1)
    if age <= AGE_MAX:
        yield age
