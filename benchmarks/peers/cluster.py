"""A PostgreSQL server in a temporary folder, reached by a Unix socket, run by who is not root."""

import csv
import io
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

_FOLDERS: Final = "/usr/lib/postgresql"
_USERS: Final = ("postgres", "nobody")
_START_SECONDS: Final = 60


class Missing(Exception):
    """PostgreSQL's server is not on this machine."""


def programs() -> Path:
    """Return the folder of `initdb`, `postgres`, `psql` and `pgbench`.

    Raises:
        Missing: there is none.
    """
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path(_FOLDERS).glob("*/bin"), reverse=True)
    for folder in folders:
        if folder.joinpath("initdb").exists() and folder.joinpath("pgbench").exists():
            return folder
    raise Missing("no initdb: on Debian, apt install postgresql")


def user() -> str | None:
    """Return whom the server runs as: None for who we are, unless that is root.

    Raises:
        Missing: there is nobody else.
    """
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in _USERS:
        if name in known:
            return name
    raise Missing(f"PostgreSQL does not run as root, and there is no user {' or '.join(_USERS)}")


@dataclass
class Server:
    """A server, and its folder."""

    programs: Path
    folder: Path
    user: str | None

    def run(self, *command: str, given: str | None = None) -> str:
        """Run one of the programs as the server's user; return what it printed.

        Raises:
            subprocess.CalledProcessError: it failed; its words are in the error.
        """
        done = subprocess.run(
            [*self._as_user(), str(self.programs / command[0]), *command[1:]],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PGHOST": str(self.folder), "PGUSER": "gongji"},
            input=given,
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            print(done.stderr[-2_000:], file=sys.stderr)
            done.check_returncode()
        return done.stdout

    def _as_user(self) -> list[str]:
        """Return what changes the user. Python could, but would fork to do so, under gRPC."""
        if self.user is None:
            return []
        of = pwd.getpwnam(self.user)
        return ["setpriv", f"--reuid={of.pw_uid}", f"--regid={of.pw_gid}", "--clear-groups"]

    def sql(self, text: str, database: str = "postgres") -> list[list[str]]:
        """Run SQL; return the rows of its answer."""
        options = ("--no-psqlrc", "--quiet", "--csv", "--tuples-only", "--set=ON_ERROR_STOP=1")
        found = self.run("psql", *options, database, given=text)
        return list(csv.reader(io.StringIO(found)))

    def url(self, database: str = "postgres") -> str:
        """Return where a database is."""
        return f"postgresql://gongji@/{database}?host={self.folder}"

    @property
    def data(self) -> Path:
        """The folder of the cluster."""
        return self.folder / "data"

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}'"
        log = ("-l", str(self.folder / "server.log"), "-t", str(_START_SECONDS), "-w")
        self.run("pg_ctl", "start", "-D", str(self.data), *log, "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server: `smart`, `fast`, or at once."""
        self.run("pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w")

    def postmaster(self) -> int:
        """Return the process id of the server."""
        return int(self.data.joinpath("postmaster.pid").read_text("utf-8").split()[0])


S = TypeVar("S", bound=Server)


@contextmanager
def started(kind: type[S]) -> Iterator[S]:
    """Yield a new server with an empty cluster, stopped and removed afterwards.

    Raises:
        Missing: PostgreSQL cannot run here.
    """
    at, whose = programs(), user()
    with tempfile.TemporaryDirectory(prefix="gongji-pg-") as name:
        folder = Path(name)
        if whose:
            shutil.chown(folder, whose)
        server = kind(at, folder, whose)
        options = ("-U", "gongji", "--auth=trust", "--no-instructions", "--encoding=UTF8")
        try:
            server.run("initdb", "-D", str(server.data), *options)
            server.start()
        except subprocess.CalledProcessError as why:
            raise Missing("PostgreSQL does not start here; its words are above") from why
        try:
            yield server
        finally:
            with suppress(subprocess.CalledProcessError, FileNotFoundError):
                server.stop()
