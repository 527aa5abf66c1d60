"""Claims with known labels -> how many verdicts are right, on the evidence given and end to end, beside two baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clusterbot.analysis import analyse
from clusterbot.claims import overall, weigh
from clusterbot.datasets import Dataset, TestClaim
from clusterbot.embedding import has_tokens
from clusterbot.engine import SEARCHED, Engine
from clusterbot.errors import ClusterbotError, EvaluationError
from clusterbot.index.tokens import cosines
from clusterbot.models import Document, Lang
from clusterbot.questions import understand
from clusterbot.quoting import Candidate, Parts, telling
from clusterbot.statements import Statement
from clusterbot.text import split_sentences
from clusterbot.undecided import LABELS, Label

THRESHOLDS = tuple(step / 20 for step in range(21))
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim with the verdict on it, and the share of its words in the evidence that was read first."""

    claim: TestClaim
    given: Label
    overlap: float


def measure_claims(dataset: Dataset, engine: Engine, progress: Callable[[int, int], None] | None = None) -> Json:
    """Return the figures of a set's claims: end to end where their evidence can be searched, and on what is given with them."""
    texts = {document.id: document.text for document in engine.snapshot.documents}
    is_told = any(claim.given for claim in dataset.claims)
    is_searched = bool(dataset.documents) or not is_told or any(set(claim.cited) & texts.keys() for claim in dataset.claims)
    given, asked = [], []
    for done, claim in enumerate(dataset.claims, start=1):
        evidence = claim.given or tuple(texts[one] for one in claim.cited if one in texts)
        if evidence:
            given.append(_on_given(claim, evidence, engine))
        if is_searched:
            asked.append(_end_to_end(claim, engine))
        if progress:
            progress(done, len(dataset.claims))
    judged = asked if is_searched else given
    result: Json = {"mode": "end_to_end" if is_searched else "given", **figures(judged), "baselines": baselines(judged)}
    if is_searched and len({one.claim.label for one in given}) == len(LABELS):
        result["given"] = {**figures(given), "baselines": baselines(given)}
    return result


def _on_given(claim: TestClaim, texts: Sequence[str], engine: Engine) -> Judged:
    """Judge a claim by each sentence of the evidence that comes with it, and by each piece of evidence as a whole."""
    candidates = []
    for number, text in enumerate(texts):
        document = Document(
            id=f"{claim.id}-{number}",
            kind="profile",
            title=claim.id,
            lang=claim.lang,
            url="https://example.org/",
            publisher="evaluation data",
            retrieved="2026",
            licence="see the data set",
            text=text,
        )
        spans = {(one.start, one.end) for one in split_sentences(text, claim.lang)} | {(0, len(text))}
        candidates += [Candidate(document, start, end) for start, end in sorted(spans)]
    candidates = _compared(claim, candidates, engine)
    rules = engine.rules.model_copy(update={"sentences": len(candidates)})
    statement = Statement(claim.text, claim.lang, frozenset())
    verdict = weigh(statement, (), candidates, engine.judge, rules, reading=engine.reading())
    return Judged(claim, verdict.label, max(overlap(claim.text, text, claim.lang) for text in texts))


def _compared(claim: TestClaim, candidates: Sequence[Candidate], engine: Engine) -> list[Candidate]:
    """Return sentences with how near they are to a claim, as those of the index are; without, where the model gives no tokens."""
    embedder = engine.embedder
    if not has_tokens(embedder):
        return list(candidates)
    question = understand(claim.text, engine.registry, (), claim.lang)
    query = engine.retriever.query(question.query, question.lang)
    tells = telling(question, query)
    found = []
    for one, encoding in zip(candidates, embedder.encode_passages([each.text for each in candidates]), strict=True):
        nearest = cosines(encoding.codes, query.tokens[tells]).max(axis=0, initial=-1.0)
        content = float(nearest.mean()) if tells.any() else 0.0
        found.append(replace(one, parts=Parts(content=content), cosine=float(encoding.vector @ query.vector)))
    return found


def _end_to_end(claim: TestClaim, engine: Engine) -> Judged:
    try:
        question = understand(claim.text, engine.registry, (), claim.lang)
        _, candidates = engine.find(question, SEARCHED)
        label = overall(engine.check(claim.text, (), claim.lang))
    except ClusterbotError as error:
        raise EvaluationError(f"claim {claim.id}: {error}") from error
    return Judged(claim, label, max((overlap(claim.text, one.text, claim.lang) for one in candidates[:1]), default=0.0))


def overlap(claim: str, text: str, lang: Lang) -> float:
    """Return the share of a claim's terms that stand in a text."""
    asked = set(analyse(claim, lang))
    return len(asked & set(analyse(text, lang))) / len(asked) if asked else 0.0


def figures(judged: Sequence[Judged]) -> Json:
    """Return accuracy, macro F1 (absent labels left out) and what they are by label, language and kind of claim."""
    languages = sorted({one.claim.lang for one in judged})
    kinds = sorted({one.claim.kind for one in judged if one.claim.kind})
    contradicted = [one for one in judged if one.claim.label == "contradicted"]
    result: Json = {**_scores([one.claim.label for one in judged], [one.given for one in judged]), "claims": len(judged)}
    if len(languages) > 1:
        result["by_language"] = {lang: figures([one for one in judged if one.claim.lang == lang]) for lang in languages}
    result["by_kind"] = {
        kind: {"claims": len(mine), "accuracy": sum(one.given == one.claim.label for one in mine) / len(mine)}
        for kind in kinds
        if (mine := [one for one in judged if one.claim.kind == kind])
    }
    if contradicted:
        result["contradicted_not_supported"] = sum(one.given != "supported" for one in contradicted) / len(contradicted)
    return result


def baselines(judged: Sequence[Judged]) -> Json:
    """Return what one gets by saying the commonest label, and by calling supported what shares enough words with the evidence.

    The threshold of the second is the best one for this very set, so it is better than it could be on claims to come.
    """
    truth = [one.claim.label for one in judged]
    commonest = max(LABELS, key=lambda label: (truth.count(label), label))

    def by_overlap(threshold: float) -> list[Label]:
        return ["supported" if one.overlap >= threshold else "not_covered" for one in judged]

    threshold = max(THRESHOLDS, key=lambda one: sum(a == b for a, b in zip(truth, by_overlap(one), strict=True)))
    return {
        "majority": _scores(truth, [commonest] * len(truth)),
        "overlap": {**_scores(truth, by_overlap(threshold)), "threshold": threshold},
    }


def _scores(truth: Sequence[Label], given: Sequence[Label]) -> Json:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    labels = [label for label in LABELS if label in truth]
    precision, recall, f1, support = precision_recall_fscore_support(truth, given, labels=labels, zero_division=0)
    by_label = {
        label: {"precision": float(precision[i]), "recall": float(recall[i]), "f1": float(f1[i]), "claims": int(support[i])}
        for i, label in enumerate(labels)
    }
    return {"accuracy": float(accuracy_score(truth, given)), "macro_f1": float(f1.mean()), "by_label": by_label}
