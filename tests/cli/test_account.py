"""A relative's account at the terminal, and the statement of an account."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from clients.cli.main import gongji
from clients.cli.process import ServerProcess

AT = "370300-H02"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(gongji, arguments)


def register(tmp_path: Path) -> None:
    """Enter an owner with 90.00 whose account pays for a parent."""
    members, openings = tmp_path / "m.csv", tmp_path / "o.csv"
    members.write_text(
        "id,city,family\nOWNER,370300,parent PATIENT C-1 2024-01-01/\nPATIENT,370300,\n"
    )
    openings.write_text("member,account_balance\nOWNER,90.00\n")
    for register, file in (("members", members), ("openings", openings)):
        done = run("register", register, str(file))
        assert done.exit_code == 0, done.output


def claim(*more: str) -> list[str]:
    return ["--member", "PATIENT", "--date", "2024-06-03", "--in-scope", "1000.00", *more]


def test_a_relative_pays_and_the_statement_shows_it(
    counter: ServerProcess, store: Path, tmp_path: Path
) -> None:
    register(tmp_path)
    paid = run("terminal", "settle", *claim("--payer", "OWNER", "--request-id", "T1"))
    assert paid.exit_code == 0, paid.output
    assert "共济账户所有人 OWNER" in paid.output
    assert "第十三条：本人在定点医疗机构" in paid.output
    receipt = json.loads(run("terminal", "query", "--request-id", "T1", "--json").output)
    assert (receipt["payer"], receipt["family_account"]) == ("OWNER", "90.00")
    shown = json.loads(run("account", "statement", "OWNER", "--json").output)
    assert (shown["opening"], shown["closing"]) == ("90.00", "0.00")
    (movement,) = shown["movements"]
    assert (movement["patient"], movement["moved"], movement["institution"]) == (
        "PATIENT",
        "-90.00",
        AT,
    )
    assert run("terminal", "cancel", str(receipt["settlement_id"])).exit_code == 0
    table = run("account", "statement", "OWNER")
    assert table.exit_code == 0
    assert "撤销" in table.output
    counter.stop()
    local = run("account", "statement", "OWNER", "--store", str(store), "--json")
    assert json.loads(local.output)["closing"] == "90.00"
    checked = run("verify", "--store", str(store))
    assert checked.exit_code == 0, checked.output


def test_who_is_not_registered_leaves_cash_and_says_why(
    counter: ServerProcess, tmp_path: Path
) -> None:
    register(tmp_path)
    other = run("terminal", "settle", *claim("--payer", "370300-P00000"))
    assert other.exit_code == 0, other.output
    assert "共济账户未支付：未登记为共济家庭成员" in other.output


def test_mistakes(counter: ServerProcess) -> None:
    nobody = run("account", "statement", "nobody")
    assert nobody.exit_code == 1
    assert "not in the register" in nobody.stderr
    assert run("account", "statement", "OWNER", "--from", "2024-02-30").exit_code == 2
    backwards = run("account", "statement", "X", "--from", "2024-02-02", "--to", "2024-02-01")
    assert backwards.exit_code == 2
    assert "before the first day" in backwards.stderr
