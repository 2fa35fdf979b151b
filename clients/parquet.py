"""Parquet, with pyarrow (the extra `parquet`): files read by the batch.

The columns have the names of CSV and JSON lines, with this in place of text:

    amount             NAME_fen, an integer of fen (int64); floats, decimals and text are refused
    amounts by a key   NAME_fen, map<text, int64>
    day                date32
    flag               bool
    number             an integer
    list               list<struct> under the names that JSON lines use, days as date32, amounts as
                       text of yuan; names as list<text>; what is true or a list elsewhere is bool
                       or list<struct>
    deductible         deductible_fen, or true in deductible_met (bool)

Whatever is no amount may also be text, as CSV writes it. Text may be dictionary-encoded, a null is
an absent field. Rows are counted from 1.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from clients.errors import FileError
from clients.lines import unreadable
from clients.rows import BadRow, Columns, Fen, Holds, Row, check_heading

_BATCH_ROWS: Final = 4_000
_BUFFER: Final = 1024 * 1024

_EXPECTED: Final = {
    Holds.TEXT: "text",
    Holds.DAY: "date32 or text",
    Holds.FLAG: "bool or text",
    Holds.NUMBER: "an integer or text",
    Holds.AMOUNT: "an integer of fen (int64)",
    Holds.AMOUNTS: "map<text, int64> of fen",
    Holds.NAMES: "list<text> or text",
    Holds.ENTRIES: "list<struct> of text and date32, or text",
    Holds.ENTRIES_OR_FLAG: "bool, list<struct> of text and date32, or text",
}


class Column(NamedTuple):
    """A column of ours as it stands in Parquet."""

    name: str
    kind: Holds
    met: bool = False
    """Whether true stands for the word `met`."""


class Part(NamedTuple):
    """Some rows of a Parquet file, one after the other."""

    arrow: Any
    """pyarrow, for whoever works on the batch."""
    before: int
    """How many rows of the file stand before them."""
    batch: Any
    columns: Sequence[Column]
    """What each column of the batch is; its type is one that it may have."""

    def rows(self, chosen: Sequence[int] | None = None) -> Iterator[Row | BadRow]:
        """Yield the records, with their rows in the file.

        Args:
            chosen: Positions in the part of those that are wanted, ascending; None: all of them.
        """
        every = range(self.batch.num_rows)
        if chosen is None or len(chosen) == len(every):
            yield from _rows(self, self.batch, every)
        elif any(map(self.arrow.types.is_string_view, self.batch.schema.types)):
            # pyarrow takes no rows out of views yet.
            wanted = set(chosen)
            for place, row in enumerate(_rows(self, self.batch, every)):
                if place in wanted:
                    yield row
        else:
            places = self.arrow.array(chosen, self.arrow.int64())
            yield from _rows(self, self.batch.take(places), chosen)


def read_rows(path: Path, columns: Columns) -> Iterator[Row | BadRow]:
    """Yield the records of a Parquet file with their rows; a batch at a time is in memory.

    Raises:
        FileError: the file as a whole cannot be used, or pyarrow is not installed.
    """
    for part in read_parts(path, columns):
        yield from part.rows()


def read_parts(path: Path, columns: Columns) -> Iterator[Part]:
    """Yield the rows of a Parquet file, so many at a time as are in memory.

    Raises:
        FileError: the file as a whole cannot be used, or pyarrow is not installed.
    """
    arrow, number = load_arrow(path), 0
    with _open(arrow, path) as file:
        ours = _check_schema(arrow.types, path, file.schema_arrow, columns)
        for batch in _batches(arrow, path, file):
            yield Part(arrow, number, batch, ours)
            number += batch.num_rows
    if not number:
        raise FileError(f"{path}: holds no rows; expected one record a row")


def all_given(path: Path, columns: Columns, name: str) -> bool:
    """Return whether every row of a Parquet file, all of which can be read, has a text in a column.

    Raises:
        FileError: the file as a whole cannot be used, or pyarrow is not installed.
    """
    arrow = load_arrow(path)
    with _open(arrow, path) as file:
        _check_schema(arrow.types, path, file.schema_arrow, columns)
        given = name in file.schema_arrow.names and file.metadata.num_rows > 0
        for batch in _batches(arrow, path, file) if given else ():
            column = batch.column(name).cast(arrow.string())
            lengths = arrow.compute.binary_length(column)
            given = given and not column.null_count and arrow.compute.min(lengths).as_py() > 0
        return bool(given)


def count_rows(path: Path) -> int:
    """Return how many rows a Parquet file has.

    Raises:
        FileError: it cannot be read, or pyarrow is not installed.
    """
    with _open(load_arrow(path), path) as file:
        return int(file.metadata.num_rows)


def load_arrow(path: Path) -> Any:
    """Return pyarrow, which is loaded only where a file is Parquet.

    Raises:
        FileError: it is not installed; `path` is what needs it.
    """
    try:
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise FileError(
            f"{path}: Parquet needs pyarrow; install it with: pip install 'gongji[parquet]'"
        ) from None
    return pyarrow


@contextmanager
def _open(arrow: Any, path: Path) -> Iterator[Any]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None
    with stream:
        try:
            # A buffer: the pages of a row group come one by one, so that its size does not matter.
            file = arrow.parquet.ParquetFile(stream, buffer_size=_BUFFER, pre_buffer=False)
        except (arrow.ArrowException, OSError) as error:
            raise FileError(
                f"{path}: is no Parquet file ({_short(error)}); write it anew"
            ) from None
        with file:
            yield file


def _batches(arrow: Any, path: Path, file: Any) -> Iterator[Any]:
    number = 0
    batches = file.iter_batches(_BATCH_ROWS, use_threads=False)
    while True:
        try:
            batch = next(batches, None)
        except (arrow.ArrowException, OSError) as error:
            raise FileError(
                f"{path}: is damaged after row {number}: {_short(error)}; write it anew"
            ) from None
        if batch is None:
            return
        yield batch
        number += batch.num_rows


def _short(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")[:120]


def _in_parquet(columns: Columns) -> dict[str, Column]:
    """Return the columns by their names in Parquet."""
    found = {}
    for name, kind in columns.known.items():
        if kind is Holds.AMOUNT_OR_MET:
            found[f"{name}_fen"] = Column(name, Holds.AMOUNT)
            found[f"{name}_met"] = Column(name, Holds.FLAG, met=True)
        elif kind in (Holds.AMOUNT, Holds.AMOUNTS):
            found[f"{name}_fen"] = Column(name, kind)
        else:
            found[name] = Column(name, kind)
    return found


def _check_schema(types: Any, path: Path, schema: Any, columns: Columns) -> list[Column]:
    """Return the columns of a file in its order, each of a type that it may have."""
    known, names = _in_parquet(columns), list(schema.names)
    for name in names:
        if name not in known and name in columns.known:
            raise FileError(
                f"{path}: column {name}: an amount is an integer of fen; call it {name}_fen"
            )
    heading = Columns(
        {name: column.kind for name, column in known.items()},
        columns.required,
        (*columns.later, *(f"{name}_fen" for name in columns.later)),
        tuple(f"{name}_fen" for name in columns.one_of),
        columns.nested,
    )
    check_heading(path, names, heading)
    for name, kind in zip(names, schema.types, strict=True):
        column = known[name]
        if not _fits(types, kind, column):
            expected = "bool" if column.met else _EXPECTED[column.kind]
            raise FileError(f"{path}: column {name} is {str(kind)[:60]}; expected {expected}")
    return [known[name] for name in names]


def _fits(types: Any, kind: Any, column: Column) -> bool:
    """Return whether a column may have a type; one without any value has none."""
    if types.is_null(kind):
        return True
    if column.kind is Holds.AMOUNT:
        return bool(types.is_integer(kind))
    if column.kind is Holds.AMOUNTS:
        return bool(
            types.is_map(kind) and _is_text(types, kind.key_type) and types.is_int64(kind.item_type)
        )
    if _is_text(types, kind):
        return not column.met
    listed = kind.value_type if types.is_list(kind) or types.is_large_list(kind) else None
    match column.kind:
        case Holds.DAY:
            return bool(types.is_date32(kind))
        case Holds.NUMBER:
            return bool(types.is_integer(kind))
        case Holds.NAMES:
            return listed is not None and _is_text(types, listed)
        case Holds.ENTRIES | Holds.ENTRIES_OR_FLAG if listed is not None:
            return types.is_struct(listed) and all(
                _is_text(types, part.type) or types.is_date32(part.type) or types.is_null(part.type)
                for part in listed
            )
        case Holds.FLAG | Holds.ENTRIES_OR_FLAG:
            return bool(types.is_boolean(kind))
    return False


def _is_text(types: Any, kind: Any) -> bool:
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _rows(part: Part, batch: Any, places: Sequence[int]) -> Iterator[Row | BadRow]:
    """Yield the records of a batch, which stand at these places of the part."""
    problems: dict[int, tuple[str, str]] = {}
    by_name: dict[str, list[Any]] = {}
    values = []
    for column, array in zip(part.columns, batch.columns, strict=True):
        data = _values(part.arrow, array, column, problems)
        values.append(data)
        other = by_name.setdefault(column.name, data)
        if other is not data:
            for index, pair in enumerate(zip(other, data, strict=True)):
                if None not in pair:
                    problems[index] = (column.name, "is an amount and met; give one of the two")
    names = [column.name for column in part.columns]
    for index, (place, row) in enumerate(zip(places, zip(*values, strict=True), strict=True)):
        number = part.before + place + 1
        given = {k: v for k, v in zip(names, row, strict=True) if v is not None}
        yield BadRow(number, *problems[index]) if index in problems else Row(number, given)


def _values(
    arrow: Any, array: Any, column: Column, problems: dict[int, tuple[str, str]]
) -> list[Any]:
    """Return the values of a column as fields hold them; note the rows that have none."""
    plain = _plain(arrow, array.type)
    if plain != array.type:
        array = array.cast(plain)
    try:
        data = array.to_pylist()
    except UnicodeDecodeError:
        data = [_decoded(value, i, column, problems) for i, value in enumerate(array)]
    if column.kind is Holds.AMOUNT:
        return [None if value is None else Fen(value) for value in data]
    if column.met:
        return ["met" if value else None for value in data]
    if column.kind is Holds.AMOUNTS:
        for index, pairs in enumerate(data):
            if pairs is None:
                continue
            if len(dict(pairs)) < len(pairs):
                problems[index] = (column.name, "a key stands twice")
            data[index] = {key: value if value is None else Fen(value) for key, value in pairs}
    return list(data)


def _plain(arrow: Any, kind: Any) -> Any:
    """Return a type with its days as text: days beyond Python's calendar are text, not errors."""
    types = arrow.types
    if types.is_date32(kind):
        return arrow.string()
    if types.is_list(kind) or types.is_large_list(kind):
        return arrow.list_(_plain(arrow, kind.value_type))
    if types.is_struct(kind):
        return arrow.struct([part.with_type(_plain(arrow, part.type)) for part in kind])
    return kind


def _decoded(
    value: Any, index: int, column: Column, problems: dict[int, tuple[str, str]]
) -> object:
    try:
        return value.as_py()
    except UnicodeDecodeError:
        problems[index] = (column.name, "is not UTF-8")
        return None
