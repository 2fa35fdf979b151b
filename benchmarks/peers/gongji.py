"""The compiled kernel on the case: what the peers are held against."""

import numpy as np

from benchmarks.city_rows import Batch
from benchmarks.kernel import run_kernel
from benchmarks.peers.case import Case
from benchmarks.peers.peer import Answers, tell, timed
from engine.domain.layout import RESULT, aligned_counters
from engine.kernel import FAST, PlanTable


def settle(case: Case) -> Answers:
    """Settle the rows, every part, accounts included."""
    visits, balances = np.zeros(1, np.int64), np.zeros(1, np.int64)
    results = np.full(len(case.rows), 0, RESULT)
    counters = aligned_counters(case.members)
    of = Batch(PlanTable([case.plan]), case.rows, counters, visits, balances)
    state = (counters, visits, balances)
    _, seconds = timed(lambda: run_kernel(FAST, of, case.rows, results, state))
    return Answers(results["deductible"], results["pooled_fund"], seconds)


if __name__ == "__main__":
    tell("gongji", "compiled kernel, one thread, every part", settle)
