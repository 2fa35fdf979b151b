"""What the checker reports: counts, sums, digest, and what it found wrong."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

FINDINGS_KEPT: Final = 100
"""Findings that are kept in full; the others are only counted."""

PAYERS: Final = (
    "pooled_fund",
    "large_amount_fund",
    "institution_share",
    "account",
    "family_account",
    "cash",
)
"""Who paid; their sums add up to the sum of `total`."""


MOVED_BY: Final = ("credit", "payment", "disposal")
"""What moves accounts outside of claims."""


class Kind(StrEnum):
    """What sort of promise does not hold."""

    STORE = "store"
    """Pages, digest chain or control sums, as the store itself finds them."""
    STRUCTURE = "structure"
    """Numbering of segments and positions, lengths of records and texts, unknown kinds."""
    CHAIN = "chain"
    """An entry does not name the one of its member-year before it, or of an account."""
    ID = "id"
    """A request id is used twice, is missing or cannot be read."""
    UNDO = "undo"
    """An undo is not the exact negation of what stands, or was not to be taken."""
    TOMBSTONE = "tombstone"
    """A tombstone holds more than the id it bars."""
    REGISTER = "register"
    """An entry or an opening does not fit the registers as they stood."""
    PLAN = "plan"
    """A plan is malformed, appears twice, or is not the one for the claim."""
    CLAIM = "claim"
    """What was settled is not what was sent."""
    AMOUNT = "amount"
    """The reference kernel gives another value for a field of the result."""
    IDENTITY = "identity"
    """The parts of a sum do not add up."""
    CAP = "cap"
    """The fund paid more than a cap allows."""
    BALANCE = "balance"
    """A counter or an account went below zero."""
    TABLE = "table"
    """A lagging table differs from the fold of the journal at its checkpoint."""


class Finding(NamedTuple):
    """One thing that is wrong, and where. It names positions, never people.

    `sequence` is the segment (0: none), `position` the journal position (0: none).
    """

    kind: Kind
    sequence: int
    position: int
    field: str
    expected: str
    found: str

    def text(self) -> str:
        """Return the finding as one line."""
        where = f"segment {self.sequence}" if self.sequence else "store"
        if self.position:
            where += f", position {self.position}"
        return f"{self.kind}: {where}: {self.field}: expected {self.expected}, found {self.found}"


@dataclass(slots=True)
class Report:
    """The outcome of a check; `ok` if nothing was found."""

    limit: int = FINDINGS_KEPT
    segments: int = 0
    settlements: int = 0
    undos: int = 0
    tombstones: int = 0
    movements: int = 0
    """Movements of accounts outside of claims."""
    movements_fen: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MOVED_BY, 0))
    """What they added to the accounts, by what moved them; an undo takes away."""
    plans: int = 0
    members: int = 0
    institutions: int = 0
    total_fen: int = 0
    """Sum of `total` over all entries; an undo takes away."""
    payers_fen: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PAYERS, 0))
    digest: str = ""
    """`engine.digest` of what stands, in hexadecimal."""
    checkpoint_sequence: int = 0
    tables_compared: int = 0
    """Rows of the lagging tables that were compared."""
    findings: list[Finding] = field(default_factory=list)
    counted: Counter[Kind] = field(default_factory=Counter)
    """How many findings of each kind, those included that were not kept."""

    @property
    def finding_count(self) -> int:
        """How many findings there are, kept or not."""
        return self.counted.total()

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.counted

    def add(
        self,
        kind: Kind,
        sequence: int,
        position: int,
        field: str,
        expected: object,
        found: object,
    ) -> None:
        """Count a finding, and keep it unless there are too many already."""
        self.counted[kind] += 1
        if len(self.findings) < self.limit:
            finding = Finding(kind, sequence, position, field, str(expected), str(found))
            self.findings.append(finding)

    def as_dict(self) -> dict[str, Any]:
        """Return the report in values that JSON knows."""
        return {
            "ok": self.ok,
            "segments": self.segments,
            "settlements": self.settlements,
            "undos": self.undos,
            "tombstones": self.tombstones,
            "movements": self.movements,
            "movements_fen": self.movements_fen,
            "plans": self.plans,
            "members": self.members,
            "institutions": self.institutions,
            "total_fen": self.total_fen,
            "payers_fen": self.payers_fen,
            "digest": self.digest,
            "checkpoint_sequence": self.checkpoint_sequence,
            "tables_compared": self.tables_compared,
            "finding_count": self.finding_count,
            "findings_by_kind": {str(kind): n for kind, n in sorted(self.counted.items())},
            "findings": [finding._asdict() for finding in self.findings],
        }
