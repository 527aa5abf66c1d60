"""Document -> passages: windows of whole sentences that stay inside a section; pure and deterministic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from clusterbot.models import Document, Passage, Span
from clusterbot.text import Sentence, split_sentences


@dataclass(frozen=True, slots=True)
class PassageSettings:
    """How documents are split. The defaults are measured: see docs/evaluation.md before touching them."""

    max_chars: int = 1000
    overlap_sentences: int = 1


@dataclass(frozen=True, slots=True)
class Section:
    """The sentences under one heading, and that heading ('' before the first)."""

    heading: str
    sentences: tuple[Sentence, ...]


def split_passages(document: Document, settings: PassageSettings) -> list[Passage]:
    """Split a document into passages, in order; a sentence longer than `max_chars` is a passage of its own."""
    return [
        Passage(document, window[0].start, window[-1].end, section.heading)
        for section in split_sections(document)
        for window in _windows(section.sentences, settings)
    ]


def split_sections(document: Document) -> list[Section]:
    """Split a document at its headings; a section without sentences is left out."""
    sentences = split_sentences(document.text, document.lang)
    cuts = [-1, *(index for index, sentence in enumerate(sentences) if sentence.is_heading), len(sentences)]
    sections = []
    for cut, following in pairwise(cuts):
        heading = document.text[sentences[cut].start : sentences[cut].end] if cut >= 0 else ""
        if body := tuple(sentences[cut + 1 : following]):
            sections.append(Section(heading, body))
    return sections


def _windows(sentences: tuple[Sentence, ...], settings: PassageSettings) -> Iterator[tuple[Sentence, ...]]:
    first = 0
    while first < len(sentences):
        last = first
        while last + 1 < len(sentences) and sentences[last + 1].end - sentences[first].start <= settings.max_chars:
            last += 1
        yield sentences[first : last + 1]
        if last + 1 == len(sentences):
            return
        first = max(first + 1, last + 1 - settings.overlap_sentences)


def quotable(passage: Passage) -> list[Span]:
    """Return the sentences of a passage that can be quoted, as ranges of its document's text: no heading, and a letter in each."""
    document = passage.document
    spans = [
        Span(passage.start + one.start, passage.start + one.end)
        for one in split_sentences(passage.text, document.lang)
        if not one.is_heading
    ]
    return [one for one in spans if any(char.isalpha() for char in document.text[one.start : one.end])]


def context_of(passage: Passage, cluster_names: dict[str, str]) -> str:
    """Return what a reader of the passage knows from around it: title, heading, and the clusters it is about.

    Embedded and indexed with the passage, never part of its text.
    """
    document = passage.document
    parts = ["" if document.text.startswith(document.title) else document.title, passage.heading]
    known = [cluster_names[key] for key in document.clusters[:3] if key in cluster_names]
    parts += [name for name in known if name not in document.title]
    return " · ".join(part for part in parts if part)
