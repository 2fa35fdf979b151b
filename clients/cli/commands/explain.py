"""`gongji explain`: who paid what of a settlement, and by which clause."""

import click

from clients.cli.common import echo_json, friendly, json_option, one_of, server_or_store
from clients.cli.stores import Place


@click.command(epilog="Example: gongji explain 17 --institution H1 --server 127.0.0.1:50051")
@click.argument("id", metavar="ID")
@click.option("--institution", required=True, help="Whose settlement it is.")
@click.option("--request", "by_request", is_flag=True, help="ID is the claim's request id.")
@server_or_store
@json_option
@friendly
def explain(
    id: str,
    institution: str,
    by_request: bool,
    server: str | None,
    store: Place | None,
    as_json: bool,
) -> None:
    """Explain settlement ID: its three sums, each part with the clause that decided it.

    Exit codes: 0 explained; 1 there is no such settlement; 2 ID is no number; 3 server or store
    cannot be used.
    """
    from clients.cli.source import StoreSource
    from clients.explain import receipt_of_explanation
    from clients.receipt import receipt_json, receipt_text
    from clients.server import Server

    if not by_request and not (id.isascii() and id.isdigit() and int(id) > 0):
        raise click.BadParameter(f"expected a settlement id such as 17, or --request; found {id}")
    target = one_of(server, store)
    settlement_id, request_id = (0, id) if by_request else (int(id), "")
    with Server(target) if isinstance(target, str) else StoreSource(target) as source:
        explanation = source.explain(
            institution, settlement_id=settlement_id, request_id=request_id
        )
        receipt = receipt_of_explanation(explanation, source.plan)
    if as_json:
        echo_json(receipt_json(receipt))
    else:
        click.echo(receipt_text(receipt), nl=False)
