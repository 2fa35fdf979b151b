"""`gongji gateway`: a file of claims through a server."""

from pathlib import Path

import click

from clients.cli.common import encoding_option, friendly, json_option, server_option


@click.command(epilog="Example: gongji gateway claims.csv --server 127.0.0.1:50051")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@server_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run. [FILE.gongji]")
@click.option("--again", is_flag=True, help="Ask for every answer anew, under the same ids.")
@click.option("--window", type=click.IntRange(1, 64), default=4, help="Messages on their way.")
@click.option("--patience", type=click.IntRange(1), default=60, help="Seconds without an answer.")
@encoding_option
@json_option
@friendly
def gateway(
    file: Path,
    server: str,
    out: Path | None,
    again: bool,
    window: int,
    patience: int,
    encoding: str,
    as_json: bool,
) -> None:
    """Settle the claims of FILE (CSV, JSON lines or Parquet) on a server.

    Amounts are yuan in CSV and JSON lines, int64 fen in Parquet (in_scope_fen); days are date32
    there, and the results are written as Parquet too, once the whole file is answered (until then
    they are kept in results.arrows). JSON lines may give a bill by its lines.

    Results, refusals and the state of the run stand in FILE.gongji. A run that broke is resumed by
    the same command; nothing is settled twice. A malformed line is written to refusals.csv with
    its line, column and what is expected, and the rest goes on. The same command on a finished
    file tries refused and malformed lines again. A changed file is taken if every claim in it,
    before and after, has a request_id of its own.

    Exit codes: 0 all settled; 1 some claims refused or malformed; 2 the file cannot be used;
    3 the server cannot be reached or something is unanswered: run it again.
    """
    from clients.cli.filerun import run_file
    from clients.session import BulkLane

    lane = BulkLane(server, window=window, patience=patience)
    run_file(file, lane, out=out, again=again, encoding=encoding, as_json=as_json)
