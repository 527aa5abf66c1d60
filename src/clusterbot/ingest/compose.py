"""A page that was read -> a corpus document: what it says of itself checked and bounded, its language and clusters found."""

from __future__ import annotations

import datetime as dt
import re
import urllib.parse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clusterbot.analysis import identify_language
from clusterbot.clusters import ClusterRegistry
from clusterbot.errors import LanguageRefused, LoginWall, NoText, SourceTooLarge
from clusterbot.ingest.parsed import MAX_TEXT_CHARS, Block, Page, markdown_of
from clusterbot.models import LANGUAGES, MAX_LINE_CHARS, Document, Lang
from clusterbot.text import find_numbers, fold, split_sentences

MIN_WORDS = 25
"""A page with fewer words holds nothing to quote: a notice, a form, an empty shell."""
READ_FOR_CLUSTERS = 20_000
READ_FOR_LANGUAGE = 20_000
MAX_EXCERPTS, MAX_EXCERPT_CHARS = 5, 800
SLUG_CHARS = 60
NO_LICENCE = "not stated"
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@dataclass(frozen=True, slots=True)
class Given:
    """What whoever adds a page says of it; this wins over what the page says."""

    title: str | None = None
    publisher: str | None = None
    author: str | None = None
    published: str | None = None
    licence: str | None = None
    clusters: tuple[str, ...] | None = None
    quote_only: bool = False


def compose(
    page: Page, address: str, registry: ClusterRegistry, today: dt.date, given: Given, listed: str | None = None
) -> Document:
    """Make a document of a page at an address; `listed` is the date that a feed gives it.

    Raises:
        SourceError: it is closed, says too little or too much, or is in another language.
    """
    if page.is_closed:
        raise LoginWall(f"{address} is for subscribers; if you may use it, save the whole page and add the file with --url")
    title = given.title or _title(page, address)
    text = markdown_of(page.model_copy(update={"blocks": tuple(_without_title(page.blocks, title))}))
    words = len(text.split())
    if words < MIN_WORDS:
        cure = "if scripts build the page, save it from a browser and add the file with --url"
        raise NoText(f"{address} has {words} words of text: {cure}")
    if len(text) > MAX_TEXT_CHARS:
        raise SourceTooLarge(f"{address} has {len(text):,} characters of text, {MAX_TEXT_CHARS:,} are taken: add a part as a file")
    lang = _language(text, address)
    clusters = given.clusters if given.clusters is not None else propose_clusters(f"{title}\n{text}", registry)
    if given.quote_only:
        text = excerpts(text, lang, registry)
    published = given.published or _date(page.published, today) or _date(listed, today)
    return Document(
        id=slug(title, published),
        kind="article",
        title=title,
        lang=lang,
        url=address,
        publisher=given.publisher or page.publisher or urllib.parse.urlsplit(address).hostname or address,
        author=given.author or page.author,
        published=published,
        retrieved=today.isoformat(),
        clusters=clusters,
        licence=given.licence or page.licence or NO_LICENCE,
        text=text,
    )


def _title(page: Page, address: str) -> str:
    """Return the page's title without the site's name at its end, or what comes first on the page."""
    title = page.title or next((one.text for one in page.blocks if one.kind == "heading"), None) or page.blocks[0].text
    if page.publisher:
        title = re.sub(rf"\s+[|\u2013\u2014·-]\s+{re.escape(page.publisher)}$", "", title, flags=re.I) or title
    return title if len(title) <= MAX_LINE_CHARS else title[: MAX_LINE_CHARS - 2].rpartition(" ")[0] + " …"


def _without_title(blocks: Sequence[Block], title: str) -> list[Block]:
    """Leave out the title where it stands before the text, since a document has it apart."""
    first = next((n for n, one in enumerate(blocks) if fold(one.text) == fold(title)), None)
    return [one for n, one in enumerate(blocks) if n != first] if first is not None and first < 5 else list(blocks)


def _language(text: str, address: str) -> Lang:
    prose = "\n".join(line for line in text.split("\n") if not line.startswith(("#", "-")) and "|" not in line) or text
    found = identify_language(prose[:READ_FOR_LANGUAGE])
    for lang in LANGUAGES:
        if found == lang:
            return lang
    raise LanguageRefused(f"{address} is in another language ({found}): add its French or English version")


def _date(value: str | None, today: dt.date) -> str | None:
    """Return a date at the precision stated; None for what is none, or lies ahead."""
    match = _DATE.match(value or "")
    if match is None or match[0] > today.isoformat() or match[0] < "1000":
        return None
    try:
        dt.date.fromisoformat((match[0] + "-01-01")[:10])
    except ValueError:
        return None
    return match[0]


def propose_clusters(text: str, registry: ClusterRegistry) -> tuple[str, ...]:
    """Return the clusters that a text names beyond doubt, the most named first."""
    found = registry.mentions(text[:READ_FOR_CLUSTERS])
    counts = Counter(one.cluster_ids[0] for one in found if not one.is_ambiguous and one.distance == 0)
    return tuple(key for key, _ in counts.most_common())


def excerpts(text: str, lang: Lang, registry: ClusterRegistry) -> str:
    """Return a few sentences as they stand, in their order: the first, and those that name a cluster or give figures."""
    sentences = [text[one.start : one.end] for one in split_sentences(text, lang) if not one.is_heading]
    weights = [_weight(one, lang, registry) for one in sentences]
    ranked = sorted((n for n in range(len(sentences)) if n == 0 or weights[n]), key=lambda n: (n > 0, -weights[n], n))
    kept: list[int] = []
    for n in ranked:
        if len(kept) < MAX_EXCERPTS and sum(len(sentences[one]) for one in (*kept, n)) <= MAX_EXCERPT_CHARS:
            kept.append(n)
    return "\n\n".join(sentences[n] for n in sorted(kept or ranked[:1]))


def _weight(sentence: str, lang: Lang, registry: ClusterRegistry) -> int:
    return 2 * bool(registry.mentions(sentence)) + bool(find_numbers(sentence, lang))


def slug(title: str, published: str | None) -> str:
    """Return the id of an article: its date and the words of its title in plain letters."""
    name = ""
    for word in re.findall(r"[a-z0-9]+", fold(title)):
        if len(name) + len(word) >= SLUG_CHARS:
            break
        name += f"-{word}"
    return f"{published or 'undated'}{name or '-page'}"
