"""A line plot as SVG, written as text: sizes on a logarithmic axis, values on a linear one."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

Point = tuple[float, float]

_WIDTH: Final = 720
_HEIGHT: Final = 400
_LEFT: Final = 90
_RIGHT: Final = 150
_TOP: Final = 40
_BOTTOM: Final = 50
_COLOURS: Final = ("#1b6ca8", "#c8553d", "#4f7942", "#7b4b94", "#8a6d00", "#555555")
_STEPS: Final = (1, 2, 5, 10)


def line_plot(title: str, across: str, up: str, series: Mapping[str, Sequence[Point]]) -> str:
    """Return a plot of some series of points, the sizes of which are positive."""
    points = [point for line in series.values() for point in line]
    low, high = (of(math.log10(x) for x, _ in points) for of in (min, max))
    top = nice(max(y for _, y in points))

    def place(point: Point) -> tuple[float, float]:
        x = (math.log10(point[0]) - low) / ((high - low) or 1)
        return (
            _LEFT + x * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - point[1] / top * (_HEIGHT - _TOP - _BOTTOM),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_WIDTH / 2, 20, title, "middle", 15),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, across, "middle"),
        _text(10, _TOP - 12, up, "start"),
    ]
    for n in range(6):
        x, y = place((10**low, top * n / 5))
        parts.append(f'<path d="M{x:.1f} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(_text(x - 8, y + 4, f"{top * n / 5:,.6g}", "end"))
    for size in sorted({x for x, _ in points}):
        x, y = place((size, 0))
        parts.append(_text(x, y + 18, f"{size:,.0f}", "middle"))
    for n, (name, line) in enumerate(series.items()):
        colour, placed = _COLOURS[n % len(_COLOURS)], [place(point) for point in sorted(line)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        x, y = _WIDTH - _RIGHT + 16, _TOP + 18 * n
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(_text(x + 16, y, name, "start"))
    return "\n".join([*parts, "</svg>", ""])


def nice(value: float) -> float:
    """Return the next round number above a positive value."""
    power = 10 ** math.floor(math.log10(value or 1))
    return float(next(step * power for step in _STEPS if step * power >= value))


def _text(x: float, y: float, text: str, anchor: str, size: int = 12) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{text}</text>'
