"""What the alternative readings change, for people and for programs."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from clients.cli.effect import CityEffects, Effect
from clients.cli.policy_view import Days
from engine.domain.money import format_yuan
from engine.rules.figures import Figure
from engine.rules.model import CityRules
from engine.rules.units import write_number

_MADE_UP = (
    "The claims are made up: what is rare in a city (care elsewhere, somebody else liable, the "
    "last day of a document) is common here. They show which way a reading goes, and that it "
    "matters; no budget follows from them."
)

_WIDE: Final = 1_000
"""Columns of a window in which every table has room."""


def print_effects(cities: Sequence[CityEffects]) -> None:
    """Print a table for each city, and what the figures are worth."""
    console = Console(highlight=False)
    for city in cities:
        base = city.base
        console.print(
            f"[bold]{city.rules.name}[/bold] {city.rules.area}  "
            f"{Days(city.days.first_day, city.days.last_day)}: {city.claims:,} claims of "
            f"{city.members:,} people, {base.settled:,} settled"
        )
        for figure in city.assumed:
            console.print(f"  assumed: {_figure(city.rules, figure)}", markup=False)
        chosen = [effect.base for effect in city.effects if effect.base != effect.question.default]
        for choice in dict.fromkeys(chosen):
            console.print(f"  chosen: {choice}, and held against", markup=False)
        table = _table(city)
        # Amounts stay whole: what is wider than the window is for the window to fold.
        natural = Console(width=_WIDE).measure(table).maximum
        Console(highlight=False, width=max(console.width, natural)).print(table)
        console.print()
    console.print(_MADE_UP)
    if any(city.assumed for city in cities):
        console.print(
            "Figures said to be assumed were published by nobody; replace them with --figures."
        )


def _table(city: CityEffects) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("问题\nquestion", no_wrap=True)
    table.add_column("选项\nchoice", no_wrap=True)
    table.add_column("含义\nmeaning", max_width=34, overflow="fold")
    for heading in (
        "统筹基金\npooled fund",
        "改后\nswitched",
        "差额\ndifference",
        "大额补助差额\nlarge-amount",
        "变化笔数\nchanged",
        "结算笔数\nsettled",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for effect in city.effects:
        table.add_row(
            effect.question.id,
            effect.choice.id,
            effect.choice.text,
            _money(city.base.pooled_fund_fen),
            _money(effect.run.pooled_fund_fen),
            _signed(_pooled(city, effect)),
            _signed(_large_amount(city, effect)),
            f"{effect.changed:,}",
            f"{effect.run.settled:,}",
        )
    return table


def effects_dict(
    cities: Sequence[CityEffects], claims: int, members: int, seed: int
) -> dict[str, object]:
    """Return the effects for programs: yuan as text."""
    return {
        "claims": claims,
        "members": members,
        "seed": seed,
        "cities": [
            {
                "area": city.rules.area,
                "name": city.rules.name,
                "first_day": city.days.first_day,
                "last_day": city.days.last_day,
                "assumed": [_figure(city.rules, figure) for figure in city.assumed],
                "settled": city.base.settled,
                "pooled_fund": format_yuan(city.base.pooled_fund_fen),
                "large_amount_fund": format_yuan(city.base.large_amount_fund_fen),
                "effects": [_effect_dict(city, effect) for effect in city.effects],
            }
            for city in cities
        ],
    }


def _effect_dict(city: CityEffects, effect: Effect) -> dict[str, object]:
    return {
        "question": effect.question.id,
        "asks": effect.question.text,
        "base": effect.base,
        "choice": effect.choice.id,
        "text": effect.choice.text,
        "pooled_fund": format_yuan(effect.run.pooled_fund_fen),
        "pooled_fund_difference": format_yuan(_pooled(city, effect)),
        "large_amount_fund": format_yuan(effect.run.large_amount_fund_fen),
        "large_amount_fund_difference": format_yuan(_large_amount(city, effect)),
        "changed": effect.changed,
        "settled": effect.run.settled,
    }


def _pooled(city: CityEffects, effect: Effect) -> int:
    return effect.run.pooled_fund_fen - city.base.pooled_fund_fen


def _large_amount(city: CityEffects, effect: Effect) -> int:
    return effect.run.large_amount_fund_fen - city.base.large_amount_fund_fen


def _figure(rules: CityRules, figure: Figure) -> str:
    """Return a figure with its days, as `average_wage.2023 = 98765.50 (…), 2025-08-01 to …`."""
    spec = rules.figure(figure.name)
    value = write_number(spec.unit, figure.value) if spec else str(figure.value)
    days = Days(figure.first_day, figure.last_day)
    return f"{figure.label} = {value} ({figure.source}), {days}"


def _money(fen: int) -> str:
    yuan, _, cents = format_yuan(fen).partition(".")
    return f"{int(yuan):,}.{cents}"


def _signed(fen: int) -> str:
    """Return a difference with its sign; nothing where there is none."""
    if not fen:
        return "–"
    return ("+" if fen > 0 else "-") + _money(abs(fen))
