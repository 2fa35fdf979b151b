# cython: autotestdict=False
"""Requests to settle from protobuf bytes, by a table and without message objects.

The table is made in Python from the contract (`wire_claim.py`); nothing here knows a field. What
the bytes mean is said in "Encoding" of the protobuf documentation,
https://protobuf.dev/programming-guides/encoding/. Nothing is read behind the last byte, and
whatever is not plain is left to the library that knows all of the encoding.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport INT32_MAX, INT32_MIN, int32_t, int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        object tp_alloc(type, Py_ssize_t)

# What the table names; Python reads these numbers from here.
cpdef enum:
    # How a field of a claim is read.
    NOT_READ = 0
    READ_TEXT = 1
    READ_I8 = 2
    READ_I4 = 3
    READ_BOOL = 4
    # Field numbers, and fields of a claim, are below this.
    FIELDS = 64
    # The amount that a claim has where none was sent.
    NOT_SENT = -1

cdef enum:
    # Wire types of the encoding.
    VARINT_FOLLOWS = 0
    LENGTH_FIRST = 2


include "_check.pxi"


cdef struct Reader:
    const uint8_t *at
    const uint8_t *end


cdef struct Field:
    # How it is read, and its position in a claim.
    uint8_t kind
    uint8_t position


cdef inline bint take_varint(Reader *reader, uint64_t *number) noexcept:
    """Take a number of at most 64 bits; return whether there was one."""
    cdef uint8_t byte
    cdef int shift = 0

    number[0] = 0
    while reader.at < reader.end and shift < 64:
        byte = reader.at[0]
        reader.at += 1
        if shift == 63 and byte > 1:
            return False
        number[0] |= <uint64_t>(byte & 0x7F) << shift
        if byte < 0x80:
            return True
        shift += 7
    return False


cdef inline bint take_short(Reader *reader, uint32_t *number) noexcept:
    """Take a tag or a length of at most two bytes; return whether there was one."""
    if reader.at == reader.end:
        return False
    number[0] = reader.at[0]
    reader.at += 1
    if number[0] < 0x80:
        return True
    if reader.at == reader.end or reader.at[0] >= 0x80:
        return False
    number[0] = number[0] & 0x7F | <uint32_t>reader.at[0] << 7
    reader.at += 1
    return True


cdef inline bint take_span(Reader *reader, Reader *span) noexcept:
    """Take a text or a message with its length; return whether it was there."""
    cdef uint32_t size

    if not take_short(reader, &size) or size > reader.end - reader.at:
        return False
    span.at, span.end = reader.at, reader.at + size
    reader.at += size
    return True


cdef struct Sent:
    # What was sent of a claim, by position: which fields, numbers, and texts.
    uint64_t given
    int64_t numbers[FIELDS]
    Reader texts[FIELDS]


cdef bint take_claim(Reader *reader, const Field *fields, Sent *sent) noexcept:
    """Take the fields of a claim; return whether each is known, once there, and in its range."""
    cdef uint32_t tag
    cdef uint64_t number
    cdef int64_t value
    cdef Field field

    sent.given = 0
    while reader.at < reader.end:
        if not take_short(reader, &tag) or tag >> 3 >= FIELDS:
            return False
        field = fields[tag >> 3]
        if field.kind == NOT_READ or sent.given >> field.position & 1:
            return False
        sent.given |= <uint64_t>1 << field.position
        if field.kind == READ_TEXT:
            if tag & 7 != LENGTH_FIRST or not take_span(reader, &sent.texts[field.position]):
                return False
            continue
        if tag & 7 != VARINT_FOLLOWS or not take_varint(reader, &number):
            return False
        value = <int64_t>number
        if field.kind == READ_I4 and not INT32_MIN <= value <= INT32_MAX:
            return False
        if field.kind == READ_BOOL and number > 1:
            return False
        sent.numbers[field.position] = value
    return True


cdef class Decoder:
    """Requests of terminals to settle or to preview a claim, from their bytes."""

    cdef Field _fields[FIELDS]
    cdef uint8_t _kinds[FIELDS]
    cdef type _claim
    cdef tuple _defaults
    cdef uint32_t _sequence, _preview, _settle
    cdef Py_ssize_t _service_date, _until_date, _liable

    def __cinit__(
        self, type claim not None, tuple defaults not None, dict fields not None,
        *, uint32_t sequence, uint32_t preview, uint32_t settle,
        Py_ssize_t service_date, Py_ssize_t until_date, Py_ssize_t liable,
    ):
        """Take a table.

        Args:
            claim: A named tuple, whose first field is the institution.
            defaults: Its values where the field is not sent.
            fields: How a field is read and its position in `claim`, by its number; a request
                with a field that is not here is not read.
            sequence: The tag of the request's sequence.
            preview: The tag of a claim to preview.
            settle: The tag of a claim to settle.
            service_date: The position of the first day.
            until_date: The position of the last day, which is the first where it is 0.
            liable: The position of the amount whose default a claim cannot send: it becomes one
                less.

        Raises:
            ValueError: a number or a position is out of range.
        """
        if not issubclass(claim, tuple) or len(claim._fields) != len(defaults):
            raise ValueError(f"claim: expected a named tuple of {len(defaults)} fields")
        check_in("defaults", len(defaults), FIELDS + 1)
        for number, (kind, position) in fields.items():
            check_in("field", number, FIELDS)
            check_in(f"field {number}, kind", kind, READ_BOOL + 1)
            check_in(f"field {number}, position", position, len(defaults))
            self._fields[<int32_t>number] = Field(kind, position)
            self._kinds[<int32_t>position] = kind
        for position in (service_date, until_date, liable):
            check_in("position", position, len(defaults))
        self._claim, self._defaults = claim, defaults
        self._sequence, self._preview, self._settle = sequence, preview, settle
        self._service_date, self._until_date, self._liable = service_date, until_date, liable

    def decode(self, bytes data not None, str institution not None):
        """Return the sequence, whether it is a preview, and the claim of a request.

        Args:
            data: The bytes of `SettleRequest`.
            institution: The one whose stream it is.

        Returns:
            None for whatever is not an ordinary request of this kind in its shortest form, be
            it another request or no request at all.
        """
        cdef Reader reader, claim
        cdef Sent sent
        cdef uint32_t tag, found = 0
        cdef uint64_t sequence = 0
        cdef bint sequenced = False

        reader.at = <const uint8_t *>PyBytes_AS_STRING(data)
        reader.end = reader.at + PyBytes_GET_SIZE(data)
        while reader.at < reader.end:
            if not take_short(&reader, &tag):
                return None
            if tag == self._sequence and not sequenced:
                sequenced = True
                if not take_varint(&reader, &sequence):
                    return None
            elif (tag == self._settle or tag == self._preview) and not found:
                found = tag
                if not take_span(&reader, &claim):
                    return None
            else:
                return None
        if not found or not take_claim(&claim, self._fields, &sent):
            return None
        self._complete(&sent)
        made = self._made(&sent, institution)
        if made is None:
            return None
        return <int64_t>sequence, found == self._preview, made

    cdef void _complete(self, Sent *sent) noexcept:
        """Give what stands for something else where it was not sent, or not so."""
        cdef uint64_t service_date = <uint64_t>1 << self._service_date
        cdef uint64_t until_date = <uint64_t>1 << self._until_date
        cdef uint64_t liable = <uint64_t>1 << self._liable

        if sent.given & service_date and not (
            sent.given & until_date and sent.numbers[self._until_date]
        ):
            sent.given |= until_date
            sent.numbers[self._until_date] = sent.numbers[self._service_date]
        if sent.given & liable and sent.numbers[self._liable] == NOT_SENT:
            sent.numbers[self._liable] = NOT_SENT - 1

    cdef object _made(self, Sent *sent, str institution):
        """Return the claim, or None if one of its texts is not UTF-8."""
        cdef Py_ssize_t n, count = len(self._defaults)
        # As `tuple.__new__` makes one, but filled in place.
        cdef object claim = (<PyTypeObject *>self._claim).tp_alloc(self._claim, count)
        cdef object value

        for n in range(count):
            if n == 0:
                value = institution
            elif not sent.given >> n & 1:
                value = self._defaults[n]
            elif self._kinds[n] == READ_TEXT:
                try:
                    value = PyUnicode_DecodeUTF8(
                        <const char *>sent.texts[n].at, sent.texts[n].end - sent.texts[n].at, NULL
                    )
                except UnicodeDecodeError:
                    return None
            elif self._kinds[n] == READ_BOOL:
                value = sent.numbers[n] != 0
            else:
                value = sent.numbers[n]
            Py_INCREF(value)
            PyTuple_SET_ITEM(claim, n, value)
        return claim
