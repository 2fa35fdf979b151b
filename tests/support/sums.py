"""What must hold of every journal: its sums, and the digest that does not know its order."""

import numpy as np

from engine.digest import ResultDigest
from engine.domain.journal import SegmentKind
from engine.domain.layout import AMOUNTS
from tests.support.runner import Run


def digest(run: Run) -> bytes:
    """Return the order-free digest of the settlements a run's journal leaves standing."""
    total = ResultDigest()
    for entry in run.pipeline.entries():
        total.add(entry)
    return total.digest()


def check_sums(run: Run) -> None:
    """Check the identities of the case format on every entry, undos included."""
    for segment in run.store.journal:
        if segment.kind != SegmentKind.ENTRIES:
            continue
        part = {name: segment.entries()["result"][name] for name in AMOUNTS}
        bill = ("non_covered", "over_limit", "pre_payment", "excluded", "in_scope")
        basis = ("deductible", "copay", "cut_visit", "cut_annual", "cut_pooled", "pooled_fund")
        payers = ("pooled_fund", "large_amount_fund", "account", "cash")
        assert np.array_equal(part["total"], sum(part[name] for name in bill))
        assert np.array_equal(part["in_scope"], sum(part[name] for name in basis))
        assert np.array_equal(part["total"], sum(part[name] for name in payers))
        assert np.array_equal(part["person"], part["account"] + part["cash"])
        sign = np.sign(part["total"])
        assert all((part[name] * sign >= 0).all() for name in AMOUNTS)
