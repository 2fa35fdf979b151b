"""The same claims in every form a file may have."""

import csv
import datetime
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from clients.files import CLAIM_COLUMNS
from clients.rows import Holds

Texts = Mapping[str, str]
"""A claim as a CSV line holds it."""


def csv_text(rows: Sequence[Texts]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(CLAIM_COLUMNS.known), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def json_lines(rows: Sequence[Texts]) -> str:
    kinds = CLAIM_COLUMNS.known
    return "".join(
        json.dumps({k: v == "true" if kinds[k] is Holds.FLAG else v for k, v in row.items()}) + "\n"
        for row in rows
    )


def fen(yuan: str) -> int:
    return int(yuan.replace(".", ""))


TYPES: Mapping[Holds, tuple[pa.DataType, Callable[[str], Any]]] = {
    Holds.TEXT: (pa.string(), str),
    Holds.DAY: (pa.date32(), datetime.date.fromisoformat),
    Holds.FLAG: (pa.bool_(), lambda text: text == "true"),
    Holds.AMOUNT: (pa.int64(), fen),
    Holds.NAMES: (pa.list_(pa.string()), str.split),
}


def claims_table(rows: Sequence[Texts]) -> pa.Table:
    columns = {}
    for name, kind in CLAIM_COLUMNS.known.items():
        arrow, of = TYPES[kind]
        called = f"{name}_fen" if kind is Holds.AMOUNT else name
        texts = (row.get(name) for row in rows)
        columns[called] = pa.array([of(text) if text else None for text in texts], arrow)
    return pa.table(columns)


def write_forms(folder: Path, rows: Sequence[Texts]) -> dict[str, Path]:
    """Write a file of each form; return them by what they are."""
    text = csv_text(rows)
    content = {
        "utf-8": ("utf8.csv", text.encode()),
        "mark": ("mark.csv", text.encode("utf-8-sig")),
        "gb18030": ("gb.csv", text.encode("gb18030")),
        "json": ("lines.jsonl", json_lines(rows).encode()),
    }
    files = {}
    for form, (name, data) in content.items():
        files[form] = folder / name
        files[form].write_bytes(data)
    files["parquet"] = folder / "rows.parquet"
    parquet.write_table(claims_table(rows), files["parquet"], row_group_size=3)
    return files
