"""How verdicts and comparisons are shown: the dicts of INTERFACES.md, and rich renderables for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from clusterbot.assistant import Check
from clusterbot.claims import Evidence, Verdict, overall
from clusterbot.comparison import Comparison
from clusterbot.i18n import Texts, read_texts, write_date, write_percent, write_value
from clusterbot.judging import Difference
from clusterbot.models import Vocabulary
from clusterbot.output import values_json
from clusterbot.terminal import Prose, values_lines

Json = dict[str, Any]
_COLOURS = {"supported": "green", "contradicted": "red", "not_covered": "yellow"}
_SHOWN = 3


def check_json(identity: object, check: Check) -> Json:
    """Return what `check` prints; the claims of a paragraph are told one by one as well."""
    verdicts = check.verdicts
    label = overall(verdicts)
    deciding = [one for one in verdicts if one.label == label] or list(verdicts)
    result: Json = {
        "id": identity,
        "claim": check.text,
        "language": check.lang,
        "verdict": label,
        "confidence": round(min(one.confidence for one in deciding), 4),
        "explanation": explain(deciding[0]),
        "evidence": [_evidence_json(one) for verdict in verdicts for one in verdict.evidence],
        "differences": [_difference_json(one) for verdict in verdicts for one in verdict.differences],
    }
    result["disagreements"] = [values_json(one) for verdict in verdicts for one in verdict.disagreements]
    result["timelines"] = [values_json(one) for verdict in verdicts for one in verdict.timelines]
    if len(verdicts) > 1:
        result["claims"] = [_verdict_json(one) for one in verdicts]
    return {**result, "index": check.index, "model": check.model, "elapsed_ms": round(check.elapsed_ms, 1)}


def explain(verdict: Verdict) -> str:
    """Say in one sentence of the claim's language what the verdict rests on."""
    texts = read_texts(verdict.lang)
    told = texts("list.notes").join(_told(one.kind, one.claim, one.source, texts) for one in verdict.differences)
    differences = texts("check.because", differences=told) if verdict.label == "contradicted" and told else ""
    if verdict.read is not None and verdict.label != "not_covered":
        return " ".join(filter(None, (texts(f"check.why_{verdict.label}_read"), differences)))
    return differences or texts(f"check.why_{verdict.label}")


def _told(kind: str, claim: str, source: str, texts: Texts) -> str:
    key = "check.difference" if source else "check.difference_claim"
    return texts(key, kind=texts(f"check.kind_{kind}"), claim=claim, source=source)


def _verdict_json(verdict: Verdict) -> Json:
    return {
        "claim": verdict.claim,
        "verdict": verdict.label,
        "confidence": round(verdict.confidence, 4),
        "explanation": explain(verdict),
        "evidence": [_evidence_json(one) for one in verdict.evidence],
        "differences": [_difference_json(one) for one in verdict.differences],
    }


def _evidence_json(evidence: Evidence) -> Json:
    citation, document = evidence.citation, evidence.citation.document
    return {
        "stance": evidence.stance,
        "text": citation.text,
        "document_id": document.id,
        "start": citation.start,
        "end": citation.end,
        "title": document.title,
        "url": document.url,
        "link": citation.link,
        "published": document.published,
    }


def _difference_json(difference: Difference) -> Json:
    return {"kind": difference.kind, "claim": difference.claim, "source": difference.source}


def check_text(check: Check, texts: Texts) -> RenderableType:
    """Show each claim with its verdict, why, the evidence for and against, what changed, and what the sources disagree on."""
    parts: list[RenderableType] = []
    for verdict in check.verdicts:
        parts += _verdict(verdict, texts)
        for one in verdict.side_by_side:
            parts += [*values_lines(one, check.clusters, check.vocabulary, texts), Text()]
    return Group(*parts)


def _verdict(verdict: Verdict, texts: Texts) -> Iterator[RenderableType]:
    yield Prose(texts("list.quoted", text=verdict.claim), "dim")
    told = texts(f"check.{verdict.label}")
    if verdict.label != "not_covered":  # how sure one is of having found nothing, people would take for a judgement of the claim
        told = texts("check.verdict", label=told, percent=write_percent(verdict.confidence, texts))
    yield Text(told, style=_COLOURS[verdict.label])
    yield Prose(explain(verdict))
    for one in verdict.evidence[:_SHOWN]:
        document = one.citation.document
        date = write_date(document.published, texts)
        yield Text()
        yield Prose(f"{texts(f'check.{one.stance}')} {texts('list.quoted', text=' '.join(one.citation.text.split()))}")
        yield Prose(texts("answer.source", title=document.title, publisher=document.publisher, date=date), "dim")
        yield Text(document.url, style=Style(color="blue"), no_wrap=True, overflow="ignore")
    yield Text()


def comparison_json(comparison: Comparison, index: str) -> Json:
    """Return what `compare` prints."""
    rows = [
        {"attribute": row.attribute, "facts": [fact.model_dump(mode="json") if fact else None for fact in row.facts]}
        for row in comparison.rows
    ]
    return {"clusters": [cluster.id for cluster in comparison.clusters], "rows": rows, "index": index}


def comparison_table(comparison: Comparison, vocabulary: Vocabulary, texts: Texts) -> RenderableType:
    """Show clusters side by side, each value with its date; what a ledger doesn't tell is said to be missing."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for cluster in comparison.clusters:
        table.add_column(cluster.name(texts.lang))
    for row in comparison.rows:
        attribute = vocabulary[row.attribute]
        label = attribute.fr if texts.lang == "fr" else attribute.en
        cells = [
            f"{write_value(fact, attribute, texts)} ({write_date(fact.as_of, texts)})" if fact else texts("check.no_value")
            for fact in row.facts
        ]
        table.add_row(label, *cells)
    return table
