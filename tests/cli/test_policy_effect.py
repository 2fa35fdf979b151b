"""What the alternative readings change, on made-up claims."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clients.cli.compare import Bench
from clients.cli.effect import CityEffects, CityRuns, count_runs, held, measure, open_bench
from clients.cli.effect_claims import make_claims
from clients.cli.main import gongji
from clients.cli.people import read_days
from engine.domain.codes import Kind, Liability
from engine.domain.register import Institution
from engine.rules.model import CityRules

CLAIMS, MEMBERS, SEED = 5_000, 250, 1
SUIZHOU, ZIBO = "421300", "370300"

CHOSEN = """
format = 1
[[figure]]
city = "zibo"
name = "reading"
key = "G2"
value = "G2-B"
source = "made up"
first_day = 2023-01-01
last_day = 2027-12-31
"""


def ignore(rules: CityRules, count: int) -> None:
    """Show no progress."""


def runs_of(bench: Bench, area: str, claims: int = 1_000) -> CityRuns:
    days = next(days for days in read_days(bench.book, "effect.toml") if days.area == area)
    return CityRuns(bench.book, bench.book.city(area), days, SEED, claims // 20, claims, ignore)


@pytest.fixture(scope="module")
def measured() -> dict[str, CityEffects]:
    bench = open_bench((), ())
    cities = measure(bench, claims=CLAIMS, members=MEMBERS, seed=SEED, settled=ignore)
    return {city.rules.area: city for city in cities}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(gongji, ["policy", "effect", *map(str, arguments)])


def found(*arguments: str | Path) -> dict[str, Any]:
    result = run(*arguments, "--claims", "400", "--json", "zibo")
    assert result.exit_code == 0, result.output
    (city,) = json.loads(result.stdout)["cities"]
    assert isinstance(city, dict)
    return city


# --- effects -----------------------------------------------------------------------------


def test_every_alternative_of_every_question_changes_a_claim(
    measured: dict[str, CityEffects],
) -> None:
    for city in measured.values():
        wanted = {
            choice.id
            for question in city.rules.questions
            for choice in question.choices
            if choice.id != question.default
        }
        changed = {effect.choice.id: effect.changed for effect in city.effects}
        assert set(changed) == wanted, city.rules.name
        assert all(changed.values()), (city.rules.name, changed)
    assert sum(len(city.effects) for city in measured.values()) > 20


def test_the_default_made_explicit_changes_nothing() -> None:
    bench = open_bench((), ())
    for city in bench.cities:
        runs = runs_of(bench, city.area)
        for question, choice in held(city, bench.book.figures, 2024_06_01):
            assert choice == question.default
            explicit = runs.run(choice)
            assert (explicit.outcomes == runs.base.outcomes).all(), choice


def test_what_changes_is_counted_claim_by_claim(measured: dict[str, CityEffects]) -> None:
    """Suizhou: under S1-B the document holds one more day, and nothing else is otherwise."""
    city = measured[SUIZHOU]
    (s1,) = (effect for effect in city.effects if effect.choice.id == "S1-B")
    bench = open_bench(["suizhou"], ())
    runs = runs_of(bench, SUIZHOU, CLAIMS)
    late = sum(claim.service_date == 2024_12_31 for claim in runs.claims)
    assert s1.changed == late > 0
    assert s1.run.settled == city.base.settled + late == CLAIMS
    assert s1.run.pooled_fund_fen > city.base.pooled_fund_fen


def test_whole_bills_that_are_not_paid(measured: dict[str, CityEffects]) -> None:
    """Zibo: under Z3-B nothing is paid where another is liable for a part."""
    city = measured[ZIBO]
    effects = {effect.choice.id: effect for effect in city.effects}
    assert effects["Z3-B"].run.pooled_fund_fen < city.base.pooled_fund_fen
    assert effects["Z8-B"].run.settled > city.base.settled
    assert effects["Z8-B"].base == "Z8-A"


def test_a_reading_that_is_chosen_holds_and_can_be_switched_back(
    measured: dict[str, CityEffects], tmp_path: Path
) -> None:
    file = tmp_path / "chosen.toml"
    file.write_text(CHOSEN, encoding="utf-8")
    bench = open_bench(["zibo"], [file])
    # Amounts are drawn near the values of the plans, which are the same under both choices.
    (city,) = measure(bench, claims=CLAIMS, members=MEMBERS, seed=SEED, settled=ignore)
    default = measured[ZIBO]
    to_b = next(effect for effect in default.effects if effect.choice.id == "G2-B")
    back = next(effect for effect in city.effects if effect.choice.id == "G2-A1")
    assert city.base.pooled_fund_fen == to_b.run.pooled_fund_fen
    assert back.run.pooled_fund_fen == default.base.pooled_fund_fen
    assert back.base == "G2-B"
    assert back.changed == to_b.changed
    assert "chosen: G2-B, and held against" in run(
        "zibo", "--claims", "100", "--figures", file
    ).output  # fmt: skip


def test_progress_is_told_of_every_claim_of_every_run() -> None:
    bench = open_bench(["zibo", "suizhou"], ())
    told: Counter[str] = Counter()

    def count(rules: CityRules, claims: int) -> None:
        told[rules.pinyin] += claims

    list(measure(bench, claims=50, members=3, seed=SEED, settled=count))
    assert told.total() == 50 * count_runs(bench)
    assert told["suizhou"] == 50 * 3


# --- claims ------------------------------------------------------------------------------


def test_the_claims_are_what_was_asked_for() -> None:
    bench = open_bench((), ())
    for days in read_days(bench.book, "effect.toml"):
        plans = bench.book.versions(days.area)
        world = make_claims(days, plans, SEED, 30, 1_000)
        assert len(world.members) == 30
        claims = [claim for own in world.claims.values() for claim in own]
        assert len(claims) == 1_000
        assert {len(own) for own in world.claims.values()} == {33, 34}
        for own in world.claims.values():
            assert [c.service_date for c in own] == sorted(c.service_date for c in own)
        assert days.first_day <= min(claim.service_date for claim in claims)
        assert max(claim.service_date for claim in claims) == days.last_day
        again = make_claims(days, plans, SEED, 30, 1_000)
        assert again.claims == world.claims
        assert make_claims(days, plans, SEED + 1, 30, 1_000).claims != world.claims


def test_the_claims_hold_what_readings_differ_on() -> None:
    bench = open_bench(["heyuan"], ())
    (days,) = (d for d in read_days(bench.book, "effect.toml") if d.area == bench.cities[0].area)
    world = make_claims(days, bench.book.versions(days.area), SEED, 50, 1_000)
    claims = [claim for own in world.claims.values() for claim in own]
    places: dict[str, Institution] = {item.id: item for item in world.institutions}
    at = [places[claim.institution] for claim in claims]
    assert {item.level for item in at if item.kind == Kind.HOSPITAL} == {1, 2, 3, 4}
    areas = Counter("own" if item.area == days.area else item.area[:2] for item in at)
    assert set(areas) == {"own", days.area[:2], "11"}
    bills = Counter(claim.visit for claim in claims if claim.visit)
    assert max(bills.values()) > 1
    linked = [c for c in claims if places[c.institution].kind == Kind.PHARMACY and c.prescriber]
    assert any(bills[claim.visit] > 1 for claim in linked)
    assert any(places[c.institution].kind == Kind.PHARMACY and not c.prescriber for c in claims)
    liable = [claim for claim in claims if claim.liability == Liability.THIRD_PARTY]
    assert {claim.liable_fen >= 0 for claim in liable} == {True, False}
    assert {claim.emergency for claim in claims} == {claim.referred for claim in claims}
    assert {member.status for member in world.members} >= {1, 2}
    assert any(abs(claim.in_scope_fen - 150_00) <= 2_00 for claim in claims)  # a cap a visit


# --- the command -------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_answer() -> None:
    once = found()
    assert found() == once
    assert found("--seed", "2") != once
    assert found("--members", "5") != once
    assert [effect["choice"] for effect in once["effects"]] == [
        "G1-B", "G2-A2", "G2-B", "G3-B", "G3-C", "Z3-B", "Z4-B", "Z8-B",
    ]  # fmt: skip


def test_people_read_a_table_and_what_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    output = run("--claims", "400", "suizhou").output
    assert "随州市 421300  2023-01-01 to 2024-12-31: 400 claims of 20 people" in output
    assert "assumed: pooled_cap = 150000.00" in output
    assert "在联网的定点医疗机构按本市待遇支付" in output
    assert "…" not in output  # amounts are whole, however narrow the window
    assert "The claims are made up" in output
    assert "replace them with --figures" in " ".join(output.split())
    assert "assumed" not in run("--claims", "40", "zibo").output


def test_own_figures_take_the_place_of_the_assumed_ones(tmp_path: Path) -> None:
    file = tmp_path / "cap.toml"
    file.write_text(
        'format = 1\n[[figure]]\ncity = "suizhou"\nname = "pooled_cap"\nvalue = "90000.00"\n'
        'source = "made up"\nfirst_day = 2022-12-31\nlast_day = 2024-12-31\n',
        encoding="utf-8",
    )
    assert "assumed" not in run("--claims", "40", "suizhou", "--figures", file).output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("paris",), 'no rules for "paris"'),
        (("--figures", "nowhere.toml"), "nowhere.toml: No such file"),
        (("--claims", "0"), "'--claims': 0 is not in the range"),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], problem: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert problem in result.output


def test_a_city_without_days_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clients.cli.effect.read_days", lambda book, file: ())
    result = run("zibo")
    assert result.exit_code == 2
    assert "no document of zibo is in force" in result.output
