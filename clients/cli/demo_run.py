"""What the demo does: register, settle over streams and from a file at once, settle again alone."""

import asyncio
import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from clients.answers import Settled
from clients.cli.common import Fail
from clients.cli.local import LocalLedger
from clients.cli.people import Claims, World, deal, read_figures, split
from clients.files import CLAIM_COLUMNS, ClaimRow, read_claims
from clients.load import LoadResult, run_load
from clients.registers import RegisterItem
from clients.server import Server
from clients.table import file_digest
from engine.digest import ResultDigest
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, Liability
from engine.domain.dates import to_date
from engine.domain.layout import AMOUNTS, CUTS
from engine.domain.money import format_yuan, parse_yuan
from engine.domain.reasons import Reason
from engine.domain.request import BatchAnswer, SettleBatch
from engine.rules.figures import load_figures, to_json
from gongji.v1.settlement_pb2 import Settlement

_CHUNK: Final = 1_000
_GATEWAY_SECONDS: Final = 50
_BAD_LINES: Final = ("not-a-date", "12.3", "")
"""What some lines of the gateway's file hold in place of a date, an amount, a member."""


@dataclass
class CityTally:
    """What came of one city's claims."""

    claims: int = 0
    amounts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)


@dataclass
class Outcome:
    """What the demo found out."""

    load: LoadResult
    gateway: dict[str, object]
    gateway_claims: int
    tallies: dict[str, CityTally]
    digests: dict[str, str]
    example: Settlement | None


def register_world(connection: Server, world: World) -> None:
    """Enter institutions, members and opening balances.

    Raises:
        Fail: something was not taken.
    """
    for items in (world.institutions, world.members, world.openings):
        for problems in connection.register(_chunks(items)):
            if problems:
                index, error = problems[0]
                raise Fail(f"entry {index} was not taken: {error.path}: {error.problem}")


def supply_figures(connection: Server) -> None:
    """Supply the figures that are assumed."""
    connection.supply(read_figures())


def _chunks(items: Sequence[RegisterItem]) -> Iterable[Sequence[RegisterItem]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))


def settle_world(address: str, world: World, workers: int, folder: Path) -> Outcome:
    """Settle half of the members at terminals, the others from a gateway's file, at once.

    Raises:
        ClientError: the server is gone, or an outcome is unknown.
        Fail: the gateway did not end as it should.
    """
    at_terminals, in_file = split(world.claims)
    file = folder.joinpath("gateway.csv")
    write_file(file, in_file)
    served = ResultDigest()
    tallies = {area: CityTally() for area in sorted(set(world.city_of.values()))}
    best: list[Settlement] = []

    def seen(claim: Claim, settled: Settled, message: Settlement) -> None:
        served.add_settled(claim, settled.amounts)
        _count(tallies[world.city_of[claim.member]], settled)
        if not best or _interest(message) > _interest(best[0]):
            best[:] = [message]

    command = [sys.executable, "-m", "clients.cli.main", "gateway", str(file), "--server", address]
    with subprocess.Popen(
        [*command, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as gateway:
        try:
            load = asyncio.run(
                run_load(
                    address,
                    deal(at_terminals, workers),
                    on_settled=lambda claim, settled, response: seen(
                        claim, settled, response.settled
                    ),
                )
            )
            output, _ = gateway.communicate(timeout=_GATEWAY_SECONDS)
        except BaseException:
            gateway.kill()
            raise
    if gateway.returncode not in (0, 1):
        raise Fail(f"the gateway ended with {gateway.returncode}")
    for claim, settled in read_results(file):
        served.add_settled(claim, settled.amounts)
        _count(tallies[world.city_of[claim.member]], settled)
    digests = {
        "streams + gateway": served.hexdigest(),
        "bulk, fast": settle_alone(world, "fast", folder),
        "bulk, reference": settle_alone(world, "reference", folder),
    }
    _count_refusals(tallies, load, file, world)
    in_gateway = sum(map(len, in_file.values()))
    summary: dict[str, object] = json.loads(output)
    return Outcome(load, summary, in_gateway, tallies, digests, best[0] if best else None)


def _interest(settlement: Settlement) -> int:
    """Return how much there is to explain."""
    bill, basis, payers = settlement.bill, settlement.basis, settlement.payers
    parts = (
        bill.first_pay,
        bill.pre_payment,
        bill.excluded,
        basis.deductible,
        basis.copay,
        *(getattr(basis, cut) for cut in CUTS),
        payers.account,
        payers.cash,
    )
    figures = 2 * len(settlement.figures)
    return figures + sum(bool(part.amount_fen) for part in parts)


def _count(tally: CityTally, settled: Settled) -> None:
    tally.claims += 1
    tally.amounts.update(dict(zip(AMOUNTS, settled.amounts, strict=True)))
    if settled.reason:
        tally.excluded[settled.reason.name] += 1


def _count_refusals(
    tallies: dict[str, CityTally], load: LoadResult, file: Path, world: World
) -> None:
    """Count what was refused by city: the city is in the ids that were made up."""
    refused: Counter[tuple[str, str]] = Counter(load.refused)
    with _output(file, "refusals").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            refused[row["institution"], row["code"]] += 1
    area_of = {institution.id: institution.id for institution in world.institutions}
    for (institution, code), number in refused.items():
        found = area_of.get(institution, "")
        for area, tally in tallies.items():
            if found.startswith(f"{area}-"):
                tally.refused[code] += number


def _output(file: Path, name: str) -> Path:
    return file.with_name(f"{file.name}.gongji").joinpath(f"{name}.csv")


def write_file(file: Path, claims: Claims) -> None:
    """Write claims as a gateway's file, a few lines of it malformed."""
    rows = [claim for mine in zip(*claims.values(), strict=False) for claim in mine]
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, CLAIM_COLUMNS.known, lineterminator="\n")
        writer.writeheader()
        for number, claim in enumerate(rows):
            if number % 200 == 100:
                bad_date, bad_amount, no_member = _BAD_LINES
                field = ("date", "in_scope", "member")[number // 200 % 3]
                bad = {"date": bad_date, "in_scope": bad_amount, "member": no_member}[field]
                writer.writerow(claim_fields(claim) | {field: bad, "request_id": f"bad-{number}"})
            writer.writerow(claim_fields(claim))


def claim_fields(claim: Claim) -> dict[str, str]:
    """Return a claim under the names of the worked-case format, as a CSV file holds it."""
    fields = {
        "request_id": claim.request_id,
        "institution": claim.institution,
        "member": claim.member,
        "date": to_date(claim.service_date).isoformat(),
        "until": to_date(claim.until_date).isoformat(),
        "benefit": Benefit(claim.benefit).name.lower(),
        "visit": claim.visit,
        "disease": claim.disease,
        "in_scope": format_yuan(claim.in_scope_fen),
        "pre_payment": format_yuan(claim.pre_payment_fen),
        "over_limit": format_yuan(claim.over_limit_fen),
        "non_covered": format_yuan(claim.non_covered_fen),
        "total": format_yuan(claim.total_fen),
        "prescriber": claim.prescriber,
        "admission": claim.admission,
    }
    if claim.liability:
        fields["liability"] = Liability(claim.liability).name.lower()
    if claim.liable_fen >= 0:
        fields["liable_amount"] = format_yuan(claim.liable_fen)
    for name in ("emergency", "referred", "statement", "manual", "use_account"):
        fields[name] = "true" if getattr(claim, name) else "false"
    return fields


def read_results(file: Path) -> Iterable[tuple[Claim, Settled]]:
    """Yield the claims of a gateway's file that were settled, with their results."""
    claims = {
        row.line: row.claim
        for row in read_claims(file, file_digest(file))
        if isinstance(row, ClaimRow)
    }
    with _output(file, "results").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            amounts = tuple(_fen(row[name]) for name in AMOUNTS)
            reason = Reason[row["reason"]] if row["reason"] else Reason.NONE
            benefit = Benefit[row["benefit"].upper()]
            digest = bytes.fromhex(row["plan"])
            settled = Settled(int(row["settlement_id"]), amounts, benefit, digest, reason)
            yield claims[int(row["line"])], settled


def _fen(yuan: str) -> int:
    return -parse_yuan(yuan[1:]) if yuan.startswith("-") else parse_yuan(yuan)


def settle_alone(world: World, kernel: str, folder: Path) -> str:
    """Settle every claim in bulk in this process, on a store of its own; return the digest."""
    digest = ResultDigest()
    with LocalLedger(folder.joinpath(f"{kernel}.sqlite"), kernel=kernel) as ledger:
        figures = folder.joinpath("figures.toml")
        figures.write_bytes(read_figures())
        ledger.supply(to_json(load_figures(figures, ledger.book.cities)))
        for items in (world.institutions, world.members, world.openings):
            for chunk in _chunks(items):
                if errors := ledger.register(chunk):
                    raise Fail(f"entry {errors[0].index} was not taken: {errors[0].problem}")
        claims = [claim for mine in world.claims.values() for claim in mine]
        for start in range(0, len(claims), _CHUNK):
            batch = claims[start : start + _CHUNK]
            answer = ledger.ask(SettleBatch(batch), BatchAnswer)
            digest.add_batch(batch, answer)
    return digest.hexdigest()
