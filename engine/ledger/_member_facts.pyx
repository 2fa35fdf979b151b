# cython: autotestdict=False
"""What ordinary claims need to know of members, in 32 bytes each: read once, with no object made.

A `Member` is a row of JSON until somebody asks for it, and then an object with eighteen fields of
which an ordinary claim looks at nine: to make one takes longer than to prepare the claim, and to
look at one costs a miss of the cache for each field. But nearly every member is plain: no arrears,
filings, stays or referrals, and at most one selection. What is left of a plain member are six
numbers; they are read from the row itself where it has exactly the form in which the ledger writes
it (`engine.state.registers.members_to_json`), and from the object otherwise. Whoever is not plain
is left to the object each time.

A register change puts another object or another row into the register, and so does taking one back;
what was read is good for the very one that it was read from. That one is kept, or another could
come to stand in its place in memory. Fields that no ordinary claim looks at are passed over, by
quotation marks and brackets: what is wrong in them is found by those who ask for the member.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

cdef extern from "Python.h":
    PyObject *PyList_GET_ITEM(object a_list, Py_ssize_t at)  # borrowed, and not touched
    void Py_XDECREF(PyObject *item)
    object PyUnicode_FromStringAndSize(const char *data, Py_ssize_t size)
    PyObject *PyDict_GetItemWithError(object mapping, object key) except? NULL

# What this file and the rest of the engine must agree on; ordinary.py compares every member.
cpdef enum:
    STATUS_LAST = 3
    MODE_LAST = 2
    EMPLOYMENT_LAST = 2

cdef enum:
    NONE = 0                # place of the empty text
    NUMBER_MAX = 999_999_999


# The row of a member, from a place in it on. The zero at the end of every `bytes` is no character
# of a row, so nothing reads beyond it.

cdef inline bint is_next(const char **at, char mark) noexcept:
    """Pass over a character; return whether it is the one expected."""
    if at[0][0] != mark:
        return False
    at[0] += 1
    return True


cdef inline bint read_text(const char **at, const char **start, Py_ssize_t *size) noexcept:
    """Read a text of printable ASCII without escapes; return whether it is one."""
    if not is_next(at, c'"'):
        return False
    start[0] = at[0]
    while at[0][0] != c'"':
        if not 0x20 <= at[0][0] <= 0x7E or at[0][0] == c"\\":
            return False
        at[0] += 1
    size[0] = at[0] - start[0]
    at[0] += 1
    return True


cdef inline bint read_number(const char **at, int32_t *value) noexcept:
    """Read a whole number of at most nine digits; return whether it is one."""
    cdef const char *start = at[0]

    value[0] = 0
    while c"0" <= at[0][0] <= c"9" and at[0] - start < 9:
        value[0] = value[0] * 10 + (at[0][0] - c"0")
        at[0] += 1
    return at[0] > start and (start[0] != c"0" or at[0] - start == 1)


cdef inline bint read_code(const char **at, int32_t last, uint8_t *code) noexcept:
    """Read a number from 1 to `last` and the comma after it; return whether they are there."""
    cdef int32_t value

    if not read_number(at, &value) or not 1 <= value <= last:
        return False
    code[0] = <uint8_t>value
    return is_next(at, c",")


cdef inline bint pass_number(const char **at) noexcept:
    cdef int32_t value

    return read_number(at, &value)


cdef inline bint pass_empty(const char **at) noexcept:
    """Pass over an array of nothing and the comma after it; return whether they are there."""
    return is_next(at, c"[") and is_next(at, c"]") and is_next(at, c",")


cdef bint pass_array(const char **at) noexcept:
    """Pass over an array of whatever, and the comma after it; return whether they are there."""
    cdef const char *start
    cdef Py_ssize_t depth = 0, size
    cdef char mark

    while True:
        mark = at[0][0]
        if mark == c'"' and depth:
            if not read_text(at, &start, &size):
                return False
            continue
        if mark == c"[":
            depth += 1
        elif mark == c"]":
            depth -= 1
        elif not (mark == c"," or c"0" <= mark <= c"9"):
            return False
        at[0] += 1
        if depth <= 0:
            return depth == 0 and mark == c"]" and is_next(at, c",")


cdef bint read_selection(
    const char **at, Facts *facts, const char **start, Py_ssize_t *size,
) noexcept:
    """Read at most one selection, and the comma after it; return whether that is what is there."""
    if not is_next(at, c"["):
        return False
    if at[0][0] != c"]" and not (
        is_next(at, c"[")
        and read_text(at, start, size)
        and is_next(at, c",")
        and read_number(at, &facts.selected_from)
        and is_next(at, c",")
        and read_number(at, &facts.selected_to)
        and is_next(at, c"]")
    ):
        return False
    return is_next(at, c"]") and is_next(at, c",")


cdef inline bint is_small(object value, int32_t *number) except -1:
    """Read a number of an object; return whether it has at most nine digits and no sign."""
    cdef int overflow = 0
    cdef int64_t whole = PyLong_AsLongLongAndOverflow(value, &overflow)

    number[0] = <int32_t>whole if 0 <= whole <= NUMBER_MAX else 0
    return overflow == 0 and 0 <= whole <= NUMBER_MAX


cdef class MemberFacts:
    """Facts of members by number, read again wherever the register has something else by now."""

    def __cinit__(self, items):
        """Take the `Items` of the register of members."""
        self.items, self.held = items, items.held
        self.texts, self.numbers = [""], {"": NONE}
        self.all = NULL
        self.room = 0

    def __dealloc__(self):
        cdef Py_ssize_t n

        for n in range(self.room):
            Py_XDECREF(self.all[n].made_of)
        free(self.all)

    def plain(self, Py_ssize_t number):
        """Return what is known of a member, None of one that is not plain.

        City, status, mode, day of retirement, and the selection: institution, first and last day,
        or "" and two zeros.

        Raises:
            IndexError: there is no member of this number.
        """
        cdef Facts facts

        if not 0 <= number < len(self.held):
            raise IndexError(f"member {number} of {len(self.held)}")
        if not self.find(number, &facts):
            return None
        return (
            self.texts[facts.city], facts.status, facts.mode, facts.retired_on,
            self.texts[facts.selected], facts.selected_from, facts.selected_to,
        )

    cdef bint find(self, Py_ssize_t number, Facts *facts) except -1:
        """Find what is known of a member; return whether the member is plain.

        Of one that is not, the register holds the object afterwards.
        """
        if number >= self.room:
            self.grow(number)
        if self.all[number].made_of != PyList_GET_ITEM(self.held, number):
            self.read(number, &self.all[number])
        facts[0] = self.all[number]
        return facts.plain

    cdef int32_t number_of(self, str text) except -1:
        """Return the place of a text among those that facts name."""
        cdef PyObject *found = PyDict_GetItemWithError(self.numbers, text)
        cdef int32_t number

        if found != NULL:
            return <int32_t><object>found
        number = <int32_t>len(self.texts)
        self.numbers[text] = number
        self.texts.append(text)
        return number

    cdef int read(self, Py_ssize_t number, Facts *facts) except -1:
        """Read what the register holds now in place of what was read before."""
        cdef Facts read
        cdef object item = self.held[number]

        memset(&read, 0, sizeof(Facts))
        if PyBytes_CheckExact(item) and self.read_row(<bytes>item, &read):
            read.plain = True
        else:
            memset(&read, 0, sizeof(Facts))
            item = self.items[number]
            read.plain = self.read_member(item, &read)
        Py_INCREF(item)
        read.made_of = <PyObject *>item
        # All at once, for reading may fail; what was kept is let go last.
        facts[0], read = read, facts[0]
        Py_XDECREF(read.made_of)
        return 0

    cdef int grow(self, Py_ssize_t number) except -1:
        """Make room for a member, and some more."""
        cdef Py_ssize_t room = max(len(self.held), number + 1, self.room + (self.room >> 1))
        cdef Facts *grown = <Facts *>realloc(self.all, room * sizeof(Facts))

        if grown == NULL:
            raise MemoryError
        memset(grown + self.room, 0, (room - self.room) * sizeof(Facts))
        self.all, self.room = grown, room
        return 0

    cdef bint read_row(self, bytes row, Facts *facts) except -1:
        """Read a row; return whether it has the form of the ledger, and its member is plain."""
        cdef const char *at = PyBytes_AS_STRING(row)
        cdef const char *end = at + PyBytes_GET_SIZE(row)
        cdef const char *name = NULL
        cdef const char *city = NULL
        cdef const char *selected = NULL
        cdef Py_ssize_t name_size = 0, city_size = 0, selected_size = 0
        cdef uint8_t employment = 0

        if not (
            is_next(&at, c"[")
            and read_text(&at, &name, &name_size) and is_next(&at, c",")
            and read_text(&at, &city, &city_size) and is_next(&at, c",")
            and read_code(&at, STATUS_LAST, &facts.status)
            and read_number(&at, &facts.retired_on) and is_next(&at, c",")
            and pass_number(&at) and is_next(&at, c",")     # the day of birth
            and read_code(&at, MODE_LAST, &facts.mode)
            and read_code(&at, EMPLOYMENT_LAST, &employment)
            and pass_empty(&at)                             # arrears
            and pass_empty(&at)                             # filings
            and read_selection(&at, facts, &selected, &selected_size)
            and pass_array(&at)                             # diseases
            and pass_empty(&at)                             # stays
            and pass_empty(&at)                             # referrals
            and pass_array(&at)                             # family
            and pass_array(&at)                             # contributions
            and pass_array(&at)                             # days of still paying
            and pass_number(&at) and is_next(&at, c",")     # months with an account
            and pass_number(&at)                            # months without
            and is_next(&at, c"]")
            and at == end
        ):
            return False
        facts.city = self.number_of(PyUnicode_FromStringAndSize(city, city_size))
        if selected_size:
            facts.selected = self.number_of(PyUnicode_FromStringAndSize(selected, selected_size))
        return True

    cdef bint read_member(self, member, Facts *facts) except -1:
        """Read an object; return whether the member is plain."""
        cdef int32_t status, mode
        cdef tuple selections = member.selections

        if member.arrears or member.filings or member.stays or member.referrals:
            return False
        if len(selections) > 1:
            return False
        if not (
            is_small(member.retired_on, &facts.retired_on)
            and is_small(member.status, &status) and status <= STATUS_LAST
            and is_small(member.mode, &mode) and mode <= MODE_LAST
        ):
            return False
        facts.status, facts.mode = <uint8_t>status, <uint8_t>mode
        facts.city = self.number_of(member.city)
        if not selections:
            return True
        institution, days = <tuple>selections[0]
        facts.selected = self.number_of(institution)
        return (
            is_small((<tuple>days)[0], &facts.selected_from)
            and is_small((<tuple>days)[1], &facts.selected_to)
        )
