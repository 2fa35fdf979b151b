"""The walls between the floors, where import-linter cannot see: .pyx files and new modules."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+c?import\b|c?import\s+(.+))")
ALLOWED = re.compile(
    r"(libc|cython|cpython)(\.\w+)*|engine(\.\w+)*\._\w+"
)  # the last: a .pxd of ours


def contracts() -> dict[str, dict[str, list[str]]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return {
        contract["name"]: contract for contract in settings["tool"]["importlinter"]["contracts"]
    }


def imported(line: str) -> list[str]:
    """Return the modules that a line of Cython imports or cimports."""
    if not (found := IMPORT.match(line)):
        return []
    names = found[1] or found[2].split("#")[0]
    return [name.split(" as ")[0].strip() for name in names.split(",")]


def engine_modules() -> set[str]:
    found = {f"engine.{path.stem}" for path in (ROOT / "engine").glob("[!_]*.py")}
    return found | {
        f"engine.{path.parent.name}" for path in (ROOT / "engine").glob("*/__init__.py")
    }


def test_import_linter_is_content() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.fail(
            f"move the import to the floor it belongs to\n{run.stdout}{run.stderr}", pytrace=False
        )


def test_the_compiled_kernel_imports_the_c_library_only() -> None:
    sources = [*(ROOT / "engine").rglob("*.pyx"), *(ROOT / "engine").rglob("*.pxd")]
    assert sources, "engine/_fast.pyx is missing"
    for path in sources:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for name in imported(line):
                assert ALLOWED.fullmatch(name), (
                    f"{path.relative_to(ROOT)}:{number}: {name}: the kernel sees plans and columns;"
                    " pass the value in as an argument"
                )


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("from libc.stdint cimport int64_t", ["libc.stdint"]),
        ("cimport cython", ["cython"]),
        ("import numpy as np, os  # why", ["numpy", "os"]),
        ("    from engine.rules.plan import RulePlan", ["engine.rules.plan"]),
        ("important = 1", []),
    ],
)
def test_the_search_for_imports_finds_them(line: str, names: list[str]) -> None:
    assert imported(line) == names


def test_every_module_of_the_engine_stands_on_a_floor() -> None:
    layers = "|".join(contracts()["floors"]["layers"]).replace("(", "").replace(")", "")
    homeless = engine_modules() - {layer.strip() for layer in layers.split("|")}
    assert not homeless, f"give {sorted(homeless)} a floor in the contracts of pyproject.toml"


def test_the_clients_contract_forbids_every_other_part_of_the_engine() -> None:
    name = "clients speak the wire, and of the engine only its values"
    open_to_all = {"engine.domain", "engine.errors"}
    forgotten = engine_modules() - open_to_all - set(contracts()[name]["forbidden_modules"])
    assert not forgotten, f"add {sorted(forgotten)} to the contract {name!r} in pyproject.toml"


def test_no_module_imports_the_bare_engine() -> None:
    """``import engine`` would run ``engine/__init__`` where the contracts do not look."""
    for path in (ROOT / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            bare = (isinstance(node, ast.ImportFrom) and node.module == "engine") or (
                isinstance(node, ast.Import) and any(alias.name == "engine" for alias in node.names)
            )
            assert not bare, (
                f"{path.relative_to(ROOT)}: import from the module that defines the name"
            )
