"""StoreService: copies of the store while it is used."""

import asyncio
import contextlib
from typing import Any, Final

from engine.errors import BackupError, EngineError
from engine.pipeline import Pipeline
from engine.store.backup import Backup, Kept
from gongji.v1 import store_service_pb2 as pb
from server.codec import check_known, parse
from server.service import Host
from server.status import Stopping
from server.stream import Context

_STEP_BYTES: Final = 1 << 20
"""What one step copies; whoever asks meanwhile waits for one at most."""

_SILENCE_SECONDS: Final = 5.0
"""A client gives up where it hears nothing for longer."""


class StoreService:
    """Backups; see the contract in store_service.proto."""

    descriptor = pb.DESCRIPTOR.services_by_name["StoreService"]

    def __init__(self, host: Host) -> None:
        self._host = host
        self._is_busy = False

    async def BackUp(self, data: bytes, context: Context) -> None:
        """Copy the store, a message a step.

        Raises:
            InvalidInput: the bytes are no such request.
            Stopping: the server stops; nothing was kept.
        """
        check_known(parse(pb.BackUpRequest, data), data)
        try:
            if self._is_busy:
                raise BackupError("another copy is under way; wait until it is made")
            self._is_busy = True
            try:
                await self._copy(context)
            finally:
                self._is_busy = False
        except BackupError as error:
            await _write(context, not_made=pb.BackUpRefusal(message=str(error)))

    async def _copy(self, context: Context) -> None:
        folder, batcher = self._host.config.backups, self._host.batcher
        if folder is None:
            raise BackupError("this server makes no copies: start it with --backups FOLDER")
        begun: list[Backup] = []
        try:
            # What is asked is done even if nobody waits for it any more: so it leaves a note.
            await batcher.answer_step(lambda pipeline: begun.append(pipeline.back_up(folder)))
            # A step waits in the queue like any request: between two of them others are served.
            while not await batcher.answer_step(lambda _: begun[0].step(_STEP_BYTES)):
                await _write_progress(context, begun[0])
                if self._host.is_stopping:
                    raise Stopping
            # The disk may take long for all of the file: nobody else waits for that.
            keeping = asyncio.create_task(asyncio.to_thread(begun[0].keep))
            while not (await asyncio.wait((keeping,), timeout=_SILENCE_SECONDS))[0]:
                await _write_progress(context, begun[0])
            await _write(context, made=_message_of(keeping.result()))
        finally:

            def discard(_: Pipeline) -> None:
                for backup in begun:
                    backup.discard()

            with contextlib.suppress(EngineError):  # the server has failed: it stops
                batcher.ask(discard, _not_waited_for)


def _not_waited_for(answer: Any, row: int) -> None:
    """Take an answer that nobody waits for."""


async def _write_progress(context: Context, backup: Backup) -> None:
    progress = pb.BackUpProgress(copied=backup.copied, total=backup.total)
    await _write(context, progress=progress)


def _message_of(kept: Kept) -> pb.Backup:
    return pb.Backup(
        file=str(kept.file),
        size=kept.size,
        sequence=kept.sequence,
        position=kept.position,
        digest=kept.digest,
    )


async def _write(context: Context, **answer: Any) -> None:
    await context.write(pb.BackUpResponse(**answer).SerializeToString())
