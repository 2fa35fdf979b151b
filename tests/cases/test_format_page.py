"""`README.md` beside the cases explains every key of the format, and its example comes out."""

import re
from pathlib import Path

import pytest

from clients.bill import CLASSES, FLAGS
from clients.cli.cases import schema
from clients.cli.cases.format import ACCOUNT, parse
from clients.cli.cases.run import run_cases
from clients.cli.cases.values import Where
from engine.domain.account import DisposalEvent, DisposalOutcome, Product, Purpose
from engine.domain.codes import Kind, Paper
from engine.rules.load import load_cities

PAGE = (Path(__file__).parent / "README.md").read_text("utf-8")
LINE_KEYS = ("class", "amount", "first_pay", "over_limit", "flag", "benefit", "code")
MEASURES = ("quantity", "unit_price", "price_ceiling")


@pytest.mark.parametrize(
    "names",
    [
        list(schema.EVENTS["settle"]),
        list(schema.EVENTS["select"]),
        [name for kind in ACCOUNT for name in schema.EVENTS[kind]],
        [one.name.lower() for one in (*Purpose, *Product, *DisposalEvent, *DisposalOutcome)],
        list(schema.EVENTS),
        [*schema.SETTLEMENT_AMOUNTS, *schema.CUTS],
        [*LINE_KEYS, *MEASURES, *CLASSES, *FLAGS],
        [kind.name.lower() for kind in Kind],
        [paper.name.lower() for paper in Paper if paper.name],
    ],
)
def test_every_word_of_the_format_is_explained(names: list[str]) -> None:
    words = set(re.findall(r"[A-Za-z_]+", PAGE))
    assert [name for name in names if name not in words] == []


def test_the_example_comes_out() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    cities = load_cities()
    cases = parse(example, Where("README.md"), cities)
    (result,) = run_cases(cases, ["reference"], cities).ways
    assert [case.id for case in result.passed] == ["X01"]
