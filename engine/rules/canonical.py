"""Plans and rules as canonical JSON, and the digest that names them."""

import hashlib
import json
from dataclasses import fields
from typing import Any


class Canonical:
    """What is written as canonical JSON: a frozen dataclass of integers, texts and tuples.

    The digest is computed once; it stands outside of the fields, and so of JSON and comparison.
    """

    __slots__ = ("_digest",)
    _digest: bytes

    def to_json(self) -> bytes:
        """Return the canonical JSON: keys sorted, no blanks, UTF-8."""
        return canonical_json(self)

    def digest(self) -> bytes:
        """Return the SHA-256 of the canonical JSON, 32 bytes."""
        try:
            return self._digest
        except AttributeError:
            digest = hashlib.sha256(self.to_json()).digest()
            object.__setattr__(self, "_digest", digest)
            return digest


def canonical_json(value: Any) -> bytes:
    """Return dataclasses, mappings, tuples, texts and integers: keys sorted, no blanks, UTF-8."""
    return json.dumps(
        value, default=_by_name, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def _by_name(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
