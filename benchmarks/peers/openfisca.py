"""OpenFisca-core: a country package of one city, made here, on one simulation of all members.

A variable has a value for each person and period, so a person's k-th claim is that of the k-th day
of a year, and what was borne and paid before is that of the day before: sequential, as it must be.
`--money int` has whole fen (int32; the product with a rate is widened in the formula), `--money
float` has yuan as float32, OpenFisca's usual type, and rounds to the fen where the rule rounds.
"""

import sys
import warnings
from typing import Any, Final

import numpy as np
from openfisca_core import entities, parameters, periods, simulations, taxbenefitsystems, variables

from benchmarks.peers.case import Case
from benchmarks.peers.peer import Answers, tell, timed

Array = Any
PERSON: Final = entities.build_entity("person", "persons", "An insured person", is_person=True)
HOUSEHOLD: Final = entities.build_entity(
    "household", "households", "Every package has a group", roles=[{"key": "member"}]
)
FIRST_DAY: Final = "2024-01-01"
BEFORE: Final = -1
"""The period before, by `Period.offset`."""


def variable(name: str, kind: type, formula: Any = None) -> type[Any]:
    """Return a variable of a person for each day."""
    fields: dict[str, Any] = {
        "value_type": kind,
        "entity": PERSON,
        "definition_period": periods.DateUnit.DAY,
        "label": name,
    }
    if formula is not None:
        fields["formula"] = formula
    return type(name, (variables.Variable,), fields)


def at_group(parameter: Any, name: str, person: Any, period: Any) -> Array:
    """Return what the tariff has by level and status, for each person."""
    of = parameter(period).tariff
    groups = [getattr(of, f"{name}_{n}") for n in range(12)]
    return np.array(groups)[person("level", period) * 3 + person("status", period)]


def charged(person: Any, period: Any, parameters: Any) -> Array:
    """Return the part of the deductible that a claim bears."""
    left = at_group(parameters, "deductible", person, period) - person("borne", period)
    return np.minimum(person("in_scope", period), np.maximum(0, left))


def fund_int(person: Any, period: Any, parameters: Any) -> Array:
    """Return what the fund pays, in fen."""
    base = (person("in_scope", period) - person("charged", period)).astype(np.int64)
    by_rate = (base * at_group(parameters, "rate", person, period) + 5_000) // 10_000
    left = at_group(parameters, "cap", person, period) - person("paid", period)
    return np.minimum(by_rate, np.maximum(0, left))


def fund_float(person: Any, period: Any, parameters: Any) -> Array:
    """Return what the fund pays, in yuan."""
    base = person("in_scope", period) - person("charged", period)
    by_rate = np.floor(base * at_group(parameters, "rate", person, period) * 100 + 0.5) / 100
    left = at_group(parameters, "cap", person, period) - person("paid", period)
    return np.minimum(by_rate, np.maximum(0, left))


def borne(person: Any, period: Any) -> Array:
    """Return what was borne before."""
    before = period.offset(BEFORE)
    return person("borne", before) + person("charged", before)


def paid(person: Any, period: Any) -> Array:
    """Return what the fund paid before."""
    before = period.offset(BEFORE)
    return person("paid", before) + person("fund", before)


def package(case: Case, money: type) -> Any:
    """Return the country package: entities, parameters, variables."""
    system = taxbenefitsystems.TaxBenefitSystem([PERSON, HOUSEHOLD])
    whole = money is int
    tariff: dict[str, Any] = {}
    for level, status, deductible, rate, cap in case.tariff():
        n = level * 3 + status
        for name, value in (("deductible", deductible), ("cap", cap), ("rate", rate)):
            unit = 10_000 if name == "rate" else 100
            number = value if whole else value / unit
            tariff[f"{name}_{n}"] = {"values": {"2000-01-01": {"value": number}}}
    system.parameters = parameters.ParameterNode("", data={"tariff": tariff})
    for name in ("level", "status"):
        system.add_variable(variable(name, int))
    system.add_variable(variable("in_scope", money))
    formulas: dict[str, Any] = {"charged": charged, "fund": fund_int if whole else fund_float}
    formulas |= {"borne": borne, "paid": paid}
    for name, formula in formulas.items():
        system.add_variable(variable(name, money, formula))
    return system


def settle(case: Case, money: type = int) -> Answers:
    """Settle the k-th claims of all members as those of the k-th day, day by day."""
    members, count = case.rows["counters"], len(case.rows)
    order = np.argsort(members, kind="stable")
    starts = np.searchsorted(members[order], np.arange(case.members))
    nth = np.empty(count, np.int64)
    nth[order] = np.arange(count) - starts[members[order]]
    system, first = package(case, money), periods.period(FIRST_DAY)
    days = [first.offset(int(k)) for k in range(int(nth.max()) + 1)]
    found = {name: np.zeros(count) for name in ("charged", "fund")}

    def run() -> None:
        simulation = simulations.SimulationBuilder.build_default_simulation(system, case.members)
        for name in ("borne", "paid"):
            simulation.set_input(name, first, np.zeros(case.members, money))
        for k, day in enumerate(days):
            at = np.flatnonzero(nth == k)
            for name in ("in_scope", "level", "status"):
                values: Array = np.zeros(case.members, money if name == "in_scope" else int)
                given = case.rows[name][at]
                values[members[at]] = given if money is int or name != "in_scope" else given / 100
                simulation.set_input(name, day, values)
            for name, column in found.items():
                column[at] = simulation.calculate(name, day)[members[at]]

    _, seconds = timed(run)
    fen = {name: np.rint(column * (1 if money is int else 100)) for name, column in found.items()}
    notes = "whole fen, int32" if money is int else "yuan in float32"
    notes += "; a day for each claim of a member"
    return Answers(fen["charged"], fen["fund"], seconds, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    floats = "--float" in sys.argv
    if floats:
        sys.argv.remove("--float")
    what = "one simulation of all members, " + ("float model" if floats else "integer model")
    tell("OpenFisca-core", what, lambda case: settle(case, float if floats else int))
