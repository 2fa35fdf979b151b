"""The compiled decoder; `server.wire_claim` makes its table."""

from collections.abc import Mapping
from typing import Any

from engine.domain.claim import Claim

NOT_READ: int
READ_TEXT: int
READ_I8: int
READ_I4: int
READ_BOOL: int
FIELDS: int
NOT_SENT: int

class Decoder:
    def __init__(
        self,
        claim: type[Claim],
        defaults: tuple[Any, ...],
        fields: Mapping[int, tuple[int, int]],
        *,
        sequence: int,
        preview: int,
        settle: int,
        service_date: int,
        until_date: int,
        liable: int,
    ) -> None: ...
    def decode(self, data: bytes, institution: str) -> tuple[int, bool, Claim] | None: ...
