"""Lines of a text file, and the encoding they are written in: UTF-8, or GB18030.

GB18030, which holds GBK and GB2312, is what a Chinese Excel saves as “CSV”. Nothing in such a file
names it, so `encoding_of` finds out from the whole file, and finds the same every time:

1. A byte order mark decides.
2. A file that is UTF-8 from end to end is UTF-8; plain ASCII is that too.
3. Otherwise every line has a vote: for UTF-8 if it is UTF-8 and holds more than ASCII, for GB18030
   if it is not UTF-8 but GB18030. ASCII lines, lines that are neither, and lines too long to be
   taken have none. GB18030 is chosen if it has more votes than UTF-8.

So a damaged line does not turn a file around, whichever encoding the rest is in; it is a bad line.
What no rule can know: a file whose few Chinese characters happen to be UTF-8 as well, such as a
single “一”, is taken for UTF-8. `--encoding` is there for that.
"""

import codecs
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from clients.errors import FileError

AUTO: Final = "auto"
UTF_8: Final = "utf-8"
GB18030: Final = "gb18030"
ENCODINGS: Final = (AUTO, UTF_8, GB18030)
"""What a caller may ask for."""

LINE_MAX: Final = 64 * 1024
"""Bytes of the longest line that is taken."""

JSON_LINE_MAX: Final = 512 * 1024
"""Bytes of the longest JSON line: it may hold the thousand lines of a bill."""

_UTF_8_MARK: Final = b"\xef\xbb\xbf"
_GB18030_MARK: Final = b"\x84\x31\x95\x33"
_BLOCK: Final = 1024 * 1024


def read_lines(path: Path, longest: int = LINE_MAX) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers, without a byte order mark.

    Of a line longer than `longest` bytes only so much is yielded that its length shows it, so that
    the memory does not grow with the file whatever it holds.

    Raises:
        FileError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            read = partial(stream.readline, longest + 2)
            for number, line in enumerate(iter(read, b""), 1):
                if len(line) > longest and not line.endswith(b"\n"):
                    rest = line
                    while rest and not rest.endswith(b"\n"):
                        rest = read()
                    yield number, line
                    continue
                if number == 1:
                    line = line.removeprefix(_UTF_8_MARK).removeprefix(_GB18030_MARK)
                if line.strip():
                    yield number, line.rstrip(b"\r\n")
    except OSError as error:
        raise unreadable(path, error) from None


def encoding_of(path: Path, choice: str = AUTO) -> str:
    """Return the encoding of a text file, `UTF_8` or `GB18030`, by the rule of this module.

    Args:
        path: The file.
        choice: One of `ENCODINGS`; what is not `AUTO` is taken at its word.

    Raises:
        FileError: the file cannot be read, or its byte order mark says otherwise than `choice`.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
            stream.seek(0)
            marked = {_UTF_8_MARK: UTF_8, _GB18030_MARK: GB18030}
            found = next((name for mark, name in marked.items() if head.startswith(mark)), "")
            if choice != AUTO and found not in ("", choice):
                raise FileError(
                    f"{path}: begins with the mark of {found.upper()}; leave out --encoding"
                )
            if choice != AUTO or found:
                return found or choice
            decoder = codecs.getincrementaldecoder(UTF_8)()
            for block in iter(partial(stream.read, _BLOCK), b""):
                decoder.decode(block)
            decoder.decode(b"", final=True)
            return UTF_8
    except UnicodeDecodeError:
        return _most_lines(path)
    except OSError as error:
        raise unreadable(path, error) from None


def _most_lines(path: Path) -> str:
    votes = 0
    for _, line in read_lines(path):
        if line.isascii() or len(line) > LINE_MAX:
            continue
        if _is(line, UTF_8):
            votes -= 1
        elif _is(line, GB18030):
            votes += 1
    return GB18030 if votes > 0 else UTF_8


def _is(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def count_lines(path: Path) -> int:
    """Return how many lines a file has, blank ones counted.

    Raises:
        FileError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            count, block = 0, b"\n"
            for block in iter(partial(stream.read, _BLOCK), b""):
                count += block.count(b"\n")
            return count + (not block.endswith(b"\n"))
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> FileError:
    """Return what is said of a file that the system does not let us read."""
    return FileError(f"{path}: {error.strerror}; name a file that can be read")
