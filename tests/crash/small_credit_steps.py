"""`gongji` whose credit runs take small steps and tell of each, so that a kill finds them at it.

`python -m tests.crash.small_credit_steps account credit-run …` is `gongji account credit-run …`
with few members a step and checkpoints all the time; each step begins with a line on stderr.
"""

from __future__ import annotations

import sys

from clients.cli import local
from clients.cli.main import main
from engine import pipeline
from engine.domain.movement import CreditStep
from engine.store import sqlite

MEMBERS_A_STEP = 100


def small_step(city: str, month: int, first: int, *, dry_run: bool) -> CreditStep:
    """Return a step of few members."""
    sys.stderr.write("step\n")
    sys.stderr.flush()
    return CreditStep(city, month, first, MEMBERS_A_STEP, dry_run)


if __name__ == "__main__":
    pipeline.CHECKPOINT_USES, pipeline.USES_A_ROW = 2, 0
    sqlite.PART_BYTES = 5_000
    local.CreditStep = small_step  # type: ignore[assignment,attr-defined]
    main()
