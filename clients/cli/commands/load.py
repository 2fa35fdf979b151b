"""`gongji load`: load on a server, and what it did with it."""

import click

from clients.cli.common import SOME_REFUSED, echo_json, friendly, json_option, server_option


@click.command(epilog="Example: gongji load --server 127.0.0.1:50051 --streams 16 --seconds 10")
@server_option
@click.option("--streams", type=click.IntRange(1, 256), default=8, help="Terminals at once.")
@click.option("--seconds", type=click.IntRange(1), default=10, help="How long.")
@click.option("--claims", type=click.IntRange(1), help="Stop after so many claims.")
@click.option("--members", type=click.IntRange(1), default=500, help="Made-up members a city.")
@json_option
@friendly
def load(
    server: str, streams: int, seconds: int, claims: int | None, members: int, as_json: bool
) -> None:
    """Put load on a server: made-up people, a closed loop, every terminal with members of its own.

    It enters members and institutions under ids of this run: for a store that may be thrown away.

    Exit codes: 0 done; 1 a claim was malformed; 3 the server cannot be reached, or an outcome is
    unknown.
    """
    import asyncio
    import uuid

    from clients.cli.demo_run import register_world, supply_figures
    from clients.cli.demo_show import print_load
    from clients.cli.people import deal, make_world, read_setting
    from clients.load import run_load
    from clients.server import Server
    from engine.rules.book import PlanBook
    from engine.rules.load import load_cities

    setting = read_setting(PlanBook(load_cities()))._replace(members=members)
    if claims is not None:
        each = -(-claims // (members * len(setting.cities)))
        setting = setting._replace(claims_a_member=each)
    else:
        setting = setting._replace(claims_a_member=40)
    world = make_world(setting, prefix=f"L{uuid.uuid4().hex[:8]}-")
    with Server(server) as connection:
        supply_figures(connection)
        register_world(connection, world)
    hands = deal(world.claims, streams)
    if claims is not None:
        share = -(-claims // len(hands))
        hands = [hand[:share] for hand in hands]
    result = asyncio.run(run_load(server, hands, seconds=0 if claims else seconds))
    if as_json:
        echo_json(
            {
                "streams": len(hands),
                "answered": result.answered,
                "seconds_ms": result.elapsed // 1_000_000,
                "per_second": result.per_second,
                "latency_us": result.percentiles(),
                "counts": dict(sorted(result.counts.items())),
                "reconnects": result.reconnects,
            }
        )
    else:
        print_load(result, len(hands))
    if result.counts["malformed"]:
        raise click.exceptions.Exit(SOME_REFUSED)
