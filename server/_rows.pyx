# cython: autotestdict=False
"""Rows and texts made of columns, compiled: what a message of many claims holds."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.stdint cimport int32_t, int64_t, uint8_t

cdef extern from "Python.h":
    char *PyBytes_AS_STRING(object data)
    object PyUnicode_DecodeUTF8(const char *data, Py_ssize_t size, const char *errors)
    ctypedef struct PyTypeObject:
        object tp_alloc(type, Py_ssize_t)

# What the values of a column are.
cpdef enum:
    SAME = 0        # one object for all rows
    EACH = 1        # a list with an object for each row
    I8 = 2          # bytes of int64
    I4 = 3          # bytes of int32
    U1 = 4          # bytes of uint8
    PICKED = 5      # bytes of int32: positions in a list, its last one where they are -1

cdef enum:
    COLUMNS_MAX = 64
    ROWS_AT_ONCE = 256

cdef struct Column:
    int kind
    const void *numbers
    PyObject *objects
    Py_ssize_t count        # of objects


cdef object value_of(const Column *column, Py_ssize_t row):
    """Return the value of a row."""
    cdef Py_ssize_t at

    if column.kind == SAME:
        return <object>column.objects
    if column.kind == EACH:
        return (<list>column.objects)[row]
    if column.kind == I8:
        return (<const int64_t *>column.numbers)[row]
    if column.kind == I4:
        return (<const int32_t *>column.numbers)[row]
    if column.kind == U1:
        return (<const uint8_t *>column.numbers)[row]
    at = (<const int32_t *>column.numbers)[row]
    return (<list>column.objects)[at if at >= 0 else column.count - 1]


cdef check(Py_ssize_t rows, const Column *column, Py_ssize_t size):
    """Raise unless a column has a value for each row."""
    cdef Py_ssize_t row, width = 8 if column.kind == I8 else 1 if column.kind == U1 else 4
    cdef const int32_t *picked = <const int32_t *>column.numbers

    if column.kind == EACH and column.count != rows:
        raise ValueError(f"{column.count} objects for {rows} rows")
    if column.kind >= I8 and size != rows * width:
        raise ValueError(f"{size} bytes for {rows} rows of {width}")
    if column.kind == PICKED:
        for row in range(rows):
            if not -1 <= picked[row] < column.count:
                raise ValueError(f"row {row} picks {picked[row]} of {column.count}")
        if rows and column.count == 0:
            raise ValueError("nothing to pick from")


def tuples_of(type kind not None, Py_ssize_t rows, list columns not None):
    """Return a list of named tuples.

    Args:
        kind: The named tuple.
        rows: How many there are.
        columns: (what it is, numbers, objects) for each field of it, in their order: one of the
            constants above; the bytes, C-contiguous, or None; the object or the list, or None.

    Raises:
        ValueError: a column does not have a value for each row.
    """
    cdef Column sources[COLUMNS_MAX]
    cdef Py_buffer views[COLUMNS_MAX]
    cdef Py_ssize_t fields = len(columns), held = 0, n, row
    cdef object value, made
    cdef list result = []

    if not issubclass(kind, tuple) or fields != len(kind._fields) or fields > COLUMNS_MAX:
        raise ValueError(f"{fields} columns for {kind.__name__}")
    try:
        for n in range(fields):
            what, numbers, objects = columns[n]
            sources[n].kind = what
            sources[n].numbers = NULL
            sources[n].objects = <PyObject *>objects
            if what == EACH or what == PICKED:
                sources[n].count = len(<list?>objects)
            if what >= I8:
                PyObject_GetBuffer(numbers, &views[held], PyBUF_SIMPLE)
                sources[n].numbers = views[held].buf
                held += 1
                check(rows, &sources[n], views[held - 1].len)
            else:
                check(rows, &sources[n], 0)
        for row in range(rows):
            made = (<PyTypeObject *>kind).tp_alloc(kind, fields)
            for n in range(fields):
                value = value_of(&sources[n], row)
                Py_INCREF(value)
                PyTuple_SET_ITEM(made, n, value)
            result.append(made)
            if row % ROWS_AT_ONCE == 0:
                with nogil:  # let the other threads go on: a terminal may be waiting
                    pass
    finally:
        for n in range(held):
            PyBuffer_Release(&views[n])
    return result


def is_outside(const int32_t[::1] numbers not None, int32_t lowest, int32_t highest):
    """Return whether any number is not from one to another."""
    cdef Py_ssize_t n

    for n in range(numbers.shape[0]):
        if not lowest <= numbers[n] <= highest:
            return True
    return False


def texts_of(bytes text not None, const int32_t[::1] lengths not None, list texts not None):
    """Append texts that stand one after the other.

    Args:
        text: The texts, in UTF-8.
        lengths: The length of each, in bytes.
        texts: What they are appended to; of texts that are not UTF-8, those before the first.

    Returns:
        Whether the lengths add up to the bytes; nothing is appended if not.

    Raises:
        UnicodeDecodeError: a text is not UTF-8.
    """
    cdef const char *data = <const char *>PyBytes_AS_STRING(text)
    cdef int64_t start = 0
    cdef Py_ssize_t n

    for n in range(lengths.shape[0]):
        if lengths[n] < 0:
            return False
        start += lengths[n]
    if start != len(text):
        return False
    start = 0
    for n in range(lengths.shape[0]):
        texts.append(PyUnicode_DecodeUTF8(data + start, lengths[n], NULL))
        start += lengths[n]
    return True
