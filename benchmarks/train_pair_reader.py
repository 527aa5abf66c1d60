"""Train what reads two texts together (`data/pair_reader.npz`), on pairs that we wrote (`benchmarks/pairs/`).

    python benchmarks/train_pair_reader.py [--to FILE] [--hold-out]

Two tasks share the weights: does a text bear a claim out or contradict it, and does a passage answer a question? A wide network
learns the labels, then a narrow one, which ships, learns what the wide one gives (Hinton et al. 2015, arXiv:1503.02531). With
--hold-out, a tenth of the texts is kept back with all that is asked of them, and the figures on it are printed; without, all pairs
are learnt.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pair_training import BATCH, Course, train
from sklearn.metrics import f1_score, roc_auc_score
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss, normalize

from clusterbot.embedding import has_tokens, open_embedder
from clusterbot.index.tokens import unit
from clusterbot.pair_reader import LABELS
from clusterbot.settings import read_settings

PAIRS = Path(__file__).parent / "pairs"
TO = Path(__file__).parent.parent / "src/clusterbot/data/pair_reader.npz"
WIDE, NARROW = 128, 64
LABELS_COURSE = Course(rate=1e-3, decay=0.02, warm_up=0.05, epochs=6)
COPYING_COURSE = Course(rate=2e-3, decay=0.0, warm_up=0.05, epochs=12)
DROPPED = {WIDE: 0.2, NARROW: 0.1}
ANSWERS = LABELS[3:]
IS_ANSWER = torch.tensor([one in ANSWERS for one in LABELS])

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Pair:
    """What is asked or claimed and the text beside it, as unit rows (tokens, r), and the place of the label."""

    asked: Floats
    text: Floats
    label: int


class Side(nn.Module):
    """One text's tokens, each beside what it attends to in the other, summed up; the same weights for both texts."""

    def __init__(self, given: int, width: int) -> None:
        super().__init__()
        self.value, self.query, self.key = (nn.Linear(given, width) for _ in range(3))
        self.compare, self.sum = nn.Linear(4 * width + 1, width), nn.Linear(width, width)
        self.sharpness = nn.Parameter(torch.tensor(2.0))
        self.drop = nn.Dropout(DROPPED[width])

    def forward(self, one: Tensor, other: Tensor, mask: Tensor, other_mask: Tensor) -> Tensor:
        cosines = normalize(one, dim=-1) @ normalize(other, dim=-1).transpose(1, 2)
        one, other = self.drop(one), self.drop(other)
        own = self.value(one)
        alike = self.query(one) @ self.key(other).transpose(1, 2) / math.sqrt(self.key.out_features)
        logits = alike + cosines * self.sharpness.exp()
        is_other = other_mask[:, None, :] > 0
        gathered = logits.masked_fill(~is_other, -1e4).softmax(-1) @ self.value(other)
        best = cosines.masked_fill(~is_other, -1).amax(-1, keepdim=True)
        beside = torch.cat([own, gathered, (own - gathered).abs(), own * gathered, best], -1)
        compared = self.sum(self.drop(self.compare(beside).relu())).relu()
        weight, is_own = mask[..., None] / mask.sum(1)[:, None, None], mask[..., None] > 0
        means = [(each * weight).sum(1) for each in (compared, best)]
        return torch.cat([means[0], compared.masked_fill(~is_own, 0).amax(1), means[1], best.masked_fill(~is_own, 1).amin(1)], -1)


class Network(nn.Module):
    """The network of `clusterbot.pair_reader`, to be trained; inputs are standardised by what is usual of tokens."""

    def __init__(self, mean: Floats, scale: float, width: int = NARROW) -> None:
        super().__init__()
        self.mean, self.scale = torch.from_numpy(mean), scale
        self.side = Side(len(mean), width)
        self.first, self.last = nn.Linear(4 * width + 4, width), nn.Linear(width, len(LABELS))
        self.drop = nn.Dropout(DROPPED[width])

    def forward(self, pairs: Sequence[Pair]) -> Tensor:
        """Return the scores of pairs (pairs, labels)."""
        (one, mask), (other, other_mask) = self.padded([pair.asked for pair in pairs]), self.padded([pair.text for pair in pairs])
        both = torch.cat([self.side(one, other, mask, other_mask), self.side(other, one, other_mask, mask)], -1)
        scores: Tensor = self.last(self.drop(self.first(self.drop(both)).relu()))
        return scores

    def padded(self, texts: Sequence[Floats]) -> tuple[Tensor, Tensor]:
        longest = max(map(len, texts))
        tokens, mask = torch.zeros(len(texts), longest, len(self.mean)), torch.zeros(len(texts), longest)
        for place, text in enumerate(texts):
            tokens[place, : len(text)] = (torch.from_numpy(text) - self.mean) / self.scale
            mask[place, : len(text)] = 1
        return tokens, mask

    def weights(self) -> dict[str, np.ndarray]:
        """Return what `clusterbot.pair_reader` computes with, by its names."""
        layers = {name: getattr(self.side, name) for name in ("value", "query", "key", "compare", "sum")}
        layers |= {"first": self.first, "last": self.last}
        found = {f"{name}.matrix": layer.weight.detach().numpy().T.astype(np.float16) for name, layer in layers.items()}
        found |= {f"{name}.bias": layer.bias.detach().numpy().astype(np.float16) for name, layer in layers.items()}
        usual = {"mean": self.mean.numpy(), "scale": np.float32(self.scale)}
        return found | usual | {"sharpness": self.side.sharpness.detach().exp().numpy()}


def read_pairs() -> list[Pair]:
    """Read all pairs, and encode them with the bundled model; in the order of the digests of their texts."""
    lines = [line for path in sorted(PAIRS.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    rows.sort(key=lambda row: hashlib.sha256(row["text"].encode()).hexdigest())
    asked, texts = [row.get("claim") or row["question"] for row in rows], [row["text"] for row in rows]
    settings = read_settings()
    embedder = open_embedder(settings.model, settings.cache_dir)
    if not has_tokens(embedder):
        raise SystemExit("the model gives no vectors of tokens: use the bundled one, compiled")
    distinct = list(dict.fromkeys(texts))
    encoded = dict(zip(distinct, (unit(one.codes) for one in embedder.encode_passages(distinct)), strict=True))
    return [
        Pair(unit(one.codes), encoded[text], LABELS.index(row["label"]))
        for one, text, row in zip(embedder.encode_queries(asked), texts, rows, strict=True)
    ]


def loss_of(network: Network, batch: Sequence[Pair]) -> Tensor:
    """Return how far a network is off, among the labels of each pair's own task."""
    truth = torch.tensor([pair.label for pair in batch])
    return cross_entropy(among_its_own(network(batch), truth), truth)


def among_its_own(scores: Tensor, truth: Tensor) -> Tensor:
    """Return scores with those of the other task out of reach: a claim isn't answered, a question isn't borne out."""
    return scores.masked_fill(IS_ANSWER[None, :] != IS_ANSWER[truth][:, None], -1e4)


def scores_of(network: Network, pairs: Sequence[Pair]) -> Tensor:
    """Return a network's scores of pairs (pairs, labels)."""
    with torch.no_grad():
        return torch.cat([network.eval()(pairs[place : place + BATCH]) for place in range(0, len(pairs), BATCH)])


def copying_loss(network: Network, wanted: Mapping[int, Tensor], batch: Sequence[Pair]) -> Tensor:
    """Return how far a network's log odds are from those `wanted`, by the ids of pairs."""
    return mse_loss(centred(network(batch)), torch.stack([wanted[id(pair)] for pair in batch]))


def centred(scores: Tensor) -> Tensor:
    """Return scores less the mean of their task: among the labels of one task, only differences tell."""
    tasks = (scores[:, ~IS_ANSWER], scores[:, IS_ANSWER])
    return torch.cat([part - part.mean(1, keepdim=True) for part in tasks], 1)


def measure(network: Network, pairs: Sequence[Pair]) -> None:
    """Print how well held-out pairs are read, by task."""
    for name, labels in (("claims", LABELS[:3]), ("questions", ANSWERS)):
        mine = [pair for pair in pairs if LABELS[pair.label] in labels]
        truth = torch.tensor([pair.label for pair in mine])
        scores = scores_of(network, mine)
        given = among_its_own(scores, truth).argmax(1)
        accuracy, macro = float((given == truth).float().mean()), f1_score(truth, given, average="macro")
        odds = (scores[:, 3] - scores[:, 4]).numpy() if labels == ANSWERS else (scores[:, 0] - scores[:, 1:3].logsumexp(1)).numpy()
        auroc = roc_auc_score(truth == LABELS.index(labels[0]), odds)
        print(f"held out, {name}: {len(mine)}, accuracy {accuracy:.3f}, macro F1 {macro:.3f}, AUROC of {labels[0]!r} {auroc:.3f}")


def length_of(pair: Pair) -> int:
    """Return how many tokens the text of a pair has."""
    return len(pair.text)


def main() -> None:
    """Train, and write the weights or print what was held out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, default=TO)
    parser.add_argument("--hold-out", action="store_true")
    wanted = parser.parse_args()
    pairs = read_pairs()
    # In the order of texts, so that what is asked of one text is kept back together.
    held = pairs[: len(pairs) // 10] if wanted.hold_out else []
    learnt = pairs[len(held) :]
    tokens = np.concatenate([pair.text for pair in learnt])
    torch.manual_seed(0)
    random.seed(0)
    wide, narrow = (Network(tokens.mean(axis=0), float(tokens.std()), width) for width in (WIDE, NARROW))
    train(wide, learnt, LABELS_COURSE, partial(loss_of, wide), length_of)
    given = dict(zip(map(id, learnt), centred(scores_of(wide, learnt)), strict=True))
    train(narrow, learnt, COPYING_COURSE, partial(copying_loss, narrow, given), length_of)
    if held:
        for network in (wide, narrow):
            measure(network, held)
    else:
        np.savez_compressed(wanted.to, **narrow.weights())


if __name__ == "__main__":
    main()
