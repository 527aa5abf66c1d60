"""Stand-ins that a reader can work out by hand: an embedder of keywords, a small corpus, a tiny file of weights."""

from __future__ import annotations

import hashlib
import re
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from clusterbot.compiled import Encoding
from clusterbot.index.snapshot import Calibration
from clusterbot.models import Document, Names, Profile
from clusterbot.quoting import Candidate, SentenceWeights
from clusterbot.ranking import Ranking
from clusterbot.retrieval import FusionWeights
from clusterbot.text import fold

KEYWORDS = (
    *("bois|wood", "eau|water", "membres|members", "emplois|jobs"),
    *("directr|director", "export", "fond|founded", "usine|plant"),
)


class KeywordEmbedder:
    """Each keyword is an axis: a text's vector points along the keywords that it holds, or along one more axis if it holds none.

    The cosine of two texts is the number of keywords they share, over the root of the product of how many each holds. `a|b` on one
    axis are the words of two languages for one thing.
    """

    def __init__(self, keywords: Sequence[str] = KEYWORDS, name: str = "keywords", pause_s: float = 0.0) -> None:
        self.name = name
        self.revision = "1"
        self.dimension = len(keywords) + 1
        self.fingerprint = hashlib.sha256(f"{name}\0{keywords}".encode()).hexdigest()
        self.passages: list[str] = []
        self.queries: list[str] = []
        self._axes = [fold(keyword).split("|") for keyword in keywords]
        self._pause_s = pause_s

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.queries += texts
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        self.passages += texts
        time.sleep(self._pause_s * len(texts))
        if progress:
            progress(len(texts))
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(fold(text) for text in texts):
            held = [axis for axis, words in enumerate(self._axes) if any(word in text for word in words)]
            vectors[row, held or [self.dimension - 1]] = 1
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


class TokenKeywordEmbedder(KeywordEmbedder):
    """The same, and each word is a token that points along its keyword, or along the one more axis."""

    @property
    def token_dimension(self) -> int:
        return self.dimension

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        return [self._encoding(text, vector) for text, vector in zip(texts, self.embed_queries(texts), strict=True)]

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Encoding]:
        return [self._encoding(text, vector) for text, vector in zip(texts, self.embed_passages(texts, progress), strict=True)]

    def _encoding(self, text: str, vector: NDArray[np.float32]) -> Encoding:
        words = list(re.finditer(r"\w+", text))
        codes = (127 * self._embed([word.group() for word in words])).astype(np.int8)
        return Encoding(vector, codes, np.array([word.start() for word in words], np.int32))


def flat_fusion(**weights: float) -> FusionWeights:
    """Make fusion weights that are all 0 but those given: the standard score of the cosine plus the lexical share."""
    return FusionWeights.model_validate({**dict.fromkeys(FusionWeights.model_fields, 0.0), **weights})


def flat_ranking(margin: float = 1.0, threshold: float = 0.5, **weights: float) -> Ranking:
    """Make a ranking of plain numbers; `weights` are those of sentences.

    A question is answered with probability 1 / (1 + exp(10 - 20 * the best cosine)): 0.5 where that is 0.5.
    """
    calibration = Calibration(features=("cosine",), weights=(20.0,), intercept=-10.0, threshold=threshold)
    sentence = {**dict.fromkeys(SentenceWeights.model_fields, 0.0), "dense": 1.0, "matched": 3.0, "kind": 1.0, "margin": margin}
    return Ranking(
        fusion=flat_fusion(),
        sentence=SentenceWeights.model_validate({**sentence, **weights}),
        finding=Calibration(features=("score",), weights=(10.0,), intercept=-20.0, threshold=0.5),
        calibration={"fr": calibration, "en": calibration},
        calibrated_for="keywords@1",
        fitted="by hand",
    )


def document(id_: str = "2020-01-02-note", text: str = "Une phrase.", lang: str = "fr", **values: Any) -> Document:
    """Make an article; `values` override its front matter."""
    front: dict[str, Any] = {
        "kind": "article",
        "title": f"Titre de {id_}",
        "url": "https://example.org/a",
        "publisher": "Le Journal",
        "retrieved": "2026-11-22",
        "licence": "CC BY 4.0",
    }
    return Document.model_validate({"id": id_, "text": text, "lang": lang, **front, **values})


def sentences_of(cluster_id: str, *texts: str) -> list[Candidate]:
    """Make sentences to weigh claims by, in English, each all that a digest on a cluster says."""
    pages = [document(f"d{number}", text, "en", kind="digest", clusters=(cluster_id,)) for number, text in enumerate(texts)]
    return [Candidate(page, 0, len(page.text)) for page in pages]


def profile(cluster_id: str = "bois_boreal", lang: str = "fr", text: str = "Un profil.", **values: Any) -> Profile:
    """Make a cluster's page; names may be given as `official`, `short`, `aliases` and `former`."""
    given = {key: values.pop(key) for key in ("official", "short", "aliases", "former") if key in values}
    front = {"kind": "profile", "sector": "bois", "region": "Québec", "clusters": (cluster_id,), "title": f"{cluster_id} : profil"}
    names = Names.model_validate({"official": given.get("short", cluster_id), "short": cluster_id, **given})
    return Profile.model_validate({**document(f"{cluster_id}.{lang}", text, lang).model_dump(), **front, "names": names, **values})


def write_file(path: Path, front: dict[str, Any], text: str) -> Path:
    """Write a corpus file as a person would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = yaml.safe_dump(front, allow_unicode=True, sort_keys=False)
    path.write_text(f"---\n{written}---\n\n{text}\n", encoding="utf-8")
    return path


BOIS_FR = """Bois Boréal est la grappe de la filière du bois du Nord.

## Histoire

Bois Boréal a été fondé en mars 2012. La Grappe du bois du Nord a pris le nom de Bois Boréal en 2015.

## Membres

En 2020, Bois Boréal comptait 120 membres, selon Le Journal. En 2020, Bois Boréal comptait 140 membres, selon La Gazette. \
En 2016, Bois Boréal comptait 45 membres.

## Direction

En 2021, Jeanne Tremblay est directrice générale de Bois Boréal. En 2022, l’usine pilote de Bois Boréal a coûté 2,5 M$."""

BOIS_EN = """Boreal Wood is the cluster of the North's wood industry.

## History

Boreal Wood was founded in March 2012. The Northern Wood Cluster took the name of Boreal Wood in 2015.

## Members

In 2020, Boreal Wood had 120 members, according to Le Journal. In 2020, Boreal Wood had 140 members, according to La Gazette. \
In 2016, Boreal Wood had 45 members.

## Management

In 2021, Jeanne Tremblay is the director of Boreal Wood. In 2022, the pilot plant of Boreal Wood cost $2.5M."""

AQUA_FR = """Aqua Nord est la grappe des technologies de l’eau.

Aqua Nord a été fondée en 2018. En 2023, Aqua Nord comptait 1 250 emplois dans le secteur de l’eau."""

AQUA_EN = """Aqua Nord is the cluster of water technologies.

Aqua Nord was founded in 2018. In 2023, Aqua Nord counted 1,250 jobs in the water sector."""

ATTRIBUTES = {
    "members": {"type": "number", "fr": "Membres", "en": "Members"},
    "jobs": {"type": "number", "fr": "Emplois", "en": "Jobs"},
    "founded": {"type": "date", "fr": "Fondation", "en": "Founded"},
    "plant_cost": {"type": "money", "fr": "Coût de l’usine", "en": "Cost of the plant"},
    "director": {"type": "name", "many": True, "fr": "Direction", "en": "Director"},
}

JOURNAL = "https://journal.example.org/bois"
GAZETTE = "https://gazette.example.org/bois"


def write_corpus(corpus_dir: Path) -> Path:
    """Write a corpus that is lint-clean: two clusters in two languages, a former name, a shared one, and digests that disagree."""
    common = {"publisher": "clusterbot", "retrieved": "2026-11-22", "licence": "CC BY 4.0"}
    bois = {
        **common,
        "url": "https://bois.example.org",
        "clusters": ["bois_boreal"],
        "founded": "2012-03",
        "facts": [
            {"attribute": "members", "value": 120, "as_of": "2020", "source": JOURNAL},
            {"attribute": "members", "value": 140, "as_of": "2020", "source": GAZETTE},
            {"attribute": "members", "value": 45, "as_of": "2016", "source": JOURNAL},
            {"attribute": "founded", "value": "2012-03", "as_of": "2012-03", "source": "https://bois.example.org"},
            {"attribute": "director", "value": "Jeanne Tremblay", "as_of": "2021", "source": "https://bois.example.org"},
            {"attribute": "plant_cost", "value": 2.5, "unit": "M CAD", "as_of": "2022", "source": "https://bois.example.org"},
        ],
    }
    aqua = {
        **common,
        "url": "https://aqua.example.org",
        "clusters": ["aqua_nord"],
        "founded": "2018",
        "facts": [
            {"attribute": "jobs", "value": 1250, "as_of": "2023", "source": "https://aqua.example.org"},
            {"attribute": "founded", "value": "2018", "as_of": "2018", "source": "https://aqua.example.org"},
        ],
    }
    names = {
        ("bois_boreal", "fr"): {
            "official": "Bois Boréal, la grappe du bois du Nord",
            "short": "Bois Boréal",
            "aliases": ["grappe de l’arbre"],
            "former": [{"name": "Grappe du bois du Nord", "until": "2015"}, {"name": "GBN", "until": "2015"}],
        },
        ("bois_boreal", "en"): {
            "official": "Boreal Wood, the wood cluster of the North",
            "short": "Boreal Wood",
            "former": [{"name": "Northern Wood Cluster", "until": "2015"}],
        },
        ("aqua_nord", "fr"): {"official": "Aqua Nord, grappe de l’eau", "short": "Aqua Nord", "aliases": ["grappe bleue"]},
        ("aqua_nord", "en"): {"official": "Aqua Nord, the water cluster", "short": "Aqua Nord"},
    }
    texts = {"bois_boreal": {"fr": BOIS_FR, "en": BOIS_EN}, "aqua_nord": {"fr": AQUA_FR, "en": AQUA_EN}}
    place = {"fr": {"sector": "ressources", "region": "Nord"}, "en": {"sector": "resources", "region": "North"}}
    for (cluster_id, lang), called in names.items():
        title = {"title": f"{called['short']} : profil", "lang": lang, "names": called, **place[lang]}
        front = {**(bois if cluster_id == "bois_boreal" else aqua), **title}
        write_file(corpus_dir / "clusters" / f"{cluster_id}.{lang}.md", front, texts[cluster_id][lang])
    digest = {**common, "kind": "digest", "clusters": ["bois_boreal"]}
    journal = {"title": "Le bois du Nord recrute", "lang": "fr", "url": JOURNAL, "published": "2020-02-01"}
    text = "Selon Le Journal, Bois Boréal comptait 120 membres en 2020. Les exportations de bois ont crû en 2019."
    write_file(corpus_dir / "articles" / "2020-02-01-journal-bois.md", {**digest, **journal}, text)
    gazette = {"title": "A wood cluster that grows", "lang": "en", "url": GAZETTE, "published": "2020-11-05"}
    text = "According to La Gazette, Boreal Wood had 140 members in 2020. Its exports of wood grew in 2019."
    write_file(corpus_dir / "articles" / "2020-11-05-gazette-wood.md", {**digest, **gazette}, text)
    (corpus_dir / "attributes.yaml").write_text(yaml.safe_dump(ATTRIBUTES, allow_unicode=True), encoding="utf-8")
    shared = {"grappe verte": ["aqua_nord", "bois_boreal"]}
    (corpus_dir / "ambiguous.yaml").write_text(yaml.safe_dump(shared, allow_unicode=True), encoding="utf-8")
    return corpus_dir


PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("▁grappe", -3.0), ("s", -2.5), ("▁é", -4.0)]
HIDDEN, WIDE, VOCABULARY, POSITIONS = 32, 64, 40, 16


def quantise(weights: np.ndarray) -> bytes:
    """Write Q4_0 blocks one weight at a time, from the format's definition."""
    out = bytearray()
    for block in weights.reshape(-1, 32):
        scale = float(np.float16(np.abs(block).max() / 7)) or 1.0
        codes = [max(0, min(15, round(float(weight) / scale) + 8)) for weight in block]
        out += struct.pack("<e", scale) + bytes(low | high << 4 for low, high in zip(codes[:16], codes[16:], strict=True))
    return bytes(out)


def tiny_weights(seed: int = 0) -> bytes:
    """Write a whole file of the format: one layer, 32 dimensions, eight pieces."""
    random = np.random.default_rng(seed)
    names = [("emb.word", VOCABULARY * HIDDEN, 1), ("emb.pos", POSITIONS * HIDDEN, 0), ("emb.type", 2 * HIDDEN, 0)]
    names += [("emb.ln.w", HIDDEN, 0), ("emb.ln.b", HIDDEN, 0)]
    for part, rows, columns in [("q", 32, 32), ("k", 32, 32), ("v", 32, 32), ("ao", 32, 32), ("fi", 64, 32), ("fo", 32, 64)]:
        names += [(f"l0.{part}.w", rows * columns, 1), (f"l0.{part}.b", rows, 0)]
    names += [(f"l0.{part}.{kind}", HIDDEN, 0) for part in ("aln", "oln") for kind in "wb"]
    pieces = [piece.encode() for piece, _ in PIECES]
    offsets = np.cumsum([0, *map(len, pieces)])
    head = struct.pack("<4sI7ifi", b"E5S1", 1, HIDDEN, 1, 2, WIDE, VOCABULARY, POSITIONS, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, pieces)))
    head += offsets.astype("<u4").tobytes() + np.array([score for _, score in PIECES], "<f4").tobytes() + b"".join(pieces)
    head += struct.pack("<iI", 1, 5) + b"\0\0\0\0\0" + struct.pack("<i", len(names))
    at = len(head) + sum(2 + len(name) + 21 for name, _, _ in names)
    directory, body = b"", b""
    for name, count, kind in names:
        values = random.normal(size=count).astype("<f4")
        raw = quantise(values) if kind else values.tobytes()
        directory += struct.pack(f"<H{len(name)}sBIQQ", len(name), name.encode(), kind, count, at + len(body), len(raw))
        body += raw
    return head + directory + body
