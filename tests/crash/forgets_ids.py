"""The planted defect, in a process of its own: `gongji` that does not know which ids are used.

`python -m tests.crash.forgets_ids serve --store STORE` settles a claim that comes again once more.
"""

from __future__ import annotations

from typing import Any

from clients.cli.main import main
from engine.ledger import settle

if __name__ == "__main__":
    planted: Any = settle
    planted._used_id = lambda *_: False
    main()
