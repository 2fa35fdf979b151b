"""The result digest: order-free, cancelled by an undo, changed by anything that is in it."""

import hashlib
import random
from typing import Any

import numpy as np
import pytest

from engine.digest import NUMBERS, TEXTS, ResultDigest, result_digest
from engine.domain.bill import BillLine, encode_lines
from engine.domain.claim import Claim
from engine.domain.codes import LineClass, Paper
from engine.domain.journal import EntryKind, EntryText
from engine.domain.layout import AMOUNTS, ENTRY
from engine.domain.reasons import Reason
from engine.domain.request import BatchAnswer, Entry, Refused


def a_claim(number: int = 1, **changes) -> Claim:
    claim = Claim(
        institution="hospital",
        request_id=f"request-{number}",
        member="member",
        service_date=2024_05_05,
        until_date=2024_05_06,
        total_fen=1000 + number,
        in_scope_fen=700 + number,
        pre_payment_fen=100,
        over_limit_fen=100,
        non_covered_fen=100,
        visit="visit",
        disease="disease",
        prescriber="prescriber",
        admission="admission",
        liability=2,
        liable_fen=50,
        lines=(BillLine(LineClass.B, 300, 1_000),),
        prescription="prescription",
        papers=Paper.INVOICE,
        payer="payer",
    )
    return claim._replace(**changes)


def an_entry(claim: Claim, position: int = 1, kind: int = EntryKind.SETTLEMENT) -> Entry:
    record = np.zeros(1, dtype=ENTRY)
    record["link"]["position"] = position
    record["link"]["kind"] = kind
    flags = (
        claim.emergency
        + 2 * claim.referred
        + 4 * claim.statement
        + 8 * claim.manual
        + 16 * claim.use_account
    )
    for name in NUMBERS:
        value = flags if name == "flags" else None
        for attribute in (f"{name}_fen", name):
            if value is None and hasattr(claim, attribute):
                value = getattr(claim, attribute)
        record["claim"][name] = value
    sign = -1 if kind in (EntryKind.CANCEL, EntryKind.REVERSAL) else 1
    for index, amount_fen in enumerate(amounts(claim)):
        record["result"][AMOUNTS[index]] = sign * amount_fen
    undo_id = "" if sign == 1 else "undo"
    text = EntryText(
        *(undo_id, claim.request_id, claim.visit, claim.disease, claim.admission),
        prescription=claim.prescription,
        lines=encode_lines(claim.lines).decode(),
    )
    people = (claim.institution, claim.member, claim.prescriber)
    return Entry(record[0], text, *people, b"plan", payer=claim.payer)


def amounts(claim: Claim) -> list[int]:
    return [claim.total_fen + 7 * index for index in range(len(AMOUNTS))]


def digest_of(claim: Claim, amounts_fen: list[int]) -> bytes:
    digest = ResultDigest()
    digest.add_settled(claim, amounts_fen)
    return digest.digest()


def test_nothing_is_zero():
    assert result_digest([]) == bytes(32)


def test_the_canonical_form_is_as_documented():
    claim = a_claim()
    texts = ["hospital", "request-1", "member", "visit", "disease", "prescriber", "admission"]
    texts += ["prescription", "payer", "[[2,300,1000]]"]
    numbers = [2024_05_05, 2024_05_06, 1001, 701, 100, 100, 100, 1, 2, 50, 0, 2]
    fields = [b"gongji-result-3", *(text.encode() for text in texts)]
    fields += [number.to_bytes(8, "little", signed=True) for number in [*numbers, *amounts(claim)]]
    form = b"".join(len(field).to_bytes(4, "little") + field for field in fields)
    assert result_digest([an_entry(claim)]) == hashlib.sha256(form).digest()


def test_order_does_not_count():
    entries = [an_entry(a_claim(n), n) for n in range(1, 51)]
    shuffled = entries[:]
    random.Random(1).shuffle(shuffled)
    assert result_digest(entries) == result_digest(shuffled)
    assert result_digest(entries) != result_digest(entries[1:])


def test_positions_and_times_do_not_count():
    one, other = an_entry(a_claim(), 1), an_entry(a_claim(), 99)
    other.record["link"]["instant"] = 12345
    other.record["link"]["previous"] = 98
    other.record["row"]["plan"] = 3
    other.record["result"]["deductible_before"] = 5
    assert result_digest([one]) == result_digest([other])


@pytest.mark.parametrize("kind", [EntryKind.CANCEL, EntryKind.REVERSAL])
def test_an_undo_cancels(kind):
    kept = an_entry(a_claim(1), 1)
    gone, undo = an_entry(a_claim(2), 2), an_entry(a_claim(2), 3, kind)
    assert result_digest([kept, gone, undo]) == result_digest([kept])
    assert result_digest([undo, gone]) == bytes(32)
    assert result_digest([undo]) != bytes(32)


def test_previews_and_tombstones_add_nothing():
    preview = an_entry(a_claim(), position=0)
    tombstone = an_entry(a_claim(), 5, EntryKind.TOMBSTONE)
    assert result_digest([preview, tombstone]) == bytes(32)


@pytest.mark.parametrize("name", AMOUNTS)
def test_each_amount_counts(name):
    changed = an_entry(a_claim())
    changed.record["result"][name] += 1
    assert result_digest([changed]) != result_digest([an_entry(a_claim())])


@pytest.mark.parametrize("field", Claim._fields)
def test_each_field_of_the_claim_counts(field):
    claim = a_claim()
    value: Any = getattr(claim, field)
    if isinstance(value, bool):
        value = not value
    elif isinstance(value, tuple):
        value = (*value, BillLine(LineClass.A, 1))
    else:
        value = value + "x" if isinstance(value, str) else value + 1
    changed = Claim(**{**claim._asdict(), field: value})
    assert digest_of(changed, amounts(claim)) != digest_of(claim, amounts(claim))
    # the journal's record says the same as the claim that was sent
    assert result_digest([an_entry(changed)]) == digest_of(changed, amounts(changed))


def test_every_field_is_covered():
    named = {*TEXTS, *NUMBERS, *(f"{name}_fen" for name in NUMBERS)}
    flags = {"emergency", "referred", "statement", "manual", "use_account"}
    assert set(Claim._fields) <= named | flags


def test_fields_do_not_run_together():
    one = a_claim(visit="ab", disease="c")
    other = a_claim(visit="a", disease="bc")
    assert digest_of(one, amounts(one)) != digest_of(other, amounts(other))


def test_a_batch_counts_what_was_settled_now():
    claims = [a_claim(n) for n in range(1, 7)]
    entries = np.zeros(len(claims), dtype=ENTRY)
    for row, claim in enumerate(claims):
        entries[row] = an_entry(claim, row + 1).record
    entries[5]["link"]["position"] = 0  # a preview
    answer = BatchAnswer(entries, {}, {1: Refused(Reason.NO_RULE)}, {}, frozenset({3}))
    digest = ResultDigest()
    digest.add_batch(claims, answer)
    expected = [an_entry(claims[row], row + 1) for row in (0, 2, 4)]
    assert digest.digest() == result_digest(expected)


def test_an_empty_batch():
    digest = ResultDigest()
    digest.add_batch([], BatchAnswer(np.zeros(0, dtype=ENTRY), {}, {}, {}, frozenset()))
    assert digest.hexdigest() == "00" * 32


def test_merging_is_adding():
    one, other, both = ResultDigest(), ResultDigest(), ResultDigest()
    for digest, numbers in ((one, (1, 2)), (other, (3,)), (both, (3, 2, 1))):
        for number in numbers:
            digest.add(an_entry(a_claim(number), number))
    one.merge(other)
    assert one.digest() == both.digest()


def test_the_number_of_amounts_is_checked():
    with pytest.raises(ValueError, match="amounts"):
        ResultDigest().add_settled(a_claim(), [1, 2, 3])
