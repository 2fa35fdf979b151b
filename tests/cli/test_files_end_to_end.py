"""A file through a server and through a store: killed clients, killed servers, same answers."""

import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyarrow import parquet

from clients.cli.demo_run import claim_fields, read_results, write_file
from clients.cli.main import gongji
from clients.cli.people import World, make_world, read_setting
from clients.cli.process import ServerProcess
from clients.files import ClaimRow, read_claims
from clients.table import file_digest
from engine.digest import ResultDigest
from engine.domain.claim import Claim
from engine.domain.layout import AMOUNTS
from engine.rules.book import PlanBook
from engine.rules.load import load_cities
from tests.cli.conftest import enter
from tests.support.files import write_forms


def invoke(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(gongji, arguments)
    assert result.exit_code in (0, 1), result.output
    made: dict[str, object] = json.loads(result.stdout)
    return made


def digest_of(file: Path) -> str:
    digest = ResultDigest()
    if file.suffix == ".parquet":
        for claim, amounts in read_parquet_results(file):
            digest.add_settled(claim, amounts)
    else:
        for claim, settled in read_results(file):
            digest.add_settled(claim, settled.amounts)
    return digest.hexdigest()


def read_parquet_results(file: Path) -> Iterator[tuple[Claim, tuple[int, ...]]]:
    rows = read_claims(file, file_digest(file))
    claims = {row.line: row.claim for row in rows if isinstance(row, ClaimRow)}
    table = parquet.read_table(file.with_name(f"{file.name}.gongji") / "results.parquet")
    for row in table.to_pylist():
        yield claims[row["line"]], tuple(row[f"{name}_fen"] for name in AMOUNTS)


def verified(store: Path) -> dict[str, object]:
    result = CliRunner().invoke(gongji, ["verify", "--store", str(store), "--json"])
    assert result.exit_code == 0, result.output
    made: dict[str, object] = json.loads(result.stdout)
    return made


def test_a_malformed_row_in_the_middle_does_not_keep_the_rest(
    server: ServerProcess, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "claims.csv"
    write_file(file, world.claims)
    lines = len(file.read_text().splitlines()) - 1
    made = invoke("gateway", str(file), "--server", server.address, "--json")
    claims = sum(len(mine) for mine in world.claims.values())
    assert made["malformed"] == sum(number % 200 == 100 for number in range(claims))
    counted = [made[name] for name in ("settled", "refused", "malformed")]
    assert sum(int(str(number)) for number in counted) == lines
    with tmp_path.joinpath("claims.csv.gongji", "refusals.csv").open() as stream:
        refusals = list(csv.DictReader(stream))
    assert {row["column"] for row in refusals if row["code"] == "MALFORMED"} == {
        "date",
        "in_scope",
        "member",
    }
    assert all(row["expected"] for row in refusals)


def test_server_and_store_give_the_same_to_the_last_digit(
    server: ServerProcess, world: World, tmp_path: Path
) -> None:
    over, alone = tmp_path / "over.csv", tmp_path / "alone.csv"
    write_file(over, world.claims)
    write_file(alone, world.claims)
    invoke("gateway", str(over), "--server", server.address, "--json")
    with ServerProcess(tmp_path / "other.sqlite") as other:
        enter(other.address, world)
    invoke("settle", str(alone), "--store", str(tmp_path / "other.sqlite"), "--json")
    assert digest_of(over) == digest_of(alone)


def test_a_file_in_any_form_is_settled_the_same(
    server: ServerProcess, world: World, tmp_path: Path
) -> None:
    rows = [
        # A visit with a Chinese name, so that the encodings differ.
        claim_fields(claim) | {"visit": f"就诊{claim.request_id}"}
        for mine in world.claims.values()
        for claim in mine
    ]
    files = write_forms(tmp_path, rows)
    over = invoke("gateway", str(files["parquet"]), "--server", server.address, "--json")
    digests, counts = {digest_of(files["parquet"])}, {(over["settled"], over["refused"])}
    for form, file in files.items():
        store = tmp_path / f"{form}.sqlite"
        with ServerProcess(store) as other:
            enter(other.address, world)
        out = file.with_name(f"{file.name}.gongji")
        if form == "parquet":
            out.rename(tmp_path / "over")
        made = invoke("settle", str(file), "--store", str(store), "--json")
        assert made["encoding"] == ("gb18030" if form == "gb18030" else "utf-8")
        counts.add((made["settled"], made["refused"]))
        digests.add(digest_of(file))
        assert out.joinpath("results.parquet").exists() == (form == "parquet")
    assert len(digests) == 1
    ((settled, _),) = counts
    assert settled
    results = files["parquet"].with_name("rows.parquet.gongji")
    table = parquet.read_table(results / "results.parquet")
    assert table.num_rows == settled
    assert sum(table["total_fen"].to_pylist()) == sum(
        row.amount("total") for _, row in read_results(files["utf-8"])
    )


@pytest.fixture(scope="module")
def big_world() -> World:
    setting = read_setting(PlanBook(load_cities()))
    return make_world(setting._replace(members=400, claims_a_member=12), seed=5)


def test_a_killed_client_resumes_without_settling_twice(
    store: Path, big_world: World, tmp_path: Path
) -> None:
    file = tmp_path / "claims.csv"
    write_file(file, big_world.claims)
    with ServerProcess(store) as server:
        enter(server.address, big_world)
        command = [sys.executable, "-m", "clients.cli.main", "gateway", str(file), "--json"]
        command += ["--server", server.address]
        kills = 0
        for wait in (0.4, 0.5, 0.6, 0.7, 0.8):
            client = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            time.sleep(wait)
            kills += client.poll() is None
            client.kill()
            client.wait()
        made = invoke("gateway", str(file), "--server", server.address, "--json")
    assert kills
    checked = verified(store)
    assert int(str(made["settled"])) + int(str(made["replayed"])) == checked["settlements"]
    assert digest_of(file) == checked["digest"]


def _lines(file: Path) -> int:
    return len(file.read_bytes().splitlines()) if file.exists() else 0


def test_a_server_killed_or_stopped_is_waited_for_and_nothing_is_settled_twice(
    store: Path, big_world: World, tmp_path: Path
) -> None:
    file = tmp_path / "claims.csv"
    write_file(file, big_world.claims)
    server = ServerProcess(store)
    port = int(server.address.rpartition(":")[2])
    enter(server.address, big_world)
    command = [sys.executable, "-m", "clients.cli.main", "gateway", str(file), "--json"]
    client = subprocess.Popen(
        [*command, "--server", server.address], stdout=subprocess.PIPE, text=True
    )
    # A client that never reached the server gives up early; one in the middle waits.
    results = tmp_path / "claims.csv.gongji" / "results.csv"
    until = time.monotonic() + 30
    while _lines(results) < 2 and time.monotonic() < until:  # the heading comes first
        time.sleep(0.02)
    interrupted = 0
    for wait, end in ((0.2, "kill"), (0.4, "stop"), (0.3, "kill")):
        time.sleep(wait)
        interrupted += client.poll() is None
        getattr(server, end)()
        server = ServerProcess(store, port=port)
    output, _ = client.communicate(timeout=60)
    assert server.stop() == 0
    assert client.returncode == 1
    assert interrupted
    made = json.loads(output)
    checked = verified(store)
    assert made["settled"] + made["replayed"] == checked["settlements"]
    assert digest_of(file) == checked["digest"]


def test_registers_in_gb18030_say_that_they_are(store: Path, tmp_path: Path) -> None:
    members = tmp_path / "members.csv"
    members.write_text("id,city\n张三,370300\n李四,999999\n王小五,37030\n", "gb18030")
    for options, entered in (((), 1), (("--encoding", "utf-8"), 0)):
        result = CliRunner().invoke(
            gongji, ["register", "members", str(members), "--store", str(store), *options]
        )
        assert result.exit_code == 1
        assert f"{entered} members entered, {3 - entered} not taken" in result.output
        assert ("read as GB18030" in result.output) == (not options)


def test_registers_are_entered_from_files(store: Path, tmp_path: Path) -> None:
    members = tmp_path / "members.csv"
    members.write_text(
        "id,city,born_on\nM1,370300,1950-05-05\nM2,999999,\nM3,37030,\nM4,441600,\n", "utf-8"
    )
    result = CliRunner().invoke(
        gongji, ["register", "members", str(members), "--store", str(store)]
    )
    assert result.exit_code == 1
    assert "2 members entered, 2 not taken" in result.output
    assert "line 3, city" in result.output
    assert "line 4, city" in result.output
    openings = tmp_path / "openings.csv"
    openings.write_text("member,year,deductible,account_balance\nM1,2024,met,5.00\nM9,2024,,\n")
    result = CliRunner().invoke(
        gongji, ["register", "openings", str(openings), "--store", str(store), "--json"]
    )
    assert result.exit_code == 1
    made = json.loads(result.stdout)
    assert made["entered"] == 2
    assert [row["line"] for row in made["not_taken"]] == [3]
