"""NumPy alone: the k-th claims of all members at once."""

import numpy as np

from benchmarks import numpy_rounds
from benchmarks.peers.case import Case
from benchmarks.peers.peer import Answers, tell, timed
from engine.domain.layout import aligned_counters
from engine.kernel import PlanTable


def settle(case: Case) -> Answers:
    """Settle columns by rounds, every part, sorts included."""
    columns, plans = numpy_rounds.columns_of(case.rows), PlanTable([case.plan])
    results = numpy_rounds.empty_results(len(case.rows))
    counters, nothing = aligned_counters(case.members), np.zeros(1, np.int64)

    def run() -> None:
        numpy_rounds.settle(columns, plans, counters, nothing, results)
        numpy_rounds.pay_accounts(columns, results, nothing)

    _, seconds = timed(run)
    return Answers(results["deductible"], results["pooled_fund"], seconds)


if __name__ == "__main__":
    tell("NumPy", "by rounds, every part", settle)
