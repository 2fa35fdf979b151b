"""What `gongji policy show` prints: everything that a plan holds."""

from pathlib import Path
from typing import Any

import pytest

from clients.cli.policy_view import print_plan
from clients.cli.process import ServerProcess
from clients.server import Server
from engine.rules.book import PlanBook
from engine.rules.figures import figures_from_supply
from engine.rules.load import load_cities
from server.codec_policy import encode_plan


def shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, city: str, **supply: Any
) -> str:
    monkeypatch.setenv("COLUMNS", "200")
    cities = load_cities()
    book = PlanBook(cities).with_figures(figures_from_supply(city, supply, cities))
    rules = book.city(city)
    plan = book.plan_for(rules.area, 2026_06_01 if city in ("jinan", "heyuan") else 2024_06_01)
    assert plan is not None
    print_plan(encode_plan(plan, rules))
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
    assert bare.count("待提供 (") == 12  # the deductible of every level and status
    assert "[ordinary_deductible.3] 三级、三级（省属）〔当 ORDINARY〕" in bare
    second = shown(capsys, monkeypatch, "jinan", ordinary_deductible={"2": "400.00"})
    assert second.count("待提供 (") == 9
    assert second.count("400.00 (") == 3
    heyuan = shown(capsys, monkeypatch, "heyuan")
    assert heyuan.count("待提供 (") == 12  # the cap; that there is no deductible is known
    assert heyuan.count("│ 0.00 (") == 12


def test_how_deductibles_count_rounding_facts_and_exclusions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = shown(capsys, monkeypatch, "changchun", effective_date="2024-01-01")
    assert "起付标准：各机构合并累计，按本次就诊级别补足" in output
    assert "尾数：四舍五入到分 (" in output
    assert "NOT_NETWORKED 非联网结算机构〔当 OUTSIDE_CITY NOT_NETWORKED，除非 MANUAL〕" in output


def test_a_server_shows_a_plan_that_refuses_everything(store: Path) -> None:
    with ServerProcess(store) as running, Server(running.address) as connection:
        plan = connection.find_plan("jinan", 2026_06_01)
    book = PlanBook(load_cities())
    expected = book.plan_for("370100", 2026_06_01)
    assert expected is not None
    assert plan.digest == expected.digest()
