"""The compiled kernel; `engine.kernel` is the door to it."""

from engine.domain.layout import Array

BP: int
STATUSES: int
LEVELS: int
PLACES: int
NO_CAP: int
BAR_EXCLUDED: int
BAR_ALL: int
DEDUCTIBLE_SHARED: int
EXCLUSION_FIRST: int
USE_ACCOUNT: int
COUNTERS_PER_MEMBER_YEAR: int
DEDUCTIBLE: int
ORDINARY_PAID: int
FLAGS: int
DEDUCTIBLE_MET: int
HEAD_DEDUCTIBLE_KIND: int
HEAD_EXCLUSIONS: int
HEAD_QUICK_MASK: int
HEAD_FIRST_PAY: int
GROUPS: int
GROUP_WORDS: int
GROUP_DEDUCTIBLE: int
GROUP_VISIT_CAP: int
GROUP_ANNUAL_CAP: int
GROUP_CITES: int
GROUP_RATE: int
EXCLUSIONS: int
EXCLUSION_WORDS: int
PLAN_WORDS: int
CITE_SHIFT: int
FORBID_SHIFT: int
REASON_SHIFT: int
BAR_SHIFT: int
LIABLE_ONLY_SHIFT: int

def settle(
    rows: Array,
    words: Array,
    counters: Array,
    visits: Array,
    results: Array,
    balances: Array | None = None,
) -> None: ...
def first_row(rows: Array) -> dict[str, int]: ...
def first_result(results: Array) -> dict[str, int]: ...
def amount_max_fen() -> int: ...
