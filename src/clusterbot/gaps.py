"""What people asked and didn't get: open gaps grouped by meaning across languages, and closed where a new index answers them.

Questions are compared by the cosine of their vectors, each less the mean vector of its language, so that questions in two languages
compare as those in one do. Means and threshold are fitted (benchmarks/fit_gaps.py) and hold for one model; with another, only
questions of the same words are grouped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from rich.console import Group, RenderableType
from rich.text import Text

from clusterbot.answering import Answer
from clusterbot.assistant import Assistant
from clusterbot.i18n import Texts, write_day
from clusterbot.models import Citation, Lang
from clusterbot.output import hit_json
from clusterbot.retrieval import Hit
from clusterbot.store import OpenGap, QuoteSpan, Store
from clusterbot.text import fold

SHOWN_EXAMPLES = 3


class GapFit(BaseModel):
    """The mean vector of questions in each language, and the cosine from which two questions count as one; for one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fitted_for: str
    threshold: float
    means: dict[Lang, tuple[float, ...]]
    fitted: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions that ask the same; `question` is the first of them."""

    question: str
    lang: Lang
    members: tuple[OpenGap, ...]

    @property
    def last_at(self) -> dt.datetime:
        """When it was last asked."""
        return max(one.receipt.asked_at for one in self.members)

    @property
    def unhelpful(self) -> int:
        """How many of the questions had an answer that someone found unhelpful."""
        return sum(one.is_unhelpful for one in self.members)

    @property
    def examples(self) -> list[str]:
        """The first few differing ways in which it was asked."""
        ways: dict[str, str] = {}
        for one in self.members:
            ways.setdefault(fold(one.receipt.question or ""), one.receipt.question or "")
        return list(ways.values())[:SHOWN_EXAMPLES]


@dataclass(frozen=True, slots=True)
class Closed:
    """A question that was a gap, how often it was asked, the quote that answers it now, and how many people wait to hear of it."""

    question: str
    count: int
    quote: Citation
    watchers: int


def read_fit() -> GapFit:
    """Read the shipped means and threshold."""
    return GapFit.model_validate_json(resources.files("clusterbot").joinpath("data/gaps.json").read_text(encoding="utf-8"))


def group(questions: Sequence[OpenGap], assistant: Assistant, fit: GapFit) -> list[Gap]:
    """Group questions that ask the same; the most asked first, then the last asked."""
    if not questions:
        return []
    langs = [one.receipt.lang for one in questions]
    words = [one.receipt.question or "" for one in questions]
    if assistant.model == fit.fitted_for:
        labels = leaders(centred(assistant.question_vectors(words), langs, fit.means), fit.threshold)
    else:
        first: dict[str, int] = {}
        labels = [first.setdefault(fold(text), len(first)) for text in words]
    held: dict[int, list[OpenGap]] = {}
    for label, one in zip(labels, questions, strict=True):
        held.setdefault(label, []).append(one)
    gaps = [Gap(ones[0].receipt.question or "", ones[0].receipt.lang, tuple(ones)) for ones in held.values()]
    return sorted(gaps, key=lambda gap: (-len(gap.members), -gap.last_at.timestamp(), gap.question))


def centred(vectors: NDArray[np.float32], langs: Sequence[Lang], means: dict[Lang, tuple[float, ...]]) -> NDArray[np.float32]:
    """Return vectors less the mean of their language: float32 (n, d), rows of length 1."""
    moved = vectors - np.array([means[lang] for lang in langs], np.float32)
    unit: NDArray[np.float32] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit


def leaders(vectors: NDArray[np.float32], threshold: float) -> list[int]:
    """Return the group of each row: that of the nearest leader from the threshold on, else its own, which it then leads.

    One pass in the given order (leader clustering; Hartigan 1975), so that a group's first question stays its first.
    """
    rows: list[int] = []
    labels: list[int] = []
    for row, vector in enumerate(vectors):
        cosines = vectors[rows] @ vector
        nearest = int(np.argmax(cosines)) if rows else 0
        if rows and cosines[nearest] >= threshold:
            labels.append(nearest)
        else:
            labels.append(len(rows))
            rows.append(row)
    return labels


def nearest_hit(gap: Gap, assistant: Assistant) -> Hit | None:
    """Return the passage nearest to a gap's question in the live index."""
    first = gap.members[0].receipt
    hits = assistant.ask(gap.question, first.context or (), first.wanted_lang, first.filters).result.hits
    return hits[0] if hits else None


def retest(
    store: Store, assistant: Assistant, now: dt.datetime, progress: Callable[[int, int], None] | None = None
) -> list[Closed]:
    """Ask all open gaps again that were asked of another index, and close those that are answered now; return these.

    One that met a thumbs-down is closed only where other words are quoted than those that didn't help.
    """
    index = assistant.engine.snapshot.manifest.version
    waiting: dict[tuple[object, ...], list[OpenGap]] = {}
    for one in store.open_gaps():
        if one.receipt.index != index:
            asked_for = (one.receipt.question, one.receipt.context, one.receipt.wanted_lang, one.receipt.filters)
            waiting.setdefault(asked_for, []).append(one)
    closed: list[tuple[str, Citation, list[str]]] = []
    for done, asked in enumerate(waiting.values(), start=1):
        first = asked[0].receipt
        result = assistant.ask(first.question or "", first.context or (), first.wanted_lang, first.filters).result
        if isinstance(result, Answer):
            said = {(one.document_id, one.digest) for one in map(QuoteSpan.of, result.quotes)}
            ids = [one.receipt.id for one in asked if not one.is_unhelpful or said != _said(one)]
            if ids:
                closed.append((first.question or "", result.quotes[0], ids))
        if progress:
            progress(done, len(waiting))
    store.close_gaps([one for _, _, ids in closed for one in ids], index, now)
    waiters = [one.receipt_id for one in store.watchers_to_tell()]
    return [Closed(text, len(ids), quote, sum(waiters.count(one) for one in ids)) for text, quote, ids in closed]


def _said(gap: OpenGap) -> set[tuple[str, str]]:
    return {(one.document_id, one.digest) for one in gap.receipt.quotes}


def gap_json(gap: Gap, nearest: Hit | None) -> dict[str, Any]:
    """Return one line of what `gaps` prints."""
    return {
        "question": gap.question,
        "language": gap.lang,
        "count": len(gap.members),
        "languages": sorted({one.receipt.lang for one in gap.members}),
        "unhelpful": gap.unhelpful,
        "last_asked": gap.last_at.isoformat(),
        "examples": gap.examples,
        "receipts": [one.receipt.id for one in gap.members],
        "nearest": None if nearest is None else hit_json(nearest),
    }


def closed_json(closed: Closed) -> dict[str, Any]:
    """Return what `index build` prints of a gap that it closed."""
    quote = closed.quote
    return {
        "question": closed.question,
        "count": closed.count,
        "watchers": closed.watchers,
        "quote": quote.text,
        "document_id": quote.document.id,
    }


def gap_list(gaps: Sequence[tuple[Gap, Hit | None]], texts: Texts) -> RenderableType:
    """List gaps, each with how often and when it was asked, the other ways it was asked, and the nearest passage."""
    parts: list[RenderableType] = []
    for gap, nearest in gaps:
        told = texts("gaps.told", count=len(gap.members), date=write_day(gap.last_at, texts), unhelpful=gap.unhelpful)
        parts += [Text(texts("list.quoted", text=gap.question), style="bold"), Text(f"  {told}")]
        for example in gap.examples[1:]:
            parts.append(Text("  " + texts("gaps.also", text=texts("list.quoted", text=example)), style="dim"))
        if nearest is not None:
            document = nearest.passage.document
            parts.append(Text("  " + texts("gaps.nearest", title=document.title, id=nearest.passage.id), style="dim"))
        parts.append(Text())
    return Group(*parts)


def closed_list(closed: Sequence[Closed], texts: Texts) -> RenderableType:
    """List the gaps that an index closed, each with what answers it."""
    lines = []
    for one in closed:
        asked, quote = (texts("list.quoted", text=" ".join(text.split())) for text in (one.question, one.quote.text))
        lines.append(Text(texts("gaps.closed", question=asked, quote=quote, count=one.count, watchers=one.watchers)))
    return Group(*lines)
