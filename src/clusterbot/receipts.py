"""Receipts: what is kept of an answer, whether asking again gives the same, and how that is shown."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clusterbot.answering import Abstention, Answer
from clusterbot.assistant import Assistant, Reply
from clusterbot.errors import IndexCorrupt, IndexMismatch, IndexMissing
from clusterbot.i18n import Texts, write_percent
from clusterbot.models import EVERYTHING, Filters, Lang
from clusterbot.store import Channel, PassageScore, QuoteSpan, Receipt, new_receipt_id

TOLERANCE = 1e-4  # of scores and confidence: rounding that depends on how a processor adds up


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise: its name, what the receipt says, and what came now."""

    what: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """A receipt's question asked again of a version of the index."""

    index: str
    model: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A receipt asked again: of its own version of the index, if that is still kept, and of the live one, if that is another."""

    own: Rerun | None
    live: Rerun | None

    @property
    def is_reproduced(self) -> bool | None:
        """Whether the same came of the same; None where that can't be tried any more."""
        return None if self.own is None else not self.own.differences


def receipt_of(
    reply: Reply,
    asked: str,
    context: Sequence[str],
    wanted_lang: Lang | None,
    channel: Channel,
    now: dt.datetime,
    filters: Filters = EVERYTHING,
) -> Receipt:
    """Return the receipt of a reply, under a new id."""
    result = reply.result
    return Receipt(
        id=new_receipt_id(),
        asked_at=now,
        channel=channel,
        question=asked,
        context=tuple(context),
        wanted_lang=wanted_lang,
        lang=result.question.lang,
        outcome="answered" if isinstance(result, Answer) else "abstained",
        reason=result.reason if isinstance(result, Abstention) else None,
        confidence=result.confidence,
        index=reply.index,
        model=reply.model,
        elapsed_ms=reply.elapsed_ms,
        quotes=tuple(QuoteSpan.of(quote) for quote in result.quotes) if isinstance(result, Answer) else (),
        passages=tuple(PassageScore(hit.passage.id, hit.score) for hit in result.hits),
        filters=filters,
    )


def reproduce(receipt: Receipt, assistant: Assistant) -> Reproduction:
    """Ask a receipt's question again; nothing can be asked once the question is no longer kept."""
    if receipt.question is None:
        return Reproduction(None, None)
    live = _ask_again(receipt, assistant)
    if live.index == receipt.index:
        return Reproduction(live, None)
    with suppress(IndexMissing, IndexMismatch, IndexCorrupt):
        return Reproduction(_ask_again(receipt, assistant.at(receipt.index)), live)
    return Reproduction(None, live)


def _ask_again(receipt: Receipt, assistant: Assistant) -> Rerun:
    context = receipt.context or ()
    asked, lang, filters = receipt.question or "", receipt.wanted_lang, receipt.filters
    reply = assistant.ask(asked, context, lang, filters, default_lang=receipt.lang)
    again = receipt_of(reply, asked, context, lang, receipt.channel, receipt.asked_at, filters)
    return Rerun(reply.index, reply.model, tuple(differences(receipt, again)))


def differences(before: Receipt, now: Receipt) -> list[Difference]:
    """Return what differs between two receipts of a question."""
    found = []
    for what in ("model", "outcome", "reason"):
        old, new = getattr(before, what), getattr(now, what)
        if old != new:
            found.append(Difference(what, old or "", new or ""))
    if abs(before.confidence - now.confidence) > TOLERANCE:
        found.append(Difference("confidence", f"{before.confidence:.4f}", f"{now.confidence:.4f}"))
    if before.quotes != now.quotes:
        found.append(Difference("quotes", _places(before.quotes), _places(now.quotes)))
    if [one.passage_id for one in before.passages] != [one.passage_id for one in now.passages]:
        found.append(Difference("passages", *(", ".join(p.passage_id for p in each.passages) for each in (before, now))))
    elif any(abs(one.score - two.score) > TOLERANCE for one, two in zip(before.passages, now.passages, strict=True)):
        found.append(Difference("scores", *(", ".join(f"{p.score:.4f}" for p in each.passages) for each in (before, now))))
    return found


def _places(quotes: Sequence[QuoteSpan]) -> str:
    return ", ".join(f"{one.document_id}:{one.start}-{one.end} ({one.digest[:8]})" for one in quotes)


def receipt_json(receipt: Receipt, reproduction: Reproduction) -> dict[str, Any]:
    """Return what `receipt` prints."""
    written = dataclasses.asdict(receipt) | {"asked_at": receipt.asked_at.isoformat(), "reproduced": reproduction.is_reproduced}
    for name, rerun in (("rerun", reproduction.own), ("rerun_live", reproduction.live)):
        written[name] = None if rerun is None else dataclasses.asdict(rerun)
    return written


def receipt_text(receipt: Receipt, reproduction: Reproduction, texts: Texts) -> RenderableType:
    """Show a receipt, and what came of asking again."""
    table = Table.grid(padding=(0, 2, 0, 0))
    rows = {
        "asked_at": receipt.asked_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "question": texts("receipt.purged") if receipt.question is None else receipt.question,
        **{f"filter_{key}": value for key, value in dataclasses.asdict(receipt.filters).items() if value is not None},
        "outcome": texts(f"receipt.{receipt.outcome}"),
        "confidence": write_percent(receipt.confidence, texts),
        "index": receipt.index,
        "model": receipt.model,
        "quotes": "\n".join(f"{one.document_id}:{one.start}-{one.end}" for one in receipt.quotes),
        "passages": "\n".join(f"{one.score:8.4f}  {one.passage_id}" for one in receipt.passages),
    }
    for key, value in rows.items():
        table.add_row(Text(texts(f"receipt.row_{key}"), style="dim"), Text(value))
    return Group(table, Text(), *_reruns(reproduction, texts))


def _reruns(reproduction: Reproduction, texts: Texts) -> list[RenderableType]:
    if reproduction.own is None and reproduction.live is None:
        return [Text(texts("receipt.not_rerun"))]
    parts: list[RenderableType] = []
    if reproduction.own is None:
        parts.append(Text(texts("receipt.index_gone")))
    for rerun in (reproduction.own, reproduction.live):
        if rerun is not None:
            told = "differs" if rerun.differences else "reproduced"
            parts.append(Text(texts(f"receipt.{told}", index=rerun.index), style="bold"))
            for one in rerun.differences:
                label = texts(f"receipt.row_{one.what}")
                parts.append(Text("  " + texts("receipt.difference", what=label, before=one.before, now=one.now)))
    return parts
