"""The command that runs cases: what passes, what fails and how it is said, by each way."""

import json

import pytest
from click.testing import CliRunner

from clients.cli.commands.cases import cases as command
from tests.support.cases_text import EVENT, EXPECT, HEAD, INSTITUTION, PREPAY


@pytest.fixture
def run(tmp_path):
    def invoke(body: str, *options: str):
        path = tmp_path / "cases.toml"
        path.write_text(HEAD + body)
        return CliRunner().invoke(command, [str(path), *options])

    return invoke


def test_a_case_that_passes(run):
    result = run(INSTITUTION + EVENT + EXPECT, "--via", "fast")
    assert result.exit_code == 0, result.output
    assert "fast: 1 passed, 0 failed, 0 unsupported" in result.output


@pytest.mark.parametrize("way", ["reference", "fast", "bulk"])
def test_a_case_that_fails(run, way):
    wrong = EXPECT.replace('"30.00"', '"30.01"')
    result = run(INSTITUTION + EVENT + wrong, "--via", way)
    assert result.exit_code == 1
    line = next(line for line in result.output.splitlines() if "expected" in line)
    assert line.endswith(f": A1: e1: {way}: pooled_fund: expected 30.01, found 30.00")
    assert f"{way}: 0 passed, 1 failed" in result.output


@pytest.mark.parametrize("way", ["reference", "fast", "bulk"])
def test_wrong_counters_fail(run, way):
    wrong = EXPECT.replace(" }", ', after = { deductible = "49.99" } }')
    result = run(INSTITUTION + EVENT + wrong, "--via", way)
    assert result.exit_code == 1
    assert "after.deductible: expected 49.99, found 50.00" in result.output


def test_an_unsupported_case_is_never_passed(run):
    body = INSTITUTION + EVENT + EXPECT + PREPAY
    result = run(body, "--via", "fast")
    assert result.exit_code == 1
    assert "unsupported A1" in result.output
    assert "event kinds: prepay\n" in result.output
    assert "fast: 0 passed, 0 failed, 1 unsupported" in result.output
    assert "no case is supported" in result.output
    assert run(body, "--via", "fast", "--strict").exit_code == 1


def test_a_file_that_is_not_in_the_format(run):
    result = run("colour = 1\n" + EVENT + EXPECT)
    assert result.exit_code == 2
    assert "A1: colour: unknown key" in result.output


def test_a_figure_the_city_does_not_take(run):
    result = run('supply = { old_unit_credit = "-1.00" }\n' + EVENT + EXPECT, "--via", "fast")
    assert result.exit_code == 2
    assert "supply.old_unit_credit" in result.output


def test_json(run):
    result = run(INSTITUTION + EVENT + EXPECT, "--via", "bulk", "--json")
    report = json.loads(result.output)
    assert report["ways"]["bulk"]["passed"] == ["A1"]
    assert report["passed"] is True
    assert report["failures"] == []
