"""Reads case files: strictly, with the defaults of the format filled in.

What is unknown, of the wrong type, or contradicts itself is a `CaseError` that names the file, the
case and the key. The result is the case as data; nothing here knows the engine's pipeline. Which
cities there are, and which operator figures, the rule files say.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from clients.cli.cases.schema import (
    BILL_PARTS,
    EVENTS,
    INSTITUTION,
    MEMBER,
    OPENING,
    RELATIVE,
)
from clients.cli.cases.values import (
    REQUIRED,
    CaseError,
    Key,
    Reader,
    Values,
    Where,
    choice,
    found,
    identifier,
    list_of,
    table,
    text,
    unique,
)
from engine.domain.bill import line_amount_fen, line_over_limit_fen
from engine.errors import InvalidInput
from engine.rules.figures import figures_from_supply, supply_names
from engine.rules.load import load_cities
from engine.rules.model import CityRules

FORMAT: Final = 1
RULES: Final = "rules"
"""The key of a file that names a folder with further cities."""

CLAIMS: Final = ("settle", "preview")
UNDOS: Final = ("cancel", "reverse")
SELECT: Final = "select"
CREDIT: Final = "credit"
PAYMENT: Final = "account_payment"
DISPOSAL: Final = "disposal"
ACCOUNT: Final = (CREDIT, PAYMENT, DISPOSAL)
"""Events of a personal account outside of a claim."""
SELF: Final = "self"
"""For whom an account pays: its owner, where no other person is named."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a case, with the keys of its kind.

    `id` is the request id of a claim as the case writes it; of another kind it is the position,
    for messages. `given` are the keys that stand in the file.
    """

    position: int
    kind: str
    id: str
    values: Values
    expect: Values
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """One worked case; `supply` is the file's, overridden by the case's, as TOML gave it."""

    where: Where
    id: str
    city: str
    """Pinyin name of its rules."""
    area: str
    """Administrative code of the city."""
    supply: Values
    member: Values
    relatives: tuple[Values, ...]
    institutions: tuple[Values, ...]
    openings: tuple[Values, ...]
    events: tuple[Event, ...]
    clauses: tuple[str, ...] = ()
    """The clauses it is worked out from, as the case cites them."""
    rules: Path | None = None
    """The folder with further cities that its file names, a folder each."""


def read_files(paths: Iterable[Path], cities: Mapping[str, CityRules] | None = None) -> list[Case]:
    """Return the cases of all files, in order.

    Args:
        paths: The case files.
        cities: The rules by area code that a case may name; None: the package's own. A file may
            name a folder with further cities, for its own cases.

    Raises:
        CaseError: A file does not keep to the format, or two cases have the same id.
        RuleFileError: The rules that a file names are not accepted.
    """
    cases: list[Case] = []
    seen: dict[str, str] = {}
    known = load_cities() if cities is None else cities
    for path in paths:
        for case in read_file(path, known):
            if case.id in seen:
                raise CaseError(case.where, f"the id is used already, in {seen[case.id]}")
            seen[case.id] = case.where.file
            cases.append(case)
    return cases


def read_file(path: Path, cities: Mapping[str, CityRules] | None = None) -> list[Case]:
    """Return the cases of one file; `cities` as for `read_files`."""
    where = Where(str(path))
    try:
        data = path.read_bytes().decode()
    except OSError as error:
        raise CaseError(where, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CaseError(where, "is not UTF-8") from None
    return parse(data, where, cities)


def parse(data: str, where: Where, cities: Mapping[str, CityRules] | None = None) -> list[Case]:
    """Return the cases of the text of a file; `cities` as for `read_files`."""
    try:
        raw = tomllib.loads(data)
    except tomllib.TOMLDecodeError as error:
        raise CaseError(where, f"is not TOML: {error}") from None
    known = load_cities() if cities is None else cities
    rules = _own_rules(raw, where)
    tables = _Tables(joined(known, rules, where) if rules else known)
    file = tables.file(raw, where)
    cases = []
    for index, item in enumerate(file["case"], 1):
        # The id first, so that every later message can name the case.
        name = item.get("id") if isinstance(item, dict) else None
        if not isinstance(name, str) or not name:
            raise CaseError(where.at("case").item(index), 'a case needs an id, such as id = "A1"')
        case = _case(item, file, where._replace(case=name), tables)
        cases.append(replace(case, rules=rules) if rules else case)
    return cases


def _own_rules(raw: Values, where: Where) -> Path | None:
    """Return the folder with further cities that a file names, from the file's own folder."""
    if RULES not in raw:
        return None
    named: str = text(raw[RULES], where.at(RULES))
    folder = (Path(where.file).parent / named).resolve()
    if not folder.is_dir():
        raise CaseError(where.at(RULES), f"there is no folder {folder}")
    return folder


def joined(cities: Mapping[str, CityRules], folder: Path, where: Where) -> dict[str, CityRules]:
    """Return cities with those of a folder; the very same rules may be known already.

    Raises:
        CaseError: Another city has the area or the name of one in the folder.
        RuleFileError: The rules there are not accepted.
    """
    names = {rules.pinyin: rules for rules in cities.values()}
    found = load_cities(folder)
    for rules in found.values():
        for known in (cities.get(rules.area), names.get(rules.pinyin)):
            if known is not None and known != rules:
                raise CaseError(
                    where.at(RULES),
                    f"{rules.area} {rules.pinyin} in {folder} is known already, with other rules, "
                    f"as {known.area} {known.pinyin}; give it another area and name",
                )
    return {**cities, **found}


def with_own_rules(cases: Iterable[Case], cities: Mapping[str, CityRules]) -> dict[str, CityRules]:
    """Return cities with those of the folders that the files of the cases name.

    Raises:
        CaseError: Two of them have one area or name, and not the same rules.
    """
    all_cities = dict(cities)
    for folder, case in {case.rules: case for case in cases if case.rules}.items():
        all_cities = joined(all_cities, folder, Where(case.where.file))
    return all_cities


def _version(raw: Any, where: Where) -> int:
    if type(raw) is not int or raw != FORMAT:
        raise CaseError(where, f"expected {FORMAT}, found {found(raw)}")
    return raw


def _kind_of_event(raw: Any, where: Where) -> tuple[str, Values, frozenset[str]]:
    if not isinstance(raw, dict):
        raise CaseError(where, f"expected a table, found {found(raw)}")
    kind = choice(*EVENTS)(raw.get("do"), where.at("do"))
    keys = {name: value for name, value in raw.items() if name != "do"}
    return kind, table(EVENTS[kind])(keys, where), frozenset(keys)


_ANYTHING: Final[Reader] = lambda raw, where: raw  # noqa: E731 - a reader as the others are


class _Tables:
    """The tables whose keys depend on the rule files: which cities, which operator figures."""

    def __init__(self, cities: Mapping[str, CityRules]) -> None:
        self.by_name = {rules.pinyin: rules for rules in cities.values()}
        self._cities = cities
        common = {
            "city": Key(choice(*self.by_name)),
            "note": Key(text),
            "supply": Key(self._supply, {}),
        }
        self.file = table(
            common
            | {
                "format": Key(_version, REQUIRED),
                RULES: Key(text),
                "case": Key(list_of(_ANYTHING), REQUIRED),
            }
        )
        self.case = table(
            common
            | {
                "id": Key(identifier, REQUIRED),
                "clauses": Key(list_of(text)),
                "reading": Key(text),
                "member": Key(MEMBER),
                "relative": Key(list_of(RELATIVE), ()),
                "institution": Key(list_of(INSTITUTION), ()),
                "opening": Key(list_of(OPENING), ()),
                "event": Key(list_of(_kind_of_event), REQUIRED),
            }
        )

    def _supply(self, raw: Any, where: Where) -> Values:
        """Check operator figures and return them as they stand: the engine has its own reader."""
        if not isinstance(raw, dict):
            raise CaseError(where, f"expected a table, found {found(raw)}")
        for key, value in raw.items():
            open_in = [rules for rules in self.by_name.values() if leaves_open(rules, key, value)]
            if not open_in:
                known = sorted({f.name for rules in self.by_name.values() for f in rules.figures})
                raise CaseError(where.at(key), f"unknown key; figures are {' '.join(known)}")
            problems = [self._problem(rules, {key: value}) for rules in open_in]
            if all(problems) and problems[0]:
                path, problem = problems[0]
                raise CaseError(where._replace(key=path), problem)
        return dict(raw)

    def _problem(self, rules: CityRules, supply: Values) -> tuple[str, str] | None:
        """Return key path and problem of a figure that a city does not take, None if it does."""
        try:
            figures_from_supply(rules.area, supply, self._cities)
        except InvalidInput as error:
            return error.path, error.problem
        return None


def leaves_open(rules: CityRules, key: str, value: object) -> bool:
    """Return whether the documents of a city leave open what a key of `supply` gives."""
    return any(rules.figure(name) for name in supply_names(key, value))


def _case(raw: Values, file: Values, where: Where, tables: _Tables) -> Case:
    values = tables.case(raw, where)
    city = values.get("city") or file.get("city")
    if city is None:
        raise CaseError(where.at("city"), "neither the file nor the case names a city")
    rules = tables.by_name[city]
    member = values.get("member") or MEMBER({}, where.at("member"))
    unique([member, *values["relative"]], "id", where.at("relative"))
    unique(values["institution"], "id", where.at("institution"))
    unique(values["opening"], "year", where.at("opening"))
    events = tuple(_event(item, i, where) for i, item in enumerate(values["event"], 1))
    if not events:
        raise CaseError(where.at("event"), "a case has at least one event")
    supply = {**file["supply"], **values["supply"]}
    case = Case(
        where=where,
        id=values["id"],
        city=city,
        area=rules.area,
        # A figure of another city means nothing here.
        supply={key: value for key, value in supply.items() if leaves_open(rules, key, value)},
        member=member,
        relatives=tuple(values["relative"]),
        institutions=tuple(values["institution"]),
        openings=tuple(values["opening"]),
        events=events,
        clauses=tuple(values.get("clauses", ())),
    )
    _check_references(case)
    return case


def _event(item: tuple[str, Values, frozenset[str]], position: int, where: Where) -> Event:
    kind, values, given = item
    here = where.at("event").item(position)
    expect = values.pop("expect")
    if kind in CLAIMS:
        _complete_claim(values, here)
    if "reason" in expect and expect.get("outcome") not in (None, "settled", "refused"):
        raise CaseError(here.at("expect").at("reason"), "goes with a refusal or an exclusion only")
    return Event(position, kind, values.pop("id", f"e{position}"), values, expect, given)


def _complete_claim(values: Values, where: Where) -> None:
    """Fill in the parts of the bill and what follows from others."""
    values.setdefault("until", values["date"])
    parts = [part for part in BILL_PARTS if part in values]
    if "lines" in values and parts:
        raise CaseError(where.at(parts[0]), "stands beside lines; give one or the other")
    for part in BILL_PARTS:
        values.setdefault(part, 0)
    for index, line in enumerate(values.setdefault("lines", []), 1):
        _complete_line(line, where.at("lines").item(index))
    amounts = [line["amount"] for line in values["lines"]]
    values.setdefault("total", sum(values[part] for part in BILL_PARTS) + sum(amounts))
    if "liable_amount" in values and "liability" not in values:
        raise CaseError(where.at("liable_amount"), "needs liability, which says who is liable")


def _complete_line(line: Values, where: Where) -> None:
    """Fill in the amounts that follow from quantity, unit price and price ceiling."""
    if "amount" not in line:
        if not (line["quantity"] and line["unit_price"]):
            raise CaseError(where.at("amount"), "is missing; give it, or quantity and unit_price")
        line["amount"] = line_amount_fen(line["quantity"], line["unit_price"])
    if "over_limit" not in line:
        ceiling = line["price_ceiling"]
        over_fen = line_over_limit_fen(line["amount"], line["quantity"], ceiling)
        line["over_limit"] = over_fen if ceiling else 0


def _check_references(case: Case) -> None:
    """Check what one event says of another."""
    claims = {event.id: event for event in case.events if event.kind in CLAIMS}
    visits = explicit_visits(case)
    met = {o["year"] for o in case.openings if o.get("deductible", 0) is None}
    for event in case.events:
        where = case.where.at("event").item(event.position)
        claim = claims.get(event.values["of"]) if event.kind in UNDOS else event
        if claim is None:
            raise CaseError(
                where.at("of"), f"no claim of this case has the id {event.values['of']}"
            )
        after = event.expect.get("after", {})
        where = where.at("expect").at("after")
        if "deductible" in after and claim.values["date"] // 10_000 in met:
            raise CaseError(where.at("deductible"), 'the opening is "met", so no amount is known')
        for visit in after.get("visit_paid", ()):
            if visit not in visits and visit not in claims:
                raise CaseError(where.at("visit_paid").at(visit), "no such visit, no such event")


def explicit_visits(case: Case) -> frozenset[str]:
    """Return the visits that an event or an opening names."""
    named = {e.values["visit"] for e in case.events if e.kind in CLAIMS and e.values["visit"]}
    return frozenset(named.union(*(o.get("visit_paid", ()) for o in case.openings)))
