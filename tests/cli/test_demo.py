"""The demo runs, ends cleanly, and would say so if the results differed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from clients.cli import demo_show
from clients.cli.people import deal, make_world, read_setting, split
from engine.rules.book import PlanBook
from engine.rules.load import load_cities


@pytest.mark.slow
def test_the_demo_agrees_to_the_last_digit(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "clients.cli.main", "demo", "--keep", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""
    digests = re.findall(r"\b[0-9a-f]{64}\b", run.stdout)
    assert len(digests) == 3
    assert len(set(digests)) == 1
    assert "依据：" in run.stdout
    for rules in load_cities().values():
        assert rules.name in run.stdout


def test_different_digests_are_not_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert not demo_show.print_digests({"a": "00", "b": "01"})
    assert "differ" in capsys.readouterr().out
    assert demo_show.print_digests({"a": "00", "b": "00"})


def test_people_are_the_same_every_time_and_workers_share_nobody() -> None:
    setting = read_setting(PlanBook(load_cities()))._replace(members=50)
    world, again = make_world(setting), make_world(setting)
    assert world == again
    one, other = split(world.claims)
    assert not set(one) & set(other)
    assert len(one) + len(other) == len(world.members)
    # A made-up unknown member is refused, and shares nothing with anybody.
    hands = [
        {claim.member for claim in hand if "unknown" not in claim.member}
        for hand in deal(world.claims, 7)
    ]
    assert sum(map(len, hands)) == len(set().union(*hands))
