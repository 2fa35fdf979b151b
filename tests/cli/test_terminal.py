"""One claim at a counter: settle, again, preview, undo, look up, explain."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from clients.cli.main import gongji
from clients.cli.people import World
from clients.cli.process import ServerProcess


def run(*arguments: str) -> Result:
    return CliRunner().invoke(gongji, arguments)


def claim(*more: str) -> list[str]:
    options = ["--member", "370300-P00000", "--date", "2024-06-03", "--in-scope", "1200.00"]
    return [*options, *more]


def test_a_claim_from_settlement_to_undo(counter: ServerProcess, world: World) -> None:
    preview = run("terminal", "preview", *claim())
    assert preview.exit_code == 0, preview.output
    assert "试算单" in preview.output
    first = run("terminal", "settle", *claim("--request-id", "T1"))
    assert first.exit_code == 0, first.output
    assert "结算单" in first.output
    assert "依据：" in first.output
    again = run("terminal", "settle", *claim("--request-id", "T1"))
    assert "同一结果" in again.output
    other = run("terminal", "settle", *claim("--request-id", "T1", "--non-covered", "1.00"))
    assert other.exit_code == 1
    assert "INVALID_CLAIM" in other.output
    found = json.loads(run("terminal", "query", "--request-id", "T1", "--json").output)
    assert found["total"] == "1200.00"
    number = str(found["settlement_id"])
    explained = run("explain", number, "--institution", "370300-H02")
    assert explained.exit_code == 0, explained.output
    assert explained.output == first.output
    undone = run("terminal", "cancel", number)
    assert undone.exit_code == 0
    assert "已撤销" in undone.output
    assert "已撤销" in run("terminal", "query", "--id", number).output
    again = run("terminal", "cancel", number)
    assert again.exit_code == 1
    assert again.output.startswith("未予撤销：")
    assert run("terminal", "query", number).exit_code == 0


def test_what_is_unknown_is_said_so(counter: ServerProcess) -> None:
    for by in (("99999",), ("--id", "99999"), ("--request-id", "none")):
        result = run("terminal", "query", *by)
        assert result.exit_code == 1
        assert result.output.startswith("未查到：")
    assert run("explain", "99999", "--institution", "370300-H02").exit_code == 1
    assert run("terminal", "query", "1", "--id", "1").exit_code == 2


def test_a_benefit_asked_for_and_whole_yuan(counter: ServerProcess) -> None:
    options = ["--member", "370300-P00000", "--date", "2024-06-03"]
    whole = run("terminal", "preview", *options, "--in-scope", "1200", "--benefit", "chronic")
    assert whole.exit_code == 0, whole.output
    assert "1200.00" in whole.output
    assert "申请待遇 门诊慢性病：未登记该病种或该级别机构不开展" in whole.output
    none = run("terminal", "preview", *options)
    assert none.exit_code == 2
    assert "at least one of in_scope, pre_payment, over_limit, non_covered" in none.output


def test_a_reversal_bars_an_id_that_has_not_arrived(counter: ServerProcess) -> None:
    reversed_ = run("terminal", "reverse", "T9")
    assert reversed_.exit_code == 0
    assert "T9" in reversed_.output
    late = run("terminal", "settle", *claim("--request-id", "T9"))
    assert late.exit_code == 1
    assert "INVALID_CLAIM" in late.output


def test_a_claim_from_a_json_file(counter: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "claim.json"
    file.write_text('{"member": "nobody", "date": "2024-06-03", "in_scope": "1.00"}')
    result = run("terminal", "settle", str(file), "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["reason"] == "MEMBER_UNKNOWN"
