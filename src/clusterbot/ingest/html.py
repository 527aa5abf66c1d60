"""A web page -> its main text and what it says of itself; menus, banners and comments stay out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lxml import etree
from lxml import html as lxml_html
from trafilatura import bare_extraction

from clusterbot.errors import NoText, SourceDamaged
from clusterbot.ingest.decoding import decode
from clusterbot.ingest.parsed import Block, BlockKind, Page, block
from clusterbot.ingest.tidying import MAIN, mark_main, tidy, with_blanks
from clusterbot.models import LANGUAGES
from clusterbot.text import MONTHS, fold

MAX_TREE = 400_000
"""Elements; a page with more is an attack or a dump."""
WALL_WORDS = 60
"""A page that asks for a password and has fewer words is a login page, whatever it says."""
TEASER_WORDS = 300
"""A page that asks for a password, says that it is closed and has fewer words shows the beginning of an article."""

TOLERANCE = 0.02
"""Share of words that may differ where only headings and paragraph ends should: words run together at an end that was lost."""

_BREAKS = re.compile(r"(?:<br\s*/?>(?:\s|&nbsp;)*){2,}", re.I)
_KINDS: dict[str, BlockKind] = {
    "head": "heading",
    "p": "paragraph",
    "item": "item",
    "quote": "quote",
    "ab": "paragraph",
    "code": "paragraph",
}
# `original_date`: when it was published, not changed; no extensive search, which would guess from any date on the page.
_DATES = {"extensive_search": False, "original_date": True}
_WALL = re.compile(
    r"\b(r[ée]serv[ée]e?s? (?:aux|à nos|à vos) (?:abonn|membre)|(?:abonnez|connectez)-vous pour"
    r"|pour (?:lire la suite|poursuivre votre)|(?:log|sign) in to (?:read|continue|view)|subscribe to (?:read|continue)"
    r"|(?:subscribers|members) only|already a (?:subscriber|member))",
    re.I,
)
_PUBLISHED = re.compile(
    r"(?:publiée?s?|mise? en ligne|diffusée?|paru|published|posted)(?: le| on)?[ :\u00a0\ue0a0]*"
    r"(?:(\d{1,2})(?:er|st|nd|rd|th)? ([^\W\d]{3,}),? (\d{4})|([^\W\d]{3,}) (\d{1,2})(?:st|nd|rd|th)?, (\d{4}))\b",
    re.I,
)
_CLOSED = re.compile(r'"isAccessibleForFree"\s*:\s*"?false', re.I)


def read_html(content: bytes, charset: str | None, address: str | None) -> Page:
    """Read a page.

    Raises:
        SourceError: its letters can't be made out, it is no page, or has no main text.
    """
    text = decode(content, charset)
    tree = _tree(text)
    is_closed = bool(_CLOSED.search(text))
    asks_password = bool(tree.xpath("//input[@type='password']"))
    facts = {"title": _title(tree), "address": _canonical(tree)}
    found, blocks = _extract(text, address)
    words = sum(len(one.text.split()) for one in blocks)
    is_closed = is_closed or (asks_password and (words < WALL_WORDS or (words < TEASER_WORDS and bool(_WALL.search(text)))))
    if found is None or not blocks:
        if is_closed:
            return Page(is_closed=True)
        raise NoText("the page has no main text; if scripts build it, save it from a browser and add the file with --url")
    return Page(
        title=facts["title"] or with_blanks(found.title),
        author=with_blanks(found.author),
        publisher=with_blanks(found.sitename) or found.hostname,
        published=_stated_date(_tree(text), found.date, address),
        licence=with_blanks(found.license),
        address=facts["address"],
        is_closed=is_closed,
        blocks=tuple(blocks),
    )


def _extract(text: str, address: str | None) -> tuple[Any, list[Block]]:
    """Find the main text; headings and paragraphs that trafilatura would lose are won back where nothing else changes.

    Two preparations help on pages without a named main part and on old ones without paragraphs, and hurt on some: each is kept only
    if the words of the text stay those found without it, but for headings.
    """
    has_main = bool(_tree(text).xpath(MAIN))
    found, blocks = _extract_from(_tree(text), address)
    for breaks, main in ((True, True), (False, True), (True, False)):
        if (breaks and not _BREAKS.search(text)) or (main and has_main):
            continue
        tree = _tree(text, breaks)
        if main:
            mark_main(tree)
        other, won = _extract_from(tree, address)
        if _says_the_same(blocks, won):
            return other, won
    return found, blocks


def _extract_from(tree: Any, address: str | None) -> tuple[Any, list[Block]]:  # noqa: ANN401
    tidy(tree)
    found: Any = bare_extraction(
        tree,
        url=address,
        with_metadata=True,
        include_comments=False,
        include_tables=True,
        include_formatting=True,
        date_extraction_params=_DATES,
    )
    return found, [] if found is None or found.body is None else list(_blocks(found.body))


def _says_the_same(blocks: Sequence[Block], others: Sequence[Block]) -> bool:
    """Say whether two texts have the same words but for headings, and for those that run together at lost ends of paragraphs."""
    prose, other_prose = (_count(one for one in each if one.kind != "heading") for each in (blocks, others))
    everything = _count(others)
    lost, added = (prose - everything).total(), (other_prose - _count(blocks)).total()
    return bool(others) and max(lost, added) <= TOLERANCE * prose.total()


def _count(blocks: Iterable[Block]) -> Counter[str]:
    return Counter(word for one in blocks for word in re.findall(r"\w+", one.text))


def _tree(text: str, is_broken: bool = False) -> Any:  # noqa: ANN401  # an lxml element
    """Parse a page; if told so, two line breaks in a row begin a paragraph, as old pages write it.

    Raises:
        SourceDamaged: it is none, or has too many elements.
    """
    bare = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    bare = re.sub(r"</?(?:font|center)\b[^<>]{0,500}>", "", bare, flags=re.I)  # they hold paragraphs, which then don't end
    if is_broken:
        bare = _BREAKS.sub("<p>", bare)
    try:
        tree = lxml_html.document_fromstring(bare, parser=lxml_html.HTMLParser(huge_tree=False, no_network=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise SourceDamaged(f"this is no web page ({error}): save it again") from error
    if sum(1 for _ in tree.iter()) > MAX_TREE:
        raise SourceDamaged(f"the page has more than {MAX_TREE:,} elements: add the part that matters as a file")
    return tree


def _blocks(body: Any) -> Iterator[Block]:  # noqa: ANN401
    """Yield what trafilatura kept, in order; a table row becomes one line."""
    for element in body:
        if not isinstance(element.tag, str):
            continue
        if element.tag == "table":
            for row in element.iter("row"):
                cells = [" ".join("".join(cell.itertext()).split()) for cell in row.iter("cell")]
                yield from _one("row", " | ".join(cell for cell in cells if cell))
        elif element.tag in ("list", "quote", "div") and len(element):
            yield from _one(_KINDS.get(element.tag, "paragraph"), element.text or "")
            yield from _blocks(element)
        elif element.tag in _KINDS:
            yield from _one(_KINDS[element.tag], _own_text(element))
            for nested in element.iter("list"):
                yield from _blocks(nested)
        elif element.tag in ("hi", "ref", "del"):
            yield from _one("paragraph", "".join(element.itertext()))
        yield from _one("paragraph", element.tail or "")


def _own_text(element: Any) -> str:  # noqa: ANN401
    """Return an element's text without that of lists in it."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == "lb":
            parts.append(" ")
        elif child.tag != "list" and isinstance(child.tag, str):  # a comment's tag is no word
            parts.append("".join(child.itertext()))
        parts.append(child.tail or "")
    return "".join(parts)


def _one(kind: BlockKind, text: str) -> Iterator[Block]:
    made = block(kind, with_blanks(text) or "")
    if made is not None:
        yield made


def _title(tree: Any) -> str | None:  # noqa: ANN401
    """Return the only main heading, or the title meant for sharing; `<title>` often ends in the site's name."""
    headings = [" ".join(one.text_content().split()) for one in tree.xpath("//h1")]
    if len(headings) == 1 and headings[0]:
        return headings[0]
    return str(tree.xpath("string(//meta[@property='og:title'][1]/@content)")).strip() or None


def _stated_date(tree: Any, found: str | None, address: str | None) -> str | None:  # noqa: ANN401
    """Return the date found at the precision that the page states; htmldate fills in the first or today's day where none stands."""
    if found is None:
        return _printed_date(tree)
    scripts = tree.xpath("//script[contains(@type,'json')]/text()")
    stated = [*tree.xpath("//meta/@content"), *tree.xpath("//time/@datetime"), *scripts, _words(tree), address or ""]
    everything = fold(" ".join(stated))
    year, month, day = found.split("-")
    m, d = int(month), int(day)
    names = "|".join(fold(MONTHS[lang][m - 1])[: 4 if m in (6, 7) else 3] for lang in LANGUAGES)
    name = rf"(?:{names})[a-z]*\.?"
    days = rf"\b0?{d}(?:er|st|nd|rd|th)?"
    whole = (rf"{days}\s+{name},?\s+{year}", rf"{name}\s+{days},?\s+{year}", rf"\b{year}[/.-]0?{m}[/.-]0?{d}(?!\d)")
    turned = (rf"\b0?{d}[/.-]0?{m}[/.-]{year}\b", rf"\b0?{m}[/.-]0?{d}[/.-]{year}\b", rf"\b{year}{month}{day}(?!\d)")
    if any(re.search(pattern, everything) for pattern in (*whole, *turned)):
        return found
    in_month = re.search(rf"{name}\s+{year}\b|\b{year}[/.-]0?{m}(?!\d)|\b0?{m}[/.-]{year}\b", everything)
    return f"{year}-{month}" if in_month else year


def _printed_date(tree: Any) -> str | None:  # noqa: ANN401
    """Return the date that stands after a word for publishing; any other date on a page may be that of anything."""
    match = _PUBLISHED.search(_words(tree))
    if match is None:
        return None
    months = {fold(name): number for lang in LANGUAGES for number, name in enumerate(MONTHS[lang], start=1)}
    number = months.get(fold(match[2] or match[4]))
    return None if number is None else f"{match[3] or match[6]}-{number:02}-{int(match[1] or match[5]):02}"


def _words(tree: Any) -> str:  # noqa: ANN401
    """Return all words of a page; those of two elements never run into each other."""
    return " ".join(" ".join(tree.xpath("//text()[not(parent::script or parent::style)]")).split())


def _canonical(tree: Any) -> str | None:  # noqa: ANN401
    for path in ("//link[@rel='canonical']/@href", "//meta[@property='og:url']/@content"):
        for address in tree.xpath(path):
            if re.match(r"https?://", address.strip()):
                return str(address).strip()
    return None
