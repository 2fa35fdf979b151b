"""`gongji serve`: a settlement server on a store."""

from pathlib import Path

import click

from clients.cli.common import DEFAULT_SERVER, Fail, check_address, friendly
from clients.cli.rules import rules_option
from clients.cli.stores import Place, PlaceType


@click.command(epilog="Example: gongji serve --store ledger.sqlite --listen 127.0.0.1:50051")
@click.option(
    "--store",
    type=PlaceType(),
    required=True,
    help="Store: an SQLite file, made if it is not there, or postgresql://USER@HOST/DATABASE, "
    "which several servers may share.",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default=DEFAULT_SERVER,
    show_default=True,
    callback=check_address,
    help="Where to listen, on this machine only; port 0 takes a free one.",
)
@click.option(
    "--backups",
    type=click.Path(exists=True, file_okay=False, writable=True, resolve_path=True, path_type=Path),
    help="Folder for copies of an SQLite file, which gongji store backup asks for.",
)
@click.option("--reflection", is_flag=True, help="Let tools ask for the contracts.")
@click.option(
    "--kernel",
    type=click.Choice(["fast", "reference"]),
    default="fast",
    show_default=True,
    help="Which kernel computes; both give the same.",
)
@rules_option
@friendly
def serve(store: Place, listen: str, backups: Path | None, reflection: bool, kernel: str) -> None:
    """Run a settlement server; SIGTERM or Ctrl-C answers what was read and stops.

    It starts only where what it answers will last: with safe settings of the store, a clock within
    a second of the database's, and a compiled protobuf. What is merely unwise it warns of.

    Exit codes: 0 stopped as asked; 2 wrong command line; 3 the store or the address cannot be
    used, or the server had to stop rather than answer wrongly.
    """
    import logging
    import os

    # gRPC's own lines on a port that is taken say less than ours; read when it is imported.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")

    from clients.cli.local import open_pipeline
    from server.app import serve as serving
    from server.config import ServerConfig
    from server.process import run

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = ServerConfig(address=listen, backups=backups, reflection=reflection)
    host = listen.rpartition(":")[0]
    pipeline = open_pipeline(store, kernel)
    try:
        code = run(
            serving(
                pipeline,
                config,
                ready=lambda port: click.echo(f"listening on {host}:{port}"),
            )
        )
    except OSError as error:
        raise Fail(str(error)) from error
    if code:
        raise Fail("stopped: the last commit may or may not be there; start again to recover")
