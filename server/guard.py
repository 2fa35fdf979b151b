"""What has to hold before a server answers, beside what its store checks when it opens."""

from collections.abc import Callable
from typing import Final

from google.protobuf.internal import api_implementation

from engine.errors import EngineError
from engine.pipeline import Pipeline

_COMPILED: Final = "upb"
_SKEW_MS: Final = 1_000


class Unsafe(EngineError):
    """The server is not started: why, and what to do."""


def check_start(pipeline: Pipeline, clock: Callable[[], int]) -> None:
    """Check that a server may start.

    Args:
        pipeline: What it would answer with.
        clock: The server's, milliseconds UTC.

    Raises:
        Unsafe: it may not.
        StoreError: the store cannot be reached.
    """
    implementation = api_implementation.Type()
    if implementation != _COMPILED:
        raise Unsafe(
            f"protobuf runs as {implementation}, where a nested message may exhaust the stack "
            "(CVE-2025-4565); unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION, or install protobuf "
            "with its compiled part"
        )
    before = clock()
    found = pipeline.store_now()
    after = clock()
    if found is not None and not before - _SKEW_MS <= found <= after + _SKEW_MS:
        behind = found < before
        raise Unsafe(
            f"the database's clock is {before - found if behind else found - after} ms "
            f"{'behind' if behind else 'ahead of'} this machine's, where {_SKEW_MS} are allowed: "
            "settlements of several servers would be dated out of order; set both by NTP"
        )
