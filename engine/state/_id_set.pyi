"""Ids of requests that are used, as fingerprints; see `_id_set.pyx`."""

class IdSet:
    """A growing set of (institution, request id); institutions are numbers, any below 2**63."""

    def __len__(self) -> int: ...
    @property
    def nbytes(self) -> int:
        """Bytes of memory that the fingerprints take."""

    def add(self, institution: int, request_id: str) -> bool:
        """Add an id; return whether it was absent, which is certain."""

    def lacks(self, institution: int, request_id: str) -> bool:
        """Return whether an id was certainly never added."""
