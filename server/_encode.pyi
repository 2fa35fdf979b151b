"""The compiled encoder; `server.wire_settlement` makes its table."""

from typing import Any

import numpy as np

from engine.domain.claim import Claim
from engine.domain.layout import Array

MESSAGE: int
NUMBER: int
MOVED: int
EITHER: int
INPUT: int
SECONDS: int
NANOS: int
TEXT: int
PIECES: int
BITS: int
CITES: int
CITE: int
I8: int
I4: int
U4: int
I2: int
U2: int
U1: int
WHOLE: int
FIRST: int
LAST: int
SEQUENCE: int
REPLAYED: int
DIGEST: int
TEXTS: int
FIGURES: int
GROUPS: int
SETTLED: int
ANSWERED: int
GROUPED: int
ROOTS: int

class Records:
    def __init__(self, records: Array | np.void, layout: np.dtype[Any]) -> None: ...
    @property
    def count(self) -> int: ...

class PlanOnWire:
    def __init__(self, digest: bytes, figures: list[bytes], uses: bytes) -> None: ...

class Encoder:
    def __init__(
        self,
        ops: Array,
        roots: tuple[int, ...],
        *,
        cites: Array,
        plan: int,
        texts: tuple[int, ...],
        claim_size: int,
        layout: np.dtype[Any],
    ) -> None: ...
    def records(self, records: Array | np.void) -> Records: ...
    def response(
        self,
        sequence: int,
        claim: Claim,
        records: Records,
        row: int,
        plans: dict[int, PlanOnWire],
        *,
        replayed: bool = False,
        parts: Records | None = None,
    ) -> bytes: ...
    def settlement(
        self,
        claim: Claim,
        records: Records,
        row: int,
        plans: dict[int, PlanOnWire],
        *,
        replayed: bool = False,
        parts: Records | None = None,
    ) -> bytes: ...
    def group(self, records: Records, row: int, plans: dict[int, PlanOnWire]) -> bytes: ...
