"""Ordinary claims by compiled code: byte for byte what `engine.ledger.prepare` makes of them.

Registers and claims are drawn with every kind of entry that a fact comes from; members are in the
register as rows, as after a start, and as objects. How often the compiled code took a claim is
counted, and of how many rows it made no object: a draw that it never takes proves nothing.
"""

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from engine.domain.claim import Claim, check_claim
from engine.domain.codes import (
    DiseaseKind,
    FilingKind,
    Kind,
    Level,
    Mode,
    Offer,
    Status,
)
from engine.domain.dates import Interval
from engine.domain.layout import CLAIM, ENTRY, ROW, Array
from engine.domain.register import (
    AccountOpening,
    Disease,
    Filing,
    Institution,
    Member,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.domain.request import ImportOpenings, PutInstitutions, PutMembers, Refused
from engine.errors import InvalidInput
from engine.ledger.context import Context
from engine.ledger.prepare import Prepared, invalid, prepare
from engine.state.keyed import is_own
from engine.state.keyed_slots import NO_VISIT
from engine.state.registers import members_to_json
from tests.support.city_bench import Bench
from tests.support.world import CHANGCHUN, HEYUAN, JINAN, SUIZHOU, ZIBO

DAYS = [
    *(2023_11_30, 2023_12_31, 2024_01_01, 2024_02_29, 2024_06_30, 2024_07_01, 2024_12_31),
    *(2025_01_01, 2026_02_01, 2026_02_28, 2026_03_01),
]
ODD_DAYS = [2023_02_29, 2024_13_01, 2024_04_31, 0, -1, 1800_01_01, 10**14]


def some(draw: random.Random, make: Any) -> tuple[Any, ...]:
    return tuple(make() for _ in range(draw.choice([0, 0, 1, 2])))


def days(draw: random.Random) -> Interval:
    first, last = sorted(draw.choices(DAYS, k=2))
    return Interval(first, last)


def institutions(draw: random.Random, city: str) -> list[Institution]:
    areas = [city, city, city, f"{city[:2]}0100", "990100"]
    return [
        Institution(
            f"I{n}",
            draw.choice(areas),
            draw.choice(list(Level)),
            kind,
            host="I0" if kind == Kind.INTERNET_HOSPITAL else "",
            parent=draw.choice(["", "I1"]),
            designated=draw.choice([(Interval(0),), (), (days(draw),)]),
            networked=draw.choice([(Interval(0),), (days(draw),)]),
            offers=draw.choice([frozenset(Offer), frozenset()]),
            qualifications=some(draw, lambda: Qualification(draw.choice(list(Offer)), days(draw))),
        )
        for n, kind in enumerate([Kind.HOSPITAL, Kind.HOSPITAL, *Kind, Kind.PHARMACY])
    ]


def member(draw: random.Random, city: str, number: int) -> Member:
    def at() -> str:
        return f"I{draw.randrange(9)}"

    areas = [city, "990000", "990100", f"{city[:2]}0100"]
    chosen = some(draw, lambda: Selection(at(), days(draw)))
    if draw.random() < 0.5:
        return Member(
            f"m{number}",
            city,
            draw.choice(list(Status)),
            retired_on=draw.choice([0, 0, 0, *DAYS]),
            mode=draw.choice(list(Mode)),
            selections=chosen[:1],
            diseases=some(draw, lambda: Disease("D", DiseaseKind.CHRONIC, days(draw)))[:1],
        )
    return Member(
        f"m{number}",
        city,
        draw.choice(list(Status)),
        retired_on=draw.choice([0, 0, 0, *DAYS]),
        mode=draw.choice(list(Mode)),
        arrears=some(draw, lambda: days(draw)),
        filings=some(draw, lambda: Filing(FilingKind.LONG_TERM, draw.choice(areas), days(draw))),
        selections=chosen,
        diseases=some(draw, lambda: Disease("D", DiseaseKind.CHRONIC, days(draw)))[:1],
        stays=some(draw, lambda: Stay(at(), *days(draw)))[:1],
        referrals=some(draw, lambda: Referral(at(), at(), days(draw))),
    )


def claim(draw: random.Random, number: int) -> Claim:
    parts = [draw.choice([0, 1, 12_345]) for _ in range(4)]
    parts[draw.randrange(4)] *= draw.choice([1] * 20 + [10**11])
    day = draw.choice(DAYS if draw.random() < 0.9 else ODD_DAYS)
    liability = draw.choice([0, 0, 0, 1, 5, 6])
    odd = draw.random() < 0.1
    return Claim(
        f"I{draw.randrange(10 if odd else 9)}",
        draw.choice(["r", "r é", " r", "r" * 64, "r" * 65, ""]) if odd else f"r{number}",
        f"m{draw.choice([0, 1, 2, 3, 4, 5] * 5 + [6])}",
        day,
        draw.choice([day, draw.choice(DAYS)]) if odd else day,
        sum(parts) + (draw.random() < 0.05),
        parts[0] - (2**70 if draw.random() < 0.02 else 0),
        parts[1],
        parts[2],
        parts[3],
        benefit=draw.choice([1, 2, 4, 9]) if odd else 1,
        visit=draw.choice(["", "v", "v\n"]) if odd else draw.choice(["", "v1"]),
        disease=draw.choice(["", "D"]),
        prescriber=draw.choice(["", "", f"I{draw.randrange(9)}"]),
        admission=draw.choice(["", "I0"]) if odd else "",
        liability=liability,
        liable_fen=draw.choice([-1, -1, 0, 100, -2]) if liability else -1,
        emergency=draw.random() < 0.2,
        referred=draw.random() < 0.2,
        statement=draw.random() < 0.2,
        manual=draw.random() < 0.2,
        use_account=draw.random() < 0.5,
        prescription=draw.choice(["", "p"]),
        papers=draw.choice([0, 1]) if odd else 0,
        payer=draw.choice(["", "m1"]) if odd else "",
    )


def by_the_words(context: Context, sent: Claim, preview: bool) -> Prepared | None:
    try:
        check_claim(sent)
        prepared = prepare(context, 0, sent, preview=preview)
    except InvalidInput:
        return None
    return None if invalid(sent) or isinstance(prepared, Refused) else prepared


def as_row(context: Context, member_id: str) -> tuple[bool, int] | None:
    """Let the register have a row in place of an object, as after a start.

    Returns whether the member is plain, and the number; None if the register has no such member.
    """
    members = context.state.members
    found = members.find(member_id)
    if found is None:
        return None
    members.put_text(members_to_json([found]))
    dated = (found.arrears, found.filings, found.stays, found.referrals)
    return not any(dated) and len(found.selections) < 2, members.numbers[member_id]


def is_own_visit(bench: Bench, row: Array) -> bool:
    """Whether a row counts for a visit that is the claim's own, of which nothing is paid."""
    state, slot = bench.pipeline._state, int(row["visit"][0])
    key = state.keyed._key_of[slot] if slot >= 0 else NO_VISIT
    return (key is None or is_own(key)) and not state.visits.values[slot]


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize("city", [JINAN, ZIBO, CHANGCHUN, SUIZHOU, HEYUAN])
def test_both_prepare_alike(city: str, preview: bool) -> None:
    draw = random.Random(f"{city} {preview}")
    bench = Bench(city)
    bench.ask(PutInstitutions(institutions(draw, city)))
    bench.ask(PutMembers([member(draw, city, n) for n in range(6)]))
    bench.ask(ImportOpenings([AccountOpening("m2", 5)]))
    context: Any = bench.pipeline._ledger._context
    met: Counter[str] = Counter()
    for n in range(4_000):
        if n % 100 == 0:
            bench.ask(PutMembers([member(draw, city, n // 100 % 6)]))
            bench.ask(PutInstitutions(draw.sample(institutions(draw, city), 3)))
        sent = claim(draw, n)
        entries = np.zeros(1, dtype=ENTRY)
        texts: list[bytes] = []
        row_put = as_row(context, sent.member) if draw.random() < 0.5 else None
        taken = context.ordinary.fill([sent], 0, entries, 0, texts, preview)
        if row_put is not None:
            was_plain, number = row_put
            is_row = isinstance(context.state.members.items.held[number], bytes)
            assert is_row or not was_plain, sent
            met["row stays" if is_row and taken else "row or not"] += 1
        prepared = by_the_words(context, sent, preview)
        met[f"{'taken' if taken else 'left'} {'refused' if prepared is None else 'prepared'}"] += 1
        if not taken:
            assert not texts
            continue
        assert prepared is not None, sent
        assert texts == [prepared.text], sent
        assert entries["claim"].tobytes() == np.array([prepared.claim], dtype=CLAIM).tobytes(), sent
        rows = np.array(prepared.rows, dtype=ROW)
        if is_own_visit(bench, entries["row"]) and is_own_visit(bench, rows):
            rows["visit"] = entries["row"]["visit"]  # each time another one
        assert entries["row"].item() == rows.item(), sent
        assert entries["row"].tobytes() == rows.tobytes(), sent
        assert entries["link"]["parts"].item() == 1
    assert met["taken prepared"] > 500
    assert met["left prepared"] > 20
    assert met["left refused"] > 100
    assert met["row stays"] > 50
