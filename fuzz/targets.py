"""What strangers feed to clusterbot, as functions of bytes: out of them may come only the errors that are meant.

Each target also holds its part to what it promises: offsets lie in the text, what is cleaned stays clean, what is shown is bounded.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import re
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

from clusterbot.analysis import analyse
from clusterbot.bot import markup
from clusterbot.bot.buttons import Press, Reason
from clusterbot.claim_rules import read_rules
from clusterbot.claims import normal_claim, split_claims
from clusterbot.cli.asking import parse_line, read_fields
from clusterbot.clusters import ClusterRegistry, words_of
from clusterbot.corpus import read_corpus, read_document
from clusterbot.dates import find_periods
from clusterbot.emphasis import telling_words
from clusterbot.errors import ClusterbotError, CorpusError, IndexCorrupt, IndexMismatch, ModelUnavailable, SourceError, UsageError
from clusterbot.index.snapshot import read_manifest
from clusterbot.ingest import worker
from clusterbot.ingest.parsed import Page, markdown_of
from clusterbot.judging import RuleJudge, Statement
from clusterbot.models import LANGUAGES, Document, Profile, read_date
from clusterbot.monitoring import read_bind
from clusterbot.passages import PassageSettings, split_passages
from clusterbot.quantities import find_quantities
from clusterbot.questions import MAX_CHARS, clean, understand
from clusterbot.store import check_person
from clusterbot.text import find_numbers, fold, split_sentences
from clusterbot.weights import parse_weights

ROOT = Path(__file__).parent.parent
BETWEEN = b"\x1e"  # separates the parts of an input that has several
QUESTIONS = (
    "Combien d’emplois l’aluminium compte-t-il au Québec ?",
    "Who was the first head of GIAQ?",
    "cb de membres a aero mtl en 2019 svp",
    "Quel est le budget de Propulsion Québec, et depuis quand ?",
)
CLAIMS = (
    "Aéro Montréal compte 150 membres. La grappe a été fondée en 2006.",
    "AluQuébec was not founded in 2013, and it has about 1,250.5 M$ of exports (12 %).",
    "La GBN avait deux cent cinquante à trois cents membres entre 2012 et 2014 ; elle en a au moins trois fois plus.",
)


@dataclasses.dataclass(frozen=True)
class Target:
    """A function of bytes, and inputs to begin with."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def read(data: bytes) -> str:
    """Return any bytes as text: what is no UTF-8 becomes half characters, as on a command line."""
    return data.decode("utf-8", "surrogateescape")


@cache
def registry() -> ClusterRegistry:
    """Return the project's own clusters."""
    corpus = read_corpus(ROOT / "corpus")
    profiles = [document for document in corpus.documents if isinstance(document, Profile)]
    return ClusterRegistry(profiles, words_of(document.text for document in corpus.documents), corpus.ambiguous)


@cache
def judge() -> RuleJudge:
    return RuleJudge(read_rules())


@cache
def scratch() -> Path:
    """Return a folder in memory, where there is such a place."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=shared if shared.is_dir() else None))
    for name in ("articles", "clusters", "version"):
        (folder / name).mkdir()
    return folder


def question(data: bytes) -> None:
    """Understand a question in a conversation."""
    *context, text = (read(part) for part in data.split(BETWEEN)[-12:])
    try:
        kept = clean(text)
    except UsageError:
        return
    assert 0 < len(kept) <= MAX_CHARS and clean(kept) == kept
    try:
        found = understand(text, registry(), context, None)
    except UsageError:
        return
    assert found.lang in LANGUAGES
    analyse(found.query, found.lang)


def claim(data: bytes) -> None:
    """Split a text into claims, and weigh each against the next."""
    try:
        text = clean(read(data))
    except UsageError:
        return
    for lang in LANGUAGES:
        claims = [Statement(one, lang, frozenset()) for one in split_claims(normal_claim(text), lang)][:8]
        for one, other in zip(claims, [*claims[1:], *claims[:1]], strict=True):
            judged = judge().judge(one, other)
            assert 0 <= judged.coverage <= 1


def figures(data: bytes) -> None:
    """Find figures, years and numbers: each stands where it says."""
    text = read(data)
    for lang in LANGUAGES:
        for one in find_quantities(text, lang):
            assert 0 <= one.start < one.end <= len(text) and one.low <= one.high
        for number in find_numbers(text, lang):
            assert 0 <= number.start < number.end <= len(text)
        for date in find_periods(text, lang, dt.date(2026, 11, 24)):
            assert 0 <= date.start < date.end <= len(text) and date.first <= date.last


def sentences(data: bytes) -> None:
    """Split a document into sentences and passages, verbatim."""
    text = data.decode("utf-8", "replace")  # what isn't UTF-8 never becomes a document
    fold(text)
    for lang in LANGUAGES:
        ends = 0
        for one in split_sentences(text, lang):
            assert ends <= one.start < one.end <= len(text)
            ends = one.end
    if text.strip():
        front = {"kind": "article", "title": "T", "lang": "fr", "url": "https://example.org", "publisher": "P"}
        more = {"retrieved": "2026-11-24", "licence": "CC BY 4.0"}
        document = Document.model_validate({"id": "2020-x", "text": "x " + text.strip() + " x", **front, **more})
        for passage in split_passages(document, PassageSettings()):
            assert document.text[passage.start : passage.end] == passage.text


def front_matter(data: bytes) -> None:
    """Read a corpus file, as an article and as a profile."""
    for folder, name in (("articles", "2020-01-02-a.md"), ("clusters", "bois.fr.md")):
        path = scratch() / folder / name
        path.write_bytes(data)
        try:
            document = read_document(path, scratch())
        except CorpusError as error:
            assert error.problem and "\n" not in str(error)
        else:
            assert document.text


def batch_line(data: bytes) -> None:
    """Read a line of a batch."""
    try:
        read_fields(parse_line(data), "question")
    except UsageError as error:
        assert "\n" not in str(error)


def manifest(data: bytes) -> None:
    """Read a manifest."""
    (scratch() / "version" / "manifest.json").write_bytes(data)
    try:
        read_manifest(scratch() / "version")
    except (IndexCorrupt, IndexMismatch) as error:
        assert "clusterbot index build" in str(error)


def weights(data: bytes) -> None:
    """Read the head of a file of weights."""
    try:
        parse_weights(data, Path("weights.bin"))
    except ModelUnavailable as error:
        assert "pip install" in str(error)


def person(data: bytes) -> None:
    """Read a Discord id, an address to listen on, and the address of a Discord."""
    text = read(data)
    for check in (check_person, read_bind):
        try:
            check(text)
        except ClusterbotError as error:
            assert len(str(error)) < 1000


def shown(data: bytes) -> None:
    """Show a text of a stranger's in Discord: nothing in it pings, leads anywhere or hides, and every page fits."""
    text = data.decode("utf-8", "replace")[:4000]
    told = markup.escape(text)
    assert "@everyone" not in told and "@here" not in told and "://" not in told
    assert re.search(r"(?<!\\)(?:\\\\)*<[@#:]", told) is None
    spans = telling_words(text, "fr", "number", "")
    markup.embolden(text, spans)
    assert len(markup.shorten(text, 100)) <= 100
    assert all(len(page) <= 300 for page in markup.pages(text.split("\n\n"), 300))


def press(data: bytes) -> None:
    """Press a button that never was: its id is taken whole, or not at all."""
    text = read(data)[:100]
    for item in (Press, Reason):
        if found := re.fullmatch(item.__discord_ui_compiled_template__, text):
            parts = found.groupdict()
            assert re.fullmatch(r"[2-9a-z]{12}", parts["receipt"] or "2" * 12)
            assert parts.get("action", "why").isascii()


def cluster(data: bytes) -> None:
    """Look a cluster up by what someone types, whole or in part; read a date."""
    text = read(data)[:200]
    for lang in LANGUAGES:
        assert len(registry().complete(text, lang, 25)) <= 25
    for check in (registry().resolve_one, read_date):
        try:
            check(text)
        except ClusterbotError as error:
            assert len(str(error)) < 2000


def source(kind: str) -> Callable[[bytes], None]:
    """Read a foreign file of a kind, as the process does that can be thrown away; what it takes too much memory for is no crash."""

    def run(data: bytes) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the process that reads files has nobody to warn
                found = worker.read(kind, data, None, "https://example.org/page")
        except SourceError as error:
            assert "\n" not in str(error) and len(str(error)) < 2000
        except (MemoryError, RecursionError):
            return
        else:
            if isinstance(found, Page):
                assert "\x00" not in markdown_of(found)

    return run


def pages_of(*names: str) -> tuple[bytes, ...]:
    """Return saved pages and files, to begin with."""
    return tuple((ROOT / "tests" / "pages" / name).read_bytes() for name in names)


def word_file() -> bytes:
    """Return a Word document of two paragraphs."""
    import docx

    made, written = docx.Document(), io.BytesIO()
    made.add_heading("Un titre")
    made.add_paragraph("Une phrase longue, puis une autre. " * 10)
    made.save(written)
    return written.getvalue()


def encoded(*texts: str) -> tuple[bytes, ...]:
    return tuple(text.encode() for text in texts)


def corpus_files() -> tuple[bytes, ...]:
    """Return a few corpus files of each kind, to begin with."""
    names = sorted((ROOT / "corpus").rglob("*.md"))[::40]
    return tuple(re.sub(rb"(?s)(\n---\n.{600}).*", rb"\1", path.read_bytes()) for path in names)


TARGETS = {
    "question": Target(question, encoded(*QUESTIONS, "\x1e".join(QUESTIONS))),
    "claim": Target(claim, encoded(*CLAIMS)),
    "figures": Target(figures, encoded(*CLAIMS, "1 250,5 M$ ; $2.5M; 3,4 % de 2012 à 2014; twelve hundred; 12e; 1.000.000")),
    "sentences": Target(sentences, encoded(*CLAIMS, "# Titre\n\n- M. Roy, p. ex., dit : « Oui. » Et 3.5 M$...\n| a | b |\n")),
    "front_matter": Target(front_matter, corpus_files()),
    "batch_line": Target(
        batch_line, encoded(json.dumps({"id": 1, "question": "Qui ?", "context": ["a"], "lang": "fr"}), "[1e999]")
    ),
    "manifest": Target(manifest, encoded(json.dumps({"format": 2, "version": "v", "files": {}, "passages": {"fr": 1}}), "[[]]")),
    "weights": Target(weights, (b"E5S1\x01\0\0\0" + bytes(200),)),
    "html": Target(source("html"), (*pages_of("paywall.html", "faq-accordion.html"), b"<p>Une phrase. " * 30)),
    "pdf": Target(source("pdf"), (*pages_of("empty.pdf", "protected.pdf", "report-one-column.pdf"),)),
    "docx": Target(source("docx"), (word_file(),)),
    "listing": Target(source("listing"), pages_of("rss.xml", "atom.xml")),
    "markdown": Target(source("markdown"), encoded("---\ntitle: T\n---\n\n# Titre\n\n- une\n- deux\n\n> cité\n\n" + 20 * "Oui. ")),
    "text": Target(source("text"), encoded("Une phrase longue, puis une autre. " * 20)),
    "shown": Target(shown, encoded("@everyone <@1> [a](https://b.example) ||x|| `c` # d\n\n> e", "120 membres en 2020. " * 30)),
    "press": Target(press, encoded("cb:up:23456789abcd", "cb:export", "cb-why:23456789abcd")),
    "cluster": Target(cluster, encoded("GIAQ", "aero montreal", "2021-03", "grappe de l’aluminium")),
    "person": Target(person, encoded("184405311681986560", "127.0.0.1:9464", "[::1]:80")),
}
