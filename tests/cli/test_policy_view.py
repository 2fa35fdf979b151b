"""What `gongji policy show` prints: everything that the plans of a day hold."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from clients.cli.main import gongji
from clients.cli.plan_view import print_plans
from clients.cli.process import ServerProcess
from clients.server import Server
from engine.domain.codes import Benefit
from engine.rules.book import PlanBook
from engine.rules.figures import figures_from_supply
from engine.rules.load import load_cities
from server.codec_policy import list_plans

LINJIANG = Path(__file__).parent.parent / "cases/linjiang/rules"
INPATIENT = {"1": {"deductible": "200.00", "rate": "0.90"}}


def shown(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    city: str,
    benefit: int = Benefit.ORDINARY,
    **supply: Any,
) -> str:
    monkeypatch.setenv("COLUMNS", "200")
    cities = load_cities()
    book = PlanBook(cities).with_figures(figures_from_supply(city, supply, cities))
    day = 2026_06_01 if city in ("jinan", "heyuan") else 2024_06_01
    print_plans(list_plans(book, city, day, benefit).plans)
    return capsys.readouterr().out


def test_the_second_payment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = shown(capsys, monkeypatch, "jinan")
    assert "超过 6000.00 元的部分 比例待提供，暂不支付 (" in bare
    given = shown(capsys, monkeypatch, "jinan", large_amount_rate="0.60", large_amount_cap="5.00")
    assert "超过 6000.00 元的部分 60%，年度限额 5.00 元 (" in given
    assert "（七）" in given


def test_the_pooled_cap(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "统筹基金年度最高支付限额：待提供，暂不限 (" in shown(capsys, monkeypatch, "suizhou")
    given = shown(capsys, monkeypatch, "suizhou", pooled_cap="150000.00")
    assert "统筹基金年度最高支付限额：150000.00 元 (" in given
    assert "统筹基金年度" not in shown(capsys, monkeypatch, "zibo")


def test_the_limit_of_the_account(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = "个人账户：仅支付政策范围内统筹基金未支付的部分 ("
    assert limit not in shown(capsys, monkeypatch, "suizhou")
    assert limit in shown(capsys, monkeypatch, "suizhou", family_use=False)


def test_a_figure_that_is_missing_is_no_amount_of_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = shown(capsys, monkeypatch, "jinan")
    levels = bare.count("待提供 (")
    assert levels >= 4  # the deductible of every level
    assert "[ordinary_deductible.3] 三级、三级（省属）〔当 ORDINARY〕" in bare
    second = shown(capsys, monkeypatch, "jinan", ordinary_deductible={"2": "400.00"})
    assert second.count("待提供 (") < levels
    assert "400.00 (" in second
    heyuan = shown(capsys, monkeypatch, "heyuan")
    assert heyuan.count("待提供 (") == heyuan.count("│ 0.00 (")  # the cap; no deductible is known


def test_how_deductibles_count_rounding_facts_and_papers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = shown(capsys, monkeypatch, "changchun", effective_date="2024-01-01")
    assert "起付标准：各机构合并累计，按本次就诊级别补足" in output
    assert "尾数：四舍五入到分 (" in output
    assert "手工报销应提供：医保凭证、收费票据、门诊病历 (" in output
    assert "单次限额：无 (" in output
    assert "NOT_NETWORKED 非联网结算机构〔当 OUTSIDE_CITY NOT_NETWORKED，除非 MANUAL〕" in output
    assert "一般诊疗费：不论目录类别，均属政策范围内 (" in shown(capsys, monkeypatch, "heyuan")


def test_each_benefit_says_what_is_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    supply: dict[str, Any] = {
        "effective_date": "2024-01-01",
        "inpatient": INPATIENT,
        "disease_cap": {"M01": "2400.00"},
        "day_surgery_standard": {"DS01": "6000.00"},
    }
    whole = shown(capsys, monkeypatch, "changchun", 0, **supply)
    titles = ("普通门诊", "门诊慢性病", "门诊特殊病", "日间手术", "急诊")
    places = [whole.index(f"\n{title}  plan ") for title in titles]
    assert places == sorted(places)
    assert whole.count("NOT_FILED") == 1  # what holds for all stands once
    chronic, special, surgery, stay = (
        whole[first:last] for first, last in zip(places[1:], [*places[2:], len(whole)], strict=True)
    )
    assert "开展机构：一级及以下、二级、三级；其他级别按普通门诊结算" in chronic
    assert "三级（省属）" not in chronic.partition("开展机构")[0]
    assert "已提供的病种年度限额（元）：M01 2400.00" in chronic
    assert "[disease_cap.*]〔当 CHRONIC〕" in chronic
    assert "此项待遇单独累计" in special
    assert "计入统筹基金年度最高支付限额：待提供，暂不结算 (" in special
    assert special.count("待提供 (") == 9  # deductible and two rates, at three levels
    assert "按病种收费标准结算" in surgery
    assert "已提供的收费标准（元）：DS01 6000.00" in surgery
    assert "每次就诊各付一次，不累计" in stay
    assert "视同住院须有医疗机构的情况说明" in stay


def test_kinds_ages_brackets_and_caps_of_a_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    options = ["policy", "show", "linjiang", "--rules", str(LINJIANG), "--date", "2026-06-01"]
    output = CliRunner().invoke(gongji, options).output
    assert "69岁及以下  plan" in output
    assert "70岁及以上  plan" in output
    assert "社区卫生服务机构" in output
    assert "超过20000." in output
    assert "每月限额" in output
    assert "支付比例：按全年政策内费用分段" in output
    found = json.loads(CliRunner().invoke(gongji, [*options, "--json"]).output)["plans"]
    assert {plan["benefit_name"] for plan in found} == {"ordinary"}
    assert len({plan["digest"] for plan in found}) == len(found) > 2


def test_one_benefit_and_one_that_the_city_has_no_rules_for() -> None:
    options = ["policy", "show", "--date", "2026-06-01", "--benefit"]
    one = CliRunner().invoke(gongji, [*options, "special", "jinan"])
    assert (one.exit_code, "普通门诊  plan" in one.output) == (0, False)
    assert "门诊特殊病  plan" in one.output
    none = CliRunner().invoke(gongji, [*options, "day_surgery", "heyuan"])
    assert none.exit_code == 2
    assert "heyuan has rules for ordinary, chronic, special" in none.output


def test_a_server_shows_plans_that_refuse_everything(store: Path) -> None:
    with ServerProcess(store) as running, Server(running.address) as connection:
        plans = connection.plans("jinan", 2026_06_01)
        (chronic,) = connection.plans("jinan", 2026_06_01, Benefit.CHRONIC)
    expected = PlanBook(load_cities()).plans_on("370100", 2026_06_01)
    assert [one.plan.digest for one in plans] == [plan.digest() for plan in expected]
    assert int(chronic.plan.benefit) == Benefit.CHRONIC
