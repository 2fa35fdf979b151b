"""One run of the fuzzer, in a process of its own: atheris ends it."""

from __future__ import annotations

import sys
from typing import Any

import atheris

with atheris.instrument_imports(include=["server", "engine.ledger", "engine.domain"]):
    from engine.kernel import FAST
    from tests.fuzz.target import Target


def plant() -> None:
    """Let the compiled kernel be off by a fen now and then."""
    kind: Any = type(FAST)
    settle = kind.settle

    def off(self: Any, rows: Any, plans: Any, *arrays: Any) -> None:
        settle(self, rows, plans, *arrays)
        cash = arrays[2]["cash"]
        cash[(cash > 0) & (cash % 97 == 0)] += 1

    kind.settle = off


def main() -> None:
    """Fuzz until libFuzzer ends it."""
    arguments = [argument for argument in sys.argv if argument != "--plant"]
    if "--plant" in sys.argv:
        plant()
    target = Target()
    atheris.Setup(arguments, target.feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
