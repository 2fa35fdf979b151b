"""What the compiled kernel takes: a part of `_fast.pyx`."""

# Limits. A negative number is too large when read without its sign.

cdef inline bint is_amount(int64_t fen) noexcept nogil:
    return <uint64_t>fen <= <uint64_t>AMOUNT_MAX_FEN


cdef inline bint has_no_rare(const Row *row) noexcept nogil:
    """Return whether a row has none of the slots that most rows have none of: all are -1."""
    return (row.cost & row.disease & row.month & row.day & row.paid) == -1


cdef inline bint is_below_or_none(int64_t value, int64_t end) noexcept nogil:
    """Return whether it is from 0 to below `end`, or -1 for none."""
    return <uint64_t>(value + 1) <= <uint64_t>end


cdef inline bint is_below(int64_t value, int64_t end) noexcept nogil:
    return <uint64_t>value < <uint64_t>end


cdef inline bint is_settleable(
    const Row *row, const Limits *limits,  # IN
) noexcept nogil:
    return (
        is_amount(row.in_scope)
        and is_amount(row.pre_payment)
        and is_amount(row.over_limit)
        and is_amount(row.non_covered)
        and is_below_or_none(row.liable, AMOUNT_MAX_FEN + 1)
        and is_below(row.counters, limits.counters)
        and is_below_or_none(row.visit, limits.visits)
        and is_below_or_none(row.borne, limits.visits)
        and (
            has_no_rare(row)
            or (
                is_below_or_none(row.cost, limits.visits)
                and is_below_or_none(row.disease, limits.visits)
                and is_below_or_none(row.month, limits.visits)
                and is_below_or_none(row.day, limits.visits)
                and is_below_or_none(row.paid, limits.visits)
            )
        )
        and row.deductible_at <= NOWHERE
        and row.paid_at <= NOWHERE
        and is_below(row.plan, limits.plans)
        and row.status < STATUSES
        and row.level < LEVELS
        and row.rate_level <= LEVELS
        and row.place < PLACES
        and row.relation <= RELATIONS
        and (
            not limits.pay
            or (
                is_below_or_none(row.account, limits.balances)
                and is_below_or_none(row.family, limits.balances)
            )
        )
    )


cdef Py_ssize_t first_out_of_limits(
    const Records *rows, const Limits *limits,  # IN
) noexcept nogil:
    """Return the position of the first row that is out of limits, or the number of rows."""
    cdef Py_ssize_t i

    for i in range(rows.count):
        if not is_settleable(row_at(rows, i), limits):
            return i
    return rows.count
