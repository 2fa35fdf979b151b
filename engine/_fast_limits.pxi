"""What the compiled kernel takes: a part of `_fast.pyx`."""

# Limits. A negative number is too large when read without its sign.

cdef inline bint is_amount(int64_t fen) noexcept nogil:
    return <uint64_t>fen <= <uint64_t>AMOUNT_MAX_FEN


cdef inline bint has_no_rare(const Row *row) noexcept nogil:
    """Return whether a row has none of the slots that most rows have none of: all are -1."""
    return (row.borne & row.cost & row.disease & row.month & row.day & row.paid) == -1


cdef inline bint is_settleable(
    const Row *row, int64_t plans, int64_t counters, int64_t visits,  # IN
) noexcept nogil:
    return (
        is_amount(row.in_scope)
        and is_amount(row.pre_payment)
        and is_amount(row.over_limit)
        and is_amount(row.non_covered)
        and -1 <= row.liable <= AMOUNT_MAX_FEN
        and 0 <= row.counters < counters
        and -1 <= row.visit < visits
        and (
            has_no_rare(row)
            or (
                -1 <= row.borne < visits
                and -1 <= row.cost < visits
                and -1 <= row.disease < visits
                and -1 <= row.month < visits
                and -1 <= row.day < visits
                and -1 <= row.paid < visits
            )
        )
        and row.deductible_at <= NOWHERE
        and row.paid_at <= NOWHERE
        and 0 <= row.plan < plans
        and row.status < STATUSES
        and row.level < LEVELS
        and row.rate_level <= LEVELS
        and row.place < PLACES
        and row.relation <= RELATIONS
    )


cdef Py_ssize_t first_unsettleable(
    const Row[:] rows, int64_t plans, int64_t counters, int64_t visits,  # IN
) noexcept nogil:
    """Return the position of the first row that is out of limits, or the number of rows."""
    cdef Py_ssize_t i

    for i in range(rows.shape[0]):
        if not is_settleable(&rows[i], plans, counters, visits):
            return i
    return rows.shape[0]


cdef Py_ssize_t first_unpayable(const Row[:] rows, int64_t balances) noexcept nogil:
    """Return the position of the first row whose accounts are out of limits, or their number."""
    cdef Py_ssize_t i

    for i in range(rows.shape[0]):
        if not -1 <= rows[i].account < balances or not -1 <= rows[i].family < balances:
            return i
    return rows.shape[0]
