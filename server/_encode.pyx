# cython: autotestdict=False
"""Settlements as protobuf bytes, by a table of operations and without message objects.

The table is made in Python from the contract and the layout (`wire_settlement.py`); nothing here
knows a field. What the bytes mean is said in "Encoding" of the protobuf documentation,
https://protobuf.dev/programming-guides/encoding/. The table is checked when it is taken, a row
before it is read, and room is made before it is written to.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport (
    INT32_MAX, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
)
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

# --- writing -----------------------------------------------------------------------------
#
# Bytes are written from the last to the first: when a message's length and tag are due, what is
# in it has been written, and its length is known.

cdef int make_room(Writer *writer, Py_ssize_t count) except -1:
    """Make room for that many bytes more."""
    cdef Py_ssize_t size = 2 * (writer.size + count)
    cdef uint8_t *more

    if writer.used + count <= writer.size:
        return 0
    more = <uint8_t *>malloc(size)
    if more == NULL:
        raise MemoryError
    memcpy(more + size - writer.used, writer.end - writer.used, writer.used)
    free(writer.owned)
    writer.owned, writer.end, writer.size = more, more + size, size
    return 0


cdef inline int put_varint(Writer *writer, uint64_t number) except -1:
    cdef uint64_t rest = number
    cdef uint8_t *to

    if writer.size - writer.used < VARINT:
        make_room(writer, VARINT)
    while True:
        writer.used += 1
        rest >>= 7
        if rest == 0:
            break
    to = writer.end - writer.used
    while number > 0x7F:
        to[0] = <uint8_t>(number & 0x7F) | 0x80
        to += 1
        number >>= 7
    to[0] = <uint8_t>number
    return 0


cdef inline int put_text(Writer *writer, int32_t tag, const char *text, Py_ssize_t size) except -1:
    """Put a text or a message that is complete, with its length and tag."""
    if writer.size - writer.used < size:
        make_room(writer, size)
    writer.used += size
    memcpy(writer.end - writer.used, text, size)
    put_varint(writer, size)
    put_varint(writer, tag)
    return 0


cdef inline int64_t load(const char *record, int32_t at, int32_t type) noexcept:
    """Return a number of a record; `memcpy`, because bytes of the journal need not be aligned."""
    cdef int64_t i8
    cdef int32_t i4
    cdef uint32_t u4
    cdef int16_t i2
    cdef uint16_t u2

    if type == I8:
        memcpy(&i8, record + at, 8)
        return i8
    elif type == I4:
        memcpy(&i4, record + at, 4)
        return i4
    elif type == U4:
        memcpy(&u4, record + at, 4)
        return u4
    elif type == I2:
        memcpy(&i2, record + at, 2)
        return i2
    elif type == U2:
        memcpy(&u2, record + at, 2)
        return u2
    else:
        return <uint8_t>record[at]


cdef inline int64_t moved(const Op *op, const char *record) except? -1:
    cdef int64_t before = load(record, op.at, I8)

    if op.slot >= 0 or op.line >= 0:
        if not (
            (op.slot >= 0 and load(record, op.slot, I4) >= 0)
            or (op.line >= 0 and load(record, op.line, U1) != op.nowhere)
        ):
            return before
    return before + op.factor * load(record, op.other, I8)


cdef inline int64_t number_of(const Op *op, const Source *source) except? -1:
    """Return the number that an operation writes."""
    cdef const char *record = source.records[op.record]
    cdef int64_t number

    if op.kind == NUMBER:
        return load(record, op.at, op.type) + op.plus
    elif op.kind == MOVED:
        return moved(op, record)
    elif op.kind == INPUT:
        return source.inputs[op.at]
    elif op.kind == EITHER:
        number = load(record, op.at, I8)
        return number if number else load(record, op.other, I8)
    elif op.kind == SECONDS:
        return load(record, op.at, I8) // 1_000
    else:
        return load(record, op.at, I8) % 1_000 * 1_000_000


cdef inline bint has_cite(const Op *op, const char *record) noexcept:
    return load(record, op.at, op.type) != 0 and (op.other < 0 or load(record, op.other, I8) != 0)


cdef bint write_cites(Writer *writer, const Op *ops, const Op *op, const char *record) except -1:
    cdef Py_ssize_t before = writer.used
    cdef bint some = False
    cdef int32_t n

    for n in range(op.end - 1, op.first - 1, -1):
        if has_cite(&ops[n], record):
            some = True
            if not op.silent:
                put_varint(writer, load(record, ops[n].at, ops[n].type))
    if some and not op.silent:
        put_varint(writer, writer.used - before)
        put_varint(writer, op.tag)
    return some


cdef bint write_bits(Writer *writer, const Op *op, const char *record) except -1:
    cdef Py_ssize_t before = writer.used
    cdef uint32_t bits = load(record, op.at, op.type) & <uint32_t>op.mask
    cdef int32_t n

    if bits == 0:
        return False
    for n in range(31, -1, -1):
        if bits >> n & 1:
            put_varint(writer, n + 1)
    put_varint(writer, writer.used - before)
    put_varint(writer, op.tag)
    return True


cdef bint write_pieces(Writer *writer, const Op *op, list pieces) except -1:
    cdef bytes piece

    for piece in reversed(pieces):
        put_text(writer, op.tag, PyBytes_AS_STRING(piece), PyBytes_GET_SIZE(piece))
    return len(pieces) > 0


cdef bint write_message(
    Writer *writer, const Op *ops, const Op *op, const Source *source, tuple lists,
) except -1:
    cdef Py_ssize_t before = writer.used
    cdef bint some = op.always
    cdef int32_t n

    for n in range(op.end - 1, op.first - 1, -1):
        if write_field(writer, ops, &ops[n], source, lists):
            some = True
    if some and op.tag:
        put_varint(writer, writer.used - before)
        put_varint(writer, op.tag)
    return some


cdef bint write_field(
    Writer *writer, const Op *ops, const Op *op, const Source *source, tuple lists,
) except -1:
    """Write one field; return whether there was anything to say."""
    cdef int64_t number

    if op.kind == MESSAGE:
        return write_message(writer, ops, op, source, lists)
    elif op.kind == CITES:
        return write_cites(writer, ops, op, source.records[op.record])
    elif op.kind == TEXT:
        if source.lengths[op.at]:
            put_text(writer, op.tag, source.texts[op.at], source.lengths[op.at])
        return source.lengths[op.at] > 0
    elif op.kind == BITS:
        return write_bits(writer, op, source.records[op.record])
    elif op.kind == PIECES:
        return write_pieces(writer, op, lists[op.at])
    number = number_of(op, source)
    if number == 0:
        return False
    put_varint(writer, <uint64_t>number)
    put_varint(writer, op.tag)
    return True


include "_encode_check.pxi"


cdef class Records:
    """Records of one layout, read in place."""

    cdef Py_buffer _view
    cdef object _layout
    cdef readonly Py_ssize_t count

    def __cinit__(self, records not None, layout not None):
        """Hold the records of an array, or one alone, as long as this lives.

        Raises:
            ValueError: they are not of the layout, or do not stand one behind the other.
        """
        if records.dtype != layout:
            raise ValueError(f"records: found {records.dtype}, expected {layout}")
        PyObject_GetBuffer(records, &self._view, PyBUF_SIMPLE)
        self._layout = layout
        self.count = self._view.len // layout.itemsize

    def __dealloc__(self):
        PyBuffer_Release(&self._view)


cdef class PlanOnWire:
    """What an answer says of the plan that decided: its digest, and the figures it used."""

    cdef bytes _digest
    cdef list _figures
    cdef bytes _uses
    cdef Py_ssize_t _citations

    def __cinit__(self, bytes digest not None, list figures not None, bytes uses not None):
        """Take what is known of a plan.

        Args:
            digest: Its SHA-256.
            figures: The names of its figures in UTF-8, in order.
            uses: For each figure a byte for each citation: 1 where the citation used it.

        Raises:
            ValueError: `uses` is no table of these figures.
        """
        if len(uses) % max(1, len(figures)):
            raise ValueError(f"uses: found {len(uses)} bytes for {len(figures)} figures")
        self._digest, self._figures, self._uses = digest, figures, uses
        self._citations = len(uses) // max(1, len(figures))

    cdef list figures(self, const char *record, const int32_t[::1] cites):
        """Return the names of the figures behind the citations of a result, in order."""
        cdef const char *uses = PyBytes_AS_STRING(self._uses)
        cdef list found = []
        cdef Py_ssize_t n, m
        cdef int64_t cite

        if not self._figures:
            return self._figures
        for n in range(len(self._figures)):
            for m in range(cites.shape[0]):
                cite = load(record, cites[m], U2)
                if cite >= self._citations:
                    raise ValueError(f"citation: found {cite}, the plan has {self._citations}")
                if cite and uses[n * self._citations + cite]:
                    found.append(self._figures[n])
                    break
        return found


cdef class Encoder:
    """Settlements as bytes, by a table of operations."""

    cdef const Op[::1] _ops
    cdef const int32_t[::1] _cites
    cdef Py_ssize_t _texts[TEXTS]
    cdef Py_ssize_t _text_count, _claim_size
    cdef Py_ssize_t _roots[ROOTS]
    cdef object _layout
    cdef Py_ssize_t _width
    cdef int32_t _plan

    def __cinit__(
        self, const Op[::1] ops not None, tuple roots not None, *,
        const int32_t[::1] cites not None, int32_t plan, tuple texts not None,
        Py_ssize_t claim_size, layout not None,
    ):
        """Take a table.

        Args:
            ops: The operations; those of a message stand together, in the order of its fields
                and before the operation that needs them.
            roots: The positions of five messages, in the order of `ROOTS`.
            cites: Where the citations stand in a record.
            plan: Where the number of the plan stands.
            texts: For each text from 1 its position in a claim; text 0 is the plan's digest.
            claim_size: How many fields a claim has.
            layout: What a record is.

        Raises:
            ValueError: the table points out of itself or out of a record.
        """
        cdef Py_ssize_t n

        if len(roots) != ROOTS or len(texts) >= TEXTS:
            raise ValueError(f"found {len(roots)} roots and {len(texts)} texts")
        for n in range(ops.shape[0]):
            check_op(ops, n, layout.itemsize)
        for n in range(ROOTS):
            self._roots[n] = check_root(ops, roots[n])
        for n in range(cites.shape[0]):
            check_in("citation at", cites[n], layout.itemsize - 1)
        check_in("plan at", plan, layout.itemsize - 3)
        for n, position in enumerate(texts):
            check_in("text at", position, claim_size)
            self._texts[n + 1] = position
        self._text_count, self._claim_size = len(texts) + 1, claim_size
        self._ops, self._cites, self._plan = ops, cites, plan
        self._layout, self._width = layout, layout.itemsize

    def records(self, records):
        """Return records of the layout in a form that this encoder reads.

        Args:
            records: An array, or one of its records.

        Raises:
            ValueError: they are not of the layout, or do not stand one behind the other.
        """
        return Records(records, self._layout)

    def response(
        self, int64_t sequence, claim not None, Records records not None, Py_ssize_t row,
        dict plans not None, *, bint replayed=False, Records parts=None,
    ):
        """Return the answer to a request that was settled, as the bytes of `SettleResponse`.

        Args:
            sequence: The number of the request.
            claim: The claim that was settled.
            records: What was settled.
            row: Which of the records it is.
            plans: The plans by the numbers that the records have for them.
            replayed: It was settled before.
            parts: The records of the parts of a claim of several benefits.

        Raises:
            ValueError: there is no such row, plan or citation.
        """
        return self._settled(ANSWERED, sequence, claim, records, row, plans, replayed, parts)

    def settlement(
        self, claim not None, Records records not None, Py_ssize_t row,
        dict plans not None, *, bint replayed=False, Records parts=None,
    ):
        """Return a settlement by itself, as the bytes of `Settlement`; see `response`.

        Raises:
            ValueError: there is no such row, plan or citation.
        """
        return self._settled(SETTLED, 0, claim, records, row, plans, replayed, parts)

    def group(self, Records records not None, Py_ssize_t row, dict plans not None):
        """Return one part of a claim of several benefits, as the bytes of `SettledGroup`.

        Raises:
            ValueError: there is no such row, plan or citation.
        """
        cdef const char *record = self._at(records, row)
        cdef PlanOnWire plan = self._plan_of(record, plans)
        cdef Source source

        memset(&source, 0, sizeof(Source))
        source.records[WHOLE] = source.records[FIRST] = source.records[LAST] = record
        return self._write(GROUPED, &source, plan, (plan.figures(record, self._cites), []))

    cdef bytes _settled(
        self, int root, int64_t sequence, object claim, Records records, Py_ssize_t row,
        dict plans, bint replayed, Records parts,
    ):
        cdef const char *record = self._at(records, row)
        cdef PlanOnWire plan = self._plan_of(record, plans)
        cdef tuple lists
        cdef Source source

        memset(&source, 0, sizeof(Source))
        source.records[WHOLE] = source.records[FIRST] = source.records[LAST] = record
        source.inputs[SEQUENCE] = sequence
        source.inputs[REPLAYED] = replayed
        self._take_texts(&source, claim)
        if parts is None or parts.count == 0:
            lists = (plan.figures(record, self._cites), [])
        else:
            root += 1
            source.records[FIRST] = self._at(parts, 0)
            source.records[LAST] = self._at(parts, parts.count - 1)
            lists = self._lists_of(parts, plans)
        return self._write(root, &source, plan, lists)

    cdef const char *_at(self, Records records, Py_ssize_t row) except NULL:
        """Return a record, once it is there."""
        if records._layout is not self._layout:
            raise ValueError("records: are not of this encoder's layout")
        check_in("row", row, records.count)
        return <const char *>records._view.buf + row * self._width

    cdef int _take_texts(self, Source *source, object claim) except -1:
        cdef Py_ssize_t n

        if not isinstance(claim, tuple) or PyTuple_GET_SIZE(claim) != self._claim_size:
            raise ValueError(f"claim: expected {self._claim_size} fields")
        for n in range(1, self._text_count):
            source.texts[n] = PyUnicode_AsUTF8AndSize(
                <object>PyTuple_GET_ITEM(claim, self._texts[n]), &source.lengths[n]
            )
        return 0

    cdef tuple _lists_of(self, Records parts, dict plans):
        """Return the figures of all parts together, and the parts as groups."""
        cdef set figures = set()
        cdef PlanOnWire plan
        cdef const char *record
        cdef Py_ssize_t n

        for n in range(parts.count):
            record = self._at(parts, n)
            plan = self._plan_of(record, plans)
            figures.update(plan.figures(record, self._cites))
        # UTF-8 has the order of the letters it encodes.
        return sorted(figures), [self.group(parts, n, plans) for n in range(parts.count)]

    cdef PlanOnWire _plan_of(self, const char *record, dict plans):
        cdef int64_t number = load(record, self._plan, I4)
        cdef object plan = plans.get(number)

        if plan is None:
            raise ValueError(f"plan: found {number}, which is not among those given")
        return <PlanOnWire?>plan

    cdef bytes _write(self, int root, Source *source, PlanOnWire plan, tuple lists):
        cdef uint8_t room[ROOM]
        cdef Writer writer
        cdef const Op *ops = &self._ops[0]

        source.texts[DIGEST] = PyBytes_AS_STRING(plan._digest)
        source.lengths[DIGEST] = PyBytes_GET_SIZE(plan._digest)
        writer.end, writer.size, writer.used, writer.owned = room + ROOM, ROOM, 0, NULL
        try:
            write_message(&writer, ops, &ops[self._roots[root]], source, lists)
            return PyBytes_FromStringAndSize(<char *>writer.end - writer.used, writer.used)
        finally:
            free(writer.owned)
