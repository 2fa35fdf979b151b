"""Operator figures for the benefits that documents leave to the operator, beside those of `runner`.

They are low, so that random member-years come to the caps.
"""

from typing import Final

from engine.rules.figures import Figure, figures_from_supply
from tests.support.runner import cities
from tests.support.world import HEYUAN, JINAN, SUIZHOU, ZIBO

_BY_LEVEL: Final[dict[str, object]] = {
    "chronic_deductible": {"1": "100.00", "2": "200.00", "3": "300.00"},
    "chronic_rate": {"1": "0.80", "2": "0.75", "3": "0.7035"},
    "special": {
        "1": {"deductible": "150.00", "rate": "0.85"},
        "2": {"deductible": "250.00", "rate": "0.80"},
        "3": {"deductible": "400.00", "rate": "0.7505"},
    },
}
_DUAL_CHANNEL: Final = {"dual_channel_deductible": "60.00", "dual_channel_rate": "0.7005"}
_SEPARATE_PAY: Final = {"separate_pay_deductible": "30.00", "separate_pay_rate": "0.65"}
_CAPS: Final = {"chronic_annual_cap": "3100.00", "special_annual_cap": "2000.00"}
_INPATIENT: Final[dict[str, object]] = {
    "inpatient": {
        "1": {"deductible": "200.00", "rate": "0.90"},
        "2": {"deductible": "500.00", "rate": "0.85"},
        "3": {"deductible": "800.00", "rate": "0.80"},
    }
}
_SUPPLY: Final[dict[str, dict[str, object]]] = {
    JINAN: _BY_LEVEL | _CAPS | _INPATIENT | _DUAL_CHANNEL,
    ZIBO: _BY_LEVEL | _CAPS | _INPATIENT | _DUAL_CHANNEL,
    SUIZHOU: _BY_LEVEL | _CAPS | _INPATIENT | _DUAL_CHANNEL | {"dual_channel_annual_cap": "500.00"},
    HEYUAN: _BY_LEVEL | _DUAL_CHANNEL,
}


def supplies_separate_pay(city: str, seed: int) -> bool:
    """Return whether an operator thought of the separately paid drugs: two of three did."""
    return city in _SUPPLY and seed % 3 != 2


def figures_of(city: str, seed: int) -> tuple[Figure, ...]:
    """Return what an operator supplied."""
    supply = _SUPPLY.get(city, {})
    if supplies_separate_pay(city, seed):
        supply = supply | _SEPARATE_PAY
    return figures_from_supply(city, supply, cities())
