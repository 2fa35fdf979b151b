"""`gongji demo`: everything at work, in a minute, on made-up people."""

from pathlib import Path

import click

from clients.cli.common import SOME_REFUSED, Fail, friendly


@click.command(epilog="Example: gongji demo")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to leave store and files in.",
)
@friendly
def demo(keep: Path | None) -> None:
    """A guided tour on made-up people: server, terminals, a gateway, in a minute.

    A temporary store, a server on a free port of this machine, members and institutions of every
    city with rules, terminals and a gateway's file at once, one settlement explained, and proof
    that streams, bulk and the reference kernel agree to the last digit.

    Exit codes: 0 everything agrees; 1 results differ; 3 something could not be run.
    """
    import tempfile
    from contextlib import ExitStack

    with ExitStack() as stack:
        if keep:
            folder = keep
            if folder.exists() and any(folder.iterdir()):
                raise Fail(f"{keep}: is not empty; name a new folder")
            folder.mkdir(parents=True, exist_ok=True)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gongji-demo-")))
        if not _tour(folder):
            raise click.exceptions.Exit(SOME_REFUSED)


def _tour(folder: Path) -> bool:
    from clients.cli.demo_run import register_world, settle_world, supply_figures
    from clients.cli.demo_show import print_cities, print_digests, print_figures, print_load
    from clients.cli.people import make_world, read_figures, read_setting
    from clients.cli.process import ServerProcess
    from clients.explain import receipt_of_settlement
    from clients.receipt import receipt_text
    from clients.server import Server
    from engine.rules.book import PlanBook
    from engine.rules.figures import load_figures
    from engine.rules.load import load_cities

    book = PlanBook(load_cities())
    names = {area: rules.name for area, rules in book.cities.items()}
    setting = read_setting(book)
    world = make_world(setting)
    with ServerProcess(folder.joinpath("ledger.sqlite")) as server:
        click.echo(f"1  server on {server.address}, store {folder.joinpath('ledger.sqlite').name}")
        with Server(server.address) as connection:
            supply_figures(connection)
            register_world(connection, world)
            click.echo(
                f"2  {len(world.members):,} members and {len(world.institutions)} institutions of "
                f"{'、'.join(names.values())}; nobody of them exists"
            )
            outcome = settle_world(server.address, world, setting.workers, folder)
            click.echo(
                f"3  {outcome.load.answered:,} claims at {setting.workers} terminals and "
                f"{outcome.gateway_claims:,} from a gateway's file, at once "
                f"({outcome.gateway['malformed']} malformed lines put aside)\n"
            )
            print_cities(outcome.tallies, names)
            if (example := outcome.example) is not None:
                click.echo(f"\n4  settlement {example.settlement_id}, explained:\n")
                click.echo(receipt_text(receipt_of_settlement(example, connection.plan)))
        click.echo("5  digest of all results, whatever way they took:")
        same = print_digests(outcome.digests)
        click.echo("6  operator figures assumed, which the documents leave open:")
        figures = load_figures(read_figures(), book.cities)
        print_figures(figures, book.cities)
        click.echo("7  speed, on this machine, with everything else running:")
        print_load(outcome.load, setting.workers)
    return same
