"""What the commands share: errors with exit codes, options, output."""

import functools
import ipaddress
import json
from collections.abc import Callable
from typing import IO, Any, Final, ParamSpec, TypeVar

import click

from clients.cli.rules import rules_option
from clients.cli.stores import Place, PlaceType
from clients.errors import ClientError, FileError, Refusal
from clients.lines import AUTO, ENCODINGS
from engine.errors import (
    EngineError,
    InvalidInput,
    InvariantBroken,
    OutcomeUnknown,
    RuleFileError,
)

DEFAULT_SERVER: Final = "127.0.0.1:50051"

DONE: Final = 0
SOME_REFUSED: Final = 1
WRONG_INPUT: Final = 2
UNAVAILABLE: Final = 3

P = ParamSpec("P")
R = TypeVar("R")


class Fail(click.ClickException):
    """Ends a command with one line on standard error and an exit code."""

    exit_code = UNAVAILABLE

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line."""
        click.echo(f"gongji: {self.message}", err=file is None, file=file)


class Wrong(Fail):
    """Ends a command because of what it was given."""

    exit_code = WRONG_INPUT


class Unfound(Fail):
    """Ends a command because what was asked for cannot be done, or is not there."""

    exit_code = SOME_REFUSED


def friendly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the exceptions of engine and clients into one line and an exit code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (FileError, InvalidInput, RuleFileError) as error:
            raise Wrong(str(error)) from error
        except Refusal as error:
            raise Unfound(str(error)) from error
        except ClientError as error:
            raise Fail(str(error)) from error
        except OutcomeUnknown as error:
            raise Fail(f"the outcome is unknown ({error}); run the same command again") from error
        except InvariantBroken as error:
            raise Fail(f"stopped rather than answer wrongly: {error}") from error
        except EngineError as error:
            raise Fail(str(error)) from error

    return run


def echo_json(value: object) -> None:
    """Write a value as one line of JSON for programs."""
    click.echo(json.dumps(value, ensure_ascii=False))


def check_address(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Check `HOST:PORT`; plain text is for this machine only until there are certificates."""
    if value is None:
        return None
    host, colon, port = value.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise click.BadParameter(f"expected HOST:PORT such as {DEFAULT_SERVER}, found {value}")
    if host != "localhost":
        try:
            loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise click.BadParameter(
                f"{host} is not this machine; connections are not encrypted yet, use 127.0.0.1"
            )
    return value


server_option = click.option(
    "--server",
    metavar="HOST:PORT",
    default=DEFAULT_SERVER,
    show_default=True,
    envvar="GONGJI_SERVER",
    callback=check_address,
    help="Settlement server; on this machine only.",
)
store_option = click.option(
    "--store",
    type=PlaceType(),
    help="Store to work on directly: an SQLite file that no server holds, or postgresql://…",
)
encoding_option = click.option(
    "--encoding",
    type=click.Choice(ENCODINGS),
    default=AUTO,
    show_default=True,
    help="Of a CSV file. auto: by its byte order mark; UTF-8 if all of it is UTF-8; otherwise "
    "UTF-8 or GB18030, whichever more of its lines with Chinese text are in.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")


def server_or_store(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--server` and `--store`, one of which is used, the server by default; and `--rules`."""
    return _either(f"Settlement server; {DEFAULT_SERVER} if --store is not given either.")(command)


def server_or_store_or_files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--server`, `--store` and `--rules`; rule files answer where neither of two is given."""
    return _either("Settlement server; rule files answer without it and --store.")(command)


def _either(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    server = click.option(
        "--server",
        metavar="HOST:PORT",
        envvar="GONGJI_SERVER",
        callback=check_address,
        help=text,
    )
    return lambda command: server(store_option(rules_option(command)))


def one_of(server: str | None, store: Place | None) -> str | Place:
    """Return which of the two was given; both at once are refused."""
    if store is None:
        return server or DEFAULT_SERVER
    context = click.get_current_context(silent=True)
    source = context.get_parameter_source("server") if context else None
    if server and source is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("give --server or --store, not both")
    return store
