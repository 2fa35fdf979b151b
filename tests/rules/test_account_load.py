"""The optional file of a city that rules personal accounts: what it may not say."""

from collections.abc import Mapping

import pytest

from engine.errors import RuleFileError
from engine.rules.account_model import ACCOUNT
from engine.rules.load import CITIES, rules_from_files
from engine.rules.model import CityRules

HEYUAN, JINAN, SUIZHOU, ZIBO = "441600_heyuan", "370100_jinan", "421300_suizhou", "370300_zibo"


def files_of(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (CITIES / folder).glob("*.toml")}


def refused(folder: str, files: Mapping[str, bytes]) -> RuleFileError:
    with pytest.raises(RuleFileError) as caught:
        rules_from_files(folder, files)
    return caught.value


def changed(folder: str, old: str, new: str) -> dict[str, bytes]:
    files = files_of(folder)
    text = files[ACCOUNT].decode()
    assert old in text
    files[ACCOUNT] = text.replace(old, new, 1).encode()
    return files


def test_every_shipped_city_has_account_rules(cities: Mapping[str, CityRules]) -> None:
    tables = {rules.pinyin: {entry.table for entry in rules.account} for rules in cities.values()}
    both = {"credit", "no_account", "use", "use_ban"}
    assert tables == {
        "jinan": {*both, "contribution"},
        "zibo": both,
        "changchun": both,
        "suizhou": {*both, "disposal", "contribution"},
        "heyuan": {*both, "disposal"},
    }


@pytest.mark.parametrize(
    ("folder", "old", "new", "path", "problem"),
    [
        (ZIBO, "format = 1", "format = 2", "format", "found 2"),
        (ZIBO, "format = 1", "format = 1\nmode = 1", "mode", "unknown key"),
        (ZIBO, "[[use_ban]]", "[[use_bans]]", "use_bans", 'did you mean "use_ban"?'),
        (ZIBO, 'part = "own"', 'part = "mine"', "credit[0].part", "no part of a credit is called"),
        (ZIBO, 'of = "base"', 'of = "wage"', "credit[0].of", "no source of a credit is called"),
        (ZIBO, 'rate = "0.02"\n', "", "credit[0]", 'of = "base" needs rate'),
        (ZIBO, 'rate = "0.02"', "rate = 0.02", "credit[0].rate", "floats are never exact"),
        (ZIBO, 'rate = "0.02"', 'rate = "0.0"', "credit[0]", 'write of = "nothing"'),
        (ZIBO, 'unit = "yuan a month"\n', "", "credit[0].unit", "missing"),
        (ZIBO, 'clause = "第五条"\n', "", "credit[0]", "no clause: every value cites one"),
        (ZIBO, 'clause = "第五条"', 'clause = "第六条"', "credit[0]", "no row of clauses.toml"),
        (ZIBO, "2027-12-31", "2028-12-31", "credit[0].last_day", "outside the validity"),
        (ZIBO, '"average_pension_2023"', '"pension"', "credit[4].figure", "a figure of figures"),
        (ZIBO, '"average_pension_2023"', '"inpatient_rate"', "credit[4].figure", "yuan a month"),
        (ZIBO, '"old_retired_credit"', '"old_unit_credit"', "credit[3].of", "can be supplied"),
        (ZIBO, 'ages = "-69"', 'ages = "-68"', "credit[4].ages", "at age 69"),
        (ZIBO, 'ages = "-69"', 'ages = "-70"', "credit[5].first_day", "says it already"),
        (ZIBO, 'ages = "70-"', 'ages = "70-90"', "credit[4].ages", "at age 91"),
        (ZIBO, 'statuses = ["active"]', "statuses = []", "credit[0].statuses", "at least 1"),
        (ZIBO, 'relations = ["self"', 'relations = ["aunt"', "use[0].relations[0]", "no relation"),
        (ZIBO, '"resident", ', '"inclusive", ', "use[2].products[0]", "no insurance is called"),
        (ZIBO, 'place = "institution"', 'place = "shop"', "use[0].place", "no place of use"),
        (ZIBO, 'purpose = "medical"', 'purpose = "premium"', "use[0]", "products are of purpose"),
        (ZIBO, '"fitness"', '"medical"', "use_ban[0].purposes", "medical is paid by use[0]"),
        (ZIBO, '["pooled_only"]', '["none"]', "no_account[0].modes[0]", "no mode of insurance"),
        (SUIZHOU, '"family_use"', '"family"', "use[2].switch", "in switch"),
        (SUIZHOU, 'alternating = "yes"\n', "", "credit[2]", "needs alternating"),
        (SUIZHOU, "application = true\n", "", "disposal[0].application", "missing"),
        (SUIZHOU, '"emigration"', '"death"', "disposal[1].first_day", "disposal[0] says it"),
        (SUIZHOU, 'alternating = "no"\n', "", "credit[2].first_day", "credit[1] says it already"),
        (HEYUAN, 'in_province = "yes"\n', "", "disposal[1].first_day", "says it already"),
        (HEYUAN, 'in_province = "yes"', "in_province = true", "disposal[0].in_province", "answer"),
        (HEYUAN, "own_days = true\n", "", "credit[1].first_day", "outside the validity"),
        (
            HEYUAN,
            "first_day = 2025-08-01\n",
            "first_day = 2025-08-01\nown_days = true\n",
            "credit[0].own_days",
            "not within the days",
        ),
    ],
)
def test_what_the_file_may_not_say(
    folder: str, old: str, new: str, path: str, problem: str
) -> None:
    error = refused(folder, changed(folder, old, new))
    assert (error.file, error.path) == (f"{folder}/{ACCOUNT}", path)
    assert problem in error.problem


def test_a_relative_of_oneself_is_never_registered() -> None:
    files = changed("220100_changchun", "registered = true", "registered = false")
    rules_from_files("220100_changchun", files)
    old = 'relations = ["spouse", "parent", "child"]\nplace = "anywhere"'
    new = old.replace('["spouse"', '["self", "spouse"')
    error = refused("220100_changchun", changed("220100_changchun", old, new))
    assert "nobody registers" in error.problem


def test_a_row_that_names_account_values_asks_for_them() -> None:
    files = {name: data for name, data in files_of(HEYUAN).items() if name != ACCOUNT}
    error = refused(HEYUAN, files)
    assert error.file.endswith("clauses.toml")
    assert "no account.credit.own cites" in error.problem


def test_a_city_without_the_file_has_no_account_rules() -> None:
    files = files_of(JINAN)
    del files[ACCOUNT]
    lines = files["clauses.toml"].decode().splitlines()
    files["clauses.toml"] = "\n".join(_without_account_values(lines)).encode()
    assert rules_from_files(JINAN, files).account == ()


def _without_account_values(lines: list[str]) -> list[str]:
    """Return a clause register in which no row names values of the file."""
    kept: list[str] = []
    for line in lines:
        if line.startswith("values = ") and "account." in line:
            names = [n for n in line.removeprefix("values = ")[1:-1].split(", ") if n]
            others = [name for name in names if not name.startswith('"account.')]
            if others:
                kept.append(f"values = [{', '.join(others)}]")
            else:
                at = max(n for n, text in enumerate(kept) if text.startswith("cites = "))
                del kept[at]
            continue
        kept.append(line)
    return kept
