"""The maintainers' page: one HTML file with everything in it, its pictures inline SVG, in the reader's language.

Numbers are counted here; `data/report.html.j2` lays them out. The page asks for nothing from anywhere and runs no script.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import jinja2

from clusterbot.clusters import ClusterRegistry
from clusterbot.corpus import Corpus
from clusterbot.coverage import coverage
from clusterbot.gaps import Gap
from clusterbot.i18n import Texts, write_date, write_day, write_number, write_percent, write_value
from clusterbot.models import LANGUAGES, Lang, Profile, Vocabulary
from clusterbot.retrieval import Hit
from clusterbot.store import Evaluation, Feedback, Receipt
from clusterbot.terminal import host_of, label_of

SHOWN_GAPS, SHOWN_FACTS, SHOWN_REASONS, SHOWN_VERSIONS = 15, 15, 8, 12
SHOWN_FIGURES = {
    "runs.hybrid.ndcg@10": "ranking",
    "answerability.auroc": "answerability",
    "quotes.first.all": "first_quote",
    "quotes.any.all": "any_quote",
}
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Usage:
    """What was asked in the days of a report, gaps that are open and closed included."""

    receipts: Sequence[Receipt]
    feedback: Sequence[Feedback]
    gaps: Sequence[tuple[Gap, Hit | None]]
    open_gaps: int
    closed_questions: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a bar chart: its label, how much of each colour, and what is written beside it."""

    label: str
    parts: tuple[float, ...]
    told: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day's questions."""

    day: dt.date
    answered: int
    abstained: int


def render(
    corpus: Corpus,
    registry: ClusterRegistry,
    usage: Usage,
    evaluations: Sequence[Evaluation],
    index: str,
    days: int,
    now: dt.datetime,
    texts: Texts,
) -> str:
    """Return the page."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(t=texts, lang=texts.lang)
    source = resources.files("clusterbot").joinpath("data/report.html.j2").read_text(encoding="utf-8")
    by_day = questions_by_day(usage.receipts, now.date(), days)
    return environment.from_string(source).render(
        made=write_day(now, texts),
        index=index,
        first=write_date(by_day[0].day.isoformat(), texts),
        last=write_date(by_day[-1].day.isoformat(), texts),
        tiles=_tiles(usage, corpus, texts),
        days=by_day,
        highest=max(1, *(one.answered + one.abstained for one in by_day)),
        languages=answered_share(usage.receipts, texts),
        gaps=[_gap(gap, hit, texts) for gap, hit in usage.gaps[:SHOWN_GAPS]],
        opinions=opinions(usage.feedback, texts),
        reasons=_counted(Counter(one.reason for one in usage.feedback if one.reason).most_common(SHOWN_REASONS), texts),
        clusters=documents_by_cluster(corpus, registry, texts),
        corpus_languages=_counted([(texts(f"name.{lang}"), n) for lang, n in _languages(corpus).items()], texts),
        years=documents_by_year(corpus, texts),
        facts=_oldest(corpus, registry, corpus.vocabulary, texts),
        evaluations=[_evaluation(one, texts) for one in evaluations[-SHOWN_VERSIONS:]],
        curves=curves(evaluations[-SHOWN_VERSIONS:], texts),
    )


def questions_by_day(receipts: Sequence[Receipt], last: dt.date, days: int) -> list[Day]:
    """Count the questions of each of the last days, UTC, oldest first."""
    counted = Counter((one.asked_at.date(), one.outcome) for one in receipts)
    span = [last - (days - 1 - past) * DAY for past in range(days)]
    return [Day(day, counted[day, "answered"], counted[day, "abstained"]) for day in span]


def answered_share(receipts: Sequence[Receipt], texts: Texts) -> list[Bar]:
    """Return how large a share of the questions in each language was answered."""
    bars = []
    for lang in LANGUAGES:
        asked = [one.outcome == "answered" for one in receipts if one.lang == lang]
        if asked:
            share = sum(asked) / len(asked)
            told = texts("report.share", percent=write_percent(share, texts), count=write_number(len(asked), texts.lang))
            bars.append(Bar(texts(f"name.{lang}"), (share, 1 - share), told))
    return bars


def opinions(feedback: Sequence[Feedback], texts: Texts) -> list[Bar]:
    """Return how many found an answer helpful, and how many didn't."""
    counts = Counter(one.is_helpful for one in feedback)
    return (
        _counted([(texts("report.helpful"), counts[True]), (texts("report.unhelpful"), counts[False])], texts) if feedback else []
    )


def documents_by_cluster(corpus: Corpus, registry: ClusterRegistry, texts: Texts) -> list[Bar]:
    """Return how many documents each cluster has in each language, most first."""
    counts: dict[str, Counter[Lang]] = {key: Counter() for key in registry.clusters}
    for document in corpus.documents:
        for key in document.clusters:
            counts.setdefault(key, Counter())[document.lang] += 1
    most = max([1, *(sum(one.values()) for one in counts.values())])
    bars = []
    for key, one in sorted(counts.items(), key=lambda item: (-sum(item[1].values()), item[0])):
        name = registry.clusters[key].name(texts.lang) if key in registry.clusters else key
        told = texts("report.both", fr=one["fr"], en=one["en"])
        bars.append(Bar(name, tuple(one[lang] / most for lang in LANGUAGES), told))
    return bars


def documents_by_year(corpus: Corpus, texts: Texts) -> list[Bar]:
    """Return how many articles were published in each year, newest first; profiles are ours and kept up to date."""
    years = Counter((one.published or "")[:4] for one in corpus.documents if not isinstance(one, Profile))
    return _counted([(year or texts("date.unknown"), years[year]) for year in sorted(years, reverse=True)], texts)


def curves(evaluations: Sequence[Evaluation], texts: Texts) -> list[tuple[str, list[tuple[float, float]]]]:
    """Return each figure's line, points over (0, 0) to (1, 1), where there are two versions or more."""
    if len(evaluations) < 2:
        return []
    step = 1 / (len(evaluations) - 1)
    lines = []
    for name, key in SHOWN_FIGURES.items():
        points = [(at * step, one.figures[name]) for at, one in enumerate(evaluations) if name in one.figures]
        lines.append((texts(f"report.{key}"), points))
    return lines


def _tiles(usage: Usage, corpus: Corpus, texts: Texts) -> list[tuple[str, str]]:
    answered = sum(one.outcome == "answered" for one in usage.receipts)
    helpful = sum(one.is_helpful for one in usage.feedback)

    def share(part: int, whole: int) -> str:
        return write_percent(part / whole, texts) if whole else texts("report.nothing")

    values = {
        "questions": write_number(len(usage.receipts), texts.lang),
        "answered": share(answered, len(usage.receipts)),
        "found_helpful": share(helpful, len(usage.feedback)),
        "open_gaps": write_number(usage.open_gaps, texts.lang),
        "closed_gaps": write_number(usage.closed_questions, texts.lang),
        "documents": write_number(len(corpus.documents), texts.lang),
    }
    return [(texts(f"report.{key}"), value) for key, value in values.items()]


def _counted(counts: Sequence[tuple[str, int]], texts: Texts) -> list[Bar]:
    most = max([1, *(count for _, count in counts)])
    return [Bar(label, (count / most,), write_number(count, texts.lang)) for label, count in counts]


def _languages(corpus: Corpus) -> Mapping[Lang, int]:
    return {lang: sum(one.lang == lang for one in corpus.documents) for lang in LANGUAGES}


def _gap(gap: Gap, hit: Hit | None, texts: Texts) -> dict[str, str]:
    return {
        "question": gap.question,
        "lang": gap.lang,
        "count": write_number(len(gap.members), texts.lang),
        "last": write_day(gap.last_at, texts),
        "nearest": "" if hit is None else hit.passage.document.title,
    }


def _oldest(corpus: Corpus, registry: ClusterRegistry, vocabulary: Vocabulary, texts: Texts) -> list[dict[str, str]]:
    return [
        {
            "cluster": registry.clusters[key].name(texts.lang) if key in registry.clusters else key,
            "what": label_of(fact.attribute, vocabulary, texts),
            "value": write_value(fact, vocabulary.get(fact.attribute), texts),
            "as_of": write_date(fact.as_of, texts),
            "source": host_of(fact.source),
        }
        for key, fact in coverage(corpus).stale[:SHOWN_FACTS]
    ]


def _evaluation(one: Evaluation, texts: Texts) -> dict[str, object]:
    figures = [
        (texts(f"report.{key}"), write_number(round(one.figures[name], 3), texts.lang))
        for name, key in SHOWN_FIGURES.items()
        if name in one.figures
    ]
    return {"index": one.index, "date": write_day(one.measured_at, texts), "figures": figures}
