"""What the compiled kernel takes: a part of `_fast.pyx`."""

# Limits. A negative number is too large when read without its sign.

cdef inline bint is_amount(int64_t fen) noexcept nogil:
    return <uint64_t>fen <= <uint64_t>AMOUNT_MAX_FEN


cdef inline bint has_no_rare(const Row *row) noexcept nogil:
    """Return whether a row has none of the slots that most rows have none of: all are -1."""
    return (row.borne & row.cost & row.disease & row.month & row.day & row.paid) == -1


cdef inline bint is_settleable(
    const Row *row, const Limits *limits,  # IN
) noexcept nogil:
    return (
        is_amount(row.in_scope)
        and is_amount(row.pre_payment)
        and is_amount(row.over_limit)
        and is_amount(row.non_covered)
        and -1 <= row.liable <= AMOUNT_MAX_FEN
        and 0 <= row.counters < limits.counters
        and -1 <= row.visit < limits.visits
        and (
            has_no_rare(row)
            or (
                -1 <= row.borne < limits.visits
                and -1 <= row.cost < limits.visits
                and -1 <= row.disease < limits.visits
                and -1 <= row.month < limits.visits
                and -1 <= row.day < limits.visits
                and -1 <= row.paid < limits.visits
            )
        )
        and row.deductible_at <= NOWHERE
        and row.paid_at <= NOWHERE
        and 0 <= row.plan < limits.plans
        and row.status < STATUSES
        and row.level < LEVELS
        and row.rate_level <= LEVELS
        and row.place < PLACES
        and row.relation <= RELATIONS
        and (
            not limits.pay
            or (-1 <= row.account < limits.balances and -1 <= row.family < limits.balances)
        )
    )


cdef Py_ssize_t first_out_of_limits(
    const Row[:] rows, const Limits *limits,  # IN
) noexcept nogil:
    """Return the position of the first row that is out of limits, or the number of rows."""
    cdef Py_ssize_t i

    for i in range(rows.shape[0]):
        if not is_settleable(&rows[i], limits):
            return i
    return rows.shape[0]
