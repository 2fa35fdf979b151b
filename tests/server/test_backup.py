"""Copies of the store that are asked for on the wire; what is in them, `tests/store` looks at."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from clients.server import Server
from engine.pipeline import Pipeline
from engine.store.backup import Backup
from engine.store.sqlite import SqliteStore
from gongji.v1.store_service_pb2 import BackUpRequest, BackUpResponse
from gongji.v1.store_service_pb2_grpc import StoreServiceStub
from server.app import ServerHandle
from server.config import ServerConfig
from tests.server.conftest import CONFIG, Client, register

SMALL_STEP = 8192
BACK_UP = "/gongji.v1.StoreService/BackUp"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServerConfig:
    folder = tmp_path / "backups"
    folder.mkdir()
    monkeypatch.setattr("server.store._STEP_BYTES", SMALL_STEP)
    return dataclasses.replace(CONFIG, backups=folder)


def asked(address: str) -> list[BackUpResponse]:
    with Server(address) as server:
        return list(server.back_up())


def test_a_copy(durable: Callable[[], Pipeline], config: ServerConfig) -> None:
    with ServerHandle(register(durable()), config) as server:
        *steps, last = asked(server.address)
        answers = asked(server.address)
    assert len(steps) > 5
    assert all(0 < each.progress.copied < each.progress.total for each in steps)
    assert answers[-1] == last
    with SqliteStore.open(last.made.file) as copy:
        assert copy.check_integrity() == []
        assert (copy.sequence, copy.last_digest) == (last.made.sequence, last.made.digest)


def not_made(client: Client) -> str:
    (answer,) = StoreServiceStub(client.channel).BackUp(BackUpRequest())
    return str(answer.not_made.message)


def test_without_a_folder_none_is_made(server: ServerHandle, client: Client) -> None:
    assert "start it with --backups FOLDER" in not_made(client)


def test_a_store_that_is_no_file(pipeline: Pipeline, config: ServerConfig) -> None:
    with ServerHandle(pipeline, config) as server:
        client = Client(server.address)
        assert "nothing here is durable" in not_made(client)
        client.channel.close()


def test_a_folder_that_is_gone(durable: Callable[[], Pipeline], config: ServerConfig) -> None:
    assert config.backups is not None
    with ServerHandle(register(durable()), config) as server:
        assert asked(server.address)[-1].made.sequence
        shutil.rmtree(config.backups)
        client = Client(server.address)
        assert "backups: " in not_made(client)
        config.backups.mkdir()
        assert asked(server.address)[-1].made.sequence
        client.channel.close()


def never_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backup, "step", lambda *_: False)


def test_one_at_a_time_and_whoever_leaves_leaves_nothing(
    durable: Callable[[], Pipeline], config: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.backups is not None
    never_done(monkeypatch)
    with ServerHandle(register(durable()), config) as server:
        client = Client(server.address)
        call: Any = StoreServiceStub(client.channel).BackUp(BackUpRequest())
        next(call)
        assert "another copy is under way" in not_made(client)
        assert len(partials(config.backups)) == 1
        call.cancel()
        while partials(config.backups):
            time.sleep(0.01)
        monkeypatch.undo()
        while "another copy is under way" in (told := said(client)):
            pass
        assert told == "made"
        assert partials(config.backups) == []
        client.channel.close()


def partials(folder: Path) -> list[Path]:
    return list(folder.glob("*.partial"))


def said(client: Client) -> str:
    *_, last = StoreServiceStub(client.channel).BackUp(BackUpRequest())
    return last.not_made.message or str(last.WhichOneof("answer"))


def test_garbage_is_an_invalid_argument(server: ServerHandle, client: Client) -> None:
    call: Any = client.channel.unary_stream(BACK_UP)
    for data in (b"\xff\xff", b"\xf8\x7f\x01"):
        with pytest.raises(grpc.RpcError) as caught:
            list(call(data))
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_server_that_stops_keeps_nothing(
    durable: Callable[[], Pipeline], config: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.backups is not None
    never_done(monkeypatch)
    with ServerHandle(register(durable()), config) as server:
        client = Client(server.address)
        call: Any = StoreServiceStub(client.channel).BackUp(BackUpRequest())
        next(call)
        assert server.stop() == 0
        with pytest.raises(grpc.RpcError) as caught:
            list(call)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        client.channel.close()
    assert [file for file in config.backups.iterdir() if file.suffix != ".lock"] == []
