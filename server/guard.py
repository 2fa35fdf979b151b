"""What has to hold before a server answers, beside what its store checks when it opens."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from google.protobuf.internal import api_implementation

from engine.errors import EngineError
from engine.pipeline import Pipeline

_COMPILED: Final = "upb"
_SKEW_MS: Final = 1_000


_PROGRAM: Final = "gongji "


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
            if other.startswith(_PROGRAM)
        ),
    ]
