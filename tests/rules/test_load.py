"""The loader takes what is shipped and refuses everything it does not know."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.domain.dates import Interval
from engine.errors import RuleFileError
from engine.rules.days import gaps, overlap, union
from engine.rules.load import CITIES, load_cities, load_city, rules_from_files
from engine.rules.model import CityRules

FOLDER = "370300_zibo"


def files_of(folder: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (CITIES / folder).glob("*.toml")}


def test_shipped_cities(cities: Mapping[str, CityRules]) -> None:
    assert {"370300", "441600"} <= cities.keys()
    zibo = cities["370300"]
    assert (zibo.name, zibo.pinyin) == ("淄博市", "zibo")
    document = zibo.document("zibo-2022-12")
    assert document is not None
    assert document.number == "淄政办发〔2022〕12号"
    assert document.days == (2023_01_01, 2027_12_31)
    assert (document.issued, document.clause.clause) == (2022_12_01, "第二十条")
    heyuan = cities["441600"].document("heyuan-2025-27")
    assert heyuan is not None
    assert heyuan.days == (2025_08_01, 2030_07_31)
    assert zibo.document("x") is None
    names = [spec.name for spec in cities["441600"].figures if spec.use != "benefit"]
    assert names == ["annual_cap", "average_wage", "january_prepay_rate", "reading"]
    names = [spec.name for spec in zibo.figures if spec.use != "benefit"]
    assert names == ["average_pension_2023", "old_unit_credit", "reading"]


BAD = [
    # file, what is changed, into what, key path, message
    ("city.toml", 'area = "370300"', 'area = "37030"', "area", "should match pattern"),
    ("city.toml", "format = 1", "format = 2", "format", "found 2"),
    ("city.toml", 'clause = "第二十条"\n', "", "document[0]", "no clause: every value cites one"),
    ("city.toml", "2027-12-31", "2022-12-31", "document[0]", "is before first_day"),
    ("city.toml", "2022-12-01", '"2022-12-01"', "document[0].issued", "without quotes"),
    ("city.toml", "2022-12-01", "0999-12-01", "document[0].issued", "expected a date from"),
    ("ordinary.toml", "[[rate]]", "[[rates]]", "rates", 'unknown key; did you mean "rate"?'),
    ("ordinary.toml", 'unit = "yuan a year"', 'units = "yuan"', "deductible[0].unit", "missing"),
    ("ordinary.toml", "unit =", "xyzzy =", "deductible[0].unit", "missing"),
    ("ordinary.toml", 'unit = "fen"\n', "", "rounding[0].unit", "missing; add it"),
    ("ordinary.toml", 'unit = "fen"', 'unit = "yuan"', "rounding[0].unit", "'fen'"),
    ("ordinary.toml", 'amount = "50.00"', "amount = 50.00", "deductible[0].amount", "float 50.00"),
    ("ordinary.toml", 'amount = "50.00"', "amount = 50", "deductible[0].amount", "found 50"),
    ("ordinary.toml", '"50.00"', '"50"', "deductible[0].amount", "yuan with two decimals"),
    ("ordinary.toml", '"50.00"', '"-50.00"', "deductible[0].amount", "yuan with two decimals"),
    ("ordinary.toml", '"50.00"', '"5000000.00"', "deductible[0].amount", "at most 1000000.00"),
    ("ordinary.toml", 'rate = "0.60"', 'rate = "1.60"', "rate[0].rate", 'from "0.0" to "1.0"'),
    ("ordinary.toml", 'rate = "0.60"', 'rate = "60%"', "rate[0].rate", 'from "0.0" to "1.0"'),
    ("ordinary.toml", 'rate = "0.60"', "rate = 0.60", "rate[0].rate", "found the float 0.60"),
    ("ordinary.toml", 'points = "0.05"', 'points = "0.5"', "rate_bonus[0].points", "above 1"),
    ("ordinary.toml", 'levels = ["1"]', 'levels = ["4"]', "deductible[0].levels[0]", "no level"),
    ("ordinary.toml", 'levels = ["1"]', "levels = []", "deductible[0].levels", "at least 1 item"),
    ("ordinary.toml", '"shared"', '"every"', "deductible[0].counter", "one of none, shared"),
    ("ordinary.toml", '"shared"', '"none"', "deductible[0]", 'amount must be "0.00"'),
    ("ordinary.toml", '["local"]', '["home"]', "first_pay[0].places[0]", "one of local, filed"),
    (
        "ordinary.toml",
        'statuses = ["active", "retired", "veteran"]\ncounter',
        'statuses = ["active", "retired"]\ncounter',
        "deductible",
        'no value for level "1", status "veteran"; add one, with its clause',
    ),
    (
        "ordinary.toml",
        '["3", "3p"]\nstatuses = ["active", "retired", "veteran"]\nplaces',
        '["3"]\nstatuses = ["active", "retired", "veteran"]\nplaces',
        "rate",
        'no value for level "3p", status "active", place "local"',
    ),
    ("ordinary.toml", '["filed"]', '["local"]', "first_pay[1].first_day", 'for place "local"'),
    (
        "ordinary.toml",
        "last_day = 2023-12-31",
        "last_day = 2023-12-30",
        "annual_cap",
        'gap for level "1", status "active": no value from 20231231 to 20231231',
    ),
    (
        "ordinary.toml",
        "last_day = 2023-12-31",
        "last_day = 2024-01-01",
        "annual_cap[1].first_day",
        'overlap for level "1", status "active": two values on 20240101',
    ),
    (
        "ordinary.toml",
        'amount = "none"\nunit = "yuan a visit"\nfirst_day = 2023-01-01',
        'amount = "none"\nunit = "yuan a visit"\nfirst_day = 2023-02-01',
        "visit_cap",
        "no value from 20230101 to 20230131",
    ),
    ("ordinary.toml", "2027-12-31", "2028-01-01", "deductible[0].last_day", "outside the validity"),
    ("ordinary.toml", "2023-01-01", "2028-01-01", "deductible[0]", "is before first_day"),
    ("ordinary.toml", 'clause = "第六条第一款"\n', "", "deductible[0]", "no clause"),
    ("ordinary.toml", 'document = "zibo-2022-12"\n', "", "deductible[0].document", "missing"),
    (
        "ordinary.toml",
        '"zibo-2022-12"',
        '"zibo-2022-13"',
        "deductible[0].document",
        'no document has the key "zibo-2022-13"; city.toml has zibo-2022-12',
    ),
    (
        "ordinary.toml",
        'also = [{ document = "zibo-2022-12"',
        'also = [{ document = "x"',
        "rate_bonus[1].also[0].document",
        "no document has the key",
    ),
    (
        "ordinary.toml",
        'stated = false\ntext = "文件未规定市内',
        'text = "',
        "first_pay[0]",
        "no cl",
    ),
    (
        "ordinary.toml",
        "stated = false\n",
        'stated = false\nclause = "x"\n',
        "first_pay[0]",
        "remove",
    ),
    ("ordinary.toml", 'amount = "3000.00"', 'figure = "cap"', "annual_cap[0].figure", "no amount"),
    (
        "ordinary.toml",
        'amount = "3000.00"',
        'amount = "1.00"\nfigure = "cap"',
        "annual_cap[0]",
        "expected either amount",
    ),
    (
        "ordinary.toml",
        'amount = "3000.00"',
        'amount = "1.00"\nfloor = { figure = "x", rate = "0.02", years_back = 2 }',
        "annual_cap[0]",
        "floor belongs to a figure",
    ),
    ("exclusions.toml", '"MATERNITY"', '"MATRNITY"', "line[3].require[0]", "no fact is called"),
    (
        "exclusions.toml",
        '"OTHER_SCHEME"',
        '"NO_RULE"',
        "line[3].reason",
        "no reason of a rule file",
    ),
    (
        "exclusions.toml",
        '"ARREARS"\n',
        '"ARREARS"\nfigure = "x"\n',
        "line[5]",
        "figure names what is",
    ),
    ("exclusions.toml", '"SPANS_BOUNDARY"\nr', '"OTHER_SCHEME"\nr', "line[1].reason", "precedence"),
    (
        "exclusions.toml",
        '["NOT_OFFERED"]',
        '["PHARMACY", "ORDINARY"]',
        "line[2].first_day",
        "stands twice",
    ),
    ("exclusions.toml", 'require = ["MATERNITY"]\n', "", "line[3]", "would apply to every claim"),
    (
        "exclusions.toml",
        'forbid = ["PRESCRIBER"]',
        'forbid = ["PHARMACY"]',
        "line[10]",
        "required and forbidden at once",
    ),
    ("exclusions.toml", 'require = ["LIABLE"]', 'require = ["MANUAL"]', "line[7]", "liable_only"),
    ("exclusions.toml", '"excluded"', '"some"', "line[7].account_bar", "none, excluded, all"),
    (
        "figures.toml",
        '"old_unit_credit"',
        '"average_pension_2023"',
        "figure[1].name",
        "two figures",
    ),
    ("figures.toml", '"old_unit_credit"', '"Old credit"', "figure[1]", "lower_case_words"),
    ("figures.toml", 'key = "none"', 'key = "month"', "figure[0].key", "found 'month'"),
    ("figures.toml", 'key = "none"', 'key = "none"\ndefault = "x"', "figure[0]", "two decimals"),
    (
        "figures.toml",
        'key = "none"',
        'key = "none"\nat_least = "2.00"\nat_most = "1.00"',
        "figure[0]",
        "at_least 2.00 is above at_most 1.00",
    ),
    (
        "figures.toml",
        'key = "none"',
        'key = "none"\nat_most = "1.00"\ndefault = "2.00"',
        "figure[0]",
        "default 2.00 is outside",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "path", "problem"), BAD)
def test_refused(file: str, old: str, new: str, path: str, problem: str) -> None:
    files = files_of(FOLDER)
    text = files[file].decode()
    assert old in text
    files[file] = text.replace(old, new, 1 if "\n" in old or "=" not in old else -1).encode()
    with pytest.raises(RuleFileError) as caught:
        rules_from_files(FOLDER, files)
    assert caught.value.file == f"{FOLDER}/{file}"
    assert caught.value.path == path
    assert problem in caught.value.problem


def test_a_figure_holds_for_everybody() -> None:
    files = files_of("441600_heyuan")
    head, tail = files["ordinary.toml"].decode().split("[[annual_cap]]\n")
    entry, rest = tail.split("\n# ---", 1)
    everybody = 'levels = ["1", "2", "3", "3p"]'
    lines = entry.replace(everybody, 'levels = ["2", "3", "3p"]').splitlines()
    printed = [line for line in lines if not line.startswith(("figure", "floor"))]
    one = entry.replace(everybody, 'levels = ["1"]')
    other = "\n".join(['amount = "9.00"', *printed])
    text = f"{head}[[annual_cap]]\n{one}\n[[annual_cap]]\n{other}\n# ---{rest}"
    files["ordinary.toml"] = text.encode()
    with pytest.raises(RuleFileError, match="a figure holds for all levels and statuses"):
        rules_from_files("441600_heyuan", files)


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="no such folder"):
        load_cities(tmp_path / "none")
    with pytest.raises(RuleFileError, match="no such folder"):
        load_city(tmp_path / "none")
    shutil.copytree(CITIES / FOLDER, tmp_path / "370300_zb")
    with pytest.raises(RuleFileError, match="must be called 370300_zibo, found 370300_zb"):
        load_cities(tmp_path)
    (tmp_path / "370300_zb").rename(tmp_path / FOLDER)
    assert list(load_cities(tmp_path)) == ["370300"]
    (tmp_path / FOLDER / "dental.toml").write_text("")
    with pytest.raises(RuleFileError, match=r"370300_zibo/dental.toml: unknown file"):
        load_cities(tmp_path)
    (tmp_path / FOLDER / "dental.toml").unlink()
    (tmp_path / FOLDER / "figures.toml").unlink()
    with pytest.raises(RuleFileError, match=r"370300_zibo/figures.toml: missing"):
        load_cities(tmp_path)


def test_two_folders_for_one_name(tmp_path: Path) -> None:
    shutil.copytree(CITIES / FOLDER, tmp_path / FOLDER)
    other = tmp_path / "370301_zibo"
    shutil.copytree(CITIES / FOLDER, other)
    text = (other / "city.toml").read_text(encoding="utf-8")
    (other / "city.toml").write_text(text.replace('"370300"', '"370301"'), encoding="utf-8")
    with pytest.raises(RuleFileError, match="two folders for 370301 zibo"):
        load_cities(tmp_path)


def test_all_problems_are_counted() -> None:
    files = files_of(FOLDER)
    files["figures.toml"] = files["figures.toml"].replace(b"effect =", b"efect =")
    with pytest.raises(RuleFileError, match=r"and 27 more in this file"):
        rules_from_files(FOLDER, files)


def test_plans_do_not_need_pydantic() -> None:
    """A process that reads plans from a journal starts without the schema."""
    code = (
        "import sys, engine.rules.book, engine.rules.figures; sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_days() -> None:
    june, july = Interval(2024_06_01, 2024_06_30), Interval(2024_07_01, 2024_07_31)
    september = Interval(2024_09_01, 2024_09_30)
    assert union([september, july, june]) == [Interval(2024_06_01, 2024_07_31), september]
    assert union([Interval(2024_06_01, 2024_07_15), july]) == [Interval(2024_06_01, 2024_07_31)]
    assert overlap(june, Interval(2024_06_30, 2024_07_01))
    assert not overlap(june, july)
    summer = Interval(2024_06_15, 2024_09_15)
    assert list(gaps(summer, [june, september])) == [Interval(2024_07_01, 2024_08_31)]
    assert list(gaps(summer, [])) == [summer]
    assert list(gaps(summer, [september])) == [Interval(2024_06_15, 2024_08_31)]
    assert list(gaps(june, [july])) == [june]
    assert list(gaps(june, [june, july])) == []
