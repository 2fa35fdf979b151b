"""What documents leave open, and which reading holds."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clients.cli.main import gongji
from engine.rules.load import load_cities

CHOSEN = """
format = 1
city = "zibo"
[[figure]]
name = "reading"
key = "G2"
value = "G2-B"
source = "市医保局会议纪要"
first_day = 2024-01-01
last_day = 2024-12-31
"""


@pytest.fixture
def chosen(tmp_path: Path) -> Path:
    file = tmp_path / "chosen.toml"
    file.write_text(CHOSEN, encoding="utf-8")
    return file


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(gongji, ["policy", "readings", *map(str, arguments)])


def question(name: str, *arguments: str | Path) -> dict[str, Any]:
    result = run("zibo", *arguments, "--json")
    assert result.exit_code == 0, result.output
    (city,) = json.loads(result.stdout)["cities"]
    (one,) = (item for item in city["questions"] if item["id"] == name)
    assert isinstance(one, dict)
    return one


def test_every_question_of_every_city_is_listed() -> None:
    result = json.loads(run("--json").stdout)
    listed = {city["area"]: [item["id"] for item in city["questions"]] for city in result["cities"]}
    assert listed == {
        area: [question.id for question in rules.questions]
        for area, rules in load_cities().items()
    }  # fmt: skip


def test_a_question_with_its_clause_days_and_choices() -> None:
    g2 = question("G2", "--date", "2024-06-01")
    assert (g2["document"], g2["clause"]) == ("淄政办发〔2022〕12号", "第六条第一款")
    assert (g2["first_day"], g2["last_day"]) == (2023_01_01, 2027_12_31)
    assert [choice["id"] for choice in g2["choices"]] == ["G2-A1", "G2-A2", "G2-B"]
    assert g2["choices"][2]["text"] == "各级别分别累计"
    assert (g2["default"], g2["holds"], g2["open"]) == ("G2-A1", "G2-A1", True)
    assert g2["chosen"] == []
    assert question("G2", "--date", "2022-06-01")["open"] is False


def test_what_is_chosen_holds_on_its_days(chosen: Path) -> None:
    during = question("G2", "--figures", chosen, "--date", "2024-06-01")
    assert during["holds"] == "G2-B"
    assert during["chosen"] == [
        {
            "choice": "G2-B",
            "first_day": 2024_01_01,
            "last_day": 2024_12_31,
            "source": "市医保局会议纪要",
        }
    ]
    assert question("G2", "--figures", chosen, "--date", "2025-06-01")["holds"] == "G2-A1"
    assert question("G1", "--figures", chosen, "--date", "2024-06-01")["holds"] == "G1-A"


def test_for_people(chosen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines = run("zibo", "--figures", chosen, "--date", "2024-06-01").output.splitlines()
    assert lines[0] == "淄博市 370300 zibo"
    said = [line.strip() for line in lines]
    assert "G2-A1   累计已负担的起付金额，补足到就诊级别 [default]" in said
    assert "G2-B    各级别分别累计 [holds]" in said
    assert "G1-A    限定基金全年支付的数额 [default, holds]" in said
    assert "G2-B is chosen 2024-01-01 to 2024-12-31 (市医保局会议纪要)" in said
    assert "is not open on 2031-01-01" in run("--date", "2031-01-01").output


def test_the_help_shows_a_figure_that_is_accepted(tmp_path: Path) -> None:
    help_text = run("--help").output
    snippet = re.search(r"\[\[figure\]\].*?last_day = [0-9-]+", help_text, re.DOTALL)
    assert snippet is not None
    file = tmp_path / "snippet.toml"
    file.write_text(f"format = 1\n{snippet[0]}\n", encoding="utf-8")
    assert question("G2", "--figures", file, "--date", "2024-06-01")["holds"] == "G2-B"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("paris",), 'no rules for "paris"'),
        (("--figures", "nowhere.toml"), "nowhere.toml: No such file"),
    ],
)
def test_wrong_city_or_file(arguments: tuple[str, ...], problem: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert problem in result.output


def test_a_choice_for_half_a_year_is_refused(chosen: Path) -> None:
    chosen.write_text(CHOSEN.replace("2024-01-01", "2024-07-01"), encoding="utf-8")
    result = run("--figures", chosen)
    assert result.exit_code == 2
    assert "a reading holds for whole policy years" in result.output
