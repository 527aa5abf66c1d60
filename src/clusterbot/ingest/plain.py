"""Markdown and plain text -> blocks; marks that only dress words are taken off, since sentences are quoted."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from clusterbot.errors import CorpusError, NoText
from clusterbot.front_matter import load_mapping
from clusterbot.ingest.decoding import decode
from clusterbot.ingest.parsed import Block, BlockKind, Page, block

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*\n", re.S)
_KEYS = {
    "title": ("title", "titre"),
    "author": ("author", "auteur"),
    "publisher": ("publisher", "source"),
    "published": ("published", "date"),
    "licence": ("licence", "license"),
    "address": ("url", "link", "canonical"),
}


def read_text(content: bytes, charset: str | None) -> Page:
    """Read plain text: an empty line ends a paragraph; the first line is the title where an empty line follows it.

    Raises:
        SourceError: its letters can't be made out, or there is nothing in it.
    """
    text = decode(content, charset).replace("\r\n", "\n").replace("\r", "\n")
    blocks = [one for part in re.split(r"\n\s*\n", text) if (one := _paragraph(part)) is not None]
    if not blocks:
        raise NoText("there is no text in it: add another version")
    is_titled = len(blocks) > 1 and len(blocks[0].text) <= 200 and blocks[0].text[-1:] not in ".:;,"
    return Page(title=blocks[0].text if is_titled else None, blocks=tuple(blocks[1:] if is_titled else blocks))


def _paragraph(part: str) -> Block | None:
    item = re.match(r"\s*[-*•]\s+(.*)", part, re.S)
    return block("item", item[1]) if item else block("paragraph", part)


def read_markdown(content: bytes, charset: str | None) -> Page:
    """Read Markdown; YAML front matter tells title, author, publisher, date, licence and address.

    Raises:
        SourceError: its letters can't be made out, or there is nothing in it.
    """
    text = decode(content, charset).replace("\r\n", "\n").replace("\r", "\n")
    values: dict[str, str | None] = {}
    front = _FRONT.match(text)
    if front:
        values = _front_values(front[1])
        text = text[front.end() :]
    blocks = _markdown_blocks(MarkdownIt("commonmark").enable("table").parse(text))
    if not blocks:
        raise NoText("there is no text in it: add another version")
    if values.get("title") is None and blocks[0].kind == "heading":
        values["title"] = blocks[0].text
    return Page(**values, blocks=tuple(blocks))  # type: ignore[arg-type]


def _front_values(front: str) -> dict[str, str | None]:
    try:
        _, found = load_mapping(front, "front matter")
    except CorpusError:
        return {}  # what stands between two lines of dashes is no front matter, then
    lower = {str(key).casefold(): value for key, value in found.items()}
    values = {key: next((lower[name] for name in names if name in lower), None) for key, names in _KEYS.items()}
    return {key: str(value) if isinstance(value, str | int) else None for key, value in values.items()}


def _markdown_blocks(tokens: list[Token]) -> list[Block]:
    blocks: list[Block] = []
    cells: list[str] = []
    items, is_row = 0, False
    kind: BlockKind = "paragraph"
    for token in tokens:
        items += (token.type == "list_item_open") - (token.type == "list_item_close")
        if token.type == "tr_open":
            is_row, cells = True, []
        elif token.type == "tr_close":
            blocks += _kept("row", " | ".join(cell for cell in cells if cell))
            is_row = False
        elif token.type in _OPENS:
            kind = _OPENS[token.type]
        elif token.type == "inline" and is_row:
            cells.append(_words(token))
        elif token.type == "inline":
            blocks += _kept("item" if items and kind == "paragraph" else kind, _words(token))
        elif token.type in ("fence", "code_block"):
            blocks += _kept("paragraph", token.content)
    return blocks


_OPENS: dict[str, BlockKind] = {
    "heading_open": "heading",
    "heading_close": "paragraph",
    "blockquote_open": "quote",
    "blockquote_close": "paragraph",
}


def _kept(kind: BlockKind, text: str) -> list[Block]:
    made = block(kind, text)
    return [] if made is None else [made]


def _words(token: Token) -> str:
    """Return what a line says: links by their words, pictures by their description, no raw HTML."""
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return "".join(parts)
