"""What the demo and the load generator print."""

from collections.abc import Iterable, Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from clients.cli.demo_run import CityTally
from clients.load import LoadResult
from clients.receipt import REASONS
from engine.domain.money import format_yuan
from engine.domain.reasons import Reason
from engine.rules.figures import Figure
from engine.rules.model import CityRules
from engine.rules.units import write_number


def print_cities(tallies: Mapping[str, CityTally], names: Mapping[str, str]) -> None:
    """Print a table with a row for each city, then the reasons."""
    table = Table(
        title="各市结算（元）", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for title in ("城市", "已结算", "总额", "统筹基金", "个人账户", "现金", "拒付", "基金不付"):
        table.add_column(title, justify="left" if title == "城市" else "right", no_wrap=True)
    for area, tally in tallies.items():
        table.add_row(
            names.get(area, area),
            f"{tally.claims:,}",
            *(
                format_yuan(tally.amounts[name])
                for name in ("total", "pooled_fund", "account", "cash")
            ),
            f"{tally.refused.total():,}",
            f"{tally.excluded.total():,}",
        )
    console = Console(highlight=False)
    console.print(table)
    for area, tally in tallies.items():
        for title, counted in (("拒付", tally.refused), ("基金不付", tally.excluded)):
            for code, number in sorted(counted.items()):
                console.print(f"  {names.get(area, area)} {title} {number:>5,}  {_reason(code)}")


def _reason(code: str) -> str:
    if code not in Reason.__members__:
        return f"{code}（格式有误）"
    return f"{code}（{REASONS[Reason[code]]}）"


def print_load(result: LoadResult, streams: int) -> None:
    """Print throughput and latency of a closed loop."""
    console = Console(highlight=False)
    seconds, milliseconds = divmod(result.elapsed // 1_000_000, 1_000)
    console.print(
        f"{result.answered:,} claims on {streams} terminals in {seconds}.{milliseconds:03} s: "
        f"[bold]{result.per_second:,} claims/s[/bold]"
    )
    table = Table(title="latency, ms", title_justify="left", box=SIMPLE_HEAD)
    percentiles = result.percentiles()
    for name in percentiles:
        table.add_column(name, justify="right")
    table.add_row(*(f"{us // 1_000}.{us % 1_000:03}" for us in percentiles.values()))
    console.print(table)


def print_digests(digests: Mapping[str, str]) -> bool:
    """Print the digests; return whether they agree."""
    console = Console(highlight=False)
    same = len(set(digests.values())) == 1
    for name, digest in digests.items():
        console.print(f"  {name:<18} {digest}", soft_wrap=True)
    console.print("  the same, to the last digit" if same else "  [red]they differ[/red]")
    return same


def print_figures(figures: Iterable[Figure], cities: Mapping[str, CityRules]) -> None:
    """Print the figures that the demo assumed, each in its unit."""
    console = Console(highlight=False)
    for figure in figures:
        rules = cities[figure.city]
        spec = rules.figure(figure.name)
        value = write_number(spec.unit, figure.value) if spec else str(figure.value)
        console.print(f"  {rules.name} {figure.label} = {value}  {figure.source}")
