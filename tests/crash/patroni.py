"""PostgreSQL with a synchronous standby: Patroni twice and etcd, on free loopback ports."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import psutil

from benchmarks.peers.cluster import Missing, programs, user

TTL_SECONDS: Final = 20
"""How long a leader that is not heard of is waited for; Patroni's least."""
_START_SECONDS: Final = 90
_CONFIGURATION: Final = """
scope: gongji
name: {name}
restapi: {{listen: '127.0.0.1:{rest}', connect_address: '127.0.0.1:{rest}'}}
etcd3: {{host: '127.0.0.1:{etcd}'}}
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: 5
    retry_timeout: 5
    maximum_lag_on_failover: 1048576
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {{max_connections: 40, wal_log_hints: 'on'}}
  initdb: [{{encoding: UTF8}}, data-checksums]
postgresql:
  listen: '127.0.0.1:{port}'
  connect_address: '127.0.0.1:{port}'
  data_dir: '{folder}/{name}'
  bin_dir: '{programs}'
  pgpass: '{folder}/{name}.pgpass'
  authentication:
    superuser: {{username: gongji, password: local}}
    replication: {{username: standby, password: local}}
    rewind: {{username: rewind, password: local}}
  parameters: {{unix_socket_directories: '{folder}'}}
  pg_hba:
  - host all all 127.0.0.1/32 scram-sha-256
  - host replication all 127.0.0.1/32 scram-sha-256
  - local all all trust
"""
NODES: Final = ("north", "south")


class HighlyAvailable:
    """A running pair; `url` leads to whichever takes writes."""

    def __init__(self, folder: Path) -> None:
        """Start everything below a folder; `close` ends it.

        Raises:
            Missing: a program is not on this machine.
        """
        for name, package in (("etcd", "etcd-server"), ("patroni", "patroni")):
            if shutil.which(name) is None:
                raise Missing(f"no {name}: on Debian, apt install {package}")
        self._folder, self._user = folder, user()
        if self._user:
            shutil.chown(folder, self._user)
            folder.chmod(0o755)
        self._etcd = free_port()
        self._rest = {name: free_port() for name in NODES}
        self.ports = {name: free_port() for name in NODES}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        """Where the database is that takes writes, whichever it is."""
        ports = ",".join(str(self.ports[name]) for name in NODES)
        hosts = ",".join(["127.0.0.1"] * len(NODES))
        return (
            f"postgresql://gongji:local@/postgres?host={hosts}&port={ports}"
            "&target_session_attrs=read-write"
        )

    def start(self) -> None:
        """Start etcd, then both nodes; return when the standby is synchronous."""
        peer, client = free_port(), f"http://127.0.0.1:{self._etcd}"
        self._run(
            "etcd",
            *("etcd", "--name", "only", "--data-dir", str(self._folder / "etcd-data")),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", f"http://127.0.0.1:{peer}"),
        )
        for name in NODES:
            self.start_node(name)
            wait_until(lambda: self.leader() is not None, "a leader")
        self.wait_for_standby()

    def start_node(self, name: str) -> None:
        """Start one node."""
        file = self._folder / f"{name}.yml"
        text = _CONFIGURATION.format(
            name=name,
            rest=self._rest[name],
            etcd=self._etcd,
            ttl=TTL_SECONDS,
            port=self.ports[name],
            folder=self._folder,
            programs=programs(),
        )
        file.write_text(text, encoding="utf-8")
        self._run(name, "patroni", str(file))

    def _run(self, name: str, *command: str) -> None:
        prefix: list[str] = []
        if self._user:
            of = pwd.getpwnam(self._user)
            prefix = ["setpriv", f"--reuid={of.pw_uid}", f"--regid={of.pw_gid}", "--clear-groups"]
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [*prefix, *command],
                cwd=self._folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "ETCDCTL_API": "3"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def leader(self) -> str | None:
        """Return the node that takes writes, None while none does."""
        for name in NODES:
            if self._role(name) in ("leader", "primary", "master"):
                return name
        return None

    def _role(self, name: str) -> str:
        try:
            where = f"http://127.0.0.1:{self._rest[name]}/patroni"
            with urllib.request.urlopen(where, timeout=2) as answer:
                return str(json.load(answer).get("role", ""))
        except (OSError, ValueError):
            return ""

    def wait_for_standby(self) -> None:
        """Wait until a standby must have every commit."""

        def is_synchronous() -> bool:
            try:
                where = f"http://127.0.0.1:{self._rest[self.leader() or NODES[0]]}/cluster"
                with urllib.request.urlopen(where, timeout=2) as answer:
                    members = json.load(answer)["members"]
            except (OSError, ValueError, KeyError):
                return False
            return any(member["role"] == "sync_standby" for member in members)

        wait_until(is_synchronous, "a synchronous standby")

    def kill_leader(self) -> str:
        """Kill the leader: Patroni and every process of its PostgreSQL; return its name."""
        name = self.leader()
        assert name is not None
        patroni = psutil.Process(self._processes[name].pid)
        pid = int((self._folder / name / "postmaster.pid").read_text("utf-8").split()[0])
        postmaster = psutil.Process(pid)
        killed = [patroni, *patroni.children(recursive=True), postmaster, *postmaster.children()]
        for process in dict.fromkeys(killed):
            process.send_signal(signal.SIGKILL)
        psutil.wait_procs(killed, timeout=10)
        self._processes[name].wait()
        return name

    def close(self) -> None:
        """End everything that was started."""
        for name in (*NODES, "etcd"):
            process = self._processes.get(name)
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def last_words(self) -> str:
        """Return the ends of all logs."""
        logs = sorted(self._folder.glob("*.log"))
        return "\n".join(f"{log.name}: {log.read_text('utf-8', 'replace')[-1500:]}" for log in logs)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(holds: Callable[[], bool], what: str) -> float:
    """Wait until something holds; return the seconds it took.

    Raises:
        TimeoutError: it does not.
    """
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > _START_SECONDS:
            raise TimeoutError(f"there is no {what}")
        time.sleep(0.2)
    return time.monotonic() - began
