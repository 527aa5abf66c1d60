"""A Word document -> headings, paragraphs, list items and table rows, in order."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
from docx.table import Table

from clusterbot.errors import ContentRefused, NoText, SourceDamaged, SourceTooLarge
from clusterbot.ingest.parsed import Block, Page, block

MAX_UNPACKED = 200_000_000
MAX_PARTS = 5_000


def read_docx(content: bytes) -> Page:
    """Read a Word document.

    Raises:
        SourceError: it is none, damaged, a decompression bomb, or holds no text.
    """
    _check_archive(content)
    try:
        opened = docx.Document(io.BytesIO(content))
        properties = opened.core_properties
        title, author = properties.title or None, properties.author or None
        blocks = list(_blocks(opened))
    except Exception as error:  # python-docx raises whatever a broken file makes it stumble on
        raise SourceDamaged(f"the document can't be read ({type(error).__name__}): save it again as DOCX or PDF") from error
    if not blocks:
        raise NoText("the document holds no text: add another version of it")
    headings = [one.text for one in blocks if one.kind == "heading"]
    return Page(title=title or (headings[0] if headings else None), author=author, blocks=tuple(blocks))


def _check_archive(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise SourceDamaged(f"the document can't be unpacked ({error}): save it again") from error
    if "word/document.xml" not in {part.filename for part in parts}:
        raise ContentRefused("this archive is no Word document: add the documents in it one by one, as DOCX or PDF")
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise SourceTooLarge(f"the document unpacks to more than {MAX_UNPACKED:,} bytes: save it without pictures, or add its text")


def _blocks(opened: Any) -> Iterator[Block]:  # noqa: ANN401
    for element in opened.iter_inner_content():
        if isinstance(element, Table):
            for row in element.rows:
                cells = list(dict.fromkeys(" ".join(cell.text.split()) for cell in row.cells))  # a merged cell comes several times
                made = block("row", " | ".join(cell for cell in cells if cell))
                if made is not None:
                    yield made
            continue
        style = (element.style.name or "").casefold() if element.style is not None else ""
        is_item = "list" in style or (element._p.pPr is not None and element._p.pPr.numPr is not None)
        is_heading = style.startswith(("heading", "title", "titre"))
        made = block("heading" if is_heading else "item" if is_item else "paragraph", element.text)
        if made is not None:
            yield made
