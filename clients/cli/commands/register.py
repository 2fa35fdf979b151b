"""`gongji register`: members, institutions and opening counters, from files and item by item."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clients.cli.commands.registration import add_to
from clients.cli.common import (
    SOME_REFUSED,
    echo_json,
    encoding_option,
    friendly,
    json_option,
    one_of,
    server_or_store,
)
from clients.cli.stores import Place

if TYPE_CHECKING:
    from clients.registers import RegisterItem
    from clients.rows import BadRow

_CHUNK = 2_000


@click.group(epilog="Example: gongji register members members.csv --server 127.0.0.1:50051")
def register() -> None:
    """Enter members, institutions and opening counters from files; change single items.

    members, institutions and openings read CSV, JSON lines or Parquet. Amounts are yuan in CSV and
    JSON lines, int64 fen in Parquet (account_balance_fen); days are date32 there, and lists are
    lists of structs under the names of JSON lines.

    For the rules of personal accounts a member has family (RELATION RELATIVE CONSENT FROM/TO, such
    as "child R1 C-2025-17 2025-01-01/"), contribution_base and own_contribution, or contributions
    with their days (BASE OWN FROM/TO), months_combined, months_pooled_only, and
    still_paying_since_retirement_age (true, or FROM/TO).

    An entry replaces the earlier one of the same id, so a file may be entered again.

    add, end, remove, select and undo change one item of an entry. Each is a change with an id of
    its own and tells which settlements would have come out differently; none is altered.

    Exit codes: 0 all entered; 1 some lines were not taken (they are listed), or a change was
    refused; 2 the file or the command line cannot be used; 3 server or store cannot be used.
    """


def _command(name: str, what: str) -> None:
    @register.command(name, epilog=f"Example: gongji register {name} {name}.csv --store l.sqlite")
    @click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
    @server_or_store
    @encoding_option
    @json_option
    @friendly
    def command(
        file: Path, server: str | None, store: Place | None, encoding: str, as_json: bool
    ) -> None:
        from clients.lines import UTF_8
        from clients.table import encoding_of, is_parquet

        encoding = encoding_of(file, encoding)
        count, bad = enter_file(file, name, one_of(server, store), encoding)
        if as_json:
            not_taken = [row._asdict() for row in bad]
            echo_json({"entered": count, "not_taken": not_taken, "encoding": encoding})
        else:
            if encoding != UTF_8:
                click.echo(f"read as {encoding.upper()}")
            unit = "row" if is_parquet(file) else "line"
            for row in bad:
                where = f"{unit} {row.line}" + (f", {row.column}" if row.column else "")
                click.echo(f"{where}: {row.problem}", err=True)
            click.echo(f"{count:,} {what} entered, {len(bad):,} not taken")
        if bad:
            raise click.exceptions.Exit(SOME_REFUSED)

    command.help = f"Enter {what} from FILE (CSV, JSON lines or Parquet)."


_command("members", "members")
_command("institutions", "institutions")
_command("openings", "opening counters and balances")


add_to(register)


def enter_file(
    file: Path, name: str, target: str | Place, encoding: str
) -> tuple[int, list["BadRow"]]:
    """Enter a register file; return how many items were taken, and the lines that were not."""
    from clients.cli.local import LocalLedger
    from clients.server import Server

    bad: list[BadRow] = []
    chunks = _chunks(file, name, encoding, bad)
    if not isinstance(target, str):
        with LocalLedger(target) as ledger:
            count = _enter(
                chunks, bad, lambda items: [(e.index, e) for e in ledger.register(items)]
            )
    else:
        with Server(target) as connection:
            count = _enter(chunks, bad, lambda items: next(connection.register([items])))
    return count, sorted(bad, key=lambda row: row.line)


def _enter(
    chunks: Iterator[tuple[list[int], list["RegisterItem"]]],
    bad: list["BadRow"],
    enter: Callable[[list["RegisterItem"]], list[tuple[int, Any]]],
) -> int:
    from clients.registers import register_column
    from clients.rows import BadRow

    count = 0
    for lines, items in chunks:
        errors = enter(items)
        count += len(items) - len(errors)
        bad += [
            BadRow(lines[index], register_column(error.path), error.problem)
            for index, error in errors
        ]
    return count


def _chunks(
    file: Path, name: str, encoding: str, bad: list["BadRow"]
) -> Iterator[tuple[list[int], list["RegisterItem"]]]:
    from clients.registers import read_register
    from clients.rows import BadRow

    lines: list[int] = []
    items: list[RegisterItem] = []
    for row in read_register(file, name, encoding):
        if isinstance(row, BadRow):
            bad.append(row)
            continue
        lines += [row.line] * len(row.items)
        items += row.items
        if len(items) >= _CHUNK:
            yield lines, items
            lines, items = [], []
    if items:
        yield lines, items
