"""Fixtures of the unit tests."""

import pytest

from engine.kernel import FAST, REFERENCE, Kernel


@pytest.fixture(params=[REFERENCE, FAST], ids=lambda kernel: kernel.name)
def kernel(request: pytest.FixtureRequest) -> Kernel:
    chosen: Kernel = request.param
    return chosen
