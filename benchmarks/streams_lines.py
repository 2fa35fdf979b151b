"""What `streams` keeps: medians over the rounds, ratios within each, goal by goal."""

import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from benchmarks.afterwards import Took
from benchmarks.disk import Sync
from benchmarks.lines import Line, environment, line
from benchmarks.load import Load, client
from benchmarks.peers import postgres
from benchmarks.rounds import Ratio, ratio
from benchmarks.shapes import (
    DURABLE,
    ECHO,
    GATEWAY,
    GATEWAYS,
    HUNDREDS,
    ONE,
    PREVIEW,
    STREAMS,
    TENS,
    Shape,
    Size,
)

CLAIMS_A_SECOND: Final = 500_000
SHARE_OF_DISK: Final = 0.35
"""Of goal 4: the lesser of the two is wanted."""


class Sustained(NamedTuple):
    """The durable gateway over a long time, and the disk at the same bytes."""

    load: Load
    bytes_a_claim: float
    """That the journal keeps."""
    disk_bytes: float
    """That the disk appends and syncs in a second."""


@dataclass
class Findings:
    """What a run found; the loads of each round in order."""

    size: Size
    loads: dict[tuple[Shape, str], list[Load]] = field(default_factory=lambda: defaultdict(list))
    pg: list[postgres.Load] = field(default_factory=list)
    syncs: list[Sync] = field(default_factory=list)
    beside: list[Load] = field(default_factory=list)
    """The terminal's, beside a gateway."""
    gateway_beside: list[Load] = field(default_factory=list)
    sustained: Sustained | None = None
    took: Took | None = None
    sample: int = 0
    missing: str = ""
    """Why there is no PostgreSQL."""
    digest: str = ""
    settled: int = 0
    refused: int = 0
    judged: int = 0

    def add(self, shape: Shape, contender: str, load: Load) -> None:
        """Take the load of a round."""
        load.answers = iter(())
        self.loads[shape, contender].append(load)

    def each(self, shape: Shape, contender: str, of: Callable[[Load], float]) -> list[float]:
        """Return a figure of each round."""
        return [of(load) for load in self.loads[shape, contender]]

    def rates(self, shape: Shape, contender: str) -> list[float]:
        """Return the claims a second of each round."""
        return [rate * shape.claims for rate in self.each(shape, contender, _rate)]

    def costs(self, shape: Shape, contender: str) -> list[float]:
        """Return the microseconds of the server's processors a claim, of each round."""
        return [cost / shape.claims for cost in self.each(shape, contender, _cost)]

    def note(self, shape: Shape, contender: str) -> str:
        """Say what else belongs beside a throughput."""
        p50 = _median(self.each(shape, contender, _p50))
        p99 = _median(self.each(shape, contender, _p99))
        ours = _median(self.each(shape, contender, _client_cpu))
        cost = _median(self.costs(shape, contender))
        used = f"server {cost:,.3g} µs/claim, client {ours / shape.claims:,.2g}"
        ended = sum(load.ran_out for load in self.loads[shape, contender])
        early = f"; {ended} loads ended early: too few messages" if ended else ""
        return f"p50 {p50:,.3g} ms, p99 {p99:,.3g}; {used}{early}"


def _rate(load: Load) -> float:
    return load.messages / load.seconds


def _cost(load: Load) -> float:
    return load.cpu_seconds / load.messages * 1e6


def _client_cpu(load: Load) -> float:
    return load.client_cpu_seconds / load.messages * 1e6


def _p50(load: Load) -> float:
    return load.p50_ms


def _p99(load: Load) -> float:
    return load.p99_ms


_median = statistics.median


def lines_of(found: Findings) -> list[Line]:
    """Return everything that is kept."""
    return [*_streams(found), *_one_stream(found), *_coalesced(found), *_gateway(found)]


def _compared(
    found: Findings, goal: str, shape: Shape, contender: str, wanted: str = ""
) -> list[Line]:
    """Return a contender's throughput and processor time, of the echo's."""
    rates, costs = found.rates(shape, contender), found.costs(shape, contender)
    what, note = f"{shape.name}, {contender}", found.note(shape, contender)
    if contender == ECHO:
        return [line(goal, what, _median(rates), "claims/s", notes=note)]
    by_rate = ratio(rates, found.rates(shape, ECHO))
    by_cost = ratio(found.costs(shape, ECHO), costs)
    return [
        _ratio(goal, what, rates, "claims/s", of="echo", each=by_rate, wanted=wanted, notes=note),
        _ratio(
            *(goal, f"{what}: server CPU", costs, "µs/claim"),
            of="echo, per CPU second",
            each=by_cost,
            wanted=wanted,
        ),
    ]


def _ratio(
    goal: str,
    what: str,
    values: list[float],
    unit: str,
    *,
    of: str,
    each: Ratio,
    wanted: str = "",
    notes: str = "",
) -> Line:
    said = "; ".join(part for part in (f"rounds {each.range}", notes) if part)
    value = _median(values)
    return line(goal, what, value, unit, of=of, ratio=each.median, wanted=wanted, notes=said)


def _streams(found: Findings) -> list[Line]:
    """Goal 2, 256 streams."""
    size, durable = found.size, found.rates(STREAMS, DURABLE)
    p99 = found.each(STREAMS, DURABLE, _p99)
    lines = [
        *_compared(found, "2", STREAMS, DURABLE, ">= 0.70"),
        _ratio(
            *("2", f"{STREAMS.name}, durable: p99", p99, "ms"),
            of="echo's p99",
            each=ratio(p99, found.each(STREAMS, ECHO, _p99)),
            wanted="<= 2",
        ),
        *_compared(found, "2", STREAMS, PREVIEW),
        *_compared(found, "2", STREAMS, ECHO),
        _run_line(found),
    ]
    what = f"pgbench -c {postgres.CLIENTS} of a PL/pgSQL function"
    if found.pg:
        tps = [load.tps for load in found.pg]
        beside = ratio(durable, tps)
        name = f"{STREAMS.name}, durable"
        latencies = ", ".join(
            f"p{share} {_median([load.percentile_ms(share) for load in found.pg]):.3g} ms"
            for share in (50, 99)
        )
        note = f"{latencies}; {size.members:,} members; settled again by the engine: the same"
        lines.insert(
            3,
            _ratio("2", name, durable, "claims/s", of=what, each=beside, wanted=">= 1.5"),
        )
        lines.append(line("2", what, _median(tps), "claims/s", notes=note))
    return lines


def _run_line(found: Findings) -> Line:
    size = found.size
    without = f"; without PostgreSQL: {found.missing}" if found.missing else ""
    note = (
        f"{found.refused:,} refused; all claims of some members settled again by the reference: "
        f"{found.judged:,}, digest {found.digest[:16]}; {size.members:,} members at random, "
        f"{size.rounds} rounds of {size.seconds:g} s; {client()}; servers and clients share "
        f"the machine; {environment()}{without}"
    )
    return line("2", "settled in this run, goals 2 to 4", found.settled, "claims", notes=note)


def _one_stream(found: Findings) -> list[Line]:
    """Goal 2, one stream."""
    durable = found.each(ONE, DURABLE, _p50)
    echo = found.each(ONE, ECHO, _p50)
    bounds = [
        [p50 + 2 * sync[kind] for p50, sync in zip(echo, found.syncs, strict=True)]
        for kind in range(len(Sync._fields))
    ]
    appended, in_place = zip(*found.syncs, strict=True)
    note = f"{_median(found.rates(ONE, DURABLE)):,.0f} claims/s; {found.note(ONE, DURABLE)}"
    return [
        _ratio(
            *("2", "1 stream, durable: p50", durable, "ms"),
            of="echo's p50 + 2 x sync",
            each=ratio(durable, bounds[0]),
            wanted="<= 1",
            notes=note,
        ),
        _ratio(
            *("2", "1 stream, durable: p50", durable, "ms"),
            of="echo's p50 + 2 x sync in place",
            each=ratio(durable, bounds[1]),
        ),
        line("2", "1 stream, echo: p50", _median(echo), "ms", notes=found.note(ONE, ECHO)),
        line(
            *("2", "sync: fdatasync of 4 KiB appended, p50", _median(appended), "ms"),
            notes=f"rounds {min(appended):.3g}-{max(appended):.3g}; the stores' disk",
        ),
        line(
            *("2", "sync in place: of 4 KiB written before, p50", _median(in_place), "ms"),
            notes=f"rounds {min(in_place):.3g}-{max(in_place):.3g}",
        ),
    ]


def _coalesced(found: Findings) -> list[Line]:
    """Goal 3."""
    lines = []
    alone, of = found.rates(STREAMS, DURABLE), f"{STREAMS.name}, durable"
    alone_echo, of_echo = found.rates(STREAMS, ECHO), f"{STREAMS.name}, echo"
    for shape, wanted in ((TENS, ">= 3"), (HUNDREDS, ">= 12")):
        durable, echo = found.rates(shape, DURABLE), found.rates(shape, ECHO)
        each, note = ratio(durable, alone), found.note(shape, DURABLE)
        share = _median(durable) / _median(echo)
        note = f"{note}; {share:.2g} of echo"
        what = f"{shape.name}, durable"
        lines.append(
            _ratio("3", what, durable, "claims/s", of=of, each=each, wanted=wanted, notes=note)
        )
        each, note = ratio(echo, alone_echo), found.note(shape, ECHO)
        what = f"{shape.name}, echo"
        lines.append(_ratio("3", what, echo, "claims/s", of=of_echo, each=each, notes=note))
    return lines


def _gateway(found: Findings) -> list[Line]:
    """Goal 4."""
    lines: list[Line] = []
    for shape in (GATEWAY, GATEWAYS):
        lines += _compared(found, "4", shape, PREVIEW, ">= 0.65")
        lines += _compared(found, "4", shape, DURABLE)
        lines += _compared(found, "4", shape, ECHO)
    lines += _sustained(found)
    beside, alone = [load.p99_ms for load in found.beside], found.each(ONE, DURABLE, _p99)
    rate = _median([_rate(load) * GATEWAY.claims for load in found.gateway_beside])
    lines.append(
        _ratio(
            *("4", "a terminal beside the gateway: p99", beside, "ms"),
            of="its own p99 without",
            each=ratio(beside, alone),
            wanted="<= 3",
            notes=f"alone {_median(alone):.3g} ms; the gateway meanwhile {rate:,.0f} claims/s",
        )
    )
    if found.took is not None:
        took = ", ".join(
            f"{name} {found.sample / seconds:,.0f}/s"
            for name, seconds in found.took._asdict().items()
        )
        note = f"one call each, one after the other: {took}; every one as it was answered"
        what = "looked up by id, explained, cancelled, each once"
        lines.append(line("4", what, found.sample, "settlements", notes=note))
    return lines


def _sustained(found: Findings) -> list[Line]:
    assert found.sustained is not None
    load, each, appended = found.sustained
    claims = load.messages * GATEWAY.claims
    rate, of_disk = claims / load.seconds, appended / each
    wanted = min(CLAIMS_A_SECOND, SHARE_OF_DISK * of_disk)
    seconds = f"{found.size.sustained:g} s"
    note = (
        f"{claims:,} claims; {rate / of_disk:.2g} of the disk; "
        f"{load.written_bytes / claims:,.0f} B written a claim; "
        f"server {_cost(load) / GATEWAY.claims:.3g} µs/claim; "
        f"p50 {load.p50_ms:,.3g} ms, p99 {load.p99_ms:,.3g}"
    )
    if load.ran_out:
        note += f"; ended after {load.seconds:.0f} s: too few messages"
    return [
        line(
            *("4", f"{GATEWAY.name}, durable for {seconds}", rate, "claims/s"),
            of=f"{wanted:,.0f}: the lesser of {CLAIMS_A_SECOND:,} and {SHARE_OF_DISK} of the disk",
            ratio=rate / wanted,
            wanted=">= 1",
            notes=note,
        ),
        line(
            *("4", f"the disk, appending for {seconds}", of_disk, "claims/s"),
            notes=f"{appended / 1e6:,.0f} MB/s; the journal keeps {each:,.0f} B/claim; a sync "
            f"every 1,000 claims; one run",
        ),
    ]
