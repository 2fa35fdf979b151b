"""The committed Python of the contracts is what the pinned generator makes of them today."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def generated(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*_pb2*.py*"))
        if path.suffix in (".py", ".pyi")
    }


def test_generated_python_is_current(tmp_path: Path) -> None:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    run = subprocess.run(
        ["make", "--no-print-directory", "proto", f"OUT={tmp_path}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"`make proto` failed:\n{run.stdout}{run.stderr}"

    fresh, committed = generated(tmp_path), generated(ROOT / "proto")
    assert fresh, "the generator made nothing"
    stale = {name for name in fresh | committed if fresh.get(name) != committed.get(name)}
    assert not stale, f"run `make proto` and commit the result; not current: {sorted(stale)}"
