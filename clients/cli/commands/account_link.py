"""`gongji account link`: a relative whom an account may pay for; a short form of `register`."""

import time
from typing import Any

import click

from clients.cli.commands.registration import KINDS, RELATIONS, carry_out, change_options
from clients.cli.common import friendly
from clients.cli.params import DAY
from engine.domain.dates import OPEN_END, Interval, china_day
from engine.domain.registration import ChangeKind, ChangeRegister


def add_to(account: click.Group) -> None:
    """Add the command to `gongji account`."""
    account.add_command(link)


@click.command(epilog="Example: gongji account link M1 R1 --relation spouse --consent C-2025-17")
@click.argument("owner")
@click.argument("relative")
@click.option("--relation", type=RELATIONS, help="What RELATIVE is to OWNER.")
@click.option("--consent", help="Reference of the written consent of OWNER.")
@click.option("--from", "first_day", type=DAY, help="First day.  [today]")
@click.option("--to", "last_day", type=DAY, help="Last day, included.  [still open]")
@click.option("--end", type=DAY, help="End the link that there is: its new last day, included.")
@click.option("--revoke", is_flag=True, help="Remove a link that was entered by mistake.")
@change_options
@friendly
def link(**options: Any) -> None:
    """Let the account of OWNER pay for RELATIVE, who may be insured elsewhere.

    With --end the link that there is ends on a day; with --revoke it is taken back as if it had
    never been. What has been paid stays. The same as gongji register add|end|remove family.

    Exit codes: 0 done; 1 refused, nothing changed; 2 wrong command line; 3 server or store cannot
    be used, or the outcome is unknown: run the same command again with the same --id.
    """
    kind = _kind(options)
    first_day = options["first_day"] or 0
    if kind == ChangeKind.ADD:
        first_day = first_day or china_day(time.time_ns() // 1_000_000)
    said = {name: options[name] for name in ("relative", "relation", "consent") if options[name]}
    days = Interval(first_day, options["last_day"] or OPEN_END)
    request = ChangeRegister(
        options["change_id"],
        kind,
        KINDS["family"].make(said, days),
        member=options["owner"],
        last_day=options["end"] or 0,
        dry_run=options["dry_run"],
    )
    carry_out(request, options)


def _kind(options: dict[str, Any]) -> ChangeKind:
    """Return what is to become of the link.

    Raises:
        UsageError: the options contradict each other, or one is missing.
    """
    asked = {ChangeKind.END: options["end"] is not None, ChangeKind.REMOVE: options["revoke"]}
    kinds = [kind for kind, given in asked.items() if given]
    if len(kinds) == 2:
        raise click.UsageError("give --end or --revoke, not both")
    unfit = ("relation", "consent", "last_day") if kinds else ()
    if any(options[name] is not None for name in unfit):
        raise click.UsageError(
            "--relation, --consent and --to are those of a new link; leave them out with "
            "--end and --revoke"
        )
    for name in () if kinds else ("relation", "consent"):
        if not options[name]:
            raise click.UsageError(f"--{name}: is missing; a new link needs it (or give --end)")
    return kinds[0] if kinds else ChangeKind.ADD
