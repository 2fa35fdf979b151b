"""Declarations of the compiled kernel: limits, positions and records it shares with the engine."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from *:
    """
    #define GONGJI_AMOUNT_MAX_FEN INT64_C(1000000000000)
    #if defined(__GNUC__)
    #define GONGJI_PREFETCH(address) __builtin_prefetch((address), 1, 3)
    #else
    #define GONGJI_PREFETCH(address) ((void)(address))
    #endif
    """
    const int64_t AMOUNT_MAX_FEN "GONGJI_AMOUNT_MAX_FEN"
    void prefetch "GONGJI_PREFETCH"(const void *address) noexcept nogil

# Literals only (overflowcheck cannot compile an expression here).
# What this file and the rest of the engine must agree on; kernel.py compares every member.
cpdef enum:
    BP = 10_000
    STATUSES = 3
    LEVELS = 4
    PLACES = 4
    RELATIONS = 8
    NO_CAP = -1
    BAR_EXCLUDED = 1
    BAR_ALL = 2
    DEDUCTIBLE_NONE = 0
    DEDUCTIBLE_COST = 4
    DEDUCTIBLE_EACH = 6
    EXCLUSION_FIRST = 32
    USE_ACCOUNT = 0x100_0000
    PHARMACY = 1
    RELATION_NOT_ALLOWED = 20
    COUNTERS_PER_MEMBER_YEAR = 8
    DEDUCTIBLE = 0
    ORDINARY_PAID = 1
    SPECIAL_DEDUCTIBLE = 2
    CHRONIC_PAID = 3
    POOLED_PAID = 4
    COMPLIANT_BURDEN = 5
    LARGE_AMOUNT_PAID = 6
    FLAGS = 7
    DEDUCTIBLE_MET = 1
    NOWHERE = 8
    HEAD_DEDUCTIBLE_KIND = 0
    HEAD_EXCLUSIONS = 1
    HEAD_QUICK_MASK = 2
    HEAD_COUNTS = 3
    HEAD_FIRST_PAY = 4
    HEAD_POOLED_CAP = 8
    HEAD_SECOND_THRESHOLD = 9
    HEAD_SECOND_RATE = 10
    HEAD_SECOND_CAP = 11
    HEAD_CITES = 12
    HEAD_DISEASE_CAP = 13
    HEAD_STANDARD_PRICE = 14
    HEAD_BRACKETS = 15
    HEAD_ABOVE = 16
    HEAD_FAMILY = 20
    COUNTS_POOLED = 1
    COUNTS_BURDEN = 2
    LIMITS_ACCOUNT = 4
    CAPS_COST = 8
    FIRST_PAY_LAST = 16
    COUNTS_COPAY_ONLY = 32
    GROUPS = 24
    GROUP_WORDS = 8
    GROUP_DEDUCTIBLE = 0
    GROUP_VISIT_CAP = 1
    GROUP_ANNUAL_CAP = 2
    GROUP_CITES = 3
    GROUP_RATE = 4
    EXCLUSIONS = 120
    EXCLUSION_WORDS = 2
    SPANS = 208
    SPAN_WORDS = 4
    SPAN_DAY_CAP = 0
    SPAN_MONTH_CAP = 1
    SPAN_CITES = 2
    BRACKETS = 256
    BRACKET_WORDS = 48
    PLAN_WORDS = 448
    CITE_SHIFT = 16
    FORBID_SHIFT = 32
    REASON_SHIFT = 16
    BAR_SHIFT = 24
    LIABLE_ONLY_SHIFT = 32
    LEVELS_SHIFT = 40

# Cython compares types and places of these fields with the dtype where `first_row` and
# `first_result` take a buffer, and kernel.py compares their names: once, when it is imported.
cdef struct Row:
    int64_t in_scope
    int64_t pre_payment
    int64_t over_limit
    int64_t non_covered
    int64_t liable
    int32_t counters
    int32_t visit
    int32_t account
    int32_t plan
    uint32_t facts
    int16_t year
    uint8_t status
    uint8_t level
    uint8_t place
    uint8_t benefit
    uint8_t rate_level
    uint8_t visit_by
    int32_t borne
    int32_t borne_at
    int32_t cost
    int32_t disease
    int32_t month
    int32_t day
    uint8_t deductible_at
    uint8_t paid_at
    uint8_t relation
    uint8_t payer_reason
    int32_t paid
    int32_t family

cdef struct Result:
    int64_t total
    int64_t non_covered
    int64_t over_limit
    int64_t pre_payment
    int64_t first_pay
    int64_t excluded
    int64_t in_scope
    int64_t deductible
    int64_t copay
    int64_t cut_visit
    int64_t cut_day
    int64_t cut_month
    int64_t cut_annual
    int64_t cut_disease
    int64_t cut_pooled
    int64_t pooled_fund
    int64_t large_amount_fund
    int64_t institution_share
    int64_t person
    int64_t account
    int64_t family_account
    int64_t cash
    int64_t account_allowed
    int64_t account_before
    int64_t family_allowed
    int64_t family_before
    uint16_t cite_first_pay
    uint16_t cite_excluded
    uint16_t cite_excluded_rest
    uint16_t cite_deductible
    uint16_t cite_rate
    uint16_t cite_rate_above
    uint16_t cite_visit_cap
    uint16_t cite_day_cap
    uint16_t cite_month_cap
    uint16_t cite_annual_cap
    uint16_t cite_disease_cap
    uint16_t cite_pooled_cap
    uint16_t cite_large_amount
    uint16_t cite_account
    uint16_t cite_standard_price
    uint16_t cite_family
    uint8_t reason
    uint8_t family_reason
    uint16_t kernel_spare
    uint32_t kernel_spare2
    int64_t deductible_before
    int64_t paid_before
    int64_t pooled_paid_before
    int64_t compliant_burden_before
    int64_t large_amount_paid_before
    int64_t visit_paid_before
    int64_t disease_paid_before
    int64_t month_paid_before
    int64_t day_paid_before
    int64_t cost_before
    int64_t pooled_counted
    int64_t burden_counted

# What the exclusion matrix says of one row; `barred` is what the account may not pay of it.
cdef struct Verdict:
    int64_t excluded
    int64_t barred
    uint16_t cite
    uint16_t cite_rest
    uint8_t reason
    bint refused
    bint bar_all
    bint whole


# What one row reads and moves: its line, what counts as borne and as paid, and, or NULL, what has
# a counter of its own. Few rows have one of the last four, or borne and paid elsewhere than in
# the line (`rare`); of the others the last four are not set.
cdef struct Slots:
    int64_t *counters
    int64_t *borne
    int64_t *paid
    int64_t *visit_paid
    int64_t *cost
    int64_t *disease_paid
    int64_t *month_paid
    int64_t *day_paid
    bint rare


# What the rows of a call may point into: how many there are of each.
cdef struct Limits:
    int64_t plans
    int64_t counters
    int64_t visits
    int64_t balances
    bint pay


# Records in the memory of an array. A typed view would compare the layout field by field at every
# call, which takes longer than settling a hundred rows; `engine/kernel.py` compares it as a whole.
cdef struct Records:
    char *first
    Py_ssize_t step
    Py_ssize_t count


cdef inline const Row *row_at(const Records *rows, Py_ssize_t number) noexcept nogil:
    return <const Row *>(rows.first + number * rows.step)


cdef inline Result *result_at(const Records *results, Py_ssize_t number) noexcept nogil:
    return <Result *>(results.first + number * results.step)


# Arithmetic. Half down of the complement is what half up leaves, so it needs no division here.

cdef inline int64_t larger(int64_t a, int64_t b) noexcept nogil:
    return a if a > b else b


cdef inline int64_t smaller(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef inline int64_t mul_bp_half_up(int64_t amount_fen, int64_t rate_bp) noexcept nogil:
    # Unsigned, because division by a constant is shorter then; neither factor is negative.
    return <int64_t>((<uint64_t>(amount_fen * rate_bp) + BP // 2) // BP)


cdef inline int64_t rate_of(int64_t word) noexcept nogil:
    return word & 0xFFFF


cdef inline const int64_t *group_of(const int64_t *plan, int level, int status) noexcept nogil:
    return plan + GROUPS + (level * STATUSES + status) * GROUP_WORDS


cdef inline uint16_t cite_of(int64_t word) noexcept nogil:
    return <uint16_t>((word >> CITE_SHIFT) & 0xFFFF)


cdef inline uint64_t broken_conditions(uint32_t facts) noexcept nogil:
    """Return the conditions that these facts do not fulfil, placed as in a line's pattern."""
    return <uint64_t>(~facts) | <uint64_t>facts << FORBID_SHIFT


cdef inline int64_t cost_so_far(const Slots *slots) noexcept nogil:
    """Return the year's cost in scope: no less than what was borne and what was paid of it."""
    cdef int64_t known = (
        slots.borne[0] + slots.counters[ORDINARY_PAID] + slots.counters[CHRONIC_PAID]
    )

    return larger(known, slots.cost[0]) if slots.rare and slots.cost != NULL else known


cdef inline int64_t *in_line(
    int64_t *counters, uint8_t position, int64_t *nothing,
) noexcept nogil:
    """Return where something counts in the line; `nothing` stands in for nowhere."""
    return nothing if position == NOWHERE else counters + position
