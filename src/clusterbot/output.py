"""What the commands print with `--json`: domain -> the dicts of INTERFACES.md, section 2."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from clusterbot.answering import Answer
from clusterbot.assistant import Reply
from clusterbot.clusters import Cluster, Mention
from clusterbot.coverage import Coverage
from clusterbot.i18n import Texts, write_choice, write_until
from clusterbot.index.build import BuildReport
from clusterbot.index.snapshot import Manifest
from clusterbot.lint import Problem
from clusterbot.models import Citation, Disagreement, Document, Fact, Names, Reading, Timeline, Vocabulary
from clusterbot.questions import Question
from clusterbot.retrieval import Hit
from clusterbot.store import Erratum, errata_of

Json = dict[str, Any]


def readings(question: Question, clusters: Mapping[str, Cluster], texts: Texts) -> tuple[Reading, ...]:
    """Return how each name in a question was understood, noted in the language of the texts."""
    found = [
        Reading(mention.matched, key, clusters[key].name(texts.lang), _note(question, mention, key, clusters, texts))
        for mention in question.mentions
        for key in mention.cluster_ids
    ]
    return tuple(dict.fromkeys(found))


def _note(question: Question, mention: Mention, key: str, clusters: Mapping[str, Cluster], texts: Texts) -> str | None:
    notes = []
    if mention.is_ambiguous:
        others = [clusters[other].name(texts.lang) for other in mention.cluster_ids if other != key]
        notes.append(texts("reading.ambiguous", others=write_choice(others, texts)))
    elif mention.kind == "former" and mention.until:
        notes.append(texts("reading.former_until", until=write_until(mention.until, texts)))
    elif mention.kind != "current":
        notes.append(texts(f"reading.{mention.kind}"))
    if mention.distance > 0:
        notes.append(texts("reading.spelling"))
    if question.text[mention.start : mention.end] != mention.matched:
        notes.append(texts("reading.context"))
    return texts("list.notes").join(notes) or None


def reply_json(
    identity: object,
    asked: str,
    reply: Reply,
    understood: Sequence[Reading],
    receipt: str | None = None,
    errata: Sequence[Erratum] = (),
) -> Json:
    """Return what `ask` prints; `receipt` is its id where one was kept."""
    result = reply.result
    answered = isinstance(result, Answer)
    return {
        "id": identity,
        "question": asked,
        "language": result.question.lang,
        "status": "answered" if answered else "abstained",
        "confidence": round(result.confidence, 4),
        "reason": None if isinstance(result, Answer) else result.reason,
        "understood_as": [
            {"matched": one.matched, "cluster_id": one.cluster_id, "name": one.name, "note": one.note} for one in understood
        ],
        "quotes": [_quote(quote, errata) for quote in result.quotes] if isinstance(result, Answer) else [],
        "passages": [hit_json(hit) for hit in result.hits],
        "disagreements": [values_json(one) for one in result.disagreements] if isinstance(result, Answer) else [],
        "index": reply.index,
        "model": reply.model,
        "elapsed_ms": round(reply.elapsed_ms, 1),
        "receipt": receipt,
    }


def error_json(identity: object, message: str) -> Json:
    """Return what `--batch` prints in the place of a line that can't be answered."""
    return {"id": identity, "error": message}


def _quote(quote: Citation, errata: Sequence[Erratum]) -> Json:
    document = quote.document
    return {
        "text": quote.text,
        "document_id": document.id,
        "start": quote.start,
        "end": quote.end,
        "title": document.title,
        "publisher": document.publisher,
        "url": document.url,
        "link": quote.link,
        "published": document.published,
        "language": document.lang,
        "facts": [_fact(fact) for fact in quote.facts],
        "errata": [erratum_json(one) for one in errata_of(quote, errata)],
        "gone": document.gone,
    }


def erratum_json(erratum: Erratum) -> Json:
    """Return a note on a sentence."""
    return {
        "id": erratum.id,
        "document_id": erratum.document_id,
        "sentence": erratum.sentence,
        "fr": erratum.fr,
        "en": erratum.en,
        "source": erratum.source,
        "noted": erratum.noted_at.date().isoformat(),
    }


def hit_json(hit: Hit) -> Json:
    """Return a passage with its rank and score."""
    passage, document = hit.passage, hit.passage.document
    return {
        "rank": hit.rank,
        "passage_id": passage.id,
        "text": passage.text,
        "document_id": document.id,
        "start": passage.start,
        "end": passage.end,
        "title": document.title,
        "url": document.url,
        "published": document.published,
        "language": document.lang,
        "score": round(hit.score, 6),
    }


def values_json(told: Disagreement | Timeline) -> Json:
    """Return values of one attribute side by side, each with its date and the quotation that tells it."""
    values = [
        {
            "value": one.fact.value,
            "unit": one.fact.unit,
            "as_of": one.fact.as_of,
            "source": one.fact.source,
            "document_id": one.citation.document.id,
            "quote": one.citation.text,
        }
        for one in told.values
    ]
    return {"attribute": told.attribute, "cluster_id": told.cluster_id, "values": values}


def _fact(fact: Fact) -> Json:
    return {"attribute": fact.attribute, "value": fact.value, "unit": fact.unit, "as_of": fact.as_of, "source": fact.source}


def cluster_json(cluster: Cluster) -> Json:
    """Return one line of what `clusters` prints."""
    profiles = cluster.profiles
    any_profile = next(iter(profiles.values()))
    return {
        "cluster_id": cluster.id,
        "names": {lang: _names(profile.names) for lang, profile in profiles.items()},
        "sector": {lang: profile.sector for lang, profile in profiles.items()},
        "region": {lang: profile.region for lang, profile in profiles.items()},
        "founded": any_profile.founded,
        "website": any_profile.website,
    }


def card_json(cluster: Cluster, vocabulary: Vocabulary, disagreements: Sequence[Disagreement], index: str) -> Json:
    """Return what `cluster` prints: the line of `clusters`, the ledger, and what its sources disagree on."""
    facts = next(iter(cluster.profiles.values())).facts
    labels = {key: {"fr": one.fr, "en": one.en} for key, one in vocabulary.items()}
    return {
        **cluster_json(cluster),
        "facts": [{**_fact(fact), "label": labels.get(fact.attribute)} for fact in facts],
        "disagreements": [values_json(one) for one in disagreements],
        "index": index,
    }


def _names(names: Names) -> Json:
    former = [{"name": one.name, "until": one.until} for one in names.former]
    return {"official": names.official, "short": names.short, "aliases": list(names.aliases), "former": former}


def build_json(report: BuildReport) -> Json:
    """Return what `index build` prints."""
    return {
        "index": report.version,
        "documents": report.documents,
        "passages": report.passages,
        "embedded": report.embedded,
        "reused": report.reused,
        "removed": report.removed,
        "seconds": round(report.seconds, 3),
        "token_bytes": report.token_bytes,
        "approximate": {lang: found.model_dump() for lang, found in report.approximate.items()},
        "failed": [{"file": error.file, "line": error.line, "error": error.problem} for error in report.failed],
    }


def version_json(manifest: Manifest, live: str | None) -> Json:
    """Return one line of what `index list` prints."""
    return {
        "index": manifest.version,
        "live": manifest.version == live,
        "created_at": manifest.created_at,
        "documents": manifest.documents,
        "passages": sum(manifest.passages.values()),
        "model": f"{manifest.model}@{manifest.revision}",
        "place": manifest.place,
    }


def document_json(document: Document) -> Json:
    """Return one line of what `corpus list` prints."""
    return {
        "document_id": document.id,
        "kind": document.kind,
        "title": document.title,
        "lang": document.lang,
        "publisher": document.publisher,
        "published": document.published,
        "url": document.url,
        "clusters": list(document.clusters),
        "gone": document.gone,
    }


def lint_json(documents: int, problems: Sequence[Problem], disagreements: Sequence[Disagreement]) -> Json:
    """Return what `corpus lint` prints."""
    told = [{"file": one.file, "line": one.line, "message": one.message} for one in problems]
    return {"documents": documents, "problems": told, "disagreements": [values_json(one) for one in disagreements]}


def coverage_json(coverage: Coverage, oldest: int) -> Json:
    """Return what the ledgers hold, with the facts to refresh next."""
    return {
        "clusters": [dataclasses.asdict(one) for one in coverage.clusters],
        "attributes": dict(coverage.attributes),
        "oldest": [{"cluster_id": key, **fact.model_dump(mode="json")} for key, fact in coverage.stale[:oldest]],
    }
