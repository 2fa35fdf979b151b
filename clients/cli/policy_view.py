"""Cities as people read them: documents, versions, and the figures that are missing."""

from collections.abc import Iterable

from rich.console import Console

from clients.paper import indented
from clients.receipt import chinese_date
from engine.domain.dates import DATE_MIN, OPEN_END, Interval, next_day, to_date
from gongji.v1 import policy_service_pb2


def days(first: int, last: int) -> str:
    """Return an interval of days for people."""
    begins = chinese_date(first) if first > DATE_MIN else ""
    return f"{begins} – {'' if last >= OPEN_END else chinese_date(last)}"


class Days(Interval):
    """An interval of days that prints as ISO dates."""

    def __str__(self) -> str:
        """Return `FIRST to LAST`, or `from FIRST on`."""
        first = to_date(self.first_day)
        if self.last_day >= OPEN_END:
            return f"from {first} on"
        return f"{first} to {to_date(self.last_day)}"


def days_in_force(policies: Iterable[policy_service_pb2.CityPolicies]) -> list[Days]:
    """Return the days on which documents are in force, joined where they touch."""
    joined: list[Days] = []
    versions = (version for city in policies for version in city.versions)
    for version in sorted(versions, key=lambda version: version.first_day):
        days = Days(version.first_day, version.last_day)
        if joined and days.first_day <= next_day(joined[-1].last_day):
            days = Days(joined.pop().first_day, days.last_day)
        joined.append(days)
    return joined


def print_policies(
    policies: Iterable[policy_service_pb2.CityPolicies],
    missing: Iterable[policy_service_pb2.MissingFigure],
) -> None:
    """Print cities with their documents and versions, and what is missing."""
    console = Console(highlight=False)
    lacking = list(missing)
    for city in policies:
        console.print(f"[bold]{city.name}[/bold] {city.area} {city.pinyin}")
        for document in city.documents:
            console.print(f"  {document.number} 《{document.title}》 {document.issuer}")
            console.print(f"    有效期 {days(document.first_day, document.last_day)}")
        for version in city.versions:
            figures = f"  figures: {', '.join(version.figures)}" if version.figures else ""
            span = days(version.first_day, version.last_day)
            console.print(f"  {span}  plan {version.plan_digest.hex()[:12]}{figures}")
        for item in (item for item in lacking if item.city == city.area):
            instead = f" (or {item.instead})" if item.instead else ""
            how = "" if item.suppliable else " (no figure can be supplied yet)"
            span = days(item.first_day, item.last_day)
            console.print(f"  [yellow]missing[/yellow] {item.figure}{instead}  {span}{how}")
            console.print(f"    {item.effect}")
            where = item.clause.clause or "文件未作规定"
            for row in indented(f"{where}：{item.clause.text}", 4, "", console.width):
                console.print(row, markup=False, soft_wrap=True)
        console.print()


def missing_dict(item: policy_service_pb2.MissingFigure) -> dict[str, object]:
    """Return a missing figure for programs."""
    return {
        "city": item.city,
        "figure": item.figure,
        "instead": item.instead,
        "first_day": item.first_day,
        "last_day": item.last_day,
        "effect": item.effect,
        "clause": item.clause.clause,
        "suppliable": item.suppliable,
    }


def policies_dict(city: policy_service_pb2.CityPolicies) -> dict[str, object]:
    """Return a city's documents and versions for programs."""
    return {
        "area": city.area,
        "name": city.name,
        "pinyin": city.pinyin,
        "documents": [
            {
                "key": document.key,
                "number": document.number,
                "title": document.title,
                "first_day": document.first_day,
                "last_day": document.last_day,
            }
            for document in city.documents
        ],
        "versions": [
            {
                "first_day": version.first_day,
                "last_day": version.last_day,
                "plan": version.plan_digest.hex(),
                "figures": list(version.figures),
            }
            for version in city.versions
        ],
    }
