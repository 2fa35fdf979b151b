"""Plain text in columns for Chinese: a character of Chinese is as wide as two of ours."""

import unicodedata
from collections.abc import Iterator
from typing import Final

WIDTH: Final = 72

_CLOSING: Final = "，。：；！？、）〕】》”’"
"""Signs that do not begin a line."""


def width(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, columns: int) -> str:
    """Return the text with blanks after it, up to `columns`."""
    return text + " " * (columns - width(text))


def pad_left(text: str, columns: int) -> str:
    """Return the text with blanks before it, up to `columns`."""
    return " " * (columns - width(text)) + text


def spread(left: str, right: str, columns: int = WIDTH) -> str:
    """Return both texts on a line, the second at its end."""
    return left + " " * max(1, columns - width(left) - width(right)) + right


def centre(text: str, columns: int = WIDTH) -> str:
    """Return the text in the middle of a line."""
    return " " * max(0, (columns - width(text)) // 2) + text


def wrap(text: str, columns: int) -> Iterator[str]:
    """Yield lines of at most `columns`; a closing sign may hang over by its own width."""
    line, used = "", 0
    for char in text:
        size = _columns(char)
        if used + size > columns and char not in _CLOSING:
            yield line
            line, used = "", 0
        line += char
        used += size
    if line:
        yield line


def indented(text: str, indent: int, first: str = "", columns: int = WIDTH) -> Iterator[str]:
    """Yield the text in lines that all begin at `indent`, the first with `first` before it."""
    for number, line in enumerate(wrap(text, columns - indent)):
        yield (pad(first, indent) if number == 0 else " " * indent) + line
