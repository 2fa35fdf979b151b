# cython: cdivision=True, autotestdict=False
"""The compiled kernel: the steps of `engine/reference.py`, row by row without the GIL.

It reads plans as packed by `engine/rules/words.py`. Every index and amount is checked at the
boundary, before anything changes; within these limits no product or sum leaves 64 bits and no
division meets a negative number. Parameters are marked IN and OUT.
"""

from cpython.buffer cimport (
    PyBUF_STRIDES,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint64_t
from libc.string cimport memset

# Far enough ahead to hide a miss, near enough that the line is still there (measured: 8 to 20).
cdef enum:
    ROWS_AHEAD = 12

# Steps.

cdef inline void weigh_line(
    const Row *row,         # IN
    int64_t line,           # IN: the verdict word
    Verdict *verdict,       # OUT
) noexcept nogil:
    """Add one line that applies to what the lines before it said."""
    cdef uint8_t reason = <uint8_t>((line >> REASON_SHIFT) & 0xFF)
    cdef uint8_t bar = <uint8_t>((line >> BAR_SHIFT) & 0xFF)
    cdef bint liable_only = (line >> LIABLE_ONLY_SHIFT) & 1
    cdef int64_t taken = row.in_scope

    if reason < EXCLUSION_FIRST:
        verdict.refused = True
        verdict.reason = reason
        verdict.cite = <uint16_t>(line & 0xFFFF)
        return
    if liable_only and row.liable >= 0:
        taken = smaller(taken, row.liable)
    else:
        verdict.whole = True
    if verdict.reason == 0:
        verdict.reason = reason
        verdict.cite = <uint16_t>(line & 0xFFFF)
        verdict.excluded = taken
    elif not liable_only and verdict.excluded < row.in_scope:
        verdict.cite_rest = <uint16_t>(line & 0xFFFF)
        verdict.excluded = row.in_scope
    if bar == BAR_ALL:
        verdict.bar_all = True
    elif bar == BAR_EXCLUDED:
        verdict.barred = larger(verdict.barred, taken)


cdef inline void weigh_exclusions(
    const Row *row,         # IN
    const int64_t *plan,    # IN
    Verdict *verdict,       # OUT
) noexcept nogil:
    """Step 1. A refusal ends the search, wherever exclusions stand before it."""
    cdef uint64_t broken = broken_conditions(row.facts)
    cdef uint64_t quick = <uint64_t>plan[HEAD_QUICK_MASK]
    cdef const int64_t *line = plan + EXCLUSIONS
    cdef const int64_t *end = line + plan[HEAD_EXCLUSIONS] * EXCLUSION_WORDS

    memset(verdict, 0, sizeof(Verdict))
    if (broken & quick) == quick:
        return
    while line < end and not verdict.refused:
        if (<uint64_t>line[0] & broken) == 0 and line[1] >> (LEVELS_SHIFT + row.level) & 1:
            weigh_line(row, line[1], verdict)
        line += EXCLUSION_WORDS


cdef inline void clear_result(Result *result) noexcept nogil:
    """Set to 0 what the steps write only where there is something: in runs, not one by one."""
    memset(&result.cut_visit, 0, 6 * sizeof(int64_t))  # to cut_pooled
    memset(&result.account, 0, 2 * sizeof(int64_t))  # and family_account
    memset(&result.account_before, 0, 8 * sizeof(int64_t))  # to kernel_spare2
    memset(&result.visit_paid_before, 0, 5 * sizeof(int64_t))  # to cost_before


cdef inline void write_refusal(const Verdict *verdict, Result *result) noexcept nogil:
    memset(result, 0, sizeof(Result))
    result.reason = verdict.reason
    result.cite_excluded = verdict.cite


cdef inline void write_bill(
    const Row *row,         # IN
    const int64_t *plan,    # IN
    const Verdict *verdict,     # IN
    int64_t remaining,      # IN: of the deductible
    Result *result,         # OUT
) noexcept nogil:
    """Step 2: the bill's parts, with the first payment out of the city."""
    cdef int64_t left = row.in_scope - verdict.excluded
    cdef int64_t word = plan[HEAD_FIRST_PAY + row.place]
    cdef int64_t first_pay = 0, liable_to_it = left

    if rate_of(word) > 0:
        if plan[HEAD_COUNTS] & FIRST_PAY_LAST:
            liable_to_it = larger(0, left - remaining)
        first_pay = mul_bp_half_up(liable_to_it, rate_of(word))
        if liable_to_it > 0:
            result.cite_first_pay = cite_of(word)
    result.non_covered = row.non_covered
    result.over_limit = row.over_limit
    result.pre_payment = row.pre_payment + first_pay
    result.first_pay = first_pay
    result.excluded = verdict.excluded
    result.in_scope = left - first_pay
    result.total = (
        row.non_covered + row.over_limit + row.pre_payment + verdict.excluded + left
    )
    result.reason = verdict.reason
    result.cite_excluded = verdict.cite
    result.cite_excluded_rest = verdict.cite_rest


include "_fast_basis.pxi"


cdef inline void write_second(
    const Row *row,         # IN
    const int64_t *plan,    # IN
    const Verdict *verdict,     # IN
    int64_t *counters,      # IN and OUT
    Result *result,         # OUT
) noexcept nogil:
    """Steps 7 and 8: what counts to the burden of the year, and the second payment on it."""
    cdef int64_t before = counters[COMPLIANT_BURDEN]
    cdef int64_t added = 0, above, paid

    result.compliant_burden_before = before
    result.large_amount_paid_before = counters[LARGE_AMOUNT_PAID]
    result.burden_counted = 0
    result.large_amount_fund = 0
    if (plan[HEAD_COUNTS] & COUNTS_BURDEN) == 0:
        return
    if is_excluded_whole(row, verdict):
        return
    added = row.pre_payment + result.in_scope - result.pooled_fund
    if plan[HEAD_COUNTS] & COUNTS_COPAY_ONLY:
        added = result.copay
    above = smaller(added, larger(0, before + added - plan[HEAD_SECOND_THRESHOLD]))
    paid = mul_bp_half_up(above, rate_of(plan[HEAD_SECOND_RATE]))
    if paid > 0:
        result.cite_large_amount = cite_of(plan[HEAD_SECOND_RATE])
    if plan[HEAD_SECOND_CAP] != NO_CAP:
        paid = smaller(paid, larger(0, plan[HEAD_SECOND_CAP] - counters[LARGE_AMOUNT_PAID]))
    result.burden_counted = added
    result.large_amount_fund = paid
    counters[COMPLIANT_BURDEN] += added
    counters[LARGE_AMOUNT_PAID] += paid


cdef inline void write_payers(
    const Row *row,         # IN
    const int64_t *plan,    # IN
    int64_t rate,           # IN: the rate's word
    const Verdict *verdict,     # IN
    Result *result,         # OUT
) noexcept nogil:
    """Step 9: who pays; the accounts' turn is in `pay_account` and `pay_family`."""
    cdef int64_t person

    result.institution_share = 0
    if result.cite_standard_price:
        person = bear_package(plan, rate, result)
    else:
        person = result.total - result.pooled_fund - result.large_amount_fund
    result.person = person
    result.cash = person
    result.account_allowed = 0 if verdict.bar_all else person - verdict.barred
    if plan[HEAD_COUNTS] & LIMITS_ACCOUNT:
        result.account_allowed = smaller(
            result.account_allowed, result.in_scope - result.pooled_fund
        )
        result.cite_account = cite_of(plan[HEAD_CITES])
    if row.relation or row.payer_reason:
        allow_family(row, plan[HEAD_FAMILY], result)


cdef inline void allow_family(
    const Row *row,         # IN
    int64_t family,         # IN: the plan's word on relatives' accounts
    Result *result,         # OUT
) noexcept nogil:
    """Say how much a relative's account may pay, or why it may not."""
    cdef int64_t shift = CITE_SHIFT if row.facts & PHARMACY else 0

    result.family_reason = row.payer_reason
    if not row.payer_reason:
        if family >> (shift + row.relation) & 1:
            result.family_allowed = result.account_allowed
        else:
            result.family_reason = RELATION_NOT_ALLOWED
        result.cite_family = <uint16_t>(family >> (2 * CITE_SHIFT + shift))


cdef inline void settle_row(
    const Row *row,         # IN
    const int64_t *plan,    # IN
    const Slots *slots,     # IN and OUT
    Result *result,         # OUT
) noexcept nogil:
    cdef const int64_t *group = group_of(plan, row.level, row.status)
    cdef int64_t remaining, rate = group[GROUP_RATE + row.place]
    cdef Verdict verdict

    weigh_exclusions(row, plan, &verdict)
    if verdict.refused:
        write_refusal(&verdict, result)
        return
    if row.rate_level:
        rate = group_of(plan, row.rate_level - 1, row.status)[GROUP_RATE + row.place]
    clear_result(result)
    remaining = remaining_deductible(row, plan, group, slots)
    write_bill(row, plan, &verdict, remaining, result)
    write_basis(row, plan, group, rate, remaining, &verdict, slots, result)
    write_second(row, plan, &verdict, slots.counters, result)
    write_payers(row, plan, rate, &verdict, result)


cdef inline void pay_account(
    const Row *row,         # IN
    int64_t *balance,       # IN and OUT
    Result *result,         # OUT
) noexcept nogil:
    cdef int64_t paid = 0

    if 0 < result.reason < EXCLUSION_FIRST:
        return
    result.account_before = balance[0]
    if row.facts & USE_ACCOUNT:
        paid = smaller(balance[0], result.account_allowed)
        result.account = paid
        result.cash = result.person - paid
        balance[0] -= paid


cdef inline void pay_family(
    const Row *row,         # IN
    int64_t *balance,       # IN and OUT
    Result *result,         # OUT
) noexcept nogil:
    """Let the relative's account pay of what the own account left."""
    cdef int64_t paid

    if 0 < result.reason < EXCLUSION_FIRST or result.family_reason:
        return
    paid = larger(0, smaller(balance[0], result.family_allowed - result.account))
    result.family_before = balance[0]
    result.family_account = paid
    result.cash = result.person - result.account - paid
    balance[0] -= paid


include "_fast_limits.pxi"


# Loops.

cdef inline void ask_for(
    const Row *row,                 # IN
    int64_t[:, ::1] counters,       # IN
    int64_t[::1] visits,            # IN
    int64_t[::1] balances,          # IN, if `pay`
    bint pay,                       # IN
) noexcept nogil:
    """Ask the memory for what a row will move, so that it is there at its turn.

    The first slot stands in for none: asking for it costs less than guessing which rows have one.
    """
    prefetch(&counters[row.counters, 0])
    if visits.shape[0] > 0:
        prefetch(&visits[larger(0, row.visit)])
        prefetch(&visits[larger(0, row.borne)])
    if pay and balances.shape[0] > 0:
        prefetch(&balances[larger(0, row.account)])


cdef inline void find_slots(
    const Row *row,             # IN
    int64_t *line,              # IN
    int64_t[::1] visits,        # IN
    int64_t *nothing,           # IN
    Slots *slots,               # OUT
) noexcept nogil:
    slots.counters = line
    slots.borne = in_line(line, row.deductible_at, nothing)
    slots.borne = &visits[row.borne] if row.borne >= 0 else slots.borne
    slots.paid = in_line(line, row.paid_at, nothing)
    slots.visit_paid = &visits[row.visit] if row.visit >= 0 else NULL
    slots.rare = not has_no_rare(row)
    if slots.rare:
        if row.paid >= 0:
            slots.paid = &visits[row.paid]
        slots.cost = &visits[row.cost] if row.cost >= 0 else NULL
        slots.disease_paid = &visits[row.disease] if row.disease >= 0 else NULL
        slots.month_paid = &visits[row.month] if row.month >= 0 else NULL
        slots.day_paid = &visits[row.day] if row.day >= 0 else NULL


cdef void settle_rows(
    const Records *rows,            # IN
    const int64_t[:, ::1] words,    # IN
    int64_t[:, ::1] counters,       # IN and OUT
    int64_t[::1] visits,            # IN and OUT
    const Records *results,         # OUT
    int64_t[::1] balances,          # IN and OUT, if `pay`
    bint pay,                       # IN
) noexcept nogil:
    """Settle each row and let its accounts pay before the next row's turn.

    No step before the accounts reads a balance, and the accounts of a row read and write nothing
    but balances and the row's own result. So this gives what a pass over all rows and then one over
    their accounts would, relatives' accounts included: balances move in the order of the rows.
    """
    cdef Py_ssize_t i
    cdef const Row *row
    cdef Result *result
    cdef int64_t nothing
    cdef Slots slots

    for i in range(smaller(ROWS_AHEAD, rows.count)):
        ask_for(row_at(rows, i), counters, visits, balances, pay)
    for i in range(rows.count):
        if i + ROWS_AHEAD < rows.count:
            ask_for(row_at(rows, i + ROWS_AHEAD), counters, visits, balances, pay)
        row = row_at(rows, i)
        result = result_at(results, i)
        nothing = 0
        find_slots(row, &counters[row.counters, 0], visits, &nothing, &slots)
        settle_row(row, &words[row.plan, 0], &slots, result)
        if pay and row.account >= 0:
            pay_account(row, &balances[row.account], result)
        if pay and row.relation and row.family >= 0:
            pay_family(row, &balances[row.family], result)


# Boundary.

cdef object check_range(Py_ssize_t number, str field, int64_t value, int64_t first, int64_t last):
    if not first <= value <= last:
        raise ValueError(f"rows[{number}].{field}: found {value}, expected {first} to {last}")


cdef object check_row(
    Py_ssize_t number, const Row *row, const Limits *limits,
):
    """Raise for the first field that is out of limits."""
    check_range(number, "in_scope", row.in_scope, 0, AMOUNT_MAX_FEN)
    check_range(number, "pre_payment", row.pre_payment, 0, AMOUNT_MAX_FEN)
    check_range(number, "over_limit", row.over_limit, 0, AMOUNT_MAX_FEN)
    check_range(number, "non_covered", row.non_covered, 0, AMOUNT_MAX_FEN)
    check_range(number, "liable", row.liable, -1, AMOUNT_MAX_FEN)
    check_range(number, "counters", row.counters, 0, limits.counters - 1)
    check_range(number, "visit", row.visit, -1, limits.visits - 1)
    check_range(number, "borne", row.borne, -1, limits.visits - 1)
    check_range(number, "cost", row.cost, -1, limits.visits - 1)
    check_range(number, "disease", row.disease, -1, limits.visits - 1)
    check_range(number, "month", row.month, -1, limits.visits - 1)
    check_range(number, "day", row.day, -1, limits.visits - 1)
    check_range(number, "paid", row.paid, -1, limits.visits - 1)
    check_range(number, "deductible_at", row.deductible_at, 0, NOWHERE)
    check_range(number, "paid_at", row.paid_at, 0, NOWHERE)
    check_range(number, "plan", row.plan, 0, limits.plans - 1)
    check_range(number, "status", row.status, 0, STATUSES - 1)
    check_range(number, "level", row.level, 0, LEVELS - 1)
    check_range(number, "rate_level", row.rate_level, 0, LEVELS)
    check_range(number, "place", row.place, 0, PLACES - 1)
    check_range(number, "relation", row.relation, 0, RELATIONS)
    if limits.pay:
        check_range(number, "account", row.account, -1, limits.balances - 1)
        check_range(number, "family", row.family, -1, limits.balances - 1)


cdef object check_width(str name, Py_ssize_t found, Py_ssize_t expected):
    if found != expected:
        raise ValueError(f"{name}: found {found} in a line, expected {expected}")


cdef Records records_of(str name, const Py_buffer *held, Py_ssize_t size) except *:
    """Return where records of so many bytes stand in the memory of an array."""
    cdef Records found

    if held.ndim != 1 or held.itemsize != size:
        raise ValueError(
            f"{name}: found {held.ndim} dimensions of {held.itemsize} bytes, expected 1 of {size}"
        )
    found.first = <char *>held.buf
    found.step = held.strides[0]
    found.count = held.shape[0]
    return found


cdef object check_count(Py_ssize_t rows, Py_ssize_t results):
    if results != rows:
        raise ValueError(f"results: found {results}, expected {rows}, one for each row")


cdef object settle_held(
    const Records *rows,            # IN
    const int64_t[:, ::1] words,    # IN
    int64_t[:, ::1] counters,       # IN and OUT
    int64_t[::1] visits,            # IN and OUT
    const Records *results,         # OUT
    int64_t[::1] balances,          # IN and OUT, or None
):
    """Check everything, then settle."""
    cdef Py_ssize_t bad
    cdef bint pay = balances is not None
    cdef Limits limits

    check_count(rows.count, results.count)
    check_width("words", words.shape[1], PLAN_WORDS)
    check_width("counters", counters.shape[1], COUNTERS_PER_MEMBER_YEAR)
    limits.plans = words.shape[0]
    limits.counters = counters.shape[0]
    limits.visits = visits.shape[0]
    limits.pay = pay
    limits.balances = balances.shape[0] if pay else 0
    with nogil:
        bad = first_out_of_limits(rows, &limits)
        if bad == rows.count:
            settle_rows(rows, words, counters, visits, results, balances, pay)
    if bad < rows.count:
        check_row(bad, row_at(rows, bad), &limits)


def settle(
    rows not None,
    const int64_t[:, ::1] words not None,
    int64_t[:, ::1] counters not None,
    int64_t[::1] visits not None,
    results not None,
    int64_t[::1] balances=None,
):
    """Settle rows in order: write `results`, move `counters`, `visits` and `balances`.

    Fields of records are taken to stand where the layouts have them: the caller has compared.

    Args:
        rows: Records of `layout.ROW`.
        words: A packed plan a line, see `engine.rules.words`; what the rows' `plan` counts in.
        counters: A line of counters a member-year; changed in place.
        visits: Counters with keys of their own, in fen, which the rows' slots count in;
            changed in place.
        results: Records of `layout.RESULT`, as many as rows; overwritten.
        balances: Fen on each account; changed in place. Without them no account pays.

    Raises:
        ValueError: naming row and field; nothing was changed.
    """
    cdef Py_buffer read, written
    cdef Records of_rows, of_results

    PyObject_GetBuffer(rows, &read, PyBUF_STRIDES)
    try:
        PyObject_GetBuffer(results, &written, PyBUF_STRIDES | PyBUF_WRITABLE)
        try:
            of_rows = records_of("rows", &read, sizeof(Row))
            of_results = records_of("results", &written, sizeof(Result))
            settle_held(&of_rows, words, counters, visits, &of_results, balances)
        finally:
            PyBuffer_Release(&written)
    finally:
        PyBuffer_Release(&read)


def first_row(const Row[:] rows not None):
    """Return the first row by field names, so that the caller can compare its own names."""
    return rows[0]


def first_result(const Result[:] results not None):
    """Return the first result by field names, so that the caller can compare its own names."""
    return results[0]


def amount_max_fen():
    """Return the largest amount of one field."""
    return AMOUNT_MAX_FEN
