"""`gongji settle`: a file of claims through a ledger in this process."""

from pathlib import Path

import click

from clients.cli.common import encoding_option, friendly, json_option
from clients.cli.rules import rules_option
from clients.cli.stores import Place, PlaceType


@click.command(epilog="Example: gongji settle claims.csv --store ledger.sqlite")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--store",
    type=PlaceType(),
    required=True,
    help="Store: an SQLite file that no server holds, or postgresql://…",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run. [FILE.gongji]")
@click.option("--again", is_flag=True, help="Ask for every answer anew, under the same ids.")
@click.option(
    "--kernel",
    type=click.Choice(["fast", "reference"]),
    default="fast",
    show_default=True,
    help="Which kernel computes; both give the same.",
)
@click.option("--timings", is_flag=True, help="Say where the time went, by stage.")
@rules_option
@encoding_option
@json_option
@friendly
def settle(
    file: Path,
    store: Place,
    out: Path | None,
    again: bool,
    kernel: str,
    timings: bool,
    encoding: str,
    as_json: bool,
) -> None:
    """Settle the claims of FILE (CSV, JSON lines or Parquet) in a store, without a server.

    Amounts are yuan in CSV and JSON lines, int64 fen in Parquet (in_scope_fen); days are date32
    there, and the results are written as Parquet too, once the whole file is answered (until then
    they are kept in results.arrows). JSON lines may give a bill by its lines.

    --timings says how long each stage took: open (store and journal), read (file to claims), settle
    (the ledger and its kernel), commit (journal to the disk), checkpoint (tables), encode (answers
    to columns of the results), write (results to the disk, and Parquet in the end). Results are
    written while the next claims are settled: seconds of write are those that the run waits for
    it, processor seconds all that it takes.

    The lane is the one a gateway's file takes through a server: same files, same answers.

    Exit codes: 0 all settled; 1 some claims refused or malformed; 2 the file cannot be used;
    3 the store cannot be used.
    """
    from clients.cli.filerun import run_file
    from clients.cli.local import LocalLedger
    from clients.clock import Clock

    clock = Clock() if timings else None
    with LocalLedger(store, kernel=kernel, create=False, clock=clock) as ledger:
        run_file(
            file, ledger, out=out, again=again, encoding=encoding, as_json=as_json, clock=clock
        )
