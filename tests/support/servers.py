"""Pipelines of several servers on one PostgreSQL store, in one process, in turns at random."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Self

from engine.domain.request import Answer, Request
from engine.kernel import FAST, REFERENCE
from engine.pipeline import Pipeline
from engine.store.postgres import PostgresStore
from engine.verify.check import verify_store
from engine.verify.report import Report
from tests.support.runner import cities


class Servers:
    """What one pipeline does, done by whichever of several gets the request."""

    def __init__(self, url: str, rng: random.Random, count: int = 3) -> None:
        """Open so many pipelines on a store; one of them computes by the reference kernel."""
        self._url = url
        self._rng = rng
        self._count = count
        self._servers: list[Pipeline] = []
        self.checkpoints = 0
        """How many were written to their end."""
        self.opened = 0

    def _any(self) -> Pipeline:
        # They are opened one after the other, so that the later ones find something.
        if len(self._servers) < self._count and (not self._servers or self._rng.random() < 0.05):
            self._servers.append(self._open())
        return self._rng.choice(self._servers)

    def _open(self) -> Pipeline:
        self.opened += 1
        kernel = REFERENCE if self.opened % 4 == 2 else FAST
        return Pipeline.open(PostgresStore.open(self._url), cities(), kernel)

    def run(self, requests: Sequence[Request], instant: int) -> list[Answer]:
        """Have one of them answer; before that, now and then, more happens."""
        if self._servers and self._rng.random() < 0.15:
            self.checkpoint()
        if self._servers and self._rng.random() < 0.03:
            self.open_again()
        return self._any().run(requests, instant)

    def checkpoint(self) -> None:
        """Begin a checkpoint, and write some of it or all; whoever may not leaves it."""
        for pipeline in self._rng.sample(self._servers, self._rng.randint(1, len(self._servers))):
            pipeline.begin_checkpoint()
            begun = pipeline._store.checkpoint_under_way
            done = pipeline.write_checkpoint(self._rng.choice((1, 1_000, 1 << 40)))
            self.checkpoints += begun and done

    def open_again(self) -> None:
        """End one of them, in the midst of its checkpoint if it has begun one, and open another."""
        at = self._rng.randrange(len(self._servers))
        if self._rng.random() < 0.5:
            self._servers[at]._store.close()
        else:
            self._servers[at].close()
        self._servers[at] = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End all of them."""
        for pipeline in self._servers:
            pipeline.close()

    def verify(self) -> Report:
        """Check the store."""
        with PostgresStore.open(self._url) as store, store.snapshot():
            return verify_store(store)
