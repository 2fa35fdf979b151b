"""`gongji account pay|dispose|undo|link|duty`, on a store and on a server."""

import datetime
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clients.cli.main import gongji
from clients.cli.process import ServerProcess
from tests.cli.test_errors import NOBODY

Run = Callable[..., Result]
PREMIUM = ("--purpose", "premium", "--product", "resident", "--day", "2024-05-05")
MEMBERS = """id,city,status,family
OWNER,370100,active,spouse R1 C-1 2024-01-01/
H1,441600,active,
"""
CHINA = datetime.timezone(datetime.timedelta(hours=8))


def plain(*arguments: str) -> Result:
    return CliRunner().invoke(gongji, arguments)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """Return a store with OWNER, who has 300.00, and H1 of another city, who has 50.00."""
    members, openings = tmp_path / "members.csv", tmp_path / "openings.csv"
    members.write_text(MEMBERS)
    openings.write_text("member,account_balance\nOWNER,300.00\nH1,50.00\n")
    store = tmp_path / "ledger.sqlite"
    for register, file in (("members", members), ("openings", openings)):
        made = plain("register", register, str(file), "--store", str(store))
        assert made.exit_code == 0, made.output
    return store


@pytest.fixture(params=["store", "server"])
def run(request: pytest.FixtureRequest, filled: Path) -> Iterator[Run]:
    """Run `gongji account …` on the store, or on a server that holds it; verified at the end."""
    if request.param == "store":
        yield lambda *arguments: plain("account", *arguments, "--store", str(filled))
    else:
        with ServerProcess(filled) as server:
            yield lambda *arguments: plain("account", *arguments, "--server", server.address)
    checked = plain("verify", "--store", str(filled))
    assert checked.exit_code == 0, checked.output


def asked(run: Run, *arguments: str) -> dict[str, object]:
    """Run a command with --json that is done, and return what it says."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    said: dict[str, object] = json.loads(result.output)
    return said


def balance(run: Run, member: str) -> object:
    return asked(run, "statement", member)["closing"]


def test_a_premium_is_paid_once_and_taken_back(run: Run) -> None:
    pay = ("pay", "OWNER", *PREMIUM, "--amount", "380.00", "--for", "R1", "--id", "P1")
    paid = run(*pay)
    assert paid.exit_code == 0, paid.output
    for words in (
        "已支付 paid             300.00 元",
        "未支付 not paid         80.00 元",
        "居民医保 resident，R1 (spouse)",
        "余额 balance            0.00 元 (OWNER)",
        "请求号 request id       P1",
        "本人及其配偶、父母、子女",
    ):
        assert words in paid.output
    again = asked(run, *pay)
    assert again["replayed"] is True
    assert (again["moved"], again["asked"], again["balance"]) == ("-300.00", "380.00", "0.00")
    assert "先前已办理" in run(*pay).output
    undone = run("undo", "--movement", str(again["movement"]))
    assert undone.exit_code == 0, undone.output
    assert f"支付 payment {again['movement']}" in undone.output
    assert "退回账户 returned       300.00 元" in undone.output
    assert balance(run, "OWNER") == "300.00"
    twice = run("undo", "--movement", str(again["movement"]))
    assert twice.exit_code == 1
    assert "undone already" in twice.stderr


def test_an_id_of_its_own_is_made_and_said(run: Run) -> None:
    paid = asked(run, "pay", "OWNER", *PREMIUM, "--amount", "10.00")
    made = str(paid["request_id"])
    same = asked(run, "pay", "OWNER", *PREMIUM, "--amount", "10.00", "--id", made)
    assert (same["movement"], same["replayed"]) == (paid["movement"], True)
    assert balance(run, "OWNER") == "290.00"


def test_a_request_whose_answer_was_lost_is_reversed_or_barred(run: Run) -> None:
    pay = ("pay", "OWNER", *PREMIUM, "--amount", "10.00", "--id")
    asked(run, *pay, "P1")
    assert asked(run, "undo", "--original-id", "P1")["original_request_id"] == "P1"
    nothing = run("undo", "--original-id", "P1")
    assert nothing.exit_code == 0
    assert "nothing to take back" in nothing.output
    never = asked(run, "undo", "--original-id", "P2", "--id", "U2")
    assert (never["kind"], never["barred"]) == ("nothing_to_reverse", True)
    assert "P2 不会再被办理" in run("undo", "--original-id", "P2", "--id", "U2").output
    late = run(*pay, "P2")
    assert late.exit_code == 1
    assert "reversed before it arrived" in late.stderr
    assert balance(run, "OWNER") == "300.00"


def test_an_account_is_ended_by_its_documents(run: Run) -> None:
    death = ("dispose", "H1", "--event", "death", "--day", "2026-06-01", "--beneficiary")
    refused = run(*death)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("gongji: NOT_APPLIED: ")
    ended = run(*death, "--application", "A-17", "--proof", "D-3")
    assert ended.exit_code == 0, ended.output
    for words in ("由继承人继承 paid to the heir", "50.00 元", "死亡 death, 2026-06-01", "经申请"):
        assert words in ended.output
    closed = run("pay", "H1", *PREMIUM[:-1], "2026-06-01", "--amount", "10.00")
    assert closed.exit_code == 1
    assert "was closed" in closed.stderr


def test_what_members_contribute_beside(run: Run) -> None:
    shown = run("duty", "--city", "suizhou", "--day", "2024-06-01")
    assert shown.exit_code == 0, shown.output
    assert "普通门诊统筹 ordinary outpatient benefit：0.00 元" in shown.output
    assert "the documents do not say (NO_RULE)" in shown.output
    said = asked(run, "duty", "--city", "421300", "--day", "2024-06-01")
    assert said["city"] == "421300"
    duties = said["duties"]
    assert isinstance(duties, list)
    assert [duty["amount"] for duty in duties] == ["0.00", None]


def test_a_link_is_made_ended_and_revoked(run: Run) -> None:
    link = ("link", "H1", "R2")
    said = ("--relation", "child", "--consent", "C-2")
    tried = run(*link, *said, "--from", "2025-09-01", "--dry-run")
    assert "dry run: nothing changed" in tried.output
    made = run(*link, *said, "--from", "2025-09-01", "--id", "L1")
    assert made.exit_code == 0, made.output
    assert "+ family child R2 C-2 2025-09-01 to open" in made.output
    assert "made before: L1" in run(*link, *said, "--from", "2025-09-01", "--id", "L1").output
    ended = asked(run, *link, "--end", "2025-12-31")
    assert ended["put"] == [
        {
            "item": "family",
            "relation": "child",
            "relative": "R2",
            "consent": "C-2",
            "from": "2025-09-01",
            "to": "2025-12-31",
        }
    ]
    assert asked(run, *link, "--revoke")["put"] == []
    gone = run(*link, "--revoke")
    assert gone.exit_code == 1
    assert "no such family" in gone.stderr


def test_without_a_first_day_a_link_holds_from_today(run: Run) -> None:
    today = str(datetime.datetime.now(CHINA).date())
    made = asked(run, "link", "H1", "R3", "--relation", "sibling", "--consent", "C-3")
    assert made["from"] in (today, str(datetime.datetime.now(CHINA).date()))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("pay", "OWNER", "--purpose", "premium", "--day", "2024-05-05"), 2, "--amount"),
        (
            ("pay", "OWNER", "--purpose", "premium", "--day", "2024-05-05", "--amount", "1.00"),
            2,
            "say what the premium is for: resident, long_term_care",
        ),
        (
            (
                *("pay", "OWNER", "--purpose", "fitness", "--product", "resident"),
                *("--day", "2024-05-05", "--amount", "1.00"),
            ),
            2,
            "is for --purpose premium, not fitness",
        ),
        (("pay", "OWNER", *PREMIUM, "--amount", "38"), 2, "yuan with two decimals"),
        (("pay", "OWNER", *PREMIUM, "--amount", "0.00"), 1, "not above 0.00"),
        (("pay", "OWNER", *PREMIUM, "--amount", "1.00", "--for", "X"), 1, "NOT_REGISTERED"),
        (("pay", "nobody", *PREMIUM, "--amount", "1.00"), 1, "MEMBER_UNKNOWN"),
        (
            ("pay", "OWNER", *PREMIUM, "--amount", "1.00", "--institution", "nowhere"),
            1,
            "INSTITUTION_UNKNOWN",
        ),
        (
            (
                *("pay", "OWNER", "--purpose", "fitness"),
                *("--day", "2024-05-05", "--amount", "1.00"),
            ),
            1,
            "PURPOSE_NOT_ALLOWED: 不得用于",
        ),
        (("undo",), 2, "--movement or --original-id"),
        (("undo", "--movement", "1", "--original-id", "P1"), 2, "one of the two"),
        (("undo", "--movement", "999"), 1, "no movement 999"),
        (
            ("dispose", "H1", "--event", "move", "--day", "2026-06-01", "--to-area", "44"),
            2,
            "to_area: expected a six-digit",
        ),
        (("duty", "--city", "nowhere", "--day", "2024-06-01"), 2, "expected one of"),
        (("link", "H1", "R1"), 2, "--relation: is missing"),
        (("link", "H1", "R1", "--relation", "child"), 2, "--consent: is missing"),
        (("link", "H1", "R1", "--end", "2026-01-01", "--revoke"), 2, "not both"),
        (("link", "H1", "R1", "--revoke", "--consent", "C"), 2, "those of a new link"),
    ],
)
def test_what_cannot_be_done_moves_nothing(
    filled: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = plain("account", *arguments, "--store", str(filled))
    assert result.exit_code == code, result.output
    assert says in result.stderr
    assert "Traceback" not in result.output
    stands = asked(lambda *more: plain("account", *more, "--store", str(filled)), "statement", "H1")
    assert (stands["closing"], stands["movements"]) == ("50.00", [])


def test_where_nobody_answers_the_line_says_under_which_id_to_ask_again() -> None:
    pay = ("account", "pay", "OWNER", *PREMIUM, "--amount", "1.00", "--server", NOBODY)
    result = plain(*pay, "--id", "P1")
    assert result.exit_code == 3
    assert "run it again with --id P1" in result.stderr
