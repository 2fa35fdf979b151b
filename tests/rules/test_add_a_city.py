"""The guide "Add a city": its example loads, its cases come out, its excerpts are the files."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from clients.cli.cases.coverage import Named, cover
from clients.cli.cases.format import read_files
from clients.cli.cases.measure import measure
from clients.cli.cases.run import BULK, FAST, REFERENCE, run_cases
from clients.cli.main import gongji
from engine.domain.codes import Fact
from engine.errors import RuleFileError
from engine.rules import schema, schema_values
from engine.rules.book import PlanBook
from engine.rules.clauses import CATEGORIES, cited_values
from engine.rules.compile import check_figures
from engine.rules.figures import FigureSet, load_figures
from engine.rules.load import CITIES, FILES, load_cities, rules_from_files
from engine.rules.model import BENEFIT_FILES, TABLES, CityRules
from engine.rules.units import LEVEL_NAMES

EXAMPLE = Path(__file__).parent / "example"
FOLDER = "999900_example"
GUIDE = (CITIES / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```toml (\S+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
SECTIONS = dict(re.findall(r"^### `(\w+\.toml)`\n(.*?)(?=^##)", GUIDE, re.MULTILINE | re.DOTALL))
EVERYWHERE = GUIDE.split("### `city.toml`")[0]


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, CityRules]:
    """Return the rules of the package's cities with the example beside them."""
    root = tmp_path_factory.mktemp("rules") / "cities"
    shutil.copytree(CITIES, root)
    shutil.copytree(EXAMPLE / FOLDER, root / FOLDER, dirs_exist_ok=True)
    return load_cities(root)


def test_the_city_loads_beside_the_others(six: Mapping[str, CityRules]) -> None:
    assert six.keys() == load_cities().keys() | {"999900"}
    assert (six["999900"].name, six["999900"].pinyin) == ("示例市", "example")


@pytest.mark.parametrize("way", [REFERENCE, FAST, BULK])
def test_its_cases_come_out(six: Mapping[str, CityRules], way: str) -> None:
    cases = read_files([EXAMPLE / "cases.toml"], six)
    report = run_cases(cases, [way], six)
    (result,) = report.ways
    assert [failure.line() for failure in result.failures] == []
    assert not result.broken
    assert {case.id for case in result.passed} == {case.id for case in cases}
    cited = {clause for case in cases for clause in case.clauses}
    assert cited == set(re.findall(r"^> (第.条)", GUIDE, re.MULTILINE))


def test_its_cases_show_every_value_and_clause(six: Mapping[str, CityRules]) -> None:
    cases = read_files([EXAMPLE / "cases.toml"], six)
    table = cover(cases, six, measure(cases, six), Named(), "")
    (city,) = [city for city in table if city.rules.pinyin == "example"]
    assert [value.path for value in city.undecided()] == []
    assert [covered.row.id for covered in city.rows if not covered.cases] == ["第六条 2"]
    assert city.adrift == ()


def test_its_figures_are_taken(six: Mapping[str, CityRules]) -> None:
    book = PlanBook(six, FigureSet(load_figures(EXAMPLE / "supply.toml", six)))
    check_figures(six, book.figures)
    plan = book.plan_for("999900", 2025_06_01)
    assert plan is not None
    assert set(plan.annual_cap_fen) == {2000_00}


def test_every_clause_that_is_cited_is_in_the_document(six: Mapping[str, CityRules]) -> None:
    text = dict(re.findall(r"^> (第.条) (.*)$", GUIDE, re.MULTILINE))
    for value in cited_values(six["999900"]):
        assert all(clause.clause in text for clause in value.clauses if clause.stated), value.path
    assert all(f"{rate}%" in text["第二条"] for rate in (70, 60, 50))
    assert all(f"{amount}元" in text["第一条"] for amount in (100, 200, 400))


def test_excerpts_stand_in_the_files() -> None:
    assert len(BLOCKS) == GUIDE.count("```toml") >= 5
    for name, block in BLOCKS:
        file = EXAMPLE / (name if name == "cases.toml" else f"{FOLDER}/{name}")
        assert block in file.read_text("utf-8"), f"{name}: {block.splitlines()[0]}"


def fields(model: type[BaseModel]) -> Iterator[str]:
    """Yield every key of a model and of the tables in it."""
    for name, field in model.model_fields.items():
        yield name
        for inner in tables(field.annotation):
            yield from fields(inner)


def tables(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from tables(part)


def names(text: str) -> set[str]:
    """Return the words in code of a text."""
    return {word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"[\w-]+", code)}


@pytest.mark.parametrize("file", FILES)
def test_every_key_is_explained(file: str) -> None:
    missing = {*fields(FILES[file])} - names(SECTIONS[file]) - names(EVERYWHERE)
    assert missing - {"document", "line", "figure", "reading", "clause"} == set()


def test_every_word_that_is_accepted_is_named() -> None:
    lines = names(SECTIONS["exclusions.toml"])
    assert {*schema.REASONS} <= lines
    assert {fact.name for fact in Fact} <= lines
    assert {*schema.ACCOUNT_BARS} <= lines
    assert {*schema_values.COUNTERS, *schema_values.VISITS} <= names(SECTIONS["ordinary.toml"])
    assert {*CATEGORIES} <= names(SECTIONS["clauses.toml"])
    everywhere = names(EVERYWHERE)
    assert {*LEVEL_NAMES, *schema.STATUS_NAMES, *schema.PLACE_NAMES} <= everywhere


def test_every_file_and_table_of_a_benefit_is_explained() -> None:
    assert {*TABLES} <= names(GUIDE)
    assert [name for name in BENEFIT_FILES.values() if f"`{name}`" not in GUIDE] == []


def without(text: str, what: str) -> str:
    """Return a rule file without the entries that hold `what`."""
    return "\n[[".join(entry for entry in text.split("\n[[") if what not in entry)


@pytest.mark.parametrize(
    ("file", "mistake"),
    [
        ("ordinary.toml", lambda text: without(text, 'rate = "0.60"')),
        ("ordinary.toml", lambda text: text.replace('"100.00"', "100.00", 1)),
        ("exclusions.toml", lambda text: text.replace("example-2024-1", "example-2024-2", 1)),
    ],
)
def test_the_errors_of_the_guide_are_those_that_come(
    file: str, mistake: Callable[[str], str]
) -> None:
    files = {name: (EXAMPLE / FOLDER / name).read_bytes() for name in FILES}
    files[file] = mistake(files[file].decode()).encode()
    with pytest.raises(RuleFileError) as caught:
        rules_from_files(FOLDER, files)
    (listed,) = re.findall(r"^```text errors\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert str(caught.value) in listed.splitlines()


def test_the_count_of_the_guide_is_the_one_that_comes() -> None:
    result = CliRunner().invoke(gongji, ["policy", "check", str(EXAMPLE)])
    assert result.output in GUIDE
