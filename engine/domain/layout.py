"""The fixed-width records that travel from the codec through the kernels into the journal.

Every record is little-endian and aligned; `ENTRY` is what one journal position holds. The same
types are declared as C structs in `_fast.pxd`, and Cython compares the two when `engine.kernel` is
imported, so a difference is an error then and not a wrong amount.

A segment of the journal holds an array of `ENTRY` and one blob of text: for each entry, in
order, its own id if it is an undo, then the claim's request id, visit, disease and admission,
with the lengths in the records. Movements of accounts outside of claims are segments of their
own, arrays of `MOVEMENT`, whose positions count on with those of the entries.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.domain.account import CreditPart

FORMAT: Final = 6
"""Version of these layouts; stored in every segment."""

CLAIM: Final = np.dtype(
    [
        ("total", "<i8"),
        ("in_scope", "<i8"),
        ("pre_payment", "<i8"),
        ("over_limit", "<i8"),
        ("non_covered", "<i8"),
        ("liable", "<i8"),
        ("service_date", "<i4"),
        ("until_date", "<i4"),
        ("member", "<i4"),
        ("institution", "<i4"),
        ("prescriber", "<i4"),
        ("lines_length", "<u4"),
        ("benefit", "u1"),
        ("liability", "u1"),
        ("flags", "u1"),
        ("request_id_length", "u1"),
        ("visit_length", "u1"),
        ("disease_length", "u1"),
        ("admission_length", "u1"),
        ("prescription_length", "u1"),
        ("papers", "u1"),
        ("payer_length", "u1"),
        ("spare2", "<u2"),
        ("payer", "<i4"),
    ],
    align=True,
)
"""The content of the request. People and institutions are positions in their registers, -1 for
none; `payer` is the relative whose account pays, `UNKNOWN` with the id in the text if the register
did not have it when the claim came. `flags`: bit 0 emergency, 1 referred, 2 statement,
3 manual, 4 use_account. `papers`: the documents of a paper claim, `codes.Paper`. The four parts are
0 where the bill is itemised; its lines stand in the text."""

UNKNOWN: Final = -2
"""In place of the number of a person or an institution that is not in the register."""

ROW: Final = np.dtype(
    [
        ("in_scope", "<i8"),
        ("pre_payment", "<i8"),
        ("over_limit", "<i8"),
        ("non_covered", "<i8"),
        ("liable", "<i8"),
        ("counters", "<i4"),
        ("visit", "<i4"),
        ("account", "<i4"),
        ("plan", "<i4"),
        ("facts", "<u4"),
        ("year", "<i2"),
        ("status", "u1"),
        ("level", "u1"),
        ("place", "u1"),
        ("benefit", "u1"),
        ("rate_level", "u1"),
        ("visit_by", "u1"),
        ("borne", "<i4"),
        ("borne_at", "<i4"),
        ("cost", "<i4"),
        ("disease", "<i4"),
        ("month", "<i4"),
        ("day", "<i4"),
        ("deductible_at", "u1"),
        ("paid_at", "u1"),
        ("relation", "u1"),
        ("payer_reason", "u1"),
        ("paid", "<i4"),
        ("family", "<i4"),
    ],
    align=True,
)
"""One kernel row: a claim, or the part of it that falls under one benefit, with its facts resolved.
`counters`, `visit`, `account` and `family` are slots
of the state arrays handed to the kernel (-1: none), `plan` a position in the plan table. In the
journal a slot is 0 or -1, and `plan` counts the journal's plans in order of appearance.
`status` and `level` count from 0 here (`Status.ACTIVE` is 0), as the plan's tables do.
`rate_level` is the level from 1 whose rate holds, 0 where it is `level`'s own; `visit_by` is the
plan's, as it holds for this claim. Beside `visit`'s stand more slots, -1 where nothing is counted.
`borne` is the deductible borne at one institution or level, `borne_at` the number of the
institution, or -2 less the level from 0; both are -1 where the deductible has one counter for the
year, or none. `cost` is the year's cost in scope. `disease`, `month` and `day` are what the fund
paid for the disease in the year, in the month, on the day of service. `deductible_at` and `paid_at`
are the positions in the line where the deductible and the fund's payment count, or `NOWHERE`.
`paid` is what the fund paid under the benefit in the year, where its annual cap has no place in the
line. `family` is the account of the relative who pays, `relation` what the member is to that
relative (`Relation`, 0: nobody pays); `payer_reason` is why that account may not be asked, whatever
the plan says."""

RESULT: Final = np.dtype(
    [
        # The bill: its parts add up to the total.
        ("total", "<i8"),
        ("non_covered", "<i8"),
        ("over_limit", "<i8"),
        ("pre_payment", "<i8"),
        ("first_pay", "<i8"),
        ("excluded", "<i8"),
        ("in_scope", "<i8"),
        # The basis: deductible, co-payment, cuts and pooled fund add up to in_scope.
        ("deductible", "<i8"),
        ("copay", "<i8"),
        ("cut_visit", "<i8"),
        ("cut_day", "<i8"),
        ("cut_month", "<i8"),
        ("cut_annual", "<i8"),
        ("cut_disease", "<i8"),
        ("cut_pooled", "<i8"),
        # The payers: funds, institution and person add up to the total.
        ("pooled_fund", "<i8"),
        ("large_amount_fund", "<i8"),
        ("institution_share", "<i8"),
        ("person", "<i8"),
        ("account", "<i8"),
        ("family_account", "<i8"),
        ("cash", "<i8"),
        # What the account may pay; an institution or a third party may stand in its way.
        ("account_allowed", "<i8"),
        ("account_before", "<i8"),
        # The same of the relative's account.
        ("family_allowed", "<i8"),
        ("family_before", "<i8"),
        # Citations that decided, as positions in the plan's citation table.
        ("cite_first_pay", "<u2"),
        ("cite_excluded", "<u2"),
        ("cite_excluded_rest", "<u2"),
        ("cite_deductible", "<u2"),
        ("cite_rate", "<u2"),
        ("cite_rate_above", "<u2"),
        ("cite_visit_cap", "<u2"),
        ("cite_day_cap", "<u2"),
        ("cite_month_cap", "<u2"),
        ("cite_annual_cap", "<u2"),
        ("cite_disease_cap", "<u2"),
        ("cite_pooled_cap", "<u2"),
        ("cite_large_amount", "<u2"),
        ("cite_account", "<u2"),
        ("cite_standard_price", "<u2"),
        ("cite_family", "<u2"),
        ("reason", "u1"),
        ("family_reason", "u1"),
        ("kernel_spare", "<u2"),
        ("kernel_spare2", "<u4"),
        # Counters of the policy year, before this claim.
        ("deductible_before", "<i8"),
        ("paid_before", "<i8"),
        ("pooled_paid_before", "<i8"),
        ("compliant_burden_before", "<i8"),
        ("large_amount_paid_before", "<i8"),
        ("visit_paid_before", "<i8"),
        ("disease_paid_before", "<i8"),
        ("month_paid_before", "<i8"),
        ("day_paid_before", "<i8"),
        ("cost_before", "<i8"),
        # What counts to the cap of the pooled fund, and to the burden of the second payment.
        ("pooled_counted", "<i8"),
        ("burden_counted", "<i8"),
    ],
    align=True,
)
"""What the kernels emit: every part of the three sums, the counters before, the citations.
What the pass over the accounts touches stands together.
`first_pay` is the out-of-area first payment inside `pre_payment`. Citation 0 is: none.
`cite_rate_above` is that of the highest bracket a claim reached, where the rate changes with the
year's cost. `cite_standard_price` marks a package (day surgery): there the basis does not add up to
`in_scope`. `family_reason` is why a relative's account that was named may pay nothing."""

LINK: Final = np.dtype(
    [
        ("position", "<i8"),
        ("previous", "<i8"),
        ("undoes", "<i8"),
        ("account_previous", "<i8"),
        ("family_previous", "<i8"),
        ("instant", "<i8"),
        ("kind", "u1"),
        ("undo_id_length", "u1"),
        ("part", "u1"),
        ("parts", "u1"),
        ("spare2", "<u4"),
    ],
    align=True,
)
"""Where an entry stands: its journal position (from 1), the previous entry of the same
member-year (0: none), the position it undoes (0: none), the previous entry that moved the own
account and the relative's (0: none, or this one does not move it), when it was taken (milliseconds
UTC, never an input to an amount), its kind, and the length of an undo's own request id, which
stands first in its text. A claim of several benefits has as many entries, one after the other:
`part` counts them from 0, `parts` is how many there are (1 for most; 0 of a tombstone)."""

ENTRY: Final = np.dtype(
    [("link", LINK), ("claim", CLAIM), ("row", ROW), ("result", RESULT)], align=True
)

MOVEMENT: Final = np.dtype(
    [
        ("previous", "<i8"),
        ("fen", "<i8"),
        ("balance", "<i8"),
        ("part_fen", "<i8", (len(CreditPart),)),
        ("member", "<i4"),
        ("rule", "i1", (len(CreditPart),)),
        ("spare", "u1"),
    ],
    align=True,
)
"""What moved one personal account outside of a claim; what did it stands in the segment's text,
`engine.domain.movement.Act`. Its journal position is the segment's first one and its place there.
`previous` is the entry or movement before it that moved the account (0: none), `fen` what was added
(negative where the account paid), `balance` what it holds afterwards, `member` the owner's number
(-1: nobody's, where a request id is barred). Of a credit, `part_fen` has what was added of each
`CreditPart`, and `rule` the rule of the account plan that gave it (-1: none); of others 0 and -1.
"""

_RESULT_NAMES: Final = RESULT.names or ()
AMOUNTS: Final = _RESULT_NAMES[: _RESULT_NAMES.index("cash") + 1]
"""The parts of the three sums in `RESULT`: `total` to `cash`."""

CUTS: Final = tuple(name for name in AMOUNTS if name.startswith("cut_"))
"""What the caps cut, in the order in which they are applied."""

BEFORE: Final = tuple(name for name in RESULT.names or () if name.endswith("_before"))
"""The counters before, in `RESULT`."""

CITES: Final = tuple(name for name in RESULT.names or () if name.startswith("cite_"))
"""The citations in `RESULT`."""

NEGATED: Final = (*AMOUNTS, "account_allowed", "family_allowed", "pooled_counted", "burden_counted")
"""What an undo carries negated."""

KEYED_SLOTS: Final = ("visit", "borne", "cost", "disease", "month", "day", "paid")
"""The slots of `ROW` beside the member-year's line, -1 where they are not needed."""

SLOTS: Final = ("counters", *KEYED_SLOTS, "account", "family")
"""Every slot of `ROW`; in the journal 0 or -1."""

ACCOUNTS_MOVED: Final = (
    ("account", "account", "account_previous"),
    ("family", "family_account", "family_previous"),
)
"""Of the accounts that an entry may move: the slot in `ROW`, what it pays in `RESULT`, the entry
before in `LINK`."""

COUNTERS_PER_MEMBER_YEAR: Final = 8
"""int64 a member-year keeps: one line of 64 bytes."""

DEDUCTIBLE: Final = 0
ORDINARY_PAID: Final = 1
SPECIAL_DEDUCTIBLE: Final = 2
CHRONIC_PAID: Final = 3
POOLED_PAID: Final = 4
COMPLIANT_BURDEN: Final = 5
LARGE_AMOUNT_PAID: Final = 6
FLAGS: Final = 7
"""Positions in a member-year's line; bit 0 of FLAGS: the deductible was met before."""
DEDUCTIBLE_MET: Final = 1
NOWHERE: Final = 8
"""In place of a position: it counts nowhere in the line."""

MOVED: Final = (
    (POOLED_PAID, "pooled_paid_before", "pooled_counted"),
    (COMPLIANT_BURDEN, "compliant_burden_before", "burden_counted"),
    (LARGE_AMOUNT_PAID, "large_amount_paid_before", "large_amount_fund"),
)
"""(position in the line, its value before, what moves it), both of these in `RESULT`. Deductible
and payment are not among them: where they count is in `ROW`."""

FLAG_EMERGENCY: Final = 1
FLAG_REFERRED: Final = 2
FLAG_STATEMENT: Final = 4
FLAG_MANUAL: Final = 8
FLAG_USE_ACCOUNT: Final = 16

Array = npt.NDArray[Any]


def place_of(field: str) -> tuple[int, int]:
    """Return offset and size of a field of `ENTRY`, named as `result.total`, in bytes."""
    record, name = field.split(".")
    fields: Any = ENTRY.fields
    inner, start = fields[record][:2]
    kind, offset = inner.fields[name][:2]
    return start + offset, kind.itemsize


def opaque(records: Array) -> Array:
    """Return a view of records as bytes without fields, to be chosen from, joined or copied.

    NumPy copies records with fields field by field, which takes about thirty times as long.
    """
    return records.view(f"V{records.dtype.itemsize}")


def aligned_counters(rows: int) -> Array:
    """Return zeroed counters, int64 of shape (rows, 8), each row on its own 64-byte line."""
    width = COUNTERS_PER_MEMBER_YEAR
    raw = np.zeros(rows * width + width, dtype=np.int64)
    offset = (-raw.ctypes.data % 64) // 8
    return raw[offset : offset + rows * width].reshape(rows, width)
