"""`gongji`: one command, its parts loaded only when they are called.

Exit codes: 0 all done; 1 some claims were refused, malformed, or cases failed; 2 the command line
or a file is wrong; 3 server or store cannot be used, or the outcome of a request is unknown.
"""

import importlib
import io
import json
import os
import sys
from typing import Final, NoReturn

import click

COMMANDS: Final = {
    "demo": "A guided tour on made-up people: server, terminals, a gateway, in a minute.",
    "serve": "Run a settlement server on a store.",
    "terminal": "Settle, preview, cancel, reverse or look up one claim, with a receipt.",
    "gateway": "Settle a file of claims on a server; resumes after a break.",
    "settle": "Settle a file of claims in a store, without a server.",
    "load": "Put load on a server and measure throughput and latency.",
    "register": "Enter members, institutions, opening counters; change single items.",
    "account": "Pay from personal accounts, credit and end them; show what moved one.",
    "policy": "Show the rules in force, and supply operator figures.",
    "explain": "Explain a settlement clause by clause.",
    "store": "Make a store in a PostgreSQL database, for several servers.",
    "verify": "Check a store: every amount, every counter, every sum.",
    "cases": "Run worked cases through reference, fast, bulk and gRPC.",
}
"""The commands with the line `--help` shows, so that help loads none of them."""

EPILOG: Final = (
    "Exit codes: 0 all done; 1 some claims refused or malformed, or cases failed; "
    "2 wrong command line or file; 3 server or store cannot be used, or an outcome is unknown."
)


class LazyGroup(click.Group):
    """A group whose commands live in modules `clients.cli.commands.NAME`, imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the documentation."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"clients.cli.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(package_name="gongji", message="gongji %(version)s")
def gongji() -> None:
    """共济: settles outpatient claims of China's employee medical insurance, exact to the fen.

    Example: gongji demo
    """


def _leave(text: str, code: int) -> NoReturn:
    """Say what went wrong, to a program as JSON on standard output, and leave."""
    if "--json" in sys.argv[1:]:
        click.echo(json.dumps({"error": text, "exit": code}, ensure_ascii=False))
    else:
        click.echo(f"gongji: {text}", err=True)
    sys.exit(code)


def main() -> None:
    """Run the command line; every error is one line and an exit code.

    `GONGJI_DEBUG=1` shows where an unexpected error comes from.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if os.environ.get("GONGJI_DEBUG") == "1":
        gongji()
        return
    try:
        sys.exit(gongji.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.UsageError as error:
        if "--json" not in sys.argv[1:]:
            error.show()
            sys.exit(error.exit_code)
        _leave(error.format_message(), error.exit_code)
    except click.ClickException as error:
        _leave(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _leave("stopped by you; what was answered stays", 3)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last door: a line for people, never a traceback
        _leave(
            f"stopped by a fault of its own ({type(error).__name__}); "
            "run it again with GONGJI_DEBUG=1 and report what it shows",
            3,
        )


if __name__ == "__main__":
    main()
