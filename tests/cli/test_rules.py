"""Cities from outside the package: `--rules`, `GONGJI_RULES`, case files that name a folder."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clients.cli.cases.format import read_files, with_own_rules
from clients.cli.cases.values import CaseError
from clients.cli.main import gongji
from clients.cli.rules import known_cities
from engine.rules.load import CITIES, load_cities

CASES = """
format = 1
city = "mirror"
rules = "more"
[[case]]
id = "M1"
  [[case.institution]]
  id = "Y"
  [[case.event]]
  do = "settle"
  date = 2024-05-05
  institution = "Y"
  in_scope = "100.00"
  expect = { deductible = "50.00", pooled_fund = "30.00", person = "70.00" }
"""


def add_city(root: Path, area: str, pinyin: str) -> Path:
    """Make a folder of one city, with the rules of Zibo, in `root`."""
    folder = root / f"{area}_{pinyin}"
    shutil.copytree(CITIES / "370300_zibo", folder)
    text = (folder / "city.toml").read_text("utf-8")
    text = text.replace('"370300"', f'"{area}"').replace('"zibo"', f'"{pinyin}"')
    (folder / "city.toml").write_text(text, "utf-8")
    return root


@pytest.fixture
def more(tmp_path: Path) -> Path:
    return add_city(tmp_path / "more", "999901", "mirror")


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(gongji, [str(one) for one in arguments], env=env)


def listed(result: Result) -> set[str]:
    assert result.exit_code == 0, result.output
    return {city["area"] for city in json.loads(result.stdout)["cities"]}


def test_a_folder_adds_cities_to_those_of_the_package(more: Path) -> None:
    own = set(load_cities())
    assert listed(run("policy", "list", "--json")) == own
    assert listed(run("policy", "list", "--json", "--rules", more)) == own | {"999901"}
    assert set(known_cities()) == own


def test_several_folders_by_option_and_by_variable(more: Path, tmp_path: Path) -> None:
    second = add_city(tmp_path / "second", "999902", "third")
    both = set(load_cities()) | {"999901", "999902"}
    given = ("--rules", more, "--rules", second, "--rules", more)
    assert listed(run("policy", "list", "--json", *given)) == both
    env = {"GONGJI_RULES": f"{more}:{second}"}
    assert listed(run("policy", "list", "--json", env=env)) == both


@pytest.mark.parametrize(
    ("area", "pinyin", "key"), [("370300", "mirror", "area"), ("999901", "zibo", "pinyin")]
)
def test_a_city_that_is_there_already_is_refused(
    tmp_path: Path, area: str, pinyin: str, key: str
) -> None:
    folder = add_city(tmp_path / "clash", area, pinyin)
    result = run("policy", "list", "--rules", folder)
    assert result.exit_code == 2
    words = " ".join(result.output.split())
    assert f"{area}_{pinyin}/city.toml: {key}: two folders for {area} {pinyin}" in words
    assert "370300_zibo has" in words


def test_a_folder_that_is_not_there_is_a_wrong_command_line(tmp_path: Path) -> None:
    result = run("policy", "list", "--rules", tmp_path / "none")
    assert result.exit_code == 2
    assert "does not exist" in result.output


@pytest.mark.parametrize(
    "command",
    [
        ("serve",),
        ("settle",),
        ("explain",),
        ("register", "members"),
        ("cases",),
        *(("policy", name) for name in ("list", "show", "supply", "compare", "coverage", "effect")),
        ("policy", "readings"),
    ],
    ids=" ".join,
)
def test_commands_that_read_rules_say_so(command: tuple[str, ...]) -> None:
    output = run(*command, "--help").output
    assert "--rules FOLDER" in output
    assert "GONGJI_RULES" in output


def test_a_store_keeps_claims_of_a_city_from_outside(more: Path, tmp_path: Path) -> None:
    store, claims = tmp_path / "l.sqlite", tmp_path / "claims.csv"
    tables = {
        "institutions": "id,area,level,kind\nY,999901,1,hospital\n",
        "members": "id,city,born_on,status\nM,999901,1975-01-01,active\n",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
        result = run("register", name, tmp_path / f"{name}.csv", "--store", store, "--rules", more)
        assert result.exit_code == 0, result.output
    claims.write_text(
        "request_id,institution,member,date,in_scope\nr1,Y,M,2024-05-05,100.00\n", "utf-8"
    )
    result = run("settle", claims, "--store", store, "--rules", more, "--json")
    assert result.exit_code == 0, result.output
    (line,) = (tmp_path / "claims.csv.gongji" / "results.csv").read_text("utf-8").splitlines()[1:]
    assert "30.00" in line.split(",")


def test_cases_run_every_way_on_the_rules_that_their_file_names(more: Path) -> None:
    file = more.parent / "cases.toml"
    file.write_text(CASES, "utf-8")
    result = run("cases", file, "--json")
    assert result.exit_code == 0, result.output
    ways = json.loads(result.stdout)["ways"]
    assert list(ways) == ["reference", "fast", "bulk", "grpc"]
    assert [found["passed"] for found in ways.values()] == [["M1"]] * 4


def test_cases_run_on_the_rules_that_the_command_names(more: Path, tmp_path: Path) -> None:
    file = tmp_path / "cases.toml"
    file.write_text(CASES.replace('rules = "more"', ""), "utf-8")
    assert run("cases", file).exit_code == 2
    for text in (CASES.replace('rules = "more"', ""), CASES):
        file.write_text(text, "utf-8")
        result = run("cases", file, "--rules", more, "--via", "grpc")
        assert result.exit_code == 0, result.output


def test_a_file_that_names_no_folder_or_other_rules_is_refused(more: Path, tmp_path: Path) -> None:
    file = tmp_path / "cases.toml"
    file.write_text(CASES.replace('"more"', '"none"'), "utf-8")
    with pytest.raises(CaseError, match="rules: there is no folder"):
        read_files([file])
    file.write_text(CASES, "utf-8")
    (case,) = read_files([file])
    assert case.rules == more
    assert set(with_own_rules([case], load_cities())) == {*load_cities(), "999901"}
    add_city(more, "999903", "zibo")
    result = run("cases", file)
    assert result.exit_code == 2
    assert "is known already, with other rules, as 370300 zibo" in " ".join(result.output.split())
