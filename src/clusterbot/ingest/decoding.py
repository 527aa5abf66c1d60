"""Bytes -> text, where the encoding is declared, known by its signs, or has to be found out."""

from __future__ import annotations

import codecs
import re

from clusterbot.errors import EncodingUnknown

_META = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{2,40})|<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w-]{2,40})", re.I
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What pages in Latin-1 are in fact (WHATWG, Encoding, section 4.2).
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254"}
# Tried where nothing is declared, or wrongly: Windows, old Macintosh, DOS. charset-normalizer took French in cp1252 for cp1250.
_UNDECLARED = ("cp1252", "mac_roman", "cp850")
_OURS = frozenset("àâäçéèêëîïôöùûüÿœæÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆ«»’‘“”–—…°€©®²³\u00a0\u202f\u2009")
MAX_ODD = 0.002  # share of letters that no one writes; a wrongly read page has a hundred times as many
_ODD = re.compile("[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x80-\x9f]|Ã[\x80-\xbf©¨ªàâ]|â€")


def decode(content: bytes, declared: str | None) -> str:
    """Return the text of bytes: by their mark, what the server or page declares, UTF-8, or what French pages were written in.

    Raises:
        EncodingUnknown: nothing gives a text that someone may have written.
    """
    for encoding in _candidates(content, declared):
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if not _is_odd(text):
            return text
    guessed = max((_lenient(content, encoding) for encoding in _UNDECLARED), key=_share_of_ours)
    if not _is_odd(guessed) and _share_of_ours(guessed) > 0.5:
        return guessed
    raise EncodingUnknown("the letters can't be made out: save the source in UTF-8 and add the file")


def _lenient(content: bytes, encoding: str) -> str:
    return content.decode(encoding, "replace")


def _share_of_ours(text: str) -> float:
    """Return the share of signs that French and English write among all that aren't ASCII."""
    beyond = [char for char in text if char > "\x7f"]
    return sum(char in _OURS for char in beyond) / max(len(beyond), 1)


def _candidates(content: bytes, declared: str | None) -> list[str]:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return [encoding]
    meta = _META.search(content[:4096])
    named = [declared or "", ((meta[1] or meta[2]).decode("ascii") if meta else "")]
    return list(dict.fromkeys(["utf-8", *filter(None, map(_meant, named))]))


def _meant(name: str) -> str:
    """Return Python's name of an encoding of text; "" for what is none (`zlib` is one to Python)."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    return _MEANT.get(found.name, found.name) if found._is_text_encoding else ""


def _is_odd(text: str) -> bool:
    return len(_ODD.findall(text)) > MAX_ODD * max(len(text), 1)
