"""Goal 1: the compiled kernel, one thread and two, beside the floor, NumPy and pure Python.

    python -m benchmarks.kernel [--short]

Claims of 1 000 000 members in random order, by the plans of ordinary care of every city, in turns:

    floor          reads, changes and writes one 64-byte line a claim, asked for some claims
                   ahead; reads 4 bytes of an index beside it (`floor.c`)
    floor, state   the same, and the words of keyed counters and accounts that the kernel moves
    floor, rows    one line, reading a row and writing a result as large as the kernel's
    kernel         every part, accounts and checks at the boundary included; 8 192 rows a call
    two threads    the same, each thread with the claims of half of the members; the floor too,
                   for what the machine gives a second thread
    NumPy          by rounds, sorts included, the same parts into columns (`numpy_rounds`)
    pure Python    one inlined loop over lists, the basis columns (`python_loop`)

All begin with the same state and write into memory that was touched before. On a small batch
every contender is first shown to agree with the reference kernel, results and state; after the
rounds of the large one all digests are compared. Only a difference is a failure.
"""

import argparse
import hashlib
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import numpy as np

from benchmarks import city_rows, floor, numpy_rounds, python_loop
from benchmarks.city_rows import Batch
from benchmarks.lines import Line, environment, keep, line
from benchmarks.report import table
from benchmarks.rounds import Contender, Timings, in_turns, ratio
from engine.domain.layout import RESULT, ROW, Array
from engine.kernel import FAST, REFERENCE, Kernel, check_identities

MEMBERS: Final = 1_000_000
CHUNK: Final = 8_192
"""Rows a call."""
SMALL: Final = ((6_000, 500), (6_000, 40))
"""Claims and members of the batches on which the reference judges."""
ONE_CLAIM_CALLS: Final = 20_000

FLOOR: Final = "floor: one line of state"
FLOOR_STATE: Final = "floor: all state it moves"
FLOOR_ROWS: Final = "floor: one line, row and result"
KERNEL: Final = "kernel, one thread"

State = tuple[Array, Array, Array]


def run_kernel(kernel: Kernel, of: Batch, rows: Array, results: Array, state: State) -> None:
    """Settle rows in chunks, accounts included."""
    counters, visits, balances = state
    for start in range(0, len(rows), CHUNK):
        chunk, written = rows[start : start + CHUNK], results[start : start + CHUNK]
        kernel.settle(chunk, of.plans, counters, visits, written, balances)


def digest(arrays: Iterable[Array]) -> str:
    """Return one digest of results and state."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).view(np.uint8).data)
    return found.hexdigest()


class Arena:
    """A batch, a state that is set back before each run, and the contenders on them."""

    def __init__(self, claims: int, members: int, python_claims: int) -> None:
        self.batch = city_rows.batch(claims, members)
        self.state = city_rows.fresh(self.batch)
        self.results = np.full(claims, 0, RESULT)
        self._halves = city_rows.halves(self.batch)
        self.parts = [self.batch.rows[at] for at in self._halves]
        self._part_results = [np.full(len(at), 0, RESULT) for at in self._halves]
        self._columns = numpy_rounds.columns_of(self.batch.rows)
        self._written = numpy_rounds.empty_results(claims)
        self._python_claims = min(python_claims, claims)
        self._python = python_loop.work(self.batch.rows, self.batch.plans.plans)
        self._python_state: list[list[int]] = []
        self._basis: list[python_loop.Basis] = []
        self._threads = ThreadPoolExecutor(2)

    def leave(self) -> None:
        """Leave the state as it is."""

    def reset(self) -> None:
        """Set the state back."""
        city_rows.reset(self.batch, self.state)

    def kernel(self, kernel: Kernel = FAST) -> None:
        """Settle by a kernel, in one thread."""
        run_kernel(kernel, self.batch, self.batch.rows, self.results, self.state)

    def two_threads(self) -> None:
        """Settle by the compiled kernel, half of the members in a thread."""
        parts = zip(self.parts, self._part_results, strict=True)
        self.at_once([partial(run_kernel, FAST, self.batch, *part, self.state) for part in parts])

    def at_once(self, work: Sequence[Callable[[], object]]) -> None:
        """Do both pieces of work, a thread each."""
        for waiting in [self._threads.submit(piece) for piece in work]:
            waiting.result()

    def numpy(self) -> None:
        """Settle by NumPy."""
        counters, visits, balances = self.state
        numpy_rounds.settle(self._columns, self.batch.plans, counters, visits, self._written)
        numpy_rounds.pay_accounts(self._columns, self._written, balances)

    def reset_python(self) -> None:
        """Set the lists of pure Python back."""
        self._basis = []
        self._python_state = python_loop.state(
            len(self.batch.counters), len(self.batch.visits), self.batch.balances
        )

    def python(self) -> None:
        """Settle the first claims in pure Python."""
        self._basis = python_loop.settle(self._python, self._python_state, self._python_claims)

    def contenders(self) -> dict[str, Contender]:
        """Return what settles, by name."""
        claims = len(self.batch.rows)
        return {
            "kernel": Contender(claims, self.reset, self.kernel),
            "two threads": Contender(claims, self.reset, self.two_threads),
            "NumPy": Contender(claims, self.reset, self.numpy),
            "pure Python": Contender(self._python_claims, self.reset_python, self.python),
        }

    def digests(self) -> dict[str, str]:
        """Settle once by each; return digests of results and state, pure Python's of the basis."""
        found = {}
        self.reset()
        self.kernel()
        check_identities(self.results)
        found["kernel"] = digest((self.results, *self.state))
        basis = [self.results[name][: self._python_claims] for name in python_loop.BASIS]
        found["basis, kernel"] = digest([np.array(basis, np.int64)])
        self.reset()
        self.two_threads()
        for at, results in zip(self._halves, self._part_results, strict=True):
            self.results[at] = results
        found["two threads"] = digest((self.results, *self.state))
        self.reset()
        self.numpy()
        found["NumPy"] = digest((numpy_rounds.packed(self._written), *self.state))
        self.reset_python()
        self.python()
        found["basis, pure Python"] = digest([python_loop.columns(self._basis)])
        return found


def require_same(found: dict[str, str]) -> str:
    """Fail unless all digests are one, and those of the basis; return the first."""
    basis = {value for name, value in found.items() if name.startswith("basis")}
    whole = {value for name, value in found.items() if not name.startswith("basis")}
    assert len(basis) == len(whole) == 1, f"contenders differ: {found}"
    return found["kernel"]


def require_reference() -> None:
    """Fail unless every contender settles as the reference kernel does."""
    for claims, members in SMALL:
        arena = Arena(claims, members, claims)
        found = arena.digests()
        arena.reset()
        arena.kernel(REFERENCE)
        found["reference"] = digest((arena.results, *arena.state))
        require_same(found)


def floors(arena: Arena) -> dict[str, Contender]:
    """Return the floors under these claims, shown to visit every line."""
    rows = arena.batch.rows
    loaded, members = floor.library(), np.ascontiguousarray(rows["counters"])
    counters, keyed, balances = city_rows.fresh(arena.batch)
    of_lines = floor.lines(loaded, members, counters)
    assert of_lines() == floor.expected_sum(members, counters), "the floor missed a line"
    halves = [
        floor.lines(loaded, np.ascontiguousarray(part["counters"]), counters)
        for part in arena.parts
    ]
    of_rows = floor.rows(loaded, members, counters, rows, arena.results)
    return {
        "floor": Contender(len(rows), arena.leave, of_lines),
        "floor, two threads": Contender(len(rows), arena.leave, lambda: arena.at_once(halves)),
        "floor, state": Contender(
            len(rows), arena.leave, floor.state(loaded, rows, counters, keyed, balances)
        ),
        "floor, rows": Contender(len(rows), arena.leave, of_rows),
    }


def one_claim_ns() -> float:
    """Return what a call with one claim takes, accounts included."""
    of = city_rows.batch(1, 1)
    state, results = city_rows.fresh(of), np.zeros(1, RESULT)
    run_kernel(FAST, of, of.rows, results, state)
    began = time.perf_counter()
    for _ in range(ONE_CLAIM_CALLS):
        run_kernel(FAST, of, of.rows, results, state)
    return (time.perf_counter() - began) / ONE_CLAIM_CALLS * 1e9


def state_lines(rows: Array) -> float:
    """Return how many lines of state a claim touches: its own, keyed ones, the account's."""
    beside = [rows[name] >= 0 for name in ("visit", "borne", "account")]
    return 1 + sum(float(each.mean()) for each in beside)


COMPARED: Final = (
    # what, what the ratio divides by what, whose figure, held against, the goal
    ("kernel, one thread", "floor", "kernel", "kernel", FLOOR, ">= 0.25"),
    ("kernel, one thread", "floor, state", "kernel", "kernel", FLOOR_STATE, ""),
    ("kernel, one thread", "floor, rows", "kernel", "kernel", FLOOR_ROWS, ""),
    ("kernel, two threads", "kernel", "two threads", "two threads", KERNEL, ">= 1.7"),
    ("floor, two threads", "floor", "floor, two threads", "floor, two threads", FLOOR, ""),
    ("NumPy by rounds", "NumPy", "kernel", "NumPy", KERNEL, ">= 10"),
    ("pure Python", "pure Python", "kernel", "pure Python", KERNEL, ">= 60"),
)


def lines_of(timings: Timings, arena: Arena, digest_of: str, rounds: int) -> list[Line]:
    """Return what is kept."""
    seconds, processor = timings
    ns = {name: statistics.median(each) * 1e9 for name, each in seconds.items()}
    rows, touched = arena.batch.rows, state_lines(arena.batch.rows)
    run = f"{len(rows):,} claims, {len(arena.batch.counters):,} members, {rounds} rounds"
    beside = f"{ROW.itemsize} B of row in and {RESULT.itemsize} B of result out"
    found = [
        line("1", FLOOR, ns["floor"], "ns/claim", notes=f"{run}; {environment()}"),
        line("1", FLOOR_STATE, ns["floor, state"], "ns/claim", notes=f"{touched:.2f} lines"),
        line("1", FLOOR_ROWS, ns["floor, rows"], "ns/claim", notes=f"{beside} beside the line"),
    ]
    for what, above, below, measured, of, wanted in COMPARED:
        each = ratio(seconds[above], seconds[below])
        notes = f"rounds {each.range}"
        if "two threads" not in below:
            used = ratio(processor[above], processor[below])
            notes += f"; by processor time {used.median:.3g}"
        if wanted == ">= 0.25":
            notes += f"; one digest: {digest_of[:16]}"
        value = ns[measured]
        found.append(
            line("1", what, value, "ns/claim", of=of, ratio=each.median, wanted=wanted, notes=notes)
        )
    moved = f"{touched:.2f} lines of 64 B read and written; {beside} beside them"
    found.append(line("1", "state moved", touched * floor.LINE_BYTES, "B/claim", notes=moved))
    found.append(line("1", "kernel, one claim a call", one_claim_ns(), "ns/claim"))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, check, keep, show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="fewer claims, fewer rounds")
    parser.add_argument("--members", type=int, default=MEMBERS)
    given = parser.parse_args(arguments)
    claims, python_claims, rounds = (500_000, 50_000, 5) if given.short else (2_000_000, 200_000, 9)
    require_reference()
    arena = Arena(claims, given.members, python_claims)
    digest_of = require_same(arena.digests())
    timings = in_turns({**floors(arena), **arena.contenders()}, rounds)
    assert require_same(arena.digests()) == digest_of, "the last run differs from the first"
    lines = lines_of(timings, arena, digest_of, rounds)
    keep("kernel", lines)
    print(table("1", lines).text())


if __name__ == "__main__":
    main()
