"""What a corpus must keep to beyond its format: sourced ledgers that agree with the text, twins, names, no repetition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clusterbot.corpus import Corpus, locate
from clusterbot.models import LANGUAGES, Attribute, Document, Fact, Lang, Profile, Vocabulary
from clusterbot.text import MONTHS, date_forms, find_numbers, fold, plain_value, split_sentences

MIN_REPEATED_CHARS = 80  # shorter paragraphs (a heading, a contact line) may well stand in several pages


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a maintainer should mend, and where."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def lint(corpus: Corpus, corpus_dir: Path) -> list[Problem]:
    """Check a corpus; return its problems by file and line."""
    profiles = [document for document in corpus.documents if isinstance(document, Profile)]
    problems = [Problem(error.file, error.line, error.problem) for error in corpus.failed]
    problems += _unknown_clusters(corpus, corpus_dir)
    problems += _twins(corpus, corpus_dir)
    problems += _shared_names(profiles, corpus.ambiguous, corpus_dir)
    problems += _repeated_paragraphs(corpus, corpus_dir)
    for profile in profiles:
        problems += _ledger(profile, corpus.vocabulary, corpus_dir)
        problems += _undated_figures(profile, corpus_dir)
    return sorted(problems, key=lambda problem: (problem.file, problem.line, problem.message))


def _at(document: Document, corpus_dir: Path, message: str, *key: int | str, offset: int | None = None) -> Problem:
    file, line = locate(document, corpus_dir, key, offset)
    return Problem(file, line, message)


def _unknown_clusters(corpus: Corpus, corpus_dir: Path) -> Iterator[Problem]:
    known = {document.cluster_id for document in corpus.documents if isinstance(document, Profile)}
    for document in corpus.documents:
        for position, cluster_id in enumerate(document.clusters):
            if cluster_id not in known:
                yield _at(document, corpus_dir, f"clusters: no profile of {cluster_id!r}", "clusters", position)


def _twins(corpus: Corpus, corpus_dir: Path) -> Iterator[Problem]:
    by_id = {document.id: document for document in corpus.documents}
    for document in corpus.documents:
        if document.kind not in ("profile", "overview"):
            continue
        other_lang: Lang = "en" if document.lang == "fr" else "fr"
        twin = by_id.get(f"{document.id.removesuffix(document.lang)}{other_lang}")
        if twin is None:
            yield _at(document, corpus_dir, f"has no twin in the other language (.{other_lang}.md)")
        elif isinstance(document, Profile) and isinstance(twin, Profile) and document.lang == "fr":
            if sorted(map(repr, document.facts)) != sorted(map(repr, twin.facts)):
                extra = next((fact for fact in twin.facts if fact not in document.facts), None)
                missing = next((fact for fact in document.facts if fact not in twin.facts), None)
                told = f"facts: the twins' ledgers differ: {_brief(missing)} here, {_brief(extra)} in {twin.id}"
                yield _at(document, corpus_dir, told, "facts")
            for key in ("founded", "website", "clusters"):
                if getattr(document, key) != getattr(twin, key):
                    yield _at(document, corpus_dir, f"{key}: differs from {twin.id}", key)


def _brief(fact: Fact | None) -> str:
    return "nothing" if fact is None else f"{fact.attribute} {fact.value} ({fact.as_of})"


def _shared_names(profiles: list[Profile], ambiguous: Mapping[str, Sequence[str]], corpus_dir: Path) -> Iterator[Problem]:
    owners: dict[str, set[str]] = defaultdict(set)
    for profile in profiles:
        for name in profile_names(profile):
            owners[fold(name)].add(profile.cluster_id)
    declared = {fold(name): set(ids) for name, ids in ambiguous.items()}
    for profile in profiles:
        for name in dict.fromkeys(profile_names(profile)):
            sharing = owners[fold(name)]
            if len(sharing) > 1 and not sharing <= declared.get(fold(name), set()):
                others = ", ".join(sorted(sharing - {profile.cluster_id}))
                yield _at(profile, corpus_dir, f"names: {name!r} is also a name of {others}: declare it in ambiguous.yaml", "names")


def profile_names(profile: Profile) -> list[str]:
    """Return all that a cluster is or was called on its page."""
    names = profile.names
    return [names.official, names.short, *names.aliases, *(former.name for former in names.former)]


def _repeated_paragraphs(corpus: Corpus, corpus_dir: Path) -> Iterator[Problem]:
    first_seen: dict[str, str] = {}
    for document in corpus.documents:
        for paragraph in document.text.split("\n\n"):
            key = " ".join(fold(paragraph).split())
            if len(key) < MIN_REPEATED_CHARS:
                continue
            if key in first_seen:
                told = f"this paragraph stands in {first_seen[key]} too"
                yield _at(document, corpus_dir, told, offset=document.text.index(paragraph))
            first_seen.setdefault(key, document.id)


def _ledger(profile: Profile, vocabulary: Vocabulary, corpus_dir: Path) -> Iterator[Problem]:
    folded = " ".join(fold(profile.text).split())
    numbers = {number.value for number in find_numbers(profile.text, profile.lang)}
    for position, fact in enumerate(profile.facts):
        where = ("facts", position)
        attribute = vocabulary.get(fact.attribute)
        if vocabulary and attribute is None:
            yield _at(profile, corpus_dir, f"attribute: {fact.attribute!r} is not in attributes.yaml", *where, "attribute")
        if not _stands_in_text(fact, attribute, profile.lang, folded, numbers):
            yield _at(profile, corpus_dir, f"value: {fact.value!r} is nowhere in the text", *where, "value")


def _stands_in_text(fact: Fact, attribute: Attribute | None, lang: Lang, folded: str, numbers: set[str]) -> bool:
    if attribute is not None and attribute.type == "date":
        return any(fold(form) in folded for form in date_forms(str(fact.value), lang))
    if isinstance(fact.value, int | float):
        return plain_value(abs(fact.value)) in numbers
    return " ".join(fold(fact.value).split()) in folded


def _undated_figures(profile: Profile, corpus_dir: Path) -> Iterator[Problem]:
    """A figure in a profile has a ledger entry, or a date in its sentence."""
    ledger = {number for fact in profile.facts for number in _numbers_of(fact)}
    months = {fold(month) for lang in LANGUAGES for month in MONTHS[lang]}
    for sentence in split_sentences(profile.text, profile.lang):
        body = profile.text[sentence.start : sentence.end]
        found = [number.value for number in find_numbers(body, profile.lang)]
        dated = any(len(value) == 4 and value[:2] in ("18", "19", "20") for value in found)
        dated = dated or any(word.strip(",.()") in months for word in fold(body).split())
        loose = [value for value in found if value not in ledger]
        if loose and not dated:
            told = f"{loose[0]}: this figure has neither a ledger entry nor a date in its sentence"
            yield _at(profile, corpus_dir, told, offset=sentence.start)


def _numbers_of(fact: Fact) -> Iterator[str]:
    if isinstance(fact.value, int | float):
        yield plain_value(abs(fact.value))
    else:
        yield from (part.value for lang in LANGUAGES for part in find_numbers(fact.value.replace("-", " "), lang))
