"""The shape of a city's rule files: strict models, one for each file.

They check one file by itself: keys, types, units, names of levels and facts. What takes more than
one entry (documents, gaps, overlaps, order) is checked by `engine.rules.load`.
"""

import datetime
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from engine.domain import money
from engine.domain.codes import Fact, Place, Status
from engine.domain.dates import DATE_MAX, DATE_MIN
from engine.domain.reasons import Reason
from engine.rules.plan import (
    BAR_ALL,
    BAR_EXCLUDED,
    BAR_NONE,
    NO_CAP,
)
from engine.rules.units import LEVEL_NAMES, read_number

STATUS_NAMES = {status.name.lower(): status - Status.ACTIVE for status in Status}
PLACE_NAMES = {place.name.lower(): int(place) for place in Place}
ACCOUNT_BARS = {"none": BAR_NONE, "excluded": BAR_EXCLUDED, "all": BAR_ALL}
REASONS = {
    reason.name: reason
    for reason in Reason
    if reason >= Reason.NO_FIGURE and not Reason.CANCEL_BLOCKED <= reason <= Reason.NOT_APPLIED
}
"""Reasons a rule file may give; the others are the ledger's own."""

EFFECTIVE = "effective"
"""First day of a draft: the day that an operator figure gives."""

YUAN_MAX_FEN = 100_000_000
"""A million yuan: no deductible, cap or figure of this benefit comes near it."""


def text_of(value: object, what: str) -> str:
    """Return the value, which must be a string; `what` says what was expected."""
    if not isinstance(value, str):
        raise ValueError(f"expected {what} as a string, found {value!r}")
    return value


def _yuan(value: object) -> int:
    amount_fen = money.parse_yuan(text_of(value, 'yuan with two decimals such as "50.00"'))
    if amount_fen > YUAN_MAX_FEN:
        raise ValueError(
            f"out of range: at most {money.format_yuan(YUAN_MAX_FEN)} yuan, found {value}"
        )
    return amount_fen


def _cap(value: object) -> int:
    return NO_CAP if value == "none" else _yuan(value)


def _rate(value: object) -> int:
    return money.parse_rate(text_of(value, 'a rate such as "0.60"'))


def _day(value: object) -> int:
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise ValueError(f"expected a date such as 2024-01-01, without quotes, found {value!r}")
    return value.year * 10_000 + value.month * 100 + value.day


def _first_day(value: object) -> int:
    return DATE_MIN if value == EFFECTIVE else _day(value)


def one_of(names: dict[str, Any], what: str) -> Any:
    """Return a validator that takes one of these names and gives what it stands for."""

    def check(value: object) -> Any:
        if not isinstance(value, str) or value not in names:
            raise ValueError(f"no {what} is called {value!r}; expected one of {', '.join(names)}")
        return names[value]

    return BeforeValidator(check)


Yuan = Annotated[int, BeforeValidator(_yuan)]
Cap = Annotated[int | None, BeforeValidator(_cap)]
Rate = Annotated[int, BeforeValidator(_rate)]
Day = Annotated[int, BeforeValidator(_day)]
FirstDay = Annotated[int, BeforeValidator(_first_day)]
Text = Annotated[str, Field(min_length=1)]
LevelName = Annotated[int, one_of(LEVEL_NAMES, "level")]
StatusName = Annotated[int, one_of(STATUS_NAMES, "status")]
PlaceName = Annotated[int, one_of(PLACE_NAMES, "place")]
FactName = Annotated[int, one_of({fact.name or "": int(fact) for fact in Fact}, "fact")]
Levels = Annotated[list[LevelName], Field(min_length=1)]
Statuses = Annotated[list[StatusName], Field(min_length=1)]
Places = Annotated[list[PlaceName], Field(min_length=1)]


class Strict(BaseModel):
    """A table in which every key is known and nothing is converted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Clause(Strict):
    """A clause of a document, or the statement that the document is silent."""

    clause: str = ""
    stated: bool = True
    reading: str = ""
    text: Text

    @model_validator(mode="after")
    def _clause_or_silence(self) -> Self:
        if self.stated and not self.clause:
            raise ValueError(
                "no clause: every value cites one; where the document is silent, "
                "say so with stated = false"
            )
        if not self.stated and self.clause:
            raise ValueError(
                f'stated = false beside clause = "{self.clause}": remove one of the two'
            )
        return self


class Cited(Clause):
    """What an entry rests on: a clause and the document that contains it."""

    document: Text


class Dated(Cited):
    """A cited entry with its first and last day, both included."""

    first_day: FirstDay
    last_day: Day
    also: list[Cited] = []
    """Further clauses of the same entry."""

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError(
                f"last_day {self.last_day} is before first_day {self.first_day}; "
                "both days are included"
            )
        return self


class DocumentEntry(Clause):
    """`[[document]]`: a legal document and the days of its validity."""

    key: Annotated[str, Field(pattern=r"^[a-z]+(-[0-9]+)+$")]
    title: Text
    number: Text
    issuer: Text
    issued: Day = 0
    """Absent: the material does not say."""
    first_day: FirstDay
    starts: str = ""
    """With `first_day = "effective"`: the operator figure that gives the day."""
    last_day: Day

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError(f"last_day {self.last_day} is before first_day {self.first_day}")
        if bool(self.starts) != (self.first_day == DATE_MIN):
            raise ValueError(
                f'starts names the figure that gives the day: it stands with first_day = "'
                f'{EFFECTIVE}", only there'
            )
        return self


class CityFile(Strict):
    """`city.toml`: the city and its documents."""

    format: Literal[1]
    area: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    name: Text
    pinyin: Annotated[str, Field(pattern=r"^[a-z]+$")]
    document: Annotated[list[DocumentEntry], Field(min_length=1)]


class LineEntry(Dated):
    """`[[line]]`: one line of the exclusion matrix."""

    reason: Annotated[Reason, one_of(REASONS, "reason of a rule file")]
    require: list[FactName] = []
    forbid: list[FactName] = []
    levels: Levels = list(LEVEL_NAMES.values())
    liable_only: bool = False
    account_bar: Annotated[int, one_of(ACCOUNT_BARS, "account bar")] = BAR_NONE
    figure: str = ""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not self.require and not self.forbid:
            raise ValueError("neither require nor forbid: the line would apply to every claim")
        if both := set(self.require) & set(self.forbid):
            raise ValueError(f"required and forbidden at once: {Fact(sum(both))!r}")
        if (self.reason == Reason.NO_FIGURE) != bool(self.figure):
            raise ValueError("figure names what is missing: it stands with NO_FIGURE, only there")
        if self.liable_only and Fact.LIABLE not in self.require:
            raise ValueError('liable_only needs require = ["LIABLE"]')
        return self


class ExclusionsFile(Strict):
    """`exclusions.toml`: refusals and exclusions in order of precedence."""

    format: Literal[1]
    line: list[LineEntry]


class ChoiceEntry(Strict):
    """One of the `choices` of a reading."""

    id: Annotated[str, Field(pattern=r"^[A-Z][0-9]+-[A-Z][0-9]?$")]
    text: Text


class ReadingEntry(Dated):
    """`[[reading]]`: a question the document leaves open, and how it may be read."""

    question: Annotated[str, Field(pattern=r"^[A-Z][0-9]+$")]
    default: str
    choices: Annotated[list[ChoiceEntry], Field(min_length=2)]

    @model_validator(mode="after")
    def _choices_fit(self) -> Self:
        ids = [choice.id for choice in self.choices]
        if len(set(ids)) < len(ids):
            raise ValueError("two choices have one id")
        if strange := [name for name in ids if name.partition("-")[0] != self.question]:
            raise ValueError(f"{strange[0]} is no reading of {self.question}")
        if self.default not in ids:
            raise ValueError(f'default "{self.default}" is none of {", ".join(ids)}')
        return self


class ReadingsFile(Strict):
    """`readings.toml`: the questions whose readings the operator may choose."""

    format: Literal[1]
    reading: list[ReadingEntry] = []


_FIGURE_NAME = re.compile(r"[a-z][a-z0-9_]*")


class FigureEntry(Dated):
    """`[[figure]]`: an operator figure the city knows."""

    name: str
    key: Literal["none", "year", "level", "code"]
    use: Literal["ordinary", "benefit", "account_credit", "account", "clearing"]
    unit: Literal["yuan", "yuan a month", "yuan a year", "rate", "date", "switch"]
    optional: bool = False
    """Nothing is refused without it."""
    at_least: str = ""
    at_most: str = ""
    default: str = ""
    effect: Text

    @model_validator(mode="after")
    def _range_fits_unit(self) -> Self:
        if not _FIGURE_NAME.fullmatch(self.name):
            raise ValueError(f'name: expected lower_case_words, found "{self.name}"')
        low, high = self.range()
        if low > high:
            raise ValueError(f"at_least {self.at_least} is above at_most {self.at_most}")
        default = self.number(self.default)
        if default is not None and not low <= default <= high:
            raise ValueError(f"default {self.default} is outside at_least and at_most")
        return self

    def number(self, text: str) -> int | None:
        """Return `text` as a number by the unit of the figure, None if it is empty."""
        if not text:
            return None
        return read_number(self.unit, text)

    def range(self) -> tuple[int, int]:
        """Return the least and the most the figure may be, in its unit."""
        top = {"rate": money.BP, "date": DATE_MAX, "switch": 1}.get(self.unit, YUAN_MAX_FEN)
        low, high = self.number(self.at_least), self.number(self.at_most)
        return (0 if low is None else low, top if high is None else high)


class FiguresFile(Strict):
    """`figures.toml`: the operator figures the city knows."""

    format: Literal[1]
    figure: list[FigureEntry] = []
