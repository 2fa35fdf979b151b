"""Files that Chinese Excel saved, damaged lines, and files in which both encodings stand."""

from pathlib import Path

import pytest

from clients.errors import FileError
from clients.files import ClaimRow, read_claims
from clients.lines import LINE_MAX, count_lines, encoding_of, read_lines
from clients.rows import BadRow
from clients.table import encoding_of as table_encoding_of

HEADING = "institution,member,date,in_scope\n"
NAMES = ("张三丰", "李四", "王小五", "欧阳修", "赵六", "诸葛亮")
UTF_8, GB18030 = "utf-8", "gb18030"


def line(member: str, encoding: str) -> bytes:
    return f"H1,{member},2024-03-05,1.00\n".encode(encoding)


def write(folder: Path, *lines: bytes, name: str = "claims.csv") -> Path:
    path = folder / name
    path.write_bytes(b"".join(lines))
    return path


def members(path: Path, encoding: str = "auto") -> list[str | int]:
    """Return the member of each claim, and the number of each line that is none."""
    return [
        row.claim.member if isinstance(row, ClaimRow) else row.line
        for row in read_claims(path, "", encoding)
    ]


def test_chinese_lines_below_an_ascii_heading_are_read_as_gb18030(tmp_path: Path) -> None:
    path = write(tmp_path, HEADING.encode(), *(line(name, GB18030) for name in NAMES))
    assert encoding_of(path) == GB18030
    assert members(path) == list(NAMES)


def test_characters_of_four_bytes_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, HEADING.encode(), line("李", GB18030), line("𠮷田", GB18030))
    assert members(path) == ["李", "𠮷田"]


def test_one_chinese_line_far_down_is_found(tmp_path: Path) -> None:
    path = write(tmp_path, HEADING.encode(), line("M1", UTF_8) * 60_000, line("张三", GB18030))
    assert path.stat().st_size > 1024 * 1024
    assert members(path)[-1] == "张三"


@pytest.mark.parametrize("encoding", [UTF_8, GB18030])
@pytest.mark.parametrize(
    "damage",
    [
        line("张三丰", UTF_8),
        line("张三丰", GB18030),
        b"H1,M\xff,2024-03-05,1.00\n",
        line("张", UTF_8).replace("张".encode(), b"\xe5"),
        line("张", GB18030).replace("张".encode(GB18030), b"\xd5"),
    ],
    ids=["UTF-8", "GB18030", "neither", "half of UTF-8", "half of GB18030"],
)
def test_a_damaged_line_does_not_turn_the_file_around(
    tmp_path: Path, encoding: str, damage: bytes
) -> None:
    if damage == line("张三丰", encoding):
        damage = b"H1,M\xff\xfe,2024-03-05,1.00\n"
    whole = [line(name, encoding) for name in NAMES]
    path = write(tmp_path, HEADING.encode(), *whole[:3], damage, *whole[3:])
    assert encoding_of(path) == encoding
    assert members(path) == [*NAMES[:3], 5, *NAMES[3:]]
    (bad,) = (row for row in read_claims(path, "") if isinstance(row, BadRow))
    assert f"not {encoding.upper()}" in bad.problem
    assert "--encoding" in bad.problem


def test_a_line_in_each_is_utf_8(tmp_path: Path) -> None:
    path = write(tmp_path, HEADING.encode(), line("李四", GB18030), line("张三", UTF_8))
    assert encoding_of(path) == UTF_8
    assert members(path) == [2, "张三"]


def test_a_mark_decides_whatever_follows(tmp_path: Path) -> None:
    lines = [line(name, GB18030) for name in NAMES]
    path = write(tmp_path, b"\xef\xbb\xbf", HEADING.encode(), *lines)
    assert members(path) == [2, 3, 4, 5, 6, 7]
    path = write(tmp_path, "\ufeff".encode(GB18030), HEADING.encode(), *lines)
    assert members(path) == list(NAMES)


def test_who_knows_better_may_say_so(tmp_path: Path) -> None:
    path = write(tmp_path, HEADING.encode(), line("一", GB18030))
    # These two bytes are a Cyrillic letter in UTF-8; nothing in the file says otherwise.
    assert members(path) == ["\u04bb"]
    assert members(path, GB18030) == ["一"]
    path = write(tmp_path, HEADING.encode(), *(line(name, GB18030) for name in NAMES))
    assert members(path, UTF_8) == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("mark", "choice", "says"),
    [(b"\xef\xbb\xbf", GB18030, "mark of UTF-8"), (b"\x84\x31\x95\x33", UTF_8, "mark of GB18030")],
)
def test_a_choice_against_the_mark_is_refused(
    tmp_path: Path, mark: bytes, choice: str, says: str
) -> None:
    path = write(tmp_path, mark, HEADING.encode(), line("M1", UTF_8))
    with pytest.raises(FileError, match=says):
        members(path, choice)


@pytest.mark.parametrize("name", ["claims.jsonl", "claims.JSON", "claims.parquet"])
def test_only_csv_can_be_gb18030(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, line("张三", GB18030), name=name)
    assert table_encoding_of(path) == UTF_8
    with pytest.raises(FileError, match="--encoding gb18030 is for CSV"):
        table_encoding_of(path, GB18030)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("extra", [-1, 0, 1, 2, 3, LINE_MAX, 3 * LINE_MAX])
def test_a_long_line_is_one_line_and_is_not_held(tmp_path: Path, extra: int, end: bytes) -> None:
    path = write(tmp_path, b"first", end, b"x" * (LINE_MAX + extra), end, b"last")
    first, middle, last = read_lines(path)
    assert (first, last) == ((1, b"first"), (3, b"last"))
    assert middle[0] == 2
    if extra <= 0:
        assert middle[1] == b"x" * (LINE_MAX + extra)
    else:
        assert LINE_MAX < len(middle[1]) <= LINE_MAX + 2
    assert count_lines(path) == 3


def test_a_long_line_that_begins_blank_or_with_a_mark_is_not_cut_unseen(tmp_path: Path) -> None:
    for start in (b" " * (LINE_MAX + 9), b"\xef\xbb\xbf" + b" " * (LINE_MAX - 1)):
        path = write(tmp_path, start, b"H1,M1", b"\nlast\n")
        (number, text), last = read_lines(path)
        assert (number, len(text) > LINE_MAX, last) == (1, True, (2, b"last"))


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    for find in (encoding_of, count_lines):
        with pytest.raises(FileError, match="No such file"):
            find(tmp_path / "none.csv")
