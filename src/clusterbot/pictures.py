"""Pictures for where people would rather look than read: when clusters were founded, how a figure changed; PNG in memory."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusterbot.clusters import Cluster
from clusterbot.i18n import Texts, write_date, write_number
from clusterbot.models import Fact, Vocabulary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_CLUSTERS = 60  # on one timeline; beyond, nobody could read it
MAX_POINTS = 60
MAX_NAME = 40
_WIDTH, _DPI = 7.0, 110
_INK, _LINE, _MUTED = "#1f3a5f", "#c2571a", "#667788"


@dataclass(frozen=True, slots=True)
class Point:
    """A figure and when it held, as a year with its fraction; `told` is the date as the source gives it."""

    year: float
    value: float
    told: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, and the same in words for who can't see it."""

    png: bytes
    description: str


def foundings(clusters: Sequence[Cluster], texts: Texts) -> Picture | None:
    """Draw when clusters were founded, oldest first; None where fewer than two profiles tell."""
    told = [(_year_of(founded), one.name(texts.lang)[:MAX_NAME]) for one in clusters if (founded := _founded(one))]
    if len(told) < 2:
        return None
    dated = sorted(told)[:MAX_CLUSTERS]
    description = texts("list.more").join(f"{name} ({int(year)})" for year, name in dated)
    title = texts("picture.foundings")
    return Picture(_draw_timeline(dated, title), texts("picture.described", title=title, values=description))


def series(cluster: Cluster, attribute: str) -> list[Point]:
    """Return the dated figures of an attribute in order, the newest of each date; spans count at their middle."""
    facts = next(iter(cluster.profiles.values())).facts
    found = {}
    for fact in facts:
        if fact.attribute == attribute and fact.as_of and not isinstance(fact.value, str):
            found[fact.as_of] = Point(_year_of(fact.as_of), float(fact.value), fact.as_of)
    return sorted(found.values(), key=lambda one: (one.year, one.told))[-MAX_POINTS:]


def over_time(clusters: Sequence[Cluster], attribute: str, vocabulary: Vocabulary, texts: Texts) -> Picture | None:
    """Draw a figure of clusters over time; None where none has two dated values, or their units differ."""
    lines = [(one.name(texts.lang)[:MAX_NAME], series(one, attribute)) for one in clusters[:3]]
    lines = [(name, points) for name, points in lines if len(points) > 1]
    facts = [fact for one in clusters for fact in next(iter(one.profiles.values())).facts if fact.attribute == attribute]
    if not lines or len({fact.unit for fact in facts}) > 1:
        return None
    title = _title(attribute, facts, vocabulary, texts)
    told = [texts("picture.line", name=name, values=_written(points, texts)) for name, points in lines]
    return Picture(_draw_lines(lines, title, texts), texts("picture.described", title=title, values=texts("list.notes").join(told)))


def _written(points: Sequence[Point], texts: Texts) -> str:
    return texts("list.more").join(f"{write_number(one.value, texts.lang)} ({write_date(one.told, texts)})" for one in points)


def _title(attribute: str, facts: Sequence[Fact], vocabulary: Vocabulary, texts: Texts) -> str:
    entry = vocabulary.get(attribute)
    label = (entry.fr if texts.lang == "fr" else entry.en) if entry else attribute
    return f"{label} ({facts[0].unit})" if facts[0].unit else label


def _founded(cluster: Cluster) -> str | None:
    return next(iter(cluster.profiles.values())).founded


def _year_of(date: str) -> float:
    """Return a date as a year with its fraction, in the middle of what it leaves open: `2013` is 2013.5."""
    first, _, last = date.partition("/")
    return (_ends(first)[0] + _ends(last or first)[1]) / 2


def _ends(date: str) -> tuple[float, float]:
    year = int(date[:4])
    if len(date) == 4:
        return year, year + 1
    month = int(date[5:7])
    if len(date) == 7:
        return year + (month - 1) / 12, year + month / 12
    at = year + (dt.date.fromisoformat(date).timetuple().tm_yday - 1) / 366
    return at, at


def _draw_timeline(dated: Sequence[tuple[float, str]], title: str) -> bytes:
    from matplotlib.figure import Figure  # half a second to import, so only when something is drawn

    figure = Figure(figsize=(_WIDTH, 1.0 + 0.26 * len(dated)), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    places = range(len(dated), 0, -1)
    years = [year for year, _ in dated]
    axes.hlines(places, min(years) - 1, years, color="#dde3ea", linewidth=1)
    axes.plot(years, places, "o", color=_INK, markersize=5)
    for year, place in zip(years, places, strict=True):
        axes.annotate(str(int(year)), (year, place), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8, color=_INK)
    axes.set_yticks(list(places), [_plain(name) for _, name in dated], fontsize=8)
    axes.set_xlim(min(years) - 1, max(years) + 3)
    return _finished(figure, axes, title)


def _draw_lines(lines: Sequence[tuple[str, Sequence[Point]]], title: str, texts: Texts) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, 3.2), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    for (name, points), colour in zip(lines, (_INK, _LINE, _MUTED), strict=False):
        axes.plot(
            [one.year for one in points], [one.value for one in points], "o-", color=colour, linewidth=1.6, label=_plain(name)
        )
        for one in points:
            written = write_number(one.value, texts.lang)
            axes.annotate(written, (one.year, one.value), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8)
    axes.set_ylim(bottom=0, top=1.15 * max(one.value for _, points in lines for one in points) or 1)
    axes.yaxis.set_major_formatter(lambda value, _: write_number(value, texts.lang))
    if len(lines) > 1:
        axes.legend(fontsize=8, frameon=False)
    return _finished(figure, axes, title)


def _plain(name: str) -> str:
    """Return a name that matplotlib shows as it stands: it takes what is between two dollar signs for a formula."""
    return name.replace("$", r"\$")


def _finished(figure: Figure, axes: Axes, title: str) -> bytes:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(_plain(title), fontsize=10, loc="left", color=_INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()
