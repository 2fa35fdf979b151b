# Steps 3 to 6 and 10 of the compiled kernel: deductible, rate, caps, counters; and packages.
# Functions are declared before they are used.

cdef inline int64_t remaining_deductible(
    const Row *row,         # IN
    const int64_t *plan,    # IN
    const int64_t *group,   # IN
    const Slots *slots,     # IN
) noexcept nogil:
    """Return what the person has still to bear before the fund pays."""
    cdef int64_t kind = plan[HEAD_DEDUCTIBLE_KIND]
    cdef int64_t before

    if kind == DEDUCTIBLE_NONE:
        return 0
    if slots.counters[FLAGS] & DEDUCTIBLE_MET and row.deductible_at != SPECIAL_DEDUCTIBLE:
        if row.deductible_at != NOWHERE:
            return 0
    if kind == DEDUCTIBLE_EACH:
        return group[GROUP_DEDUCTIBLE]
    before = cost_so_far(slots) if kind == DEDUCTIBLE_COST else slots.borne[0]
    return larger(0, group[GROUP_DEDUCTIBLE] - before)


cdef inline int64_t left_of_year(
    const int64_t *plan,    # IN
    const int64_t *group,   # IN
    int64_t rate,           # IN
    const Slots *slots,     # IN
    const Result *result,   # IN
) noexcept nogil:
    """Return what the annual cap, which there is, leaves the fund to pay."""
    cdef int64_t cap = group[GROUP_ANNUAL_CAP]
    cdef int64_t inside

    if (plan[HEAD_COUNTS] & CAPS_COST) == 0:
        return larger(0, cap - slots.paid[0])
    inside = smaller(result.in_scope, larger(0, cap - cost_so_far(slots)))
    return mul_bp_half_up(larger(0, inside - result.deductible), rate)


cdef inline int64_t share_by_brackets(
    const Row *row,         # IN
    const int64_t *plan,    # IN
    int64_t rate,           # IN: the word of the first bracket
    int64_t base,           # IN
    const Slots *slots,     # IN
    Result *result,         # IN and OUT
) noexcept nogil:
    """Return the fund's share of `base`, the last of the year's cost, rounded once."""
    cdef int level = row.rate_level - 1 if row.rate_level else row.level
    cdef const int64_t *word = (
        plan + BRACKETS + (level * STATUSES + row.status) * PLACES + row.place
    )
    cdef int64_t last = cost_so_far(slots) + result.in_scope
    cdef int64_t low = last - base
    cdef int64_t high, product = 0
    cdef int64_t n, count = plan[HEAD_BRACKETS]
    cdef bint begun = False

    for n in range(count + 1):
        high = smaller(plan[HEAD_ABOVE + n], last) if n < count else last
        if not begun and (n == count or low < plan[HEAD_ABOVE + n]):
            begun = True
            result.cite_rate = cite_of(rate)
        elif begun and high > low:
            result.cite_rate_above = cite_of(rate)
        if begun and high > low:
            product += (high - low) * rate_of(rate)
            low = high
        if n < count:
            rate = word[n * BRACKET_WORDS]
    return <int64_t>((<uint64_t>product + BP // 2) // BP)


cdef inline int64_t cut_to(
    int64_t paid,           # IN: before the cap
    int64_t left,           # IN: of the cap
    int64_t *cut,           # OUT
) noexcept nogil:
    """Return what a cap leaves, and say what it cut."""
    cdef int64_t kept = smaller(paid, larger(0, left))

    cut[0] = paid - kept
    return kept


cdef inline int64_t cap_spans(
    const Row *row,         # IN
    const int64_t *plan,    # IN
    int64_t paid,           # IN
    bint cited,             # IN
    const Slots *slots,     # IN and OUT
    Result *result,         # OUT
) noexcept nogil:
    """Return what the caps of a day and a month leave; their counters move afterwards."""
    cdef const int64_t *span = plan + SPANS + (row.level * STATUSES + row.status) * SPAN_WORDS

    if slots.day_paid != NULL:
        result.day_paid_before = slots.day_paid[0]
        if span[SPAN_DAY_CAP] != NO_CAP:
            paid = cut_to(paid, span[SPAN_DAY_CAP] - slots.day_paid[0], &result.cut_day)
            result.cite_day_cap = <uint16_t>(span[SPAN_CITES] & 0xFFFF) if cited else 0
    if slots.month_paid != NULL:
        result.month_paid_before = slots.month_paid[0]
        if span[SPAN_MONTH_CAP] != NO_CAP:
            paid = cut_to(paid, span[SPAN_MONTH_CAP] - slots.month_paid[0], &result.cut_month)
            result.cite_month_cap = cite_of(span[SPAN_CITES]) if cited else 0
    return paid


cdef inline int64_t price_package(
    const int64_t *plan,    # IN
    int64_t rate,           # IN: the rate's word
    Result *result,         # OUT
) noexcept nogil:
    """Return the fund's share of the standard price; the person's is of the bill up to it."""
    cdef int64_t bounded = smaller(result.total - result.excluded, plan[HEAD_STANDARD_PRICE])

    result.deductible = 0
    result.copay = bounded - mul_bp_half_up(bounded, rate_of(rate))
    result.cite_rate = cite_of(rate)
    result.cite_standard_price = <uint16_t>(plan[HEAD_CITES] >> 3 * CITE_SHIFT)
    return mul_bp_half_up(plan[HEAD_STANDARD_PRICE], rate_of(rate))


cdef inline bint is_excluded_whole(
    const Row *row,         # IN
    const Verdict *verdict,     # IN
) noexcept nogil:
    """Return whether the fund pays nothing of the claim, whatever there is of it."""
    return verdict.whole or (verdict.excluded > 0 and verdict.excluded == row.in_scope)


cdef inline bint is_package(
    const Row *row,         # IN
    const int64_t *plan,    # IN
    const Verdict *verdict,     # IN
    const Result *result,   # IN
) noexcept nogil:
    if plan[HEAD_STANDARD_PRICE] == NO_CAP or result.total == result.excluded:
        return False
    return not is_excluded_whole(row, verdict)


cdef inline void move_counters(
    int64_t paid,           # IN
    const Slots *slots,     # IN and OUT
    Result *result,         # IN and OUT
) noexcept nogil:
    """Step 10: say what the counters were, and add what was borne and what was paid."""
    result.deductible_before = slots.borne[0]
    result.paid_before = slots.paid[0]
    result.pooled_paid_before = slots.counters[POOLED_PAID]
    slots.borne[0] += result.deductible
    slots.paid[0] += paid
    slots.counters[POOLED_PAID] += result.pooled_counted
    if slots.visit_paid != NULL:
        slots.visit_paid[0] += paid
    if slots.rare:
        if slots.disease_paid != NULL:
            slots.disease_paid[0] += paid
        if slots.month_paid != NULL:
            slots.month_paid[0] += paid
        if slots.day_paid != NULL:
            slots.day_paid[0] += paid
        if slots.cost != NULL:
            result.cost_before = slots.cost[0]
            slots.cost[0] += result.in_scope


cdef inline void write_basis(
    const Row *row,         # IN
    const int64_t *plan,    # IN
    const int64_t *group,   # IN
    int64_t rate,           # IN: the rate's word
    int64_t remaining,      # IN: of the deductible
    const Verdict *verdict,     # IN
    const Slots *slots,     # IN and OUT
    Result *result,         # OUT
) noexcept nogil:
    """Steps 3 to 6 and 10: deductible, rate, caps, counters."""
    cdef int64_t *counters = slots.counters
    cdef int64_t in_scope = result.in_scope
    cdef int64_t cites = group[GROUP_CITES] if in_scope > 0 else 0
    cdef int64_t paid, deductible
    cdef bint pooled = plan[HEAD_COUNTS] & COUNTS_POOLED
    cdef bint package = is_package(row, plan, verdict, result)
    cdef bint cited = in_scope > 0 or package

    if package:
        cites = group[GROUP_CITES]
        paid = price_package(plan, rate, result)
    else:
        deductible = smaller(in_scope, remaining)
        result.deductible = deductible
        result.cite_deductible = <uint16_t>(cites & 0xFFFF)
        result.cite_rate = cite_of(rate) if in_scope > 0 else 0
        if plan[HEAD_BRACKETS] and in_scope > 0:
            paid = share_by_brackets(row, plan, rate, in_scope - deductible, slots, result)
        else:
            paid = mul_bp_half_up(in_scope - deductible, rate_of(rate))
        result.copay = in_scope - deductible - paid

    if slots.visit_paid != NULL:
        result.visit_paid_before = slots.visit_paid[0]
        if group[GROUP_VISIT_CAP] != NO_CAP:
            paid = cut_to(paid, group[GROUP_VISIT_CAP] - slots.visit_paid[0], &result.cut_visit)
            result.cite_visit_cap = cite_of(cites)
    if slots.rare:
        paid = cap_spans(row, plan, paid, cited, slots, result)
    if group[GROUP_ANNUAL_CAP] != NO_CAP:
        paid = cut_to(
            paid, left_of_year(plan, group, rate_of(rate), slots, result), &result.cut_annual
        )
        result.cite_annual_cap = cite_of(cites >> CITE_SHIFT)
    if slots.rare and slots.disease_paid != NULL:
        result.disease_paid_before = slots.disease_paid[0]
        if plan[HEAD_DISEASE_CAP] != NO_CAP:
            paid = cut_to(
                paid, plan[HEAD_DISEASE_CAP] - slots.disease_paid[0], &result.cut_disease
            )
            result.cite_disease_cap = cite_of(plan[HEAD_CITES] >> CITE_SHIFT) if cited else 0
    if pooled and plan[HEAD_POOLED_CAP] != NO_CAP:
        paid = cut_to(paid, plan[HEAD_POOLED_CAP] - counters[POOLED_PAID], &result.cut_pooled)
        result.cite_pooled_cap = <uint16_t>(plan[HEAD_CITES] & 0xFFFF) if cited else 0
    result.pooled_fund = paid
    result.pooled_counted = paid if pooled else 0
    move_counters(paid, slots, result)


cdef inline int64_t bear_package(
    const int64_t *plan,    # IN
    int64_t rate,           # IN: the rate's word
    Result *result,         # IN and OUT
) noexcept nogil:
    """Step 9 of a package: return what the person bears, and say what the institution does."""
    cdef int64_t price = plan[HEAD_STANDARD_PRICE]
    cdef int64_t bounded = smaller(result.total - result.excluded, price)
    cdef int64_t by_rate = mul_bp_half_up(price, rate_of(rate))
    cdef int64_t surplus = by_rate - mul_bp_half_up(bounded, rate_of(rate))
    cdef int64_t person = result.excluded + result.copay

    person += larger(0, by_rate - result.pooled_fund - surplus)
    result.institution_share = result.total - result.pooled_fund - person
    return person
