"""Every worked case of credits, payments and disposals comes out by the account rules alone."""

import pytest

from tests.rules.account_cases import Question, questions

ALL = list(questions())


@pytest.mark.parametrize("question", ALL, ids=lambda question: question.name)
def test_a_worked_case_comes_out(question: Question) -> None:
    expect = question.event.expect
    if "credit" in expect:
        assert question.answer() == expect["credit"]
    elif question.wanted == "NO_BALANCE":
        assert question.answer() == "paid"  # allowed; whether there is money is the ledger's
    else:
        assert question.answer() == question.wanted


def test_the_cases_ask_of_every_city_and_kind() -> None:
    asked = {(question.case.city, question.event.kind) for question in ALL}
    cities = {"jinan", "zibo", "changchun", "suizhou", "heyuan"}
    assert {city for city, kind in asked if kind == "credit"} == cities
    assert {city for city, kind in asked if kind == "account_payment"} == cities
    assert {city for city, kind in asked if kind == "disposal"} == {"suizhou", "heyuan"}
