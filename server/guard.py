"""What has to hold before a server answers, beside what its store checks when it opens."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from google.protobuf.internal import api_implementation

from engine.errors import EngineError
from engine.pipeline import Pipeline

_COMPILED: Final = "upb"
_SKEW_MS: Final = 1_000


class Unsafe(EngineError):
    """Nothing is started: why, and what to do."""


def check_protobuf() -> None:
    """Check that messages are read by protobuf's compiled part.

    Raises:
        Unsafe: they are not.
    """
    implementation = api_implementation.Type()
    if implementation != _COMPILED:
        raise Unsafe(
            f"protobuf runs as {implementation}, where a nested message may exhaust the stack "
            "(CVE-2025-4565); unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION, or install protobuf "
            "with its compiled part"
        )


def check_clock(pipeline: Pipeline, clock: Callable[[], int]) -> None:
    """Check that the clock is that of the store's machine: all who write it date one journal.

    Args:
        pipeline: On the store.
        clock: Of this process, milliseconds UTC.

    Raises:
        Unsafe: they are more than a second apart.
        StoreError: the store cannot be reached.
    """
    before = clock()
    found = pipeline.store_now()
    after = clock()
    if found is None or before - _SKEW_MS <= found <= after + _SKEW_MS:
        return
    is_behind = found < before
    apart = before - found if is_behind else found - after
    raise Unsafe(
        f"the database's clock is {apart} ms {'behind' if is_behind else 'ahead of'} this "
        f"machine's, where {_SKEW_MS} are allowed: settlements would be dated out of order; set "
        "both by NTP"
    )


def warnings(pipeline: Pipeline) -> list[str]:
    """Return what an operator should know before the server answers; often nothing.

    Raises:
        StoreError: the store cannot be reached.
    """
    ours, others = pipeline.introduce(version("gongji"))
    return [
        *pipeline.warnings(),
        *(
            f"another server of this store is {other}, and this one {ours}: what one settles the "
            "other may refuse; run the same version and the same --rules on all of them"
            for other in others
        ),
    ]
