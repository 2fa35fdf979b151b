"""Ids: of requests, members, institutions, visits, diseases, whatever a client names."""

from engine.errors import InvalidInput

ID_LENGTH_MAX = 64
"""Longest id, in UTF-8 bytes; the national platform's message id has 30."""


def check_id(path: str, text: str, *, required: bool = True) -> None:
    """Check an id: not empty where required, at most `ID_LENGTH_MAX` bytes, no control character.

    Raises:
        InvalidInput: naming `path`; the id itself is not repeated.
    """
    if required and not text:
        raise InvalidInput(path, "is missing; an id is expected")
    # First of all: what is not printable may not even be text that can be written.
    if not text.isprintable():
        raise InvalidInput(path, "holds a control character; printable text is expected")
    if len(text.encode()) > ID_LENGTH_MAX:
        raise InvalidInput(path, f"is longer than {ID_LENGTH_MAX} bytes")
    if text != text.strip():
        raise InvalidInput(path, "begins or ends with a space")
