# cython: autotestdict=False
"""The sums of new settlements, looked at by compiled code; `engine.kernel` names what is wrong."""

from libc.stdint cimport int64_t

from engine._fast cimport Result


cdef inline bint adds_up(const Result *r) noexcept nogil:
    """Return whether bill, basis, payers and the person's own share add up."""
    cdef int64_t basis = (
        r.deductible + r.copay + r.cut_visit + r.cut_day + r.cut_month + r.cut_annual
        + r.cut_disease + r.cut_pooled + r.pooled_fund
    )
    cdef int64_t accounts = r.account + r.family_account + r.cash

    return (
        r.total == r.non_covered + r.over_limit + r.pre_payment + r.excluded + r.in_scope
        # A package is priced as a whole: its basis is not made of what is in scope.
        and (r.in_scope == basis or r.cite_standard_price > 0)
        and r.total == r.pooled_fund + r.large_amount_fund + r.institution_share + accounts
        and r.person == accounts
    )


cdef inline bint is_within(const Result *r) noexcept nogil:
    """Return whether no part is larger than what it is a part of."""
    return (
        r.first_pay <= r.pre_payment
        and r.account <= r.account_allowed
        and r.family_account <= r.family_allowed
        and r.pooled_counted <= r.pooled_fund
        and r.large_amount_fund <= r.burden_counted
    )


cdef inline bint is_negative(const Result *r) noexcept nogil:
    """Return whether anything is negative that may not be: all but the institution's share."""
    # The sign of an or is that of any of its parts.
    return (
        r.total | r.non_covered | r.over_limit | r.pre_payment | r.first_pay | r.excluded
        | r.in_scope | r.deductible | r.copay | r.cut_visit | r.cut_day | r.cut_month
        | r.cut_annual | r.cut_disease | r.cut_pooled | r.pooled_fund | r.large_amount_fund
        | r.person | r.account | r.family_account | r.cash | r.account_allowed | r.family_allowed
        | r.pooled_counted | r.burden_counted
    ) < 0


def first_broken(const Result[:] results not None):
    """Return the position of the first row whose sums do not hold, -1 if all do."""
    cdef Py_ssize_t n, found = -1
    cdef const Result *result

    with nogil:
        for n in range(results.shape[0]):
            result = &results[n]
            if not adds_up(result) or not is_within(result) or is_negative(result):
                found = n
                break
    return found
