"""What was settled once comes out the same, to the fen, on every later build (P22)."""

from __future__ import annotations

import pytest

from engine.domain.layout import FORMAT
from engine.verify.check import verify_store
from tests.golden.ledgers import load, stored
from tests.support.world import YEARS


@pytest.mark.parametrize("number", range(len(YEARS)))
def test_recomputed_to_the_same_fen(number: int) -> None:
    """The checker settles each by the reference kernel, under the plan and facts stored with it."""
    ledger = load()[number]
    assert ledger.format == FORMAT, "convert the ledgers: see tests/golden/ledgers.py"
    report = verify_store(stored(ledger.segments))
    assert report.ok, report.findings
    assert (report.digest, report.settlements) == (ledger.digest, ledger.settlements)
    assert report.settlements > 250
