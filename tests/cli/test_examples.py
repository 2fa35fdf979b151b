"""The example files of the README's tour do what the README says, here without a server."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from clients.cli.main import gongji

EXAMPLES = Path(__file__).parents[2] / "clients" / "examples"


@pytest.fixture
def tour(tmp_path: Path) -> Path:
    """Return a folder with copies of the example files."""
    folder = tmp_path / "tour"
    shutil.copytree(EXAMPLES, folder)
    return folder


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(gongji, arguments)
    return result.exit_code, result.output


def test_the_tour_of_the_readme(tour: Path) -> None:
    store = ("--store", str(tour / "ledger.sqlite"))
    for register in ("institutions", "members", "openings"):
        assert run("register", register, str(tour / f"{register}.csv"), *store)[0] == 0
    assert run("policy", "supply", str(tour / "figures.toml"), *store)[0] == 0
    code, output = run("settle", str(tour / "claims.csv"), *store)
    assert code == 1
    assert "NO_FIGURE" in output
    code, output = run("explain", "4", "--institution", "H-CENTRE", *store)
    assert code == 0
    assert "56.00" in output
    assert "第四条第三款" in output
    code, output = run("verify", *store)
    assert code == 0, output
    assert "6 settlements" in output
    refused = (tour / "claims.csv.gongji" / "refusals.csv").read_text("utf-8").splitlines()
    assert [line.split(",")[:3] for line in refused[1:]] == [
        ["8", "in_scope", "MALFORMED"],
        ["9", "", "NO_FIGURE"],
    ]


def test_every_example_is_in_the_tour() -> None:
    readme = (EXAMPLES.parents[1] / "README.md").read_text("utf-8")
    for file in EXAMPLES.iterdir():
        assert f"tour/{file.name}" in readme, file.name
