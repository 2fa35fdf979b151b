"""Tables at the end of the run, and how long a run may be."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.tables import Show, Table

BUILD = Path(__file__).parents[1].joinpath("build")
_TABLES = pytest.StashKey[list[Table]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLES] = []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for table in config.stash[_TABLES]:
        terminalreporter.write_line(f"\n{table.text()}")


@pytest.fixture(scope="session")
def show(pytestconfig: pytest.Config) -> Show:
    """Show a table at the end of the run."""
    return pytestconfig.stash[_TABLES].append


@pytest.fixture(scope="session")
def short(pytestconfig: pytest.Config) -> bool:
    """Whether a quick look is asked for: `--benchmark-max-time` below its default of a second."""
    return float(pytestconfig.getoption("benchmark_max_time")) < 1


@pytest.fixture(scope="module")
def keep(request: pytest.FixtureRequest) -> Iterator[Callable[[dict[str, object]], None]]:
    """Keep results: one line of JSON each, in `build/NAME.jsonl`."""
    name = request.module.__name__.rpartition(".")[2].removeprefix("bench_")
    BUILD.mkdir(exist_ok=True)
    with BUILD.joinpath(f"{name}.jsonl").open("w", encoding="utf-8") as file:

        def write(result: dict[str, object]) -> None:
            file.write(json.dumps(result, ensure_ascii=False) + "\n")
            file.flush()

        yield write
