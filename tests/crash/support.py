"""Small things the crash tests share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = "/dev/shm"


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A folder in memory where there is one: here only the recorder says what a sync keeps."""
    in_memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="gongji-crash-", dir=in_memory)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder)
