"""The runner of the cases: ids, registers, support, comparison."""

from dataclasses import replace

import pytest

from clients.cli.cases.build import (
    Names,
    account_request,
    claim,
    institutions,
    members,
    openings,
    undone,
)
from clients.cli.cases.compare import (
    balance_differences,
    broken_identities,
    differences,
    expected_outcome,
)
from clients.cli.cases.format import parse
from clients.cli.cases.outcome import CREDITED, ERROR, PAID, REFUSED, SETTLED, Outcome
from clients.cli.cases.play import Played
from clients.cli.cases.run import share
from clients.cli.cases.support import lines, why_not
from clients.cli.cases.values import CaseError
from engine.domain.account import DisposalEvent, Product, Purpose, Relation
from engine.domain.bill import BillLine
from engine.domain.codes import Benefit, Level, Liability, LineClass, LineFlag, Offer, Paper
from engine.domain.dates import EVERY_DAY, OPEN_END
from engine.domain.layout import AMOUNTS
from engine.domain.movement import CreditMember, Dispose, Pay
from engine.domain.register import ALWAYS, AccountOpening, Contribution
from engine.domain.request import Counters
from engine.rules.load import load_cities
from tests.support.cases_text import EVENT, EXPECT, FILE, HEAD, INSTITUTION, PREPAY, one_case

CREDIT = '\n[[case.event]]\ndo = "credit"\nmonth = "2024-01"\nexpect = {}\n'

# --- what the engine is asked ----------------------------------------------------------------


def test_ids_of_cases_never_meet():
    def named(case_id: str) -> Names:
        return Names.of(parse(HEAD.replace("A1", case_id) + EVENT + EXPECT, FILE)[0])

    odd = ["A1", "A1/e", "~1", "!A1", "源" * 20, "源" * 21]
    names = [named(case_id) for case_id in odd]
    assert len({name.id("e/1") for name in names}) == len(odd)
    assert len({name.prefix for name in names}) == len(odd)
    assert all(len(name.id("e" * 40).encode()) <= 64 for name in names)
    assert names[0].id("Y") == "A1/Y"
    assert names[0].id("") == ""
    with pytest.raises(CaseError, match="too long"):
        names[0].id("x" * 62)


def test_a_claim_with_everything():
    event = """
    [[case.event]]
    do = "preview"
    id = "p"
    date = 2024-05-05
    until = 2024-05-07
    institution = "Y"
    benefit = "chronic"
    visit = "V"
    disease = "M1"
    in_scope = "10.01"
    pre_payment = "2.00"
    over_limit = "3.00"
    non_covered = "-4.00"
    total = "99.00"
    emergency = true
    referred = true
    prescriber = "P"
    liability = "abroad"
    liable_amount = "5.00"
    admission = "X"
    statement = true
    manual = true
    use_account = true
    prescription = "E"
    papers = ["invoice", "charge_list"]
    payer = "s"
    expect = {}
    """
    case = one_case(event)
    sent = claim(Names.of(case), case.events[0])
    assert sent._asdict() == {
        "institution": "A1/Y",
        "request_id": "A1/p",
        "member": "A1/m",
        "service_date": 2024_05_05,
        "until_date": 2024_05_07,
        "total_fen": 9900,
        "in_scope_fen": 1001,
        "pre_payment_fen": 200,
        "over_limit_fen": 300,
        "non_covered_fen": -400,
        "benefit": Benefit.CHRONIC,
        "visit": "V",
        "disease": "M1",
        "prescriber": "A1/P",
        "admission": "A1/X",
        "liability": Liability.ABROAD,
        "liable_fen": 500,
        "emergency": True,
        "referred": True,
        "statement": True,
        "manual": True,
        "use_account": True,
        "lines": (),
        "prescription": "A1/E",
        "papers": Paper.INVOICE | Paper.CHARGE_LIST,
        "payer": "A1/s",
    }


def test_a_claim_by_its_lines():
    event = """
    [[case.event]]
    do = "settle"
    date = 2024-05-05
    institution = "Y"
    lines = [
      { class = "A", amount = "1.00", benefit = "chronic" },
      { class = "B", first_pay = "0.1", quantity = "2", unit_price = "0.5", price_ceiling = "0.4" },
      { class = "none", amount = "0.50", over_limit = "0.20", flag = "general_fee", code = "F1" },
    ]
    expect = {}
    """
    sent = claim(Names.of(one_case(event)), one_case(event).events[0])
    assert sent.lines == (
        BillLine(LineClass.A, 100, benefit=Benefit.CHRONIC),
        BillLine(LineClass.B, 100, 1_000, 20, 0, 0, 20_000, 500_000, 400_000),
        BillLine(LineClass.NONE, 50, 0, 20, LineFlag.GENERAL_FEE, code="F1"),
    )
    assert sent.total_fen == 250
    assert (sent.in_scope_fen, sent.pre_payment_fen) == (0, 0)
    assert (sent.over_limit_fen, sent.non_covered_fen) == (0, 0)


def test_registers_and_openings():
    body = """
    [case.member]
    status = "retired"
    account_balance = "12.34"
    arrears = [{ from = 2024-01-01, to = 2024-01-31 }]
    stays = [{ institution = "X", admitted = 2024-02-01 }]
    [[case.relative]]
    id = "s"
    relation = "spouse"
    [[case.institution]]
    id = "Y"
    level = "3p"
    designated = false
    offers = ["ordinary"]
    [[case.institution]]
    id = "ST"
    kind = "village_station"
    area = "370100"
    parent = "Y"
    [[case.opening]]
    year = 2024
    deductible = "met"
    ordinary_paid = "5.00"
    visit_paid = { V = "1.00" }
    deductible_at = { Y = "2.00" }
    pooled_paid = "3.00"
    compliant_burden = "4.00"
    large_amount_paid = "6.00"
    special_deductible = "7.00"
    chronic_paid = "8.00"
    disease_paid = { M1 = "9.00" }
    cost = "10.00"
    month_paid = { "2024-03" = "11.00" }
    day_paid = { "2024-03-05" = "12.00" }
    benefit_deductible = { dual_channel = "13.00" }
    benefit_paid = { special = "14.00" }
    """
    names = Names.of(one_case(body + EVENT + EXPECT))
    member, spouse = members(names)
    assert (member.id, member.city, member.arrears[0]) == ("A1/m", "370300", (20240101, 20240131))
    assert member.stays[0] == ("A1/X", 2024_02_01, OPEN_END)
    assert spouse.id == "A1/s"
    hospital, station = institutions(names)
    assert (hospital.area, hospital.level) == ("370300", Level.LEVEL_3_PROVINCIAL)
    assert (hospital.designated, hospital.networked) == ((), ALWAYS)
    assert hospital.offers == {Offer.ORDINARY}
    assert (station.area, station.parent) == ("370100", "A1/Y")
    opening, balance = openings(names)
    assert tuple(opening) == (
        *("A1/m", 2024, 0, True, 500, (("V", 100),), (("A1/Y", 200),)),
        *(300, 400, 600),
        *(700, 800, (("M1", 900),), 1000, (("2024-03", 1100),), (("2024-03-05", 1200),)),
        *(((Benefit.DUAL_CHANNEL, 1300),), ((Benefit.SPECIAL, 1400),)),
    )
    assert balance == AccountOpening("A1/m", 1234)


def test_what_accounts_need_of_the_people_of_a_case():
    body = """
    [case.member]
    contribution_base = "5000.00"
    own_contribution = "100.00"
    months_combined = 180
    months_pooled_only = 96
    still_paying_since_retirement_age = true
    [[case.relative]]
    id = "c"
    relation = "child"
    own_contribution = "16.00"
    [[case.relative]]
    id = "g"
    relation = "grandparent"
    registered = false
    """
    member, child, other = members(Names.of(one_case(body + INSTITUTION + EVENT + EXPECT)))
    # Each is to the other what the other's inverse relation says.
    assert [link[:2] for link in member.family] == [("A1/c", Relation.CHILD)]
    assert [link[:2] for link in child.family] == [("A1/m", Relation.PARENT)]
    assert member.family[0].consent
    assert member.family[0].days == EVERY_DAY
    assert member.contributions == (Contribution(500_000, 10_000, EVERY_DAY),)
    assert child.contributions == (Contribution(0, 1_600, EVERY_DAY),)
    assert (member.months_combined, member.months_pooled_only) == (180, 96)
    assert (member.still_paying, child.still_paying) == ((EVERY_DAY,), ())
    assert (other.family, other.contributions, other.months_combined) == ((), (), 0)


def test_an_undo_names_the_claim_before_it_else_the_one_after():
    undo = '[[case.event]]\ndo = "reverse"\nof = "a"\nexpect = {}\n'
    event = EVENT + 'id = "a"\nexpect = {}\n'
    other = event.replace('"Y"', '"Z"')
    case = one_case(undo + event + other + undo)
    first, last = case.events[0], case.events[-1]
    assert undone(case, first).values["institution"] == "Y"
    assert undone(case, last).values["institution"] == "Z"
    played = Played(case, "fast")
    assert played.undo_request(first) == ("A1/Y", "!A1/1", "A1/a")


def payment(more: str = "", purpose: str = "medical") -> str:
    return (
        f'\n[[case.event]]\ndo = "account_payment"\ndate = 2024-05-05\npurpose = "{purpose}"\n'
        f'amount = "5.00"\n{more}\n'
    )


def test_what_is_asked_of_an_account():
    premium = payment('product = "resident"\nfor = "s"\nexpect = {}', "premium")
    disposal = '[[case.event]]\ndo = "disposal"\ndate = 2024-06-01\nevent = "move"\n'
    body = CREDIT + payment('place = "Y"\nexpect = {}') + premium + disposal
    case = one_case(
        f'{body}expect = {{}}\n{disposal}to_area = "310000"\napplied = true\nexpect = {{}}'
    )
    names = Names.of(case)
    member = "A1/m"
    assert [account_request(names, event) for event in case.events] == [
        CreditMember(member, 202401),
        Pay("A1/Y", "!A1/2", member, 20240505, Purpose.MEDICAL, 500),
        Pay("", "!A1/3", member, 20240505, Purpose.PREMIUM, 500, Product.RESIDENT, "A1/s"),
        Dispose("!A1/4", member, 20240601, DisposalEvent.MOVE),
        Dispose("!A1/5", member, 20240601, DisposalEvent.MOVE, "310000", application="application"),
    ]


def test_a_run_ends_where_counters_are_wanted():
    plain = EVENT + "expect = {}\n"
    wanting = EVENT + 'expect = { after = { ordinary_paid = "0.00" } }\n'
    preview = plain.replace("settle", "preview")
    case = one_case(plain + wanting + plain + preview)
    played = Played(case, "bulk")
    assert [event.position for event in played.run_of("settle")] == [1, 2]
    assert played.run_of("preview") == []
    played.next = 2
    assert [event.position for event in played.run_of("settle")] == [3]


def test_figures_share_ledgers():
    cities = load_cities()
    text = """
    format = 1
    city = "zibo"
    [[case]]
    id = "Z1"
    {event}
    [[case]]
    id = "H1"
    city = "heyuan"
    supply = {{ average_wage = {{ 2023 = "1.00" }} }}
    {event}
    [[case]]
    id = "H2"
    city = "heyuan"
    supply = {{ average_wage = {{ 2023 = "2.00" }} }}
    {event}
    [[case]]
    id = "H3"
    city = "heyuan"
    supply = {{ average_wage = {{ 2023 = "1.00" }} }}
    {event}
    """.format(event=EVENT + EXPECT)
    ledgers = share(parse(text, FILE), cities)
    assert [[case.id for case in ledger.cases] for ledger in ledgers] == [
        ["Z1", "H1", "H3"],
        ["H2"],
    ]
    assert [[figure.value for figure in ledger.figures] for ledger in ledgers] == [[100], [200]]


# --- what is supported -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (EVENT + EXPECT, ()),
        (EVENT.replace('in_scope = "100.00"', "lines = []") + EXPECT, ()),
        (EVENT + 'payer = "s"\n' + EXPECT, ()),
        (EVENT + 'papers = ["invoice"]\nprescription = "E"\n' + EXPECT, ()),
        (EVENT + 'benefit = "day_surgery"\n' + EXPECT, ()),
        (CREDIT, ()),
        (PREPAY, ("kind prepay",)),
        (
            '[[case.opening]]\nyear = 2024\nchronic_paid = "1.00"\n'
            + EVENT
            + 'expect = { after = { special_deductible = "0.00" } }',
            (),
        ),
    ],
)
def test_support_is_decided_by_key_and_kind(body, why):
    assert why_not(one_case(body)) == why


def test_the_list_names_only_what_occurs():
    assert lines(()) == []
    assert lines(("kind year_end", "kind prepay")) == ["event kinds: prepay, year_end"]


# --- comparing -------------------------------------------------------------------------------


def settled(**changes: int) -> Outcome:
    amounts = dict.fromkeys(AMOUNTS, 0)
    amounts |= {"total": 100_00, "in_scope": 100_00, "deductible": 50_00, "copay": 20_00}
    amounts |= {"pooled_fund": 30_00, "person": 70_00, "cash": 70_00}
    return Outcome(SETTLED, benefit="ordinary", amounts=amounts | changes)


def keys_of(expect: str, outcome: Outcome) -> list[str]:
    case = one_case(EVENT + f"expect = {{ {expect} }}")
    return [difference.key for difference in differences(case.events[0], outcome)]


@pytest.mark.parametrize(
    ("expect", "outcome", "keys"),
    [
        ('pooled_fund = "30.00", over_cap = "0.00", cuts = { visit = "0.00" }', settled(), []),
        ('pooled_fund = "30.01"', settled(), ["pooled_fund"]),
        ('cuts = { visit = "0.01" }', settled(), ["cuts.visit"]),
        ('benefit = "chronic"', settled(), ["benefit"]),
        ('reason = "ARREARS"', settled(), ["reason"]),
        ('reason = "NO_RULE"', settled(), ["outcome", "reason"]),
        ('outcome = "refused"', settled(), ["outcome"]),
        ("", settled(), []),
        ("", settled(cash=69_99), ["person = account + family_account + cash"]),
        ("", Outcome(REFUSED, reason="NO_RULE"), []),
        ("", Outcome(ERROR, message="m"), ["outcome"]),
        ('outcome = "refused"', Outcome(ERROR, message="m"), ["outcome"]),
        ('reason = "NO_RULE"', Outcome(REFUSED, reason="NO_RULE"), []),
        ('person = "0.00"', Outcome(REFUSED, reason="NO_RULE"), ["outcome", "person"]),
    ],
)
def test_differences(expect, outcome, keys):
    assert keys_of(expect, outcome) == keys


def account_keys(expect: str, outcome: Outcome) -> list[str]:
    event = one_case(payment(f"expect = {{ {expect} }}")).events[0]
    found = [difference.key for difference in differences(event, outcome)]
    if "balance" in event.expect:
        counters = Counters("A1/m", 2024, 0, False, 0, (), 95_00, 0)
        found += [difference.key for difference in balance_differences(event, outcome, counters)]
    return found


PAID_500 = Outcome(PAID, amounts={"paid": 5_00, "balance": 95_00})
NOTHING_PAID = Outcome(REFUSED, reason="NOT_DESIGNATED", amounts={"paid": 0})


@pytest.mark.parametrize(
    ("expect", "outcome", "keys"),
    [
        ('outcome = "paid", paid = "5.00", balance = "95.00"', PAID_500, []),
        ('paid = "5.01", balance = "95.01"', PAID_500, ["paid", "balance"]),
        ('balance = "95.00"', replace(PAID_500, amounts={"balance": 1}), ["balance"]),
        ('outcome = "refused"', PAID_500, ["outcome"]),
        ('reason = "NOT_DESIGNATED", paid = "0.00", balance = "95.00"', NOTHING_PAID, []),
        ('reason = "NO_RULE", balance = "1.00"', NOTHING_PAID, ["reason", "balance"]),
        ('outcome = "paid"', NOTHING_PAID, ["outcome"]),
        ('paid = "5.00"', NOTHING_PAID, ["paid"]),
        ("", Outcome(ERROR, message="m"), ["outcome"]),
    ],
)
def test_differences_of_a_payment(expect, outcome, keys):
    assert account_keys(expect, outcome) == keys


def test_a_credit_that_is_not_named_credited():
    (event,) = one_case(CREDIT.replace("{}", '{ credit = "1.00" }')).events
    refused = Outcome(REFUSED, reason="NO_FIGURE", amounts={"paid": 0})
    assert [d.key for d in differences(event, refused)] == ["outcome", "credit"]
    assert not list(differences(event, Outcome(CREDITED, amounts={"credit": 100})))


@pytest.mark.parametrize(
    "change",
    [
        "non_covered",
        "excluded",
        "copay",
        "cut_annual",
        "large_amount_fund",
        "institution_share",
        "family_account",
    ],
)
def test_each_identity_is_checked(change):
    assert list(broken_identities(settled(**{change: 1})))


def test_the_first_payment_is_inside_pre_payment():
    assert not list(broken_identities(settled(first_pay=1)))


def test_day_surgery_has_a_basis_of_its_own():
    outcome = settled(copay=0)
    assert list(broken_identities(outcome))
    day_surgery = Outcome(SETTLED, benefit="day_surgery", amounts=outcome.amounts)
    assert not list(broken_identities(day_surgery))


def test_an_outcome_that_is_not_named():
    assert expected_outcome({}) == ""
    assert expected_outcome({"cuts": {"visit": 1}}) == "settled"
    assert expected_outcome({"reason": "NO_FIGURE"}) == "refused"
    assert expected_outcome({"reason": "NOT_FILED"}) == "settled"
