"""What a page's tree needs before its main text is looked for: rules about how pages are built, none about what they say."""

from __future__ import annotations

import re
from typing import Any

MAIN_SHARE = 0.75
"""Share of a page's prose that its main part holds at least: the rest is teasers, notices and comments."""
PROSE_WORDS = 8
"""A paragraph with fewer words is a caption, a date or a button."""

# trafilatura turns no-break spaces into plain ones, and French puts them into every figure: they pass as private signs.
_BLANKS = {"\u00a0": "\ue0a0", "\u202f": "\ue0a1"}
_CONTROLS = (*(sign for sign in range(32) if chr(sign) not in "\t\n\r"), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_UNWRITABLE = dict.fromkeys(_CONTROLS, " ")  # lxml takes these from a page, but not back
_TO_SIGNS = str.maketrans(_BLANKS) | _UNWRITABLE
_TO_BLANKS = str.maketrans({sign: blank for blank, sign in _BLANKS.items()})
# What French pages call the parts that are no text; trafilatura knows the English names.
_ASIDE = re.compile(
    r"\b(infolettres?|temoins?|publicites?|a-lire-aussi|lire-aussi|fil-ariane|pied-(?:de-)?page|pied|entete|en-tete|legendes?|partages?"
    r"|commentaires|sur-?titre|signature|newsletters?|cookies?|breadcrumbs?)\b",
    re.I,
)
MAIN = "//article|//main|//*[@role='main']"
_BLOCKS = "p|div|ul|ol|table|h1|h2|h3|h4|h5|h6|blockquote"


def with_blanks(text: str | None) -> str | None:
    """Return a text with its no-break spaces where they were."""
    return None if text is None else text.translate(_TO_BLANKS)


def tidy(tree: Any) -> None:  # noqa: ANN401  # an lxml element
    """Make a page's tree one in which the main text can be found; changes it."""
    for element in tree.iter():
        if isinstance(element.tag, str):
            element.text = element.text and element.text.translate(_TO_SIGNS)
        element.tail = element.tail and element.tail.translate(_TO_SIGNS)
    _drop_asides(tree)
    _free_headings(tree)
    _unfold_tables(tree)


def _drop_asides(tree: Any) -> None:  # noqa: ANN401
    """Leave out what its class or id calls no text; a body of class "has-cookies" is the page, so no half of the prose goes."""
    half = max(PROSE_WORDS, sum(map(_prose, tree.iter("p"))) / 2)
    for element in list(tree.xpath("//body//*[@class or @id]")):
        named = f"{element.get('class', '')} {element.get('id', '')}".replace("_", "-")
        is_aside = element.tag not in ("article", "main") and _ASIDE.search(named) and element.getparent() is not None
        if is_aside and len(element.text_content().split()) < half:
            element.drop_tree()


def _free_headings(tree: Any) -> None:  # noqa: ANN401
    """A heading that unfolds a part holds a button, which would be left out; `<summary>` is such a heading."""
    for button in tree.xpath("//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6]//button"):
        button.tag = "span"
    for summary in tree.iter("summary"):
        summary.tag = "h3"


def _unfold_tables(tree: Any) -> None:  # noqa: ANN401
    """A table whose cells hold blocks places them on the page; it is no table."""
    for table in list(tree.iter("table")):
        if table.xpath(f".//td//*[self::{_BLOCKS.replace('|', ' or self::')}]") or len(table.xpath(".//td|.//th")) == 1:
            for element in [table, *table.xpath(".//tbody|.//thead|.//tr|.//td|.//th")]:
                element.tag = "div"


def mark_main(tree: Any) -> None:  # noqa: ANN401
    """Name the main part of a page that names none: the smallest one that holds most of its prose."""
    held: dict[Any, int] = {}
    total = 0
    for paragraph in tree.xpath("//p[not(ancestor::nav or ancestor::footer or ancestor::aside or ancestor::form)]"):
        words = _prose(paragraph)
        total += words
        for above in paragraph.iterancestors():
            held[above] = held.get(above, 0) + words
    inside = [one for one, words in held.items() if total and words >= MAIN_SHARE * total and one.tag not in ("html", "body")]
    if inside:
        min(inside, key=lambda one: sum(1 for _ in one.iter())).tag = "article"


def _prose(paragraph: Any) -> int:  # noqa: ANN401
    words = len(paragraph.text_content().split())
    return words if words >= PROSE_WORDS else 0
