# cython: autotestdict=False
"""Ordinary claims made ready for the kernel, compiled: the same rows as `engine.ledger.prepare`.

Ordinary is what nearly every claim is: ordinary care of a registered member on one day, the bill in
four parts, nobody's account asked but the member's own, under a plan that is for all. Whatever else
a claim is, malformed and refused ones included, is left to `engine.ledger.prepare`, which decides
it in the words of the rules.
"""

from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_Check
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t
from libc.string cimport memcmp, memcpy

from engine._entry cimport Claim, Entry
from engine._fast cimport AMOUNT_MAX_FEN, NO_CAP, STATUSES, Row
from engine.ledger._member_facts cimport Facts, MemberFacts
from engine.state._ids cimport Ids

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    object PyBytes_FromStringAndSize(const char *data, Py_ssize_t size)
    char *PyBytes_AS_STRING(object data)
    PyObject *PyDict_GetItemWithError(object mapping, object key) except? NULL

# What this file and the rest of the engine must agree on; ordinary.py compares every member.
cpdef enum:
    ID_LENGTH_MAX = 64
    VISIT_NAMED = 0
    DEDUCTIBLE_INSTITUTION = 2
    BLOCK = 1024
    FACT_PHARMACY = 0x1
    FACT_PRESCRIBER = 0x2
    FACT_NOT_DESIGNATED = 0x4
    FACT_IN_ARREARS = 0x8
    FACT_IN_STAY = 0x10
    FACT_LIABLE = 0x20
    FACT_MATERNITY = 0x40
    FACT_OUTSIDE_CITY = 0x80
    FACT_OUTSIDE_PROVINCE = 0x100
    FACT_FILED = 0x200
    FACT_NOT_NETWORKED = 0x400
    FACT_MANUAL = 0x800
    FACT_SELECTED = 0x1000
    FACT_REFERRED = 0x2000
    FACT_EMERGENCY = 0x4000
    FACT_NOT_OFFERED = 0x8000
    FACT_ORDINARY = 0x2_0000
    FACT_STATEMENT = 0x80_0000
    FACT_USE_ACCOUNT = 0x100_0000
    FACT_LIABLE_IN_PART = 0x200_0000
    FACT_SPECIALIST = 0x4000_0000
    KIND_SPECIALIST = 2
    KIND_INTERNET_HOSPITAL = 5
    KIND_PHARMACY = 6
    MODE_COMBINED = 1
    BENEFIT_ORDINARY = 1
    STATUS_ACTIVE = 1
    STATUS_RETIRED = 2
    PLACE_LOCAL = 0
    PLACE_FILED = 1
    PLACE_OTHER_CITY = 2
    PLACE_OTHER_PROVINCE = 3
    LIABILITY_MATERNITY = 5
    LIABILITY_LAST = 5
    FLAG_EMERGENCY = 1
    FLAG_REFERRED = 2
    FLAG_STATEMENT = 4
    FLAG_MANUAL = 8
    FLAG_USE_ACCOUNT = 16
    CLAIM_INSTITUTION = 0
    CLAIM_REQUEST_ID = 1
    CLAIM_MEMBER = 2
    CLAIM_SERVICE_DATE = 3
    CLAIM_UNTIL_DATE = 4
    CLAIM_TOTAL_FEN = 5
    CLAIM_IN_SCOPE_FEN = 6
    CLAIM_PRE_PAYMENT_FEN = 7
    CLAIM_OVER_LIMIT_FEN = 8
    CLAIM_NON_COVERED_FEN = 9
    CLAIM_BENEFIT = 10
    CLAIM_VISIT = 11
    CLAIM_DISEASE = 12
    CLAIM_PRESCRIBER = 13
    CLAIM_ADMISSION = 14
    CLAIM_LIABILITY = 15
    CLAIM_LIABLE_FEN = 16
    CLAIM_EMERGENCY = 17
    CLAIM_REFERRED = 18
    CLAIM_STATEMENT = 19
    CLAIM_MANUAL = 20
    CLAIM_USE_ACCOUNT = 21
    CLAIM_LINES = 22
    CLAIM_PRESCRIPTION = 23
    CLAIM_PAPERS = 24
    CLAIM_PAYER = 25
    CLAIM_FIELDS = 26


include "_ordinary_facts.pxi"


cdef class Ordinary:
    """Fills entries for ordinary claims; it belongs to one state and to one set of rules."""

    cdef object state, day_of, offer_of, apart, no_visit, institution_items
    cdef dict days, member_numbers, institution_numbers
    cdef list members, institutions, heres
    cdef MemberFacts known
    cdef Ids ids
    # The state's arrays, looked at again whenever they may have grown.
    cdef int64_t year
    cdef const int64_t[::1] years, accounts, closed_by

    def __init__(self, state, day_of, offer_of, apart, no_visit):
        """Take what changes only with the state or the rules.

        Args:
            state: The `State`.
            day_of: Of a city and a day: a `Day`, or None where no claim is ordinary.
            offer_of: Of an institution: what it must be admitted for to give ordinary care.
            apart: Gives the slots of what counts apart, as `Apart`, where a plan is not simple.
            no_visit: The key of a visit that nothing was ever paid for.
        """
        self.state, self.day_of, self.offer_of = state, day_of, offer_of
        self.apart, self.no_visit = apart, no_visit
        self.days, self.heres = {}, []
        # An entry that nobody asked for yet is held as the bytes that it is made of.
        self.institution_items = state.institutions.items
        self.members, self.member_numbers = state.members.items.held, state.members.numbers
        self.institutions = state.institutions.items.held
        self.institution_numbers = state.institutions.numbers
        self.known = MemberFacts(state.members.items)
        self.ids = state.ids
        self.year = 0

    def fill(self, list claims, Py_ssize_t first, Entry[::1] entries, Py_ssize_t at,
             list texts, bint preview):
        """Fill entries for claims from `first` on, up to one that is not ordinary.

        Args:
            claims: `Claim`s.
            first: Position of the first of them.
            entries: Of `layout.ENTRY`, zero from `at` on; link and result stay so, but for `parts`.
            at: Position of the entry of the first claim; there is room for all.
            texts: The texts of each claim that was filled are appended.
            preview: Whether nothing is to be moved: then no request id is used up.

        Returns:
            The position of the claim where it stopped, the number of claims if nowhere.
        """
        cdef Py_ssize_t n
        cdef tuple claim

        if first > len(claims) or at < 0 or len(claims) - first > entries.shape[0] - at:
            raise ValueError(f"{entries.shape[0] - at} entries for {len(claims) - first} claims")
        self.look()
        for n in range(first, len(claims)):
            claim = <tuple>claims[n]  # a NamedTuple, which is no exact one
            if not self.fill_one(claim, &entries[at + n - first], texts, preview):
                return n
        return len(claims)

    cdef int look(self) except -1:
        """Look at the state's arrays again."""
        self.accounts = self.state.accounts.places.firsts
        self.closed_by = self.state.accounts.closed_by.values
        self.year = 0
        return 0

    cdef bint fill_one(self, tuple claim, Entry *entry, list texts, bint preview) except -1:
        """Fill the entry of one claim; return whether it is ordinary."""
        cdef Sent sent
        cdef Here here, treating, prescriber = None
        cdef Day day
        cdef Facts facts
        cdef object member = None  # of one who is not plain
        cdef str city
        cdef int64_t number
        cdef uint32_t bits
        cdef PyObject *found

        if not read_sent(claim, &sent):
            return False
        found = PyDict_GetItemWithError(self.member_numbers, claim[CLAIM_MEMBER])
        if found == NULL:
            return False
        number = <int64_t><object>found
        if self.known.find(number, &facts):
            city = self.known.texts[facts.city]
        else:
            member = self.members[number]
            city = member.city
        here = treating = self.here(claim[CLAIM_INSTITUTION])
        if here is None:
            return False
        if claim[CLAIM_PRESCRIBER]:
            prescriber = self.here(claim[CLAIM_PRESCRIBER])
            if prescriber is None:
                return False
            if here.kind == KIND_PHARMACY and prescriber.kind != KIND_PHARMACY:
                treating = prescriber
        if treating.kind == KIND_INTERNET_HOSPITAL:
            return False
        day = self.day(city, claim[CLAIM_SERVICE_DATE])
        if day is None:
            return False
        if not preview and not self.ids.take(here.number, claim[CLAIM_REQUEST_ID]):
            return False
        bits = sent_bits(&sent) | institution_bits(here, treating, prescriber, sent.day)
        if member is None:
            entry.row.place = place_of((), city, here, sent.day, &bits)
            entry.row.facts = bits | plain_bits(&facts, treating, sent.day)
            entry.row.status = status_on(facts.status, facts.retired_on, sent.day) - 1
        else:
            entry.row.place = place_of(member.filings, city, here, sent.day, &bits)
            entry.row.facts = bits | member_bits(member, treating, sent.day)
            entry.row.status = status_on(member.status, member.retired_on, sent.day) - 1
            facts.mode = member.mode
        fill_claim(&sent, claim, &entry.claim)
        entry.claim.member = <int32_t>number
        entry.claim.institution = here.number
        entry.claim.prescriber = -1 if prescriber is None else prescriber.number
        entry.row.level = treating.level - 1
        fill_row(&sent, day, &entry.row)
        if day.rate_of_selected and entry.row.place == PLACE_LOCAL:
            entry.row.rate_level = self.rate_level(member, &facts, sent.day)
        entry.row.counters = self.member_year(number, entry.row.year)
        entry.row.account = -1
        if facts.mode == MODE_COMBINED:
            entry.row.account = self.account(number)
        self.count_apart(day, preview, claim, here, treating, entry)
        entry.link.parts = 1
        texts.append(text_of(claim, &entry.claim))
        return True

    cdef Here here(self, object institution_id):
        """Return an institution, None if the register has it not."""
        cdef PyObject *found = PyDict_GetItemWithError(self.institution_numbers, institution_id)
        cdef Py_ssize_t number
        cdef Here here

        if found == NULL:
            return None
        number = <Py_ssize_t><object>found
        while number >= len(self.heres):
            self.heres.append(None)
        here = self.heres[number]
        item = self.institutions[number]
        if isinstance(item, bytes):
            item = self.institution_items[number]
        # What the register says may have been replaced: then it is another object.
        if here is None or here.item is not item:
            here = Here(item, <int32_t>number, self.offer_of(item), self.known)
            self.heres[number] = here
        return here

    cdef Day day(self, str city, object service_date):
        """Return what holds on a day, None where no claim is ordinary."""
        cdef dict days = self.days.get(city)
        cdef Day day

        if days is None:
            days = self.days[city] = {}
        day = days.get(service_date)
        if day is None:
            day = self.day_of(city, service_date)
            if day is not None:
                days[service_date] = day
        return day

    cdef int count_apart(
        self, Day day, bint preview, tuple claim, Here here, Here treating, Entry *entry,
    ) except -1:
        """Give a claim the slots of what counts beside the member-year's line."""
        cdef Row *row = &entry.row
        cdef bint capped = day.visit_caps[row.level * STATUSES + row.status] != NO_CAP

        if day.simple and (row.visit_by == VISIT_NAMED or not capped):
            if day.deductible_kind == DEDUCTIBLE_INSTITUTION:
                key = (entry.claim.member, row.year, treating.number, "")
                row.borne_at, row.borne = treating.number, self.state.visit(key)
            if capped:
                row.visit = self.named_visit(preview, claim, entry)
            return 0
        visit = (
            row.visit_by, claim[CLAIM_VISIT], claim[CLAIM_REQUEST_ID], here.number,
            treating.number, claim[CLAIM_SERVICE_DATE],
        )
        row.visit, row.borne, row.borne_at, row.cost, row.disease, row.month, row.day, row.paid = (
            self.apart(
                day.rules, preview, visit, entry.claim.member, row.year,
                claim[CLAIM_SERVICE_DATE], claim[CLAIM_DISEASE], treating.number, row.level,
                row.status, row.benefit,
            )
        )
        return 0

    cdef int32_t named_visit(self, bint preview, tuple claim, Entry *entry) except? -1:
        """Return the slot of the visit that a claim names, or of its own."""
        if claim[CLAIM_VISIT]:
            return self.state.visit(
                (entry.claim.member, entry.row.year, -1, claim[CLAIM_VISIT])
            )
        if preview:
            return self.state.visit(self.no_visit)
        return self.state.keyed.own()

    cdef uint8_t rate_level(self, member, const Facts *facts, int64_t day) except? 0:
        """Return the level of the institution that the member has selected, 0 for none."""
        if member is None:
            if facts.selected and facts.selected_from <= day <= facts.selected_to:
                return self.level_of(self.known.texts[facts.selected])
            return 0
        for selection in member.selections:
            if is_within((<tuple>selection)[1], day):
                return self.level_of((<tuple>selection)[0])
        return 0

    cdef uint8_t level_of(self, object institution_id) except? 0:
        """Return the level of an institution, or of its host; 0 if the register has it not."""
        cdef Here chosen = self.here(institution_id)

        if chosen is not None and chosen.kind == KIND_INTERNET_HOSPITAL:
            chosen = self.here(chosen.host)
        return 0 if chosen is None else chosen.level

    cdef int32_t member_year(self, int64_t number, int64_t year) except? -1:
        cdef int64_t block = number // BLOCK

        if year != self.year:
            blocks = self.state.member_years.get(year)
            if blocks is None:
                self.state.member_year(number, year)
                blocks = self.state.member_years[year]
            self.years, self.year = blocks.firsts, year
        if block >= self.years.shape[0] or self.years[block] < 0:
            self.state.member_year(number, year)
            self.years = self.state.member_years[year].firsts
        return <int32_t>(self.years[block] + number % BLOCK)

    cdef int32_t account(self, int64_t number) except? -1:
        """Return the slot of the member's own account, -1 if it was closed."""
        cdef int64_t block = number // BLOCK, slot

        if block >= self.accounts.shape[0] or self.accounts[block] < 0:
            self.state.accounts.slot(number)
            self.accounts = self.state.accounts.places.firsts
            self.closed_by = self.state.accounts.closed_by.values
        slot = self.accounts[block] + number % BLOCK
        return -1 if self.closed_by[slot] else <int32_t>slot
