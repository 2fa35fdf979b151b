"""Request ids that are used; see `_ids.pyx`."""

from engine.domain.layout import Array

STATUS_BITS: int
"""A use is a journal position, shifted by so many bits, and a `KeyStatus`."""

def fingerprint(seed: int, institution: int, request_id: str) -> int:
    """Return the fingerprint of an id, above 0 and below 2**64."""

class Ids:
    """A growing map of (institution, request id) to uses; institutions are numbers, any int64."""

    def __init__(self, seed: int) -> None:
        """Begin without ids; `seed` is the secret of the store that keeps the fingerprints."""

    def __len__(self) -> int: ...
    @property
    def nbytes(self) -> int:
        """Bytes of memory that the uses take, without the notes for a checkpoint."""

    @property
    def noted_count(self) -> int:
        """How many uses were put since `forget_noted`."""

    def take(self, institution: int, request_id: str) -> bool:
        """Keep an id for a claim under way; return whether it was free, which is then certain."""

    def put(self, institution: int, request_id: str, position: int, status: int) -> None:
        """Record what used an id up: a journal position above 0, and a `KeyStatus`."""

    def uses(self, institution: int, request_id: str) -> list[tuple[int, int]]:
        """Return [(position, status)] of what may have used an id up, the last one first."""

    def reserve(self, uses: int) -> None:
        """Make room for so many uses, so that loading them need not grow again and again."""

    def load(self, uses: Array) -> None:
        """Enter uses that a checkpoint wrote, of `ID_USE`."""

    def noted_uses(self) -> bytes:
        """Return the uses put since `forget_noted`, as the bytes of `ID_USE`s in their order."""

    def forget_noted(self, count: int) -> None:
        """Forget the first of the noted uses, once a checkpoint with them is durable."""
