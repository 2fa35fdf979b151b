"""Case files as text, for the tests of the format and of the runner."""

import pytest

from clients.cli.cases.format import Case, parse
from clients.cli.cases.values import CaseError, Where

FILE = Where("some.toml")

HEAD = """
format = 1
city = "zibo"
[[case]]
id = "A1"
"""
INSTITUTION = """
  [[case.institution]]
  id = "Y"
"""
EVENT = """
  [[case.event]]
  do = "settle"
  date = 2024-05-05
  institution = "Y"
  in_scope = "100.00"
"""
EXPECT = '  expect = { deductible = "50.00", pooled_fund = "30.00", person = "70.00" }\n'
PREPAY = '\n[[case.event]]\ndo = "prepay"\nmonth = "2024-01"\nmembers = 1\nexpect = {}'


def one_case(body: str = INSTITUTION + EVENT + EXPECT) -> Case:
    (case,) = parse(HEAD + body, FILE)
    return case


def problem_of(text: str) -> str:
    with pytest.raises(CaseError) as caught:
        parse(text, FILE)
    return str(caught.value)
