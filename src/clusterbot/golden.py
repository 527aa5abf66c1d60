"""Golden questions: what the live index answers must be answered by a new one too, before it takes its place.

`corpus/golden.jsonl`, one question a line: {"_id", "text", "lang", "answers"}; `answers` are strings of which one stands in a
quotation that answers, and may be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from rich.console import Group, RenderableType
from rich.text import Text

from clusterbot.answering import Answer
from clusterbot.assistant import Assistant
from clusterbot.errors import CorpusError
from clusterbot.evaluation import holds_answer
from clusterbot.i18n import Texts
from clusterbot.models import Citation, Lang

FILE = "golden.jsonl"
MAX_QUESTIONS = 500
Outcome = Literal["worse", "lost_source", "changed", "better"]
REGRESSIONS: tuple[Outcome, ...] = ("worse",)


class GoldenQuestion(BaseModel):
    """A question whose answer must not get lost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(alias="_id", min_length=1, max_length=60)
    text: str = Field(min_length=1, max_length=2000)
    lang: Lang
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A question that two versions answer differently: the best quotation of each, None where it abstains."""

    question: GoldenQuestion
    outcome: Outcome
    before: Citation | None
    after: Citation | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two versions of the index answer to the golden questions; `before` and `after` count the right answers."""

    asked: int
    before: int
    after: int
    changes: tuple[Change, ...]

    @property
    def regressions(self) -> tuple[Change, ...]:
        """The questions that the new version no longer answers, though what answers them is there."""
        return tuple(one for one in self.changes if one.outcome in REGRESSIONS)


_LINE: TypeAdapter[GoldenQuestion] = TypeAdapter(GoldenQuestion)


def read_golden(corpus_dir: Path) -> list[GoldenQuestion]:
    """Read the golden questions of a corpus; none where it has no such file.

    Raises:
        CorpusError: a line can't be read.
    """
    path = corpus_dir / FILE
    if not path.exists():
        return []
    questions: list[GoldenQuestion] = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(FILE, 0, f"can't be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                questions.append(_LINE.validate_json(line))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                key = ".".join(str(part) for part in first["loc"])
                raise CorpusError(FILE, number, f"{key}: {first['msg']}".lstrip(": ")) from None
    if len(questions) > MAX_QUESTIONS:
        raise CorpusError(FILE, MAX_QUESTIONS + 1, f"more than {MAX_QUESTIONS} questions: keep those that matter")
    return questions


def compare(
    questions: Sequence[GoldenQuestion],
    before: Assistant,
    after: Assistant,
    unread: Collection[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Ask two versions of the index the same questions, and tell what differs.

    A question is worse answered where an answer was given (a right one, if that is known), its words still stand in the corpus, and
    now none is given. Where someone removed or rewrote them, it lost its source; a document that can't be read isn't removed.
    """
    texts = {one.id: one.text for one in after.engine.snapshot.documents}
    changes: list[Change] = []
    counts = [0, 0]
    for done, question in enumerate(questions, start=1):
        quotes = [_quotes(question, assistant) for assistant in (before, after)]
        best = [_best(question, one) for one in quotes]
        right = [one is not None and _is_right(question, one) for one in best]
        counts = [count + one for count, one in zip(counts, right, strict=True)]
        said = [[(quote.document.id, quote.text) for quote in one] for one in quotes]
        if right[0] != right[1] or said[0] != said[1]:
            changes.append(Change(question, _outcome(best[0], right, texts, unread), *best))
        if progress:
            progress(done, len(questions))
    return Comparison(len(questions), counts[0], counts[1], tuple(changes))


def _outcome(before: Citation | None, right: Sequence[bool], texts: Mapping[str, str], unread: Collection[str]) -> Outcome:
    if right[1] and not right[0]:
        return "better"
    if before is None or before.document.id in unread:
        return "worse" if right[0] and not right[1] else "changed"
    if right[0] and not right[1]:
        return "worse" if before.text in texts.get(before.document.id, "") else "lost_source"
    return "changed" if before.document.id in texts else "lost_source"


def _quotes(question: GoldenQuestion, assistant: Assistant) -> tuple[Citation, ...]:
    result = assistant.ask(question.text, lang=question.lang).result
    return result.quotes if isinstance(result, Answer) else ()


def _best(question: GoldenQuestion, quotes: Sequence[Citation]) -> Citation | None:
    """Return the first quotation that is right, else the first."""
    return next((one for one in quotes if _is_right(question, one)), quotes[0] if quotes else None)


def _is_right(question: GoldenQuestion, quote: Citation) -> bool:
    return not question.answers or holds_answer(quote.text, question.answers)


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return what `index build --json` prints of a comparison."""
    return {
        "asked": comparison.asked,
        "right_before": comparison.before,
        "right_after": comparison.after,
        "changes": [
            {
                "id": one.question.id,
                "question": one.question.text,
                "outcome": one.outcome,
                "before": _quote_json(one.before),
                "after": _quote_json(one.after),
            }
            for one in comparison.changes
        ],
    }


def _quote_json(quote: Citation | None) -> dict[str, str] | None:
    return None if quote is None else {"text": quote.text, "document_id": quote.document.id}


def comparison_list(comparison: Comparison, texts: Texts) -> RenderableType:
    """Show which answers changed, the worst first."""
    counts = {"asked": comparison.asked, "before": comparison.before, "after": comparison.after}
    return Group(Text(texts("golden.told", **counts, changed=len(comparison.changes))), *_change_lines(comparison, texts))


def _change_lines(comparison: Comparison, texts: Texts) -> Iterator[Text]:
    order = ("worse", "lost_source", "changed", "better")
    for one in sorted(comparison.changes, key=lambda change: order.index(change.outcome)):
        yield Text(texts(f"golden.{one.outcome}", question=texts("list.quoted", text=one.question.text)), style="bold")
        for mark, quote in (("-", one.before), ("+", one.after)):
            said = texts("golden.abstains") if quote is None else f"{' '.join(quote.text.split())} ({quote.document.id})"
            yield Text(f"  {mark} {said}")
