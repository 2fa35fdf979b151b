"""Several servers on one PostgreSQL store answer as one, whoever gets which request."""

import random
from typing import Any, cast

import pytest

from engine.domain.request import PutInstitutions, SupplyFigures
from engine.kernel import REFERENCE
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.verify.check import verify_store
from tests.property.test_account_histories import Ledger, look, replay, run_history
from tests.support.account_model import Model
from tests.support.family import figures, institutions, make_family
from tests.support.postgres import database, pg_server
from tests.support.runner import Run, counters, deal, enter, play, run_world
from tests.support.servers import Servers
from tests.support.world import SUIZHOU, YEARS, make_world

__all__ = ["database", "pg_server"]


@pytest.mark.parametrize("city", list(YEARS))
def test_random_member_years(city: str, database: str) -> None:
    """Claims, parts, previews, undos and repeats, with checkpoints of one server or another."""
    world = make_world(700, 60, city, acts=10)
    alone = run_world(world, REFERENCE)
    rng = random.Random(f"shared {city}")
    with Servers(database, rng) as servers:
        run = Run(cast(Pipeline, servers), cast(Any, None))
        enter(run, world)
        for hand in deal(world, rng, (1, 3, 10)):
            play(run, hand)
        assert run.answers == alone.answers
        for member in world.members:
            for year in YEARS[city]:
                assert counters(run, member.id, year) == counters(alone, member.id, year)
        report, expected = servers.verify(), verify_store(alone.store)
        assert report.ok, report.findings
        assert report.digest == expected.digest
        assert servers.checkpoints > 3
        assert servers.opened > 3
    report = servers.verify()
    assert report.ok, report.findings
    assert report.tables_compared


class SharedLedger(Ledger):
    """A ledger of several servers."""

    servers: Servers

    def __post_init__(self) -> None:
        self.pipeline = cast(Pipeline, self.servers)

    def open_again(self, *, checkpoint: bool) -> None:
        """End one of the servers and begin another."""
        self.servers.open_again()
        self.opened += 1


@pytest.mark.parametrize("seed", range(3))
def test_account_histories(seed: int, database: str) -> None:
    """Credits, payments, ends of accounts, changes of registers, and their undo."""
    rng = random.Random(f"shared accounts {seed}")
    one = Ledger(REFERENCE)
    one.ask(SupplyFigures(to_json(figures())), 0)
    one.ask(PutInstitutions(institutions(SUIZHOU)), 0)
    model = Model(one.pipeline.book)
    for number in range(4):
        run_history(rng, one, model, make_family(rng, f"h{number}", SUIZHOU), number)
    with Servers(database, rng) as servers:
        SharedLedger.servers = servers
        many = SharedLedger(REFERENCE)
        replay(rng, one, many)
        everybody = list(model.members)
        assert look(many, everybody) == look(one, everybody)
        assert servers.checkpoints
    report = servers.verify()
    assert report.ok, report.findings
    assert report.digest == verify_store(one.store).digest
