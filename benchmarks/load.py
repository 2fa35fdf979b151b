"""Closed-loop load from a process that costs little: `load.cc`, or Python where it cannot be built.

Both send bytes made before, keep the bytes that come back, and read nothing while the clock runs.
`load.cc` is compiled into `build/bench/` when it is first needed. Its messages and answers are
files, in memory where the system has a file system there: writing them must not keep the disk busy
that is measured.
"""

import json
import mmap
import os
import shlex
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from benchmarks.lines import KEPT
from benchmarks.serving import Process

SOURCE: Final = Path(__file__).with_name("load.cc")
PACKAGE: Final = "grpc++"
SERVICE: Final = "gongji.v1.SettlementService"
IN_MEMORY: Final = Path("/dev/shm")
_NEEDED_BYTES: Final = 4 << 30
_LENGTH: Final = struct.Struct("<I")
_ANSWER: Final = struct.Struct("<IIQI")
_PATIENCE: Final = 300


@dataclass(slots=True)
class Lane:
    """What one stream sends."""

    messages: Sequence[bytes]
    opening: bytes = b""


@dataclass(slots=True)
class Drive:
    """A load: streams of one method, `window` messages unanswered on each, until time is up."""

    process: Process
    method: str
    lanes: Sequence[Lane]
    seconds: float
    window: int = 1
    warm: int = 1
    """Messages of each stream before the clock starts."""
    again: bool = False
    """Begin anew when the messages are used up; of the answers each stream's first is kept."""
    settles: bool = False
    """Whether the server's processor time has the checkpoint in it that follows a load."""


class Answer(NamedTuple):
    """An answer: to which message of which stream."""

    stream: int
    message: int
    data: bytes


@dataclass(slots=True)
class Load:
    """What a load came to."""

    seconds: float
    messages: int
    p50_ms: float
    p99_ms: float
    client_cpu_seconds: float
    ran_out: bool
    """A stream had no more messages before the time was up: the load ended there."""
    answers: Iterator[Answer] = field(default_factory=lambda: iter(()))
    """In the order in which they came, those of the warm-up among them; to be read once."""
    cpu_seconds: float = 0.0
    """Processor time of the server."""
    written_bytes: int = 0
    """What the server had written to the disk."""


@cache
def program() -> tuple[Path | None, str]:
    """Return the compiled client, or None and why there is none."""
    compiler = shlex.split(os.environ.get("CXX", "c++"))
    if not shutil.which(compiler[0]) or not shutil.which("pkg-config"):
        return None, "no C++ compiler or no pkg-config"
    if subprocess.run(["pkg-config", "--exists", PACKAGE], check=False).returncode:
        return None, "no gRPC for C++ (on Debian: apt install libgrpc++-dev)"
    KEPT.mkdir(parents=True, exist_ok=True)
    built = KEPT.joinpath("load")
    if built.exists() and built.stat().st_mtime > SOURCE.stat().st_mtime:
        return built, ""
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", PACKAGE], check=True, text=True, stdout=subprocess.PIPE
    ).stdout
    options = ("-O2", "-std=c++17", "-Wall", "-Wextra", "-o", str(built), str(SOURCE))
    if subprocess.run([*compiler, *options, *shlex.split(flags)], check=False).returncode:
        return None, "load.cc does not compile here; the compiler's words are above"
    return built, ""


def client() -> str:
    """Say which client puts the load."""
    found, why = program()
    return "client in C++" if found else f"client in Python, which costs as much as a server: {why}"


def drive(drives: Sequence[Drive]) -> list[Load]:
    """Put loads, all at once; the processor time of a server is that until all of them ended."""
    built, _ = program()
    if built is None:
        from benchmarks import python_load

        return python_load.drive(drives)
    return _drive(built, drives)


def _drive(built: Path, drives: Sequence[Drive]) -> list[Load]:
    with TemporaryDirectory(prefix="gongji-load-", dir=_folder()) as name:
        clients: list[_Client] = []
        try:
            for number, each_drive in enumerate(drives):
                clients.append(_Client(built, Path(name), number, each_drive))
            for each in clients:
                each.wait_until_ready()
            for each in clients:
                each.go()
            return [each.load() for each in clients]
        finally:
            for each in clients:
                each.close()


def _folder() -> Path | None:
    """Return where to keep messages and answers; None: where temporary files are."""
    with suppress(OSError):
        there = os.statvfs(IN_MEMORY)
        if there.f_bavail * there.f_frsize >= _NEEDED_BYTES:
            return IN_MEMORY
    return None


class _Client:
    """A process of `load.cc`."""

    def __init__(self, built: Path, folder: Path, number: int, of: Drive) -> None:
        messages, self._answers = folder / f"messages{number}", folder / f"answers{number}"
        _write_messages(messages, of.lanes)
        self._server, self._settles = of.process, of.settles
        options = (f"--seconds={of.seconds}", f"--window={of.window}", f"--warm={of.warm}")
        self._process = subprocess.Popen(
            [
                *(str(built), of.process.address, f"{SERVICE}/{of.method}"),
                *(str(messages), str(self._answers)),
                *(word for option in options for word in option.split("=")),
                *(["--again"] if of.again else []),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._cpu = 0.0
        self._written = 0

    def wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", "the load client failed, see above"
        self._cpu, self._written = self._server.cpu_seconds, self._server.written_bytes

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def load(self) -> Load:
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        if told and self._settles:
            self._server.settle_down()
        cpu, written = self._server.cpu_seconds, self._server.written_bytes
        assert self._process.wait(_PATIENCE) == 0, "the load client failed, see above"
        found = json.loads(told)
        return Load(
            seconds=found["seconds"],
            messages=found["messages"],
            p50_ms=found["p50_us"] / 1e3,
            p99_ms=found["p99_us"] / 1e3,
            client_cpu_seconds=found["client_cpu_seconds"],
            ran_out=found["ran_out"],
            answers=_read_answers(self._answers),
            cpu_seconds=cpu - self._cpu,
            written_bytes=written - self._written,
        )

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


def _write_messages(path: Path, lanes: Sequence[Lane]) -> None:
    with path.open("wb") as file:
        file.write(_LENGTH.pack(len(lanes)))
        for lane in lanes:
            file.write(_LENGTH.pack(len(lane.opening)) + lane.opening)
            file.write(_LENGTH.pack(len(lane.messages)))
            for message in lane.messages:
                file.write(_LENGTH.pack(len(message)))
                file.write(message)


def _read_answers(path: Path) -> Iterator[Answer]:
    """Return what is in a file, which may be removed meanwhile."""
    if not path.stat().st_size:
        return iter(())
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return _answers(data)


def _answers(data: mmap.mmap) -> Iterator[Answer]:
    at = 0
    with data:
        while at < len(data):
            stream, index, _, size = _ANSWER.unpack_from(data, at)
            at += _ANSWER.size + size
            yield Answer(stream, index, data[at - size : at])
