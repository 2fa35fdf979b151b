"""The servers of `streams`, a process each, and what they are sent."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.echo_server import SINGLE
from benchmarks.judge import HOMES_JUDGED, Judge, chosen
from benchmarks.load import Drive, Lane, Load, drive
from benchmarks.messages import Draw, Ids, Messages, Template, opening
from benchmarks.population import HOMES, Population
from benchmarks.serving import Process
from benchmarks.shapes import (
    BATCH,
    DURABLE,
    ECHO,
    GATEWAY,
    HUNDREDS,
    PREVIEW,
    SHAPES,
    STREAMS,
    TENS,
    Shape,
    Size,
)
from clients.cli.local import LocalLedger
from clients.cli.people import read_figures
from engine.rules.figures import load_figures, to_json
from engine.rules.load import load_cities

AGAIN: Final = 20_000
"""Claims drawn for what is previewed: the same ones are sent again and again."""
_SHARE: Final = 1.5
"""Messages prepared, of what the fastest round so far would have needed."""
_REGISTERED: Final = 10_000


def make_store(folder: Path, population: Population) -> Path:
    """Return a store with the rules' figures and the registers, for servers to begin with."""
    path = folder / "registers.sqlite"
    with LocalLedger(path) as ledger:
        ledger.supply(to_json(load_figures(read_figures(), load_cities())))
        for items in population.registers(_REGISTERED):
            assert not ledger.register(items)
    return path


@contextmanager
def started(folder: Path, store: Path) -> Iterator[tuple[Process, Process, Judge]]:
    """Yield two servers and a judge that know the same people."""
    copies = [folder / f"{name}.sqlite" for name in (DURABLE, PREVIEW, "reference")]
    for copy in copies:
        shutil.copyfile(store, copy)
    words = ("clients.cli.main", "serve", "--listen", "127.0.0.1:0", "--store")
    with (
        Process(folder / "durable.log", *words, str(copies[0])) as durable,
        Process(folder / "preview.log", *words, str(copies[1])) as preview,
        LocalLedger(copies[2], kernel="reference") as ledger,
    ):
        yield durable.ready(), preview.ready(), Judge(ledger)


class Supply:
    """Messages of a shape: drawn once for each stream, and sent in turn."""

    def __init__(self, shape: Shape, draw: Draw, drawn: int) -> None:
        self._at = 0
        self._needed = 0.0
        self.shape = shape
        self.new = _drawn(shape, draw, drawn, preview=False)
        self.previews = _drawn(shape, draw, min(drawn, AGAIN), preview=True)

    def messages(self, seconds: float, ids: Ids) -> list[Messages]:
        """Return for each stream as much as it can send in so many seconds, and more."""
        rate = self._needed * _SHARE or self.shape.guess
        count = int(rate * seconds / self.shape.streams) + self.shape.warm + 2 * self.shape.window
        start, self._at = self._at, self._at + count
        return [Messages(templates, count, start, ids) for templates in self.new]

    def learn(self, load: Load) -> None:
        """Take note of how many messages a load needed."""
        needed = load.messages / load.seconds * (2 if load.ran_out else 1)
        self._needed = max(self._needed, needed)


def _drawn(shape: Shape, draw: Draw, claims: int, *, preview: bool) -> list[list[Template]]:
    if shape.is_batch:
        messages = max(claims // shape.claims, shape.streams)
        return draw.batches(shape.streams, messages, shape.claims, preview=preview)
    return draw.singles(shape.streams, claims, preview=preview)


@dataclass
class Arena:
    """Everything a round needs."""

    size: Size
    population: Population
    processes: dict[str, Process]
    judge: Judge
    supplies: dict[Shape, Supply]
    ids: Ids = field(default_factory=Ids)

    def run(self, shape: Shape, contender: str) -> Load:
        """Put one load on a contender."""
        if contender == DURABLE:
            return self.settle([(shape, self.size.seconds)])[0]
        (load,) = drive([self._again(shape, contender, self.size.seconds)])
        return load

    def settle(self, loads: Sequence[tuple[Shape, float]], sample: int = 0) -> list[Load]:
        """Put loads of new claims on the durable server at once, and have them judged."""
        sent = [self.supplies[shape].messages(seconds, self.ids) for shape, seconds in loads]
        drives = [
            self._drive(shape, DURABLE, messages, seconds)
            for (shape, seconds), messages in zip(loads, sent, strict=True)
        ]
        found = drive(drives)
        for (shape, _), load in zip(loads, found, strict=True):
            self.supplies[shape].learn(load)
        self.judge.take(list(zip(sent, found, strict=True)), sample)
        return found

    def answers(self) -> dict[str, bytes]:
        """Return answers of the previewing server, for the echo: by how many claims they answer."""
        found: dict[str, bytes] = {}
        for shape in (STREAMS, TENS, HUNDREDS, GATEWAY):
            (load,) = drive([self._again(shape, PREVIEW, 0)])
            ordered = sorted((answer.data for answer in load.answers), key=len)
            name = str(shape.claims) if shape.is_batch else SINGLE
            found[name] = ordered[len(ordered) // 2]
        return found

    def _again(self, shape: Shape, contender: str, seconds: float) -> Drive:
        templates = self.supplies[shape].previews
        messages = [Messages(of_stream, len(of_stream)) for of_stream in templates]
        each = self._drive(shape, contender, messages, seconds)
        each.again, each.settles = True, False
        return each

    def _drive(
        self, shape: Shape, contender: str, messages: Sequence[Messages], seconds: float
    ) -> Drive:
        institutions = self.population.institutions
        openings = [
            b"" if shape.is_batch else opening(institutions[stream % HOMES].id)
            for stream in range(shape.streams)
        ]
        return Drive(
            self.processes[contender],
            shape.method,
            [Lane(sent, first) for sent, first in zip(messages, openings, strict=True)],
            seconds,
            shape.window,
            shape.warm,
            settles=shape.counts_cpu or self.size.waits_always,
        )


@contextmanager
def arena(folder: Path, size: Size) -> Iterator[tuple[Arena, Path]]:
    """Yield everything, and the store that the servers began with."""
    population = Population(size.members)
    store = make_store(folder, population)
    draw = Draw(population, chosen(size.every), HOMES_JUDGED[0])
    supplies = {
        shape: Supply(shape, draw, size.drawn_bulk if shape.claims == BATCH else size.drawn)
        for shape in SHAPES
    }
    with started(folder, store) as (durable, preview, judge):
        processes = {DURABLE: durable, PREVIEW: preview}
        made = Arena(size, population, processes, judge, supplies)
        kept = folder / "answers"
        kept.mkdir()
        for name, answer in made.answers().items():
            kept.joinpath(name).write_bytes(answer)
        with Process(folder / "echo.log", "benchmarks.echo_server", str(kept)) as echo:
            processes[ECHO] = echo.ready()
            yield made, store
