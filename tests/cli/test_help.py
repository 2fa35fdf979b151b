"""Every command says what it does, with an example; help is quick and loads nothing heavy."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from clients.cli.main import COMMANDS, gongji


def walk(command: click.Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = [path]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None, name
            found += walk(child, (*path, name))
    return found


@pytest.mark.parametrize("path", walk(gongji, ()), ids=" ".join)
def test_help_has_a_text_and_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(gongji, [*path, "--help"])
    assert result.exit_code == 0
    assert "Example:" in result.output
    assert "Options:" in result.output


def test_commands_with_exit_codes_of_their_own_say_them() -> None:
    for name in COMMANDS:
        output = CliRunner().invoke(gongji, [name, "--help"]).output
        assert "xit code" in output, name


def test_help_loads_neither_grpc_nor_the_engine() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from clients.cli.main import gongji; "
        "assert CliRunner().invoke(gongji, ['--help']).exit_code == 0; "
        "print([m for m in ('grpc', 'numpy', 'apsw', 'pydantic', 'rich') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
