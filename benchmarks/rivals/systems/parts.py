"""What the systems share: the shape of a document, and the prompts that the model was trained with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

QUERY, PASSAGE = "query: ", "passage: "
STEMMERS = {"fr": "french", "en": "english"}


@dataclass(frozen=True)
class Document:
    """A document as every system gets it."""

    id: str
    lang: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        """Title and text, as one would hand them to a system that knows no titles; the title once."""
        begins = " ".join(self.text[: 2 * len(self.title)].split()).startswith(self.title)
        return self.text if begins else f"{self.title}\n{self.text}"


@dataclass(frozen=True)
class Job:
    """What a system is given: the model's folder, its own folder, and the languages of the set."""

    model: str
    folder: Path
    langs: tuple[str, ...]
    corpus: str
