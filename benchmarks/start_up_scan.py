"""Fold the whole journal of a store, as a recovery would whose tables were lost.

python -m benchmarks.start_up_scan STORE
"""

import json
import sys
import time

from engine.state.state import State
from engine.store.sqlite import SqliteStore


def main() -> None:
    """Fold, and say as JSON what it took: registers apart, since entries are what grows."""
    with SqliteStore.open(sys.argv[1], check=False) as store:
        state = State(store)
        registers = 0.0
        began = time.perf_counter()
        for sequence, segment in store.segments(0, 0):
            before = time.perf_counter()
            state.fold(segment)
            if not segment.records:
                registers += time.perf_counter() - before
            state.begin_checkpoint(sequence)
            state.end_checkpoint()
        seconds = time.perf_counter() - began
        assert state.next_position == store.last_position + 1
    print(json.dumps({"seconds": seconds - registers, "registers_seconds": registers}))


if __name__ == "__main__":
    main()
