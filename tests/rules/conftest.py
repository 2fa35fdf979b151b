"""The shipped cities, loaded once."""

from collections.abc import Mapping

import pytest

from engine.rules.load import load_cities
from engine.rules.model import CityRules

WAGES = {"average_wage": {"2023": "98765.50", "2024": "101234.75"}}


@pytest.fixture(scope="session")
def cities() -> Mapping[str, CityRules]:
    return load_cities()
