"""Where a store of a test is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.postgres import database, pg_server

__all__ = ["database", "pg_server"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"
