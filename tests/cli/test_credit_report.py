"""The steps of a credit run, added up."""

from clients.cli.credit_report import CreditReport
from engine.domain.movement import CreditedStep, ReasonTotal, RuleTotal
from engine.domain.reasons import Reason
from engine.domain.registration import DecidedBy

OWN = (DecidedBy("doc", "第五条", True, "", "个人缴费"),)
FUND = (DecidedBy("doc", "第五条", True, "", "统筹基金"),)


def step(*rules: RuleTotal, reasons: tuple[ReasonTotal, ...] = (), **more: int) -> CreditedStep:
    said = {
        "next": 2,
        "registered": 4,
        "members": 2,
        "credit_fen": sum(rule.fen for rule in rules),
        "before_fen": 0,
        "posted": 1,
        "posted_fen": sum(rule.fen for rule in rules),
        "taken_back_fen": 0,
        "short_fen": 0,
        "without_account": 0,
    } | more
    return CreditedStep(**said, rules=rules, reasons=reasons, dry_run=False)


def report(*steps: CreditedStep) -> CreditReport:
    made = CreditReport("370100", 2024_06)
    for one in steps:
        made.add(one)
    return made


def test_rules_are_added_up_by_rule_and_reasons_by_what_is_missing() -> None:
    own, fund = RuleTotal(1, 0, 2, 300, OWN), RuleTotal(3, 4, 1, 50, FUND)
    base = ReasonTotal(Reason.INVALID_CLAIM, 2, "base_fen", "M1")
    made = report(
        step(fund, own, reasons=(base,)),
        step(own, reasons=(base._replace(example="M7"), base._replace(missing="born_on"))),
    )
    assert [(total.rule, total.members, total.fen) for total in made.rules] == [
        (0, 4, 600),
        (4, 1, 50),
    ]
    assert [(total.missing, total.members, total.example) for total in made.reasons] == [
        ("base_fen", 4, "M1"),
        ("born_on", 2, "M1"),
    ]
    assert (made.members, made.undetermined, made.posted) == (4, 6, 2)
    said = made.as_dict()
    assert (said["month"], said["credit"]) == ("2024-06", "6.50")
    assert said["undetermined"][0]["missing"] == "contribution_base"


def test_what_stands_is_the_rules_sum_and_what_could_not_be_taken_back() -> None:
    own = RuleTotal(1, 0, 2, 300, OWN)
    fits = report(step(own, before_fen=500, posted_fen=-150, taken_back_fen=150, short_fen=50))
    assert (fits.standing_fen, fits.rules_fen, fits.difference_fen) == (350, 300, 0)
    assert fits.as_dict()["added"] == "0.00"
    wrong = report(step(own, before_fen=500, posted_fen=-150, taken_back_fen=150))
    assert wrong.difference_fen == 50


def test_no_step_is_a_report_of_nothing() -> None:
    said = report().as_dict()
    assert (said["members"], said["stands"], said["rules"]) == (0, "0.00", [])
