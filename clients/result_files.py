"""The files that the results of a run are kept in, batch by batch: CSV, or Arrow for Parquet.

Either begins with a heading and grows by what `encoded` returns for a batch, so that it can be cut
back to the end of any batch. `results.csv` is what people open. Of `results.arrows`, a stream of
Arrow record batches that any reader of Arrow opens, `results.parquet` is made in the end.
"""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from clients.errors import RunError
from clients.outbox import sync_folder
from clients.parquet import load_arrow
from clients.results import RESULT_AMOUNTS, RESULT_COLUMNS, RESULT_NUMBERS, Results, Words
from clients.table import is_parquet
from engine.domain.layout import Array
from engine.domain.money import format_yuan

_ZERO: Final = format_yuan(0)
_GROUP_ROWS: Final = 65_536
"""Rows of a row group of Parquet, and those in memory while one is made; whole batches."""
_EACH_ONCE: Final = ("line", "request_id", "settlement_id")
"""Columns of which a dictionary would hold every value: they are written without one."""
_END: Final = b"\xff\xff\xff\xff\0\0\0\0"
"""What ends a stream of Arrow; between batches there is none."""


class ResultFile(Protocol):
    """A form that results are kept in."""

    name: str
    """Of the file."""
    format: int
    """Version of the folder of a run with such a file."""

    def heading(self) -> bytes:
        """Return what the file begins with."""
        ...

    def encoded(self, results: Results) -> bytes:
        """Return what is appended for a batch; nothing if none of its claims was settled."""
        ...

    def lines(self, path: Path) -> frozenset[int]:
        """Return the lines of the claims in a file, all of whose batches are whole.

        Raises:
            RunError: it is damaged.
        """
        ...

    def finished(self, path: Path) -> Path:
        """Return where the results of a whole run are, made of a file if need be.

        Raises:
            RunError: the disk refused, or the file is damaged.
        """
        ...


def result_file(file: Path) -> ResultFile:
    """Return the form of the results of a file of claims.

    Raises:
        FileError: it is Parquet, and pyarrow is not installed.
    """
    return ArrowResults(load_arrow(file)) if is_parquet(file) else CsvResults()


def run_format(file: Path) -> int:
    """Return the version of the folder of a run of a file of claims."""
    return ArrowResults.format if is_parquet(file) else CsvResults.format


def csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as lines of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


class CsvResults:
    """Results as CSV, amounts in yuan."""

    name = "results.csv"
    format = 2

    def heading(self) -> bytes:
        """Return the names of the columns."""
        return csv_lines([RESULT_COLUMNS])

    def encoded(self, results: Results) -> bytes:
        """Return a line for each claim."""
        columns = [_texts(name, results[name]) for name in RESULT_COLUMNS]
        return csv_lines(zip(*columns, strict=True))

    def lines(self, path: Path) -> frozenset[int]:
        """Return the lines of the claims in a file."""
        data = path.read_bytes()
        return frozenset(int(line.partition(b",")[0]) for line in data.splitlines()[1:])

    def finished(self, path: Path) -> Path:
        """Return the file itself."""
        return path


def _texts(name: str, column: Words | Array | Sequence[str]) -> Sequence[object]:
    """Return a column as it stands in CSV."""
    if isinstance(column, Words):
        return [column.texts[code] for code in column.codes.tolist()]
    if name in RESULT_AMOUNTS:
        # Most amounts of a claim are 0.
        return [format_yuan(amount) if amount else _ZERO for amount in np.asarray(column).tolist()]
    return column.tolist() if isinstance(column, np.ndarray) else column


class ArrowResults:
    """Results as Arrow record batches, amounts in fen, and Parquet in the end."""

    name = "results.arrows"
    format = 3

    def __init__(self, arrow: Any) -> None:
        """Take `arrow`, which is pyarrow."""
        self._arrow = arrow
        number, text = arrow.int64(), arrow.string()
        self._schema = arrow.schema(
            (f"{name}_fen", number)
            if name in RESULT_AMOUNTS
            else (name, number if name in RESULT_NUMBERS else text)
            for name in RESULT_COLUMNS
        )
        self._heading: bytes = self._schema.serialize().to_pybytes()
        self._options = arrow.ipc.IpcWriteOptions(compression="lz4", use_threads=False)

    def heading(self) -> bytes:
        """Return the schema."""
        return self._heading

    def encoded(self, results: Results) -> bytes:
        """Return a record batch, compressed."""
        if not len(results["line"]):
            return b""
        arrow, sink = self._arrow, self._arrow.BufferOutputStream()
        columns = [self._array(results[name]) for name in RESULT_COLUMNS]
        with arrow.ipc.new_stream(sink, self._schema, options=self._options) as stream:
            stream.write_batch(arrow.record_batch(columns, schema=self._schema))
        whole: bytes = sink.getvalue().to_pybytes()
        return whole.removeprefix(self._heading).removesuffix(_END)

    def _array(self, column: Words | Array | Sequence[str]) -> Any:
        arrow = self._arrow
        if isinstance(column, Words):
            codes = arrow.array(column.codes.astype("int32"))
            texts = arrow.array(column.texts, arrow.string())
            return arrow.DictionaryArray.from_arrays(codes, texts).dictionary_decode()
        return arrow.array(column)

    def lines(self, path: Path) -> frozenset[int]:
        """Return the lines of the claims in a file.

        Raises:
            RunError: it is damaged.
        """
        found: set[int] = set()
        for batch in self._batches(path, [RESULT_COLUMNS.index("line")]):
            found.update(batch.column(0).to_pylist())
        return frozenset(found)

    def finished(self, path: Path) -> Path:
        """Return `results.parquet`, made of the file if it is not there: whole or not at all.

        Raises:
            RunError: the disk refused, or the file is damaged.
        """
        target = path.with_name("results.parquet")
        if target.exists():
            return target
        made = target.with_name(f"{target.name}.new")
        try:
            repeated = [name for name in self._schema.names if name not in _EACH_ONCE]
            with self._arrow.parquet.ParquetWriter(
                made, self._schema, use_dictionary=repeated
            ) as writer:
                for group in self._groups(path):
                    writer.write_table(self._arrow.Table.from_batches(group, self._schema))
            with made.open("rb") as written:
                os.fsync(written.fileno())
            made.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            raise RunError(
                f"{target}: {error.strerror or error}; make room and run the same command again"
            ) from None
        return target

    def _groups(self, path: Path) -> Iterator[list[Any]]:
        group: list[Any] = []
        rows = 0
        for batch in self._batches(path):
            group.append(batch)
            rows += batch.num_rows
            if rows >= _GROUP_ROWS:
                yield group
                group, rows = [], 0
        if group:
            yield group

    def _batches(self, path: Path, columns: Sequence[int] | None = None) -> Iterator[Any]:
        ipc = self._arrow.ipc
        options = ipc.IpcReadOptions(included_fields=columns, use_threads=False)
        with self._whole(path), path.open("rb") as source:
            for batch in ipc.open_stream(source, options=options):
                batch.validate(full=True)
                yield batch

    @contextmanager
    def _whole(self, path: Path) -> Iterator[None]:
        try:
            yield
        except (self._arrow.ArrowException, OSError):
            raise RunError(f"{path}: is damaged; ask for every answer anew with --again") from None
