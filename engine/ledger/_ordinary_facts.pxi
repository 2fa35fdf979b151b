"""What one ordinary claim says, and the registers of it: a part of `_ordinary.pyx`."""

# Values of a claim.

cdef inline bint is_number(object value, int64_t lowest, int64_t *fen):
    """Read a number; return whether it is from `lowest` to the largest amount, in fen."""
    cdef int overflow = 0

    fen[0] = PyLong_AsLongLongAndOverflow(value, &overflow)
    return overflow == 0 and lowest <= fen[0] <= AMOUNT_MAX_FEN


cdef inline bint is_plain_id(object text):
    """Return whether a text is an id, or empty, that needs no closer look."""
    cdef Py_ssize_t size = 0, n
    cdef const char *data

    if not PyUnicode_Check(text) or not PyUnicode_IS_ASCII(text):
        return False
    data = PyUnicode_AsUTF8AndSize(text, &size)
    if size == 0:
        return True
    if size > ID_LENGTH_MAX or data[0] == c" " or data[size - 1] == c" ":
        return False
    for n in range(size):
        if not 0x20 <= data[n] <= 0x7E:
            return False
    return True


cdef inline bint same_start(str a, str b, size_t digits):
    """Return whether two administrative codes, of six digits each, begin alike."""
    cdef Py_ssize_t size = 0

    return memcmp(PyUnicode_AsUTF8AndSize(a, &size), PyUnicode_AsUTF8AndSize(b, &size), digits) == 0


cdef inline bint is_within(object days, int64_t day):
    """Return whether a day is in an `Interval`."""
    return <int64_t>(<tuple>days)[0] <= day <= <int64_t>(<tuple>days)[1]


cdef inline bint covers(tuple intervals, int64_t day):
    for days in intervals:
        if is_within(days, day):
            return True
    return False


cdef inline int64_t first_of_next_month(int64_t day):
    cdef int64_t month = day - day % 100

    return month + (10_000 - 1_100 if month % 10_000 == 1_200 else 100) + 1


cdef class Here:
    """What a claim needs to know of an institution."""

    cdef object item
    cdef int32_t number
    cdef int kind
    cdef uint8_t level
    cdef str area, id, parent, host
    cdef tuple designated, networked
    cdef object offer
    cdef bint always_admitted
    # Places of the ids above among the texts that the facts of members name.
    cdef int32_t chosen_as, chosen_by_parent, chosen_by_host

    def __init__(self, item, int32_t number, offer, MemberFacts known):
        self.item = item
        self.number = number
        self.kind = item.kind
        self.level = item.level
        self.area, self.id, self.parent, self.host = item.area, item.id, item.parent, item.host
        self.designated, self.networked = item.designated, item.networked
        self.offer = offer
        self.always_admitted = offer in item.offers
        self.chosen_as = known.number_of(self.id)
        self.chosen_by_parent = known.number_of(self.parent)
        self.chosen_by_host = known.number_of(self.host)

    cdef bint is_chosen(self, str selected):
        """Return whether the selection of an institution covers a visit here."""
        return bool(selected) and selected in (self.id, self.parent, self.host)

    cdef bint is_admitted(self, int64_t day):
        return self.always_admitted or self.item.is_admitted(self.offer, day)


cdef class Day:
    """What the plan of a city says of ordinary care on a day."""

    cdef object rules
    cdef tuple visit_caps
    cdef bint simple
    cdef int deductible_kind
    cdef int32_t plan
    cdef bint rate_of_selected
    cdef uint8_t deductible_at, paid_at, visit_by, visit_by_filled

    def __init__(self, int32_t plan, rules, visit_by_filled, bint simple):
        self.plan, self.rules, self.simple = plan, rules, simple
        self.deductible_kind = rules.deductible_kind
        self.visit_caps = rules.visit_cap_fen
        self.rate_of_selected = rules.rate_of_selected
        self.deductible_at, self.paid_at = rules.deductible_at, rules.paid_at
        self.visit_by, self.visit_by_filled = rules.visit_by, visit_by_filled


# Of one claim, while it is looked at: what the register has, and what was sent, checked.
cdef struct Sent:
    int64_t total
    int64_t in_scope
    int64_t pre_payment
    int64_t over_limit
    int64_t non_covered
    int64_t liable
    int64_t day
    uint8_t liability
    uint8_t flags


cdef bint read_amounts(tuple claim, Sent *sent):
    """Read the bill; return whether it needs no closer look."""
    return (
        is_number(claim[CLAIM_TOTAL_FEN], 0, &sent.total)
        and is_number(claim[CLAIM_IN_SCOPE_FEN], 0, &sent.in_scope)
        and is_number(claim[CLAIM_PRE_PAYMENT_FEN], 0, &sent.pre_payment)
        and is_number(claim[CLAIM_OVER_LIMIT_FEN], 0, &sent.over_limit)
        and is_number(claim[CLAIM_NON_COVERED_FEN], 0, &sent.non_covered)
        and is_number(claim[CLAIM_LIABLE_FEN], -1, &sent.liable)
        and sent.in_scope + sent.pre_payment + sent.over_limit + sent.non_covered == sent.total
    )


cdef bint read_sent(tuple claim, Sent *sent):
    """Read what was sent; return whether it is of an ordinary claim."""
    cdef int64_t until = 0, benefit = 0, liability = 0

    if (
        claim[CLAIM_LINES]
        or claim[CLAIM_PAYER]
        or claim[CLAIM_ADMISSION]
        or claim[CLAIM_PAPERS]
        or not read_amounts(claim, sent)
        or not is_number(claim[CLAIM_SERVICE_DATE], 0, &sent.day)
        or not is_number(claim[CLAIM_UNTIL_DATE], 0, &until)
        or not is_number(claim[CLAIM_BENEFIT], 0, &benefit)
        or not is_number(claim[CLAIM_LIABILITY], 0, &liability)
        or until != sent.day
        or benefit != BENEFIT_ORDINARY
        or liability > LIABILITY_LAST
        or (sent.liable >= 0 and not liability)
        or not claim[CLAIM_REQUEST_ID]
    ):
        return False
    sent.liability = <uint8_t>liability
    sent.flags = <uint8_t>(
        (FLAG_EMERGENCY if claim[CLAIM_EMERGENCY] else 0)
        | (FLAG_REFERRED if claim[CLAIM_REFERRED] else 0)
        | (FLAG_STATEMENT if claim[CLAIM_STATEMENT] else 0)
        | (FLAG_MANUAL if claim[CLAIM_MANUAL] else 0)
        | (FLAG_USE_ACCOUNT if claim[CLAIM_USE_ACCOUNT] else 0)
    )
    return (
        is_plain_id(claim[CLAIM_REQUEST_ID])
        and is_plain_id(claim[CLAIM_VISIT])
        and is_plain_id(claim[CLAIM_DISEASE])
        and is_plain_id(claim[CLAIM_PRESCRIPTION])
    )


cdef uint32_t sent_bits(const Sent *sent):
    """Return the facts that the claim itself says."""
    cdef uint32_t bits = FACT_ORDINARY

    if sent.liability == LIABILITY_MATERNITY:
        bits |= FACT_MATERNITY
    elif sent.liability:
        bits |= FACT_LIABLE
        if sent.liable >= 0:
            bits |= FACT_LIABLE_IN_PART
    if sent.flags & FLAG_EMERGENCY:
        bits |= FACT_EMERGENCY
    if sent.flags & FLAG_REFERRED:
        bits |= FACT_REFERRED
    if sent.flags & FLAG_STATEMENT:
        bits |= FACT_STATEMENT
    if sent.flags & FLAG_MANUAL:
        bits |= FACT_MANUAL
    if sent.flags & FLAG_USE_ACCOUNT:
        bits |= FACT_USE_ACCOUNT
    return bits


cdef uint32_t institution_bits(Here here, Here treating, Here prescriber, int64_t day):
    """Return the facts that the institutions of a claim add."""
    cdef uint32_t bits = 0

    if here.kind == KIND_PHARMACY:
        bits |= FACT_PHARMACY
    if not covers(here.designated, day):
        bits |= FACT_NOT_DESIGNATED
    if not covers(here.networked, day):
        bits |= FACT_NOT_NETWORKED
    if not here.is_admitted(day):
        bits |= FACT_NOT_OFFERED
    if prescriber is not None and prescriber.kind != KIND_PHARMACY:
        bits |= FACT_PRESCRIBER
    if treating.kind == KIND_SPECIALIST:
        bits |= FACT_SPECIALIST
    return bits


cdef uint32_t member_bits(member, Here treating, int64_t day):
    """Return the facts that the member's entry adds."""
    cdef uint32_t bits = 0

    if covers(member.arrears, day):
        bits |= FACT_IN_ARREARS
    for stay in member.stays:
        if <int64_t>(<tuple>stay)[1] <= day < <int64_t>(<tuple>stay)[2]:
            bits |= FACT_IN_STAY
    for selection in member.selections:
        if is_within((<tuple>selection)[1], day) and treating.is_chosen((<tuple>selection)[0]):
            bits |= FACT_SELECTED
    for referral in member.referrals:
        if is_within((<tuple>referral)[2], day) and (<tuple>referral)[1] == treating.id:
            bits |= FACT_REFERRED
    return bits


cdef uint32_t plain_bits(const Facts *facts, Here treating, int64_t day):
    """Return the facts that the entry of a plain member adds."""
    cdef int32_t selected = facts.selected

    if not selected or not facts.selected_from <= day <= facts.selected_to:
        return 0
    if selected in (treating.chosen_as, treating.chosen_by_parent, treating.chosen_by_host):
        return FACT_SELECTED
    return 0


cdef uint8_t place_of(tuple filings, str city, Here here, int64_t day, uint32_t *bits):
    """Return where the care was given, and add the facts that say so."""
    cdef bint other_province

    if same_start(here.area, city, 4):
        return PLACE_LOCAL
    other_province = not same_start(here.area, city, 2)
    bits[0] |= FACT_OUTSIDE_CITY
    if other_province:
        bits[0] |= FACT_OUTSIDE_PROVINCE
    for filing in filings:
        if is_within((<tuple>filing)[2], day) and is_filed_for((<tuple>filing)[1], here.area):
            bits[0] |= FACT_FILED
            return PLACE_FILED
    return PLACE_OTHER_PROVINCE if other_province else PLACE_OTHER_CITY


cdef bint is_filed_for(str filed, str area):
    return same_start(filed, area, 2 if filed.endswith("0000") else 4)


cdef uint8_t status_on(uint8_t status, int64_t retired_on, int64_t day):
    if not retired_on:
        return status
    return STATUS_RETIRED if day >= first_of_next_month(retired_on) else STATUS_ACTIVE


cdef bytes text_of(tuple claim, Claim *record):
    """Return the texts of a claim one after the other, and note their lengths."""
    cdef Py_ssize_t n
    cdef Py_ssize_t sizes[4]
    cdef const char *texts[4]
    cdef char *at
    cdef bytes whole

    texts[0] = PyUnicode_AsUTF8AndSize(claim[CLAIM_REQUEST_ID], &sizes[0])
    texts[1] = PyUnicode_AsUTF8AndSize(claim[CLAIM_VISIT], &sizes[1])
    texts[2] = PyUnicode_AsUTF8AndSize(claim[CLAIM_DISEASE], &sizes[2])
    texts[3] = PyUnicode_AsUTF8AndSize(claim[CLAIM_PRESCRIPTION], &sizes[3])
    whole = PyBytes_FromStringAndSize(NULL, sizes[0] + sizes[1] + sizes[2] + sizes[3])
    at = PyBytes_AS_STRING(whole)
    for n in range(4):
        memcpy(at, texts[n], sizes[n])
        at += sizes[n]
    record.request_id_length = <uint8_t>sizes[0]
    record.visit_length = <uint8_t>sizes[1]
    record.disease_length = <uint8_t>sizes[2]
    record.prescription_length = <uint8_t>sizes[3]
    return whole


cdef void fill_claim(const Sent *sent, tuple claim, Claim *record):
    record.total = sent.total
    record.in_scope = sent.in_scope
    record.pre_payment = sent.pre_payment
    record.over_limit = sent.over_limit
    record.non_covered = sent.non_covered
    record.liable = sent.liable
    record.service_date = record.until_date = <int32_t>sent.day
    record.benefit = BENEFIT_ORDINARY
    record.liability = sent.liability
    record.flags = sent.flags
    record.payer = -1


cdef void fill_row(const Sent *sent, Day day, Row *row):
    row.in_scope = sent.in_scope
    row.pre_payment = sent.pre_payment
    row.over_limit = sent.over_limit
    row.non_covered = sent.non_covered
    row.liable = sent.liable
    row.plan = day.plan
    row.year = <int16_t>(sent.day // 10_000)
    row.benefit = BENEFIT_ORDINARY
    row.visit = row.borne = row.borne_at = row.cost = row.disease = -1
    row.month = row.day = row.paid = row.family = -1
    row.deductible_at = day.deductible_at
    row.paid_at = day.paid_at
    row.visit_by = day.visit_by
    if row.facts & FACT_PHARMACY and row.facts & FACT_PRESCRIBER:
        row.visit_by = day.visit_by_filled
