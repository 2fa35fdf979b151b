"""One long case of repeated, undone and bad requests: every way gives the same answers."""

import pytest

from clients.cli.cases.format import parse
from clients.cli.cases.run import WAYS, run_cases
from engine.rules.load import load_cities
from tests.support.cases_text import FILE

CASES = parse(
    """
format = 1
city = "zibo"
[[case]]
id = "X1"
note = "bad claims, reuse, tombstone"
  [[case.institution]]
  id = "X"
  level = "3"
  [[case.event]]
  do = "settle"
  id = "a"
  date = 2024-05-05
  institution = "X"
  in_scope = "1700.00"
  expect = { deductible = "700.00", pooled_fund = "500.00", after = { ordinary_paid = "500.00" } }
  [[case.event]]
  do = "settle"
  id = "a"
  date = 2024-05-05
  institution = "X"
  in_scope = "1700.00"
  expect = { deductible = "700.00", pooled_fund = "500.00", after = { ordinary_paid = "500.00" } }
  [[case.event]]
  do = "settle"
  id = "a"
  date = 2024-05-05
  institution = "X"
  in_scope = "1800.00"
  expect = { outcome = "refused", reason = "INVALID_CLAIM" }
  [[case.event]]
  do = "settle"
  id = "b"
  date = 2024-05-06
  institution = "X"
  in_scope = "100.00"
  non_covered = "20.00"
  total = "130.00"
  expect = { outcome = "refused", reason = "INVALID_CLAIM" }
  [[case.event]]
  do = "reverse"
  of = "c"
  expect = { outcome = "nothing_to_reverse" }
  [[case.event]]
  do = "settle"
  id = "c"
  date = 2024-05-07
  institution = "X"
  in_scope = "100.00"
  expect = { outcome = "refused", reason = "INVALID_CLAIM" }
  [[case.event]]
  do = "preview"
  id = "c"
  date = 2024-05-07
  institution = "X"
  in_scope = "100.00"
  expect = { pooled_fund = "50.00" }
  [[case.event]]
  do = "settle"
  id = "d"
  date = 2024-05-07
  institution = "X"
  in_scope = "-1.00"
  expect = { outcome = "refused", reason = "INVALID_CLAIM" }
  [[case.event]]
  do = "settle"
  id = "d"
  date = 2024-05-07
  institution = "NOWHERE"
  in_scope = "1.00"
  expect = { outcome = "refused", reason = "INSTITUTION_UNKNOWN" }
  [[case.event]]
  do = "settle"
  id = "e"
  date = 2024-05-07
  until = 2024-05-06
  institution = "X"
  in_scope = "1.00"
  expect = { outcome = "refused", reason = "INVALID_CLAIM" }
  [[case.event]]
  do = "settle"
  id = "h"
  date = 1999-05-07
  institution = "X"
  in_scope = "1.00"
  expect = { outcome = "refused", reason = "NO_RULE" }
  [[case.event]]
  do = "settle"
  id = "i"
  date = 2024-05-07
  institution = "X"
  in_scope = "999999999999.00"
  expect = { outcome = "refused", reason = "INVALID_CLAIM" }
  [[case.event]]
  do = "settle"
  id = "j"
  date = 2024-05-07
  institution = "X"
  in_scope = "1.00"
  liability = "third_party"
  liable_amount = "2.00"
  expect = { excluded = "1.00" }
  [[case.event]]
  do = "cancel"
  of = "a"
  expect = { outcome = "cancelled", after = { ordinary_paid = "0.00", deductible = "0.00" } }
  [[case.event]]
  do = "cancel"
  of = "a"
  expect = { outcome = "refused", reason = "INVALID_CLAIM" }
  [[case.event]]
  do = "reverse"
  of = "a"
  expect = { outcome = "nothing_to_reverse" }
  [[case.event]]
  do = "settle"
  id = "a"
  date = 2024-05-05
  institution = "X"
  in_scope = "1700.00"
  expect = { outcome = "refused", reason = "INVALID_CLAIM" }
""",
    FILE,
)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_answers_as_expected(way):
    (result,) = run_cases(CASES, [way], load_cities()).ways
    assert [failure.line() for failure in result.failures] == []
    assert not result.broken
    assert result.passed == CASES


def test_the_ways_have_one_digest():
    report = run_cases(CASES, WAYS, load_cities())
    assert report.digests_equal
    assert report.passed(strict=True)
