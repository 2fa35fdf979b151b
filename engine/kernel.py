"""The door to the two kernels: what both do, the plans they do it by, and proof that they agree.

Importing this module compares constants and record layouts of the compiled kernel with those of
the engine, and settles a handful of rows by both. A difference stops the import.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

import engine._fast as _fast
import engine._identities as _identities
import engine.records as records
import engine.reference as reference
from engine.domain import codes, layout, money, reasons
from engine.domain.layout import AMOUNTS, CUTS, KEYED_SLOTS, RESULT, ROW, Array
from engine.errors import InvariantBroken
from engine.rules import plan as rule_plan
from engine.rules import words as plan_words
from engine.rules.plan import Bracket, Citation, Exclusion, RulePlan

_First = Callable[[Array], dict[str, int]]


class PlanTable:
    """The plans that the rows of a batch may name, in order of their positions.

    `plans` is what the reference kernel reads, `words` the same packed for the compiled one.
    Positions are kept for ever: the table only grows.
    """

    def __init__(self, plans: Iterable[RulePlan] = ()) -> None:
        self.plans: list[RulePlan] = []
        self._words = plan_words.empty_words(4)
        for plan in plans:
            self.append(plan)

    def __len__(self) -> int:
        return len(self.plans)

    @property
    def words(self) -> Array:
        """The packed plans, int64 of shape (plans, `PLAN_WORDS`), C-contiguous."""
        return self._words[: len(self.plans)]

    def append(self, plan: RulePlan) -> int:
        """Take a plan in and return its position.

        Raises:
            InvariantBroken: the plan is not one the kernels can settle by.
        """
        packed = plan_words.pack(plan)
        position = len(self.plans)
        if position == len(self._words):
            grown = plan_words.empty_words(2 * position)
            grown[:position] = self._words
            self._words = grown
        self._words[position] = packed
        self.plans.append(plan)
        return position


class Kernel(Protocol):
    """Settles rows; state is changed in place, rows are taken in order.

    `rows` and `results` are one-dimensional arrays of `layout.ROW` and `layout.RESULT`, strided
    if need be (`entries["row"]`). `counters` is int64 of shape (member-years, 8), `visits` and
    `balances` are int64. A `ValueError` names row and field and means that nothing was changed.
    """

    @property
    def name(self) -> str:
        """`reference` or `fast`."""
        ...

    def settle(
        self,
        rows: Array,
        plans: PlanTable,
        counters: Array,
        visits: Array,
        results: Array,
        balances: Array | None = None,
    ) -> None:
        """Overwrite `results` and move the counters; given `balances`, let the accounts pay too.

        Accounts pay what they may and hold, in order of arrival. Without `balances` everything
        but them is settled, and what an account would pay is left as cash.
        """
        ...


class _Reference:
    """The executable regulation; see `engine.reference`."""

    name: Final = "reference"

    def settle(
        self,
        rows: Array,
        plans: PlanTable,
        counters: Array,
        visits: Array,
        results: Array,
        balances: Array | None = None,
    ) -> None:
        reference.settle(rows, plans.plans, counters, visits, results, balances)


class _Fast:
    """The compiled kernel; it runs without the GIL."""

    name: Final = "fast"

    def settle(
        self,
        rows: Array,
        plans: PlanTable,
        counters: Array,
        visits: Array,
        results: Array,
        balances: Array | None = None,
    ) -> None:
        records.check_layouts(rows, results)
        _fast.settle(rows, plans.words, counters, visits, results, balances)


REFERENCE: Final[Kernel] = _Reference()
FAST: Final[Kernel] = _Fast()


def kernel_by_name(name: str) -> Kernel:
    """Return the kernel called `reference` or `fast`.

    Raises:
        ValueError: there is no such kernel.
    """
    for kernel in (REFERENCE, FAST):
        if kernel.name == name:
            return kernel
    raise ValueError(f'expected the kernel "reference" or "fast", found "{name}"')


# ------------------------------------------------------------------------------- the three sums

_SUMS: Final = (
    ("total", ("non_covered", "over_limit", "pre_payment", "excluded", "in_scope")),
    ("in_scope", ("deductible", "copay", *CUTS, "pooled_fund")),
    (
        "total",
        (
            "pooled_fund",
            "large_amount_fund",
            "institution_share",
            "account",
            "family_account",
            "cash",
        ),
    ),
    ("person", ("account", "family_account", "cash")),
)
"""Bill, basis, payers, and the person's own share: each whole with its parts."""

_AT_MOST: Final = (
    ("first_pay", "pre_payment"),
    ("account", "account_allowed"),
    ("family_account", "family_allowed"),
    ("pooled_counted", "pooled_fund"),
    ("large_amount_fund", "burden_counted"),
)

_BESIDE: Final = ("account_allowed", "family_allowed", "pooled_counted", "burden_counted")
"""What stands beside the amounts and is checked with them."""

_MAY_BE_NEGATIVE: Final = frozenset({"institution_share"})


def check_identities(results: Array) -> None:
    """Check the sums of new settlements: bill, basis, payers, person; and that none is negative.

    Undone settlements carry negated parts and are not for this check. Refused rows are all
    zero and pass.

    Raises:
        InvariantBroken: naming the first row and the sum that does not hold.
    """
    row = _identities.first_broken(results)
    if row >= 0:
        _name_the_broken(results[row], row)


def _name_the_broken(result: np.void, row: int) -> None:
    """Raise for the first sum of a row that does not hold."""
    names = (*AMOUNTS, *_BESIDE)
    of = {name: int(result[name]) for name in names}

    def require(holds: bool, problem: str) -> None:
        if not holds:
            raise InvariantBroken(f"results[{row}]: {problem}: {of}")

    for whole, parts in _SUMS:
        # A package is priced as a whole: its basis is not made of what is in scope.
        apart = whole == "in_scope" and bool(result["cite_standard_price"])
        added = sum(of[name] for name in parts)
        require(added == of[whole] or apart, f"{' + '.join(parts)} is not {whole}")
    for smaller, larger in _AT_MOST:
        require(of[smaller] <= of[larger], f"{smaller} exceeds {larger}")
    for name in sorted(of.keys() - _MAY_BE_NEGATIVE):
        require(of[name] >= 0, f"{name} is negative")
    raise InvariantBroken(_rebuild(f"results[{row}] is taken for broken: {of}"))


# ------------------------------------------------------------------------- agreement at start-up


def check_agreement() -> None:
    """Check that the compiled kernel and the engine mean the same by every name.

    Raises:
        InvariantBroken: naming the difference; the extension has to be built again.
    """
    _check_constants()
    _check_fields("ROW", ROW, records.Row._fields, _fast.first_row)
    _check_fields("RESULT", RESULT, tuple(records.Result.__slots__), _fast.first_result)
    _check_by_example()


def _check_constants() -> None:
    ours: dict[str, object] = {
        "USE_ACCOUNT": int(codes.Fact.USE_ACCOUNT),
        "PHARMACY": int(codes.Fact.PHARMACY),
        "RELATION_NOT_ALLOWED": int(reasons.Reason.RELATION_NOT_ALLOWED),
    }
    for module in (plan_words, rule_plan, layout, reasons, money):
        ours |= vars(module)
    theirs = {name: value for name, value in vars(_fast).items() if name.isupper()}
    theirs["AMOUNT_MAX_FEN"] = _fast.amount_max_fen()
    for name, value in theirs.items():
        if ours.get(name) != value:
            raise InvariantBroken(_rebuild(f"{name} is {value}, expected {ours.get(name)}"))


def _check_fields(
    name: str, dtype: np.dtype[np.void], fields: tuple[str, ...], first: _First
) -> None:
    """Give every field a number of its own and see under which names they come back."""
    record = np.zeros(1, dtype=dtype)
    expected = {field: number for number, field in enumerate(dtype.names or (), 1)}
    for field, number in expected.items():
        record[field] = number
    found = first(record)
    if found != expected:
        raise InvariantBroken(_rebuild(f"{name} reads {found}, expected {expected}"))
    if fields != tuple(expected):
        raise InvariantBroken(f"records.py: {name} has {fields}, expected {tuple(expected)}")


def _rebuild(problem: str) -> str:
    return f"engine._fast: {problem}; build the extensions again (make setup)"


def _check_by_example() -> None:
    """Settle a few rows by both kernels and compare every byte, of results and of state."""
    plans = PlanTable([_example_plan(), _example_package()])
    outcomes = [_settle_example(kernel, plans) for kernel in (REFERENCE, FAST)]
    for name, ours, theirs in zip(
        ("counters", "visits", "balances", "results"), *outcomes, strict=True
    ):
        if ours.tobytes() != theirs.tobytes():
            raise InvariantBroken(_rebuild(f"{name} are {theirs}, expected {ours}"))


def _settle_example(kernel: Kernel, plans: PlanTable) -> tuple[Array, Array, Array, Array]:
    counters = layout.aligned_counters(2)
    visits, balances = np.zeros(5, np.int64), np.array([3_000, 9_000], np.int64)
    rows, results = np.zeros(8, ROW), np.zeros(8, RESULT)
    rows["in_scope"] = (10_001, 30_005, 0, 99_999, 40_000, 5_000, 60_003, 20_007)
    rows["non_covered"] = 7
    rows["liable"] = (-1, -1, -1, -1, 10_000, -1, -1, -1)
    rows["counters"] = (0, 0, 1, 0, 1, 1, 0, 1)
    rows["plan"] = (0, 0, 0, 0, 0, 0, 1, 1)
    for name in KEYED_SLOTS:
        rows[name] = -1
    rows["visit"] = (0, -1, -1, 0, -1, 0, -1, -1)
    rows["place"] = (0, 3, 0, 0, 0, 0, 0, 0)
    rows["borne"][4] = 1
    rows["cost"] = (-1, 2, -1, 2, 2, -1, -1, -1)
    rows["disease"][3] = 3
    rows["paid"][6] = 3
    rows["month"] = rows["day"] = (4, 4, -1, -1, -1, -1, -1, -1)
    rows["deductible_at"] = (0, 0, 0, 2, 0, layout.NOWHERE, 0, 0)
    rows["paid_at"] = (1, 1, 3, 1, 1, 1, layout.NOWHERE, 1)
    rows["level"] = (0, 0, 0, 0, 2, 0, 0, 0)
    rows["rate_level"] = (0, 0, 0, 2, 0, 0, 0, 0)
    rows["family"], rows["relation"] = 1, (2, 2, 0, 3, 3, 2, 2, 0)
    rows["payer_reason"][1] = reasons.Reason.NOT_REGISTERED
    rows["facts"] = codes.Fact.USE_ACCOUNT
    rows["facts"][6] |= codes.Fact.PHARMACY
    rows["facts"][4] |= codes.Fact.LIABLE
    rows["facts"][5] |= codes.Fact.MATERNITY
    kernel.settle(rows, plans, counters, visits, results, balances)
    return counters, visits, balances, results


def _example_plan() -> RulePlan:
    """Return a plan of no city whose every table has something to say."""
    groups = rule_plan.LEVELS * rule_plan.STATUSES
    rates = groups * rule_plan.PLACES
    reason, fact = reasons.Reason, codes.Fact
    return RulePlan(
        city="000000",
        name="",
        first_day=2000_01_01,
        last_day=2000_12_31,
        deductible_kind=rule_plan.DEDUCTIBLE_SHARED,
        deductible_fen=(20_000,) * groups,
        deductible_cite=(1,) * groups,
        rate_bp=(5_005,) * rates,
        rate_cite=(2,) * rates,
        first_pay_bp=(0, 0, 1_000, 1_005),
        first_pay_cite=(3,) * rule_plan.PLACES,
        visit_cap_fen=(30_000,) * groups,
        visit_cap_cite=(4,) * groups,
        annual_cap_fen=(40_000,) * groups,
        annual_cap_cite=(5,) * groups,
        rounding=rule_plan.HALF_UP,
        rounding_cite=0,
        exclusions=(
            Exclusion(reason.OTHER_SCHEME, fact.MATERNITY, 0, 6),
            Exclusion(reason.LIABLE_ELSEWHERE, fact.LIABLE, 0, 7, True, rule_plan.BAR_EXCLUDED),
            Exclusion(reason.ARREARS, 0, fact.SELECTED, 7, levels=2),
        ),
        citations=(Citation(()),) * 12,
        pooled_counts=1,
        pooled_cap_fen=35_000,
        pooled_cap_cite=8,
        burden_counts=1,
        second_threshold_fen=20_000,
        second_rate_bp=6_005,
        second_cap_fen=30_000,
        second_cite=9,
        account_limited=1,
        account_cite=10,
        family_medical=1 << 2,
        family_medical_cite=9,
        family_goods=1 << 2 | 1 << 3,
        family_goods_cite=11,
        brackets=(Bracket(30_000, (4_005,) * rates, (11,) * rates),),
        day_cap_fen=(9_000,) * groups,
        day_cap_cite=(3,) * groups,
        month_cap_fen=(11_000,) * groups,
        month_cap_cite=(4,) * groups,
        disease_cap_fen=8_000,
        disease_cap_cite=5,
    )


def _example_package() -> RulePlan:
    """Return a plan of no city that pays by a standard price."""
    return replace(
        _example_plan(),
        deductible_kind=rule_plan.DEDUCTIBLE_NONE,
        burden_counts=0,
        account_limited=0,
        brackets=(),
        standard_price_fen=50_001,
        standard_price_cite=6,
    )


check_agreement()
