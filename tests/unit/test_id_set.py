"""Used request ids as fingerprints: never "free" of one that was added."""

import random

from engine.state._id_set import IdSet


def test_it_knows_what_was_added_and_nothing_else() -> None:
    draw, ids = random.Random(1), IdSet()
    added = {(draw.randrange(-70, 70), f"R{draw.randrange(10**9)}") for _ in range(50_000)}
    assert all(ids.lacks(*one) for one in added)
    assert sum(ids.add(*one) for one in added) == len(added) == len(ids)
    assert not any(ids.add(*one) for one in added)
    assert not any(ids.lacks(*one) for one in added)
    assert len(ids) == len(added)
    assert all(ids.lacks(institution, f"S{n}") for n, (institution, _) in enumerate(added))


def test_one_id_at_two_institutions_is_two() -> None:
    ids = IdSet()
    assert ids.add(1, "R")
    assert ids.lacks(2, "R")
    assert ids.add(-1, "R")
    assert len(ids) == 2


def test_its_memory_is_a_few_words_for_each_id() -> None:
    ids = IdSet()
    for n in range(100_000):
        ids.add(n % 7, str(n))
    assert 16 * len(ids) <= ids.nbytes <= 64 * len(ids)
