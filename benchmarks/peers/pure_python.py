"""Pure Python: one inlined loop."""

import numpy as np

from benchmarks import python_loop
from benchmarks.peers.case import Case
from benchmarks.peers.peer import Answers, tell, timed


def settle(case: Case) -> Answers:
    """Settle lists in one loop, the basis columns."""
    work = python_loop.work(case.rows, [case.plan])
    state = python_loop.state(case.members, 1, np.zeros(1, np.int64))
    found, seconds = timed(lambda: python_loop.settle(work, state, len(case.rows)))
    columns = dict(zip(python_loop.BASIS, python_loop.columns(found), strict=True))
    return Answers(columns["deductible"], columns["pooled_fund"], seconds)


if __name__ == "__main__":
    tell("pure Python", "one inlined loop, the basis columns", settle)
