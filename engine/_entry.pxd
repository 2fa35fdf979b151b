"""Declarations of a whole journal entry, around what the kernel declares of it."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t

from engine._fast cimport Result, Row

# Cython compares types and places of these fields with the dtype when a buffer is taken.
cdef struct Link:
    int64_t position
    int64_t previous
    int64_t undoes
    int64_t account_previous
    int64_t family_previous
    int64_t instant
    uint8_t kind
    uint8_t undo_id_length
    uint8_t part
    uint8_t parts
    uint32_t spare2

cdef struct Claim:
    int64_t total
    int64_t in_scope
    int64_t pre_payment
    int64_t over_limit
    int64_t non_covered
    int64_t liable
    int32_t service_date
    int32_t until_date
    int32_t member
    int32_t institution
    int32_t prescriber
    uint32_t lines_length
    uint8_t benefit
    uint8_t liability
    uint8_t flags
    uint8_t request_id_length
    uint8_t visit_length
    uint8_t disease_length
    uint8_t admission_length
    uint8_t prescription_length
    uint8_t papers
    uint8_t payer_length
    uint16_t spare2
    int32_t payer

cdef struct Entry:
    Link link
    Claim claim
    Row row
    Result result
