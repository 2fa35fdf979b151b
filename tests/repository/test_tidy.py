"""What no linter looks for. Every failure says what to do instead."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "server", "clients")
MODULE_LINES = 500
FUNCTION_LINES = 70

# Assembled, so that this file does not hold what it looks for.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
CITY = re.compile("zibo|heyuan|jinan|changchun|suizhou|淄博|河源|济南|长春|随州", re.IGNORECASE)


def files(*suffixes: str, below: tuple[str, ...] = PACKAGES) -> list[Path]:
    found = [path for top in below for path in (ROOT / top).rglob("*") if path.suffix in suffixes]
    return sorted(path for path in found if "_pb2" not in path.name)


def at(path: Path, line: int, what: str) -> str:
    return f"{path.relative_to(ROOT)}:{line}: {what}"


def report(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def inexact(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and advice for whatever could bring a float into an amount."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node.lineno, "float literal: write integer fen or basis points"
            case ast.BinOp(op=ast.Div()) if not joins_path(node):
                yield node.lineno, "`/`: divide with engine.domain.money; join paths with joinpath"
            case ast.AugAssign(op=ast.Div()):
                yield node.lineno, "`/=`: divide with engine.domain.money"
            case ast.Call(func=ast.Name(id="float" | "round" as name)):
                yield node.lineno, f"{name}(): there is one rounding, in engine.domain.money"


def joins_path(node: ast.expr) -> bool:
    """Say whether a `/` has a piece of text beside it, and so can only join a path."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return joins_path(left) or joins_path(right)
    return False


def test_the_engine_computes_with_integers_only() -> None:
    report(
        [
            at(path, line, advice)
            for path in files(".py", below=("engine",))
            for line, advice in inexact(ast.parse(path.read_text("utf-8")))
        ]
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 0.5", 1),
        ("x = a / b", 1),
        ("x /= b", 1),
        ("round(x)", 1),
        ("float(x)", 1),
        ("x = a // b", 0),
        ("p = folder / 'a.toml'", 0),
        ("p = folder / f'{name}' / name", 0),
    ],
)
def test_the_search_for_floats_finds_them(source: str, found: int) -> None:
    assert len(list(inexact(ast.parse(source)))) == found


def test_modules_are_short() -> None:
    report(
        [
            at(path, count, f"{count} lines, at most {MODULE_LINES}: split it by subject")
            for path in files(".py", ".pyx", ".pxd")
            if (count := len(path.read_text("utf-8").splitlines())) > MODULE_LINES
        ]
    )


def test_functions_are_short() -> None:
    report(
        [
            at(path, node.lineno, f"{node.name} has {count} lines, at most {FUNCTION_LINES}")
            for path in files(".py")
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if (count := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
        ]
    )


def test_nothing_is_left_unfinished() -> None:
    suffixes = (".py", ".pyx", ".pxd", ".pyi", ".proto", ".toml", ".yaml", ".md", ".txt", ".in")
    below = (*PACKAGES, "proto", "tests", "benchmarks", "requirements", "docs", ".ci")
    top = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in (*suffixes, "")]
    report(
        [
            at(path, number, "finish it, or describe it in the README's list of limits")
            for path in files(*suffixes, "", below=below) + top
            if path.is_file()
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
            if UNFINISHED.search(line)
        ]
    )


def test_no_code_knows_a_city() -> None:
    """Adding a city is data only; code that names one is the first `if city`."""
    cities = ROOT / "engine" / "rules" / "cities"
    report(
        [
            at(path, number, "a city's name in code: say it in engine/rules/cities or in a test")
            for path in files(".py", ".pyx", ".pxd", ".pyi", below=(*PACKAGES, "benchmarks"))
            if cities not in path.parents
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
            if CITY.search(line)
        ]
    )


def test_promises_name_tests_that_exist() -> None:
    """`tests/PROMISES.md` is what people go by."""
    tests = ROOT / "tests"
    named = re.findall(r"`([a-z_/]+\.py)::(\w+)`", (tests / "PROMISES.md").read_text("utf-8"))
    assert len(named) > 40
    report(
        [
            f"tests/PROMISES.md: {file}::{name} is not there: name the one that took its place"
            for file, name in named
            if f"def {name}(" not in (tests / file).read_text("utf-8")
        ]
    )
