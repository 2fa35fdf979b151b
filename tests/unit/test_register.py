"""A register that reads its entries late says the same as one that read them at once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.dates import Interval
from engine.domain.register import Member, Selection
from engine.rules.book import PlanBook
from engine.rules.load import load_cities
from engine.rules.plan import plan_from_json
from engine.state.register import Register, split_rows
from engine.state.registers import members_from_json, members_to_json

texts = st.text(st.sampled_from('ab[]",\\: 张三\n'), max_size=6)
values = st.recursive(st.integers(0, 9) | texts, st.lists, max_leaves=6)
rows = st.lists(st.builds(lambda name, rest: [name, *rest], texts, st.lists(values)), max_size=5)


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@given(rows)
def test_rows_are_cut_as_json_reads_them(value: list[list[object]]) -> None:
    cut = split_rows(dumped(value))
    if cut is not None:
        assert [json.loads(row) for row in cut.values()] == value
        assert list(cut) == [row[0] for row in value]
    elif value and b"\\" not in dumped(value):
        assert len({row[0] for row in value}) < len(value)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"[1]", b'["a"]', b'[["a"], ["b"]]', b'[["a"]["b"]]', b"[[1]]", b'[["a"]', b"[["],
)
def test_what_is_no_row_of_ours_is_left_to_json(data: bytes) -> None:
    assert split_rows(data) is None


MEMBERS = [
    Member("M1", "370100", selections=(Selection("H1", Interval(2024_01_01)),)),
    Member("张[三]", "370300", arrears=(Interval(2024_01_01, 2024_02_01),), months_combined=3),
    Member('M"4', "370300", months_pooled_only=2),
    Member("M1", "421300"),
]


@pytest.mark.parametrize("together", [True, False])
def test_entries_replace_earlier_ones_under_their_numbers(together: bool) -> None:
    register = Register(members_from_json)
    for members in [MEMBERS] if together else [[member] for member in MEMBERS]:
        register.put_text(members_to_json(members))
    last = [MEMBERS[3], MEMBERS[1], MEMBERS[2]]
    assert list(register.items) == last == [register.items[n] for n in range(len(register))]
    assert [register.find(member.id) for member in last] == last
    assert [register.numbers[member.id] for member in last] == [0, 1, 2]
    assert register.find("M9") is None


def test_an_entry_is_made_once() -> None:
    register = Register(members_from_json)
    register.put_text(members_to_json(MEMBERS[:2]))
    assert register.find("M1") is register.items[0]
    assert register.put(MEMBERS[3]) == 0
    assert register.find("M1") is MEMBERS[3]


def test_a_digest_is_that_of_the_json() -> None:
    plan = PlanBook(load_cities()).all_versions("370300")[0]
    again = plan_from_json(plan.to_json())
    assert again == plan
    assert again.digest() == plan.digest() == plan.digest()
