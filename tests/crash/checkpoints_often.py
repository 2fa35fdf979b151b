"""`gongji` that writes checkpoints all the time, so that a kill finds it doing so.

`python -m tests.crash.checkpoints_often serve --store STORE` is `gongji serve` with its threshold
for checkpoints set low; there is nothing else about it.
"""

from __future__ import annotations

from clients.cli.main import main
from engine import pipeline
from engine.store import sqlite

if __name__ == "__main__":
    pipeline.CHECKPOINT_USES, pipeline.USES_A_ROW = 60, 0
    sqlite.PART_BYTES = 5_000
    main()
