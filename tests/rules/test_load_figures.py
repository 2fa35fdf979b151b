"""What the loader asks of operator figures, drafts, cuts of rates and what is not served."""

import pytest

from engine.errors import RuleFileError
from engine.rules.load import CITIES, rules_from_files

JINAN, SUIZHOU, CHANGCHUN = "370100_jinan", "421300_suizhou", "220100_changchun"


def files_of(folder: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (CITIES / folder).glob("*.toml")}


BAD = [
    # folder, file, what is changed, into what, key path, message
    (JINAN, "ordinary.toml", 'figure_key = "1"', 'figure_key = "9"', "deductible[0]", "no yuan"),
    (JINAN, "ordinary.toml", 'figure_key = "1"\n', "", "deductible[0]", 'key = "none"'),
    (
        JINAN,
        "ordinary.toml",
        'figure = "ordinary_deductible"',
        'amount = "1.00"\nfigure = "ordinary_deductible"',
        "deductible[0]",
        "either amount or figure",
    ),
    (JINAN, "ordinary.toml", '"ordinary_deductible"', '"deduct"', "deductible[0]", '"deduct"'),
    (
        JINAN,
        "ordinary.toml",
        '"large_amount_rate"',
        '"large_amount_cap"',
        "second_payment[0]",
        "no rate called",
    ),
    (
        JINAN,
        "ordinary.toml",
        'cap_figure = "large_amount_cap"',
        'cap_figure = "large_amount_rate"',
        "second_payment[0].cap_figure",
        "no yuan called",
    ),
    (
        JINAN,
        "ordinary.toml",
        'points = "0.10"\nunit = "percentage points taken',
        'points = "0.60"\nunit = "percentage points taken',
        "rate_cut[0].points",
        "below 0",
    ),
    (
        JINAN,
        "ordinary.toml",
        "first_day = 2023-01-01",
        'first_day = "effective"',
        "deductible[0].first_day",
        "outside the validity",
    ),
    (SUIZHOU, "ordinary.toml", '"family_use"', '"pooled_cap"', "account_limit[0]", "no switch"),
    (
        SUIZHOU,
        "figures.toml",
        'default = "true"',
        'default = "on"',
        "figure[1]",
        '"true" or "false"',
    ),
    (CHANGCHUN, "city.toml", 'starts = "effective_date"\n', "", "document[0]", "starts names"),
    (
        CHANGCHUN,
        "city.toml",
        '"effective_date"',
        '"pooled_cap"',
        "document[0].starts",
        "no date called",
    ),
    (
        CHANGCHUN,
        "chronic.toml",
        'amount = "6500.00"',
        'figure = "cap"',
        "annual_cap[0].figure",
        "cap",
    ),
    (
        CHANGCHUN,
        "chronic.toml",
        'figure = "disease_cap"',
        'figure = "cap"',
        "disease_cap[0]",
        "cap",
    ),
    (CHANGCHUN, "chronic.toml", 'rate = "0.70"\n', "", "rate[0]", "either rate or figure"),
    (CHANGCHUN, "special.toml", '"own"', '"mine"', "deductible[0].counter", "own, benefit, each"),
    (CHANGCHUN, "special.toml", '"pooled_cap"', '"inpatient_rate"', "pooled_cap[0]", "no yuan"),
    (CHANGCHUN, "day_surgery.toml", "[[given]]", "[[give]]", "given", "missing"),
]


@pytest.mark.parametrize(("folder", "name", "old", "new", "path", "problem"), BAD)
def test_refused(folder: str, name: str, old: str, new: str, path: str, problem: str) -> None:
    files = files_of(folder)
    text = files[name].decode()
    assert old in text
    files[name] = text.replace(old, new, 1).encode()
    with pytest.raises(RuleFileError) as caught:
        rules_from_files(folder, files)
    assert caught.value.path == path
    assert problem in caught.value.problem
