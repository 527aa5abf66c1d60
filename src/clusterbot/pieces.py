"""Text -> the piece ids of an XLM-RoBERTa vocabulary, with where in the text each piece begins.

The vocabulary comes from a `tokenizer.json` and is written once as a SentencePiece model, which loads in a third of the time.
A text that holds "<s>" is text: it never becomes a control token.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor
from tokenizers import normalizers

_NORMALIZER = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
_SPACES = {ord(space): " " for space in "\u00a0\u202f\u2009\n\t"}


def write_pieces(tokenizer_json: Path, path: Path) -> None:
    """Write the vocabulary of a Unigram tokenizer as a SentencePiece model that normalises nothing itself."""
    from sentencepiece import sentencepiece_model_pb2

    proto: Any = sentencepiece_model_pb2  # its classes are made when it is imported

    tokenizer = json.loads(tokenizer_json.read_text(encoding="utf-8"))
    special = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    kinds = proto.ModelProto.SentencePiece
    model = proto.ModelProto()
    for place, (piece, score) in enumerate(tokenizer["model"]["vocab"]):
        is_unknown = place == tokenizer["model"]["unk_id"]
        kind = kinds.UNKNOWN if is_unknown else kinds.CONTROL if place in special.values() else kinds.NORMAL
        model.pieces.add(piece=piece, score=score, type=kind)
    trainer = model.trainer_spec
    trainer.model_type = proto.TrainerSpec.UNIGRAM
    for use, piece in (("bos", "<s>"), ("eos", "</s>"), ("pad", "<pad>"), ("unk", "<unk>")):
        setattr(trainer, f"{use}_id", special[piece])
        setattr(trainer, f"{use}_piece", piece)
    model.normalizer_spec.name = "identity"
    path.write_bytes(model.SerializeToString())


class PieceTokenizer:
    """The tokenizer of a file that `write_pieces` wrote."""

    def __init__(self, path: Path) -> None:
        """Load the vocabulary.

        Raises:
            OSError, RuntimeError: there is no such file, or it holds no SentencePiece model.
        """
        self._pieces = SentencePieceProcessor()
        self._pieces.LoadFromSerializedProto(path.read_bytes())
        self.bos, self.eos, self.pad = self._pieces.bos_id(), self._pieces.eos_id(), self._pieces.pad_id()

    def encode(self, text: str, limit: int) -> tuple[list[int], NDArray[np.int32]]:
        """Return at most `limit` piece ids, without control tokens, and for each the offset in `text` at which it begins."""
        normal, origins = normalise(text)
        found = self._pieces.encode(normal, return_type="proto").pieces[:limit]
        ids = [piece.id for piece in found]
        if not normal:
            return ids, np.zeros(len(ids), np.int32)
        # Offsets come in bytes of UTF-8; a piece that begins a word holds the space before it.
        is_first = (np.frombuffer(normal.encode(), np.uint8) & 0xC0) != 0x80
        characters = (np.cumsum(is_first) - 1)[[min(piece.begin, len(is_first) - 1) for piece in found]]
        begins = [min(place + normal.startswith(" ", place), len(normal) - 1) for place in characters.tolist()]
        return ids, origins[begins]


def normalise(text: str) -> tuple[str, NDArray[np.int32]]:
    """Return a text as the model was trained on it (SentencePiece's nmt_nfkc), and for each character where it comes from.

    Character by character with the marks that combine with it: only what composes out of two letters (Hangul jamo) could differ
    from a normalisation of the whole.
    """
    plain = text.translate(_SPACES)
    if _normal(text) == plain:
        return plain, np.arange(len(text), dtype=np.int32)
    parts, origins = [], []
    for start, end in _clusters(text):
        parts.append(_normal(text[start:end]))
        origins += [start] * len(parts[-1])
    return "".join(parts), np.array(origins, np.int32)


def _normal(text: str) -> str:
    # A lone surrogate, or a null, is no character.
    normal: str = _NORMALIZER.normalize_str(text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8"))
    return normal


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not unicodedata.combining(text[place]):
            yield start, place
            start = place
