"""Train what reads a claim beside a sentence (`data/claim_reader.npz`), on pairs that we wrote (`benchmarks/pairs/`).

    python benchmarks/train_claim_reader.py [--to FILE] [--epochs N] [--hold-out] [--start FILE]

All layers of the bundled model but the first two get a change of low rank each (LoRA), and a head; what the first two make of a
pair is computed once. bfloat16, about 30 pairs a second on two cores that have it; 8 GB of memory. With --hold-out, a tenth of
the groups is kept back, and its figures are printed, epoch by epoch. --start goes on from a change.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pair_training import BATCH, Course, train
from sklearn.metrics import f1_score
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, layer_norm, linear
from transformers import AutoModel

from clusterbot import bundled
from clusterbot.claim_reader import LABELS, ClaimReader
from clusterbot.compiled import CompiledEmbedder
from clusterbot.embedding import open_embedder
from clusterbot.settings import read_settings

PAIRS = Path(__file__).parent / "pairs"
TO = Path(__file__).parent.parent / "src/clusterbot/data/claim_reader.npz"
FIRST_LAYER = 2  # of twelve
RANK = 32  # twice that for query, key and value, which are one
DROPPED = 0.1
RATE, DECAY, WARM_UP = 9e-4, 0.01, 0.06
HALF = torch.bfloat16

Row = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Pair:
    """What the lower layers make of a claim and a text, bfloat16 (t, d); how many tokens are the claim's; the label's place."""

    tokens: Tensor
    claim: int
    label: int


class Changed(nn.Module):
    """A linear layer that stays as it is, and a change of low rank."""

    weight: Tensor
    bias: Tensor

    def __init__(self, layers: Sequence[nn.Linear], rank: int) -> None:
        super().__init__()
        for name in ("weight", "bias"):
            self.register_buffer(name, torch.cat([getattr(layer, name).detach() for layer in layers]).to(HALF))
        outputs, inputs = self.weight.shape
        self.down = nn.Parameter(torch.randn(rank, inputs) / math.sqrt(inputs))
        self.up = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias) + linear(linear(x, self.down.to(HALF)), self.up.to(HALF))


class Layer(nn.Module):
    """A layer of BERT, with its linear layers changed; leaner than the original's, in half precision."""

    def __init__(self, original: nn.Module, heads: int) -> None:
        super().__init__()
        own, after = original.attention.self, original.attention.output
        self.heads = heads
        self.parts = nn.ModuleDict(
            {
                "attention-self": Changed([own.query, own.key, own.value], 2 * RANK),
                "attention-output-dense": Changed([after.dense], RANK),
                "intermediate-dense": Changed([original.intermediate.dense], RANK),
                "output-dense": Changed([original.output.dense], RANK),
            }
        )
        self.norms = [
            ((norm.weight.numel(),), norm.weight.detach().to(HALF), norm.bias.detach().to(HALF), norm.eps)
            for norm in (after.LayerNorm, original.output.LayerNorm)
        ]

    def forward(self, hidden: Tensor, hides: Tensor) -> Tensor:
        pairs, tokens, width = hidden.shape
        split = self.parts["attention-self"](hidden).view(pairs, tokens, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        attention = (query / math.sqrt(width // self.heads) @ key.transpose(-1, -2) + hides).softmax(-1)
        gathered = (attention @ value).transpose(1, 2).reshape(pairs, tokens, width)
        hidden = layer_norm(hidden + self.parts["attention-output-dense"](gathered), *self.norms[0])
        wide = gelu(self.parts["intermediate-dense"](hidden))
        return layer_norm(hidden + self.parts["output-dense"](wide), *self.norms[1])


class Network(nn.Module):
    """What `clusterbot.claim_reader` computes, from the tokens that the lower layers give."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        width, heads = model.config.hidden_size, model.config.num_attention_heads
        self.layers = nn.ModuleList(Layer(one, heads) for one in model.encoder.layer[FIRST_LAYER:])
        self.sides = nn.Parameter(torch.zeros(2, width))
        self.first, self.last, self.drop = nn.Linear(4 * width, width), nn.Linear(width, len(LABELS)), nn.Dropout(DROPPED)

    def forward(self, pairs: Sequence[Pair]) -> Tensor:
        """Return the scores of pairs (pairs, labels)."""
        longest = max(len(pair.tokens) for pair in pairs)
        hidden = torch.zeros(len(pairs), longest, self.sides.shape[1])
        masks = torch.zeros(2, len(pairs), longest)
        for place, pair in enumerate(pairs):
            hidden[place, : len(pair.tokens)] = pair.tokens
            masks[0, place, : pair.claim] = 1
            masks[1, place, pair.claim : len(pair.tokens)] = 1
        hides = ((1 - masks.sum(0)) * -1e4)[:, None, None].to(HALF)
        hidden = self.drop(hidden + masks[0, ..., None] * self.sides[0] + masks[1, ..., None] * self.sides[1]).to(HALF)
        for layer in self.layers:
            hidden = layer(hidden, hides)
        hidden = hidden.float()
        claim, text = ((hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True) for mask in masks)
        largest = hidden.masked_fill(masks[0, ..., None] == 0, -1e4).amax(1)
        summed = torch.cat([hidden[:, 0], claim, text, largest], -1)
        scores: Tensor = self.last(self.drop(self.first(summed).relu()))
        return scores

    def named(self) -> dict[str, Tensor]:
        """Return the parameters by the names that `clusterbot.claim_reader` reads, matrices as they are multiplied there."""
        found = {"sides": self.sides, "head.first": self.first.weight.T, "head.first_bias": self.first.bias}
        found |= {"head.last": self.last.weight.T, "head.last_bias": self.last.bias}
        for place, layer in enumerate(self.layers, start=FIRST_LAYER):
            for name, part in layer.parts.items():
                found |= {f"encoder.layer.{place}.{name.replace('-', '.')}.{side}": getattr(part, side) for side in ("up", "down")}
        return found

    def weights(self) -> dict[str, NDArray[np.float16]]:
        """Return what `clusterbot.claim_reader` reads, by its names."""
        return {name: value.detach().numpy().astype(np.float16) for name, value in self.named().items()}

    def start_from(self, path: Path) -> None:
        """Take the weights of a change; layers that it leaves alone start without one."""
        with np.load(path) as data, torch.no_grad():
            for name, parameter in self.named().items():
                if name in data:
                    parameter.copy_(torch.from_numpy(data[name].astype(np.float32)))


def read_groups() -> list[list[Row]]:
    """Read all pairs of claim and text, in groups of what shares a text or a claim, in the order of their digests."""
    groups: dict[str, list[Row]] = {}
    for path in sorted(PAIRS.glob("claims_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            groups.setdefault(one["text"], []).append((one["claim"], one["text"], LABELS.index(one["label"])))
    for path in sorted(PAIRS.glob("groups/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            group = json.loads(line)
            groups.setdefault(group.get("text") or group["claim"], []).extend(_of_group(group))
    return [groups[key] for key in sorted(groups, key=lambda shared: hashlib.sha256(shared.encode()).hexdigest())]


def _of_group(group: dict[str, Any]) -> Iterator[Row]:
    """Yield the pairs of one text and what is claimed of it, or of one claim and what is told of it."""
    for label, name in enumerate(("for", "against", "open")):
        for one in group.get(name, ()):
            yield (one, group["text"], label) if "text" in group else (group["claim"], one, label)


def read_below(model: nn.Module, reader: ClaimReader, rows: Sequence[Row]) -> list[Pair]:
    """Return what a model of the lower layers alone makes of pairs."""
    asked = [reader.tokenise(claim, text) for claim, text, _ in rows]
    order = sorted(range(len(rows)), key=lambda place: len(asked[place][0]))
    found: dict[int, Pair] = {}
    for begin in range(0, len(order), 2 * BATCH):
        part = order[begin : begin + 2 * BATCH]
        ids = torch.ones(len(part), len(asked[part[-1]][0]), dtype=torch.long)
        mask = torch.zeros(ids.shape)
        for row, place in enumerate(part):
            ids[row, : len(asked[place][0])] = torch.from_numpy(asked[place][0])
            mask[row, : len(asked[place][0])] = 1
        with torch.no_grad(), torch.autocast("cpu", HALF):
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state.to(HALF)
        for row, place in enumerate(part):
            both, sides = asked[place]
            found[place] = Pair(hidden[row, : len(both)].clone(), int((sides == 0).sum()), rows[place][2])
    return [found[place] for place in range(len(rows))]


def measure(network: Network, pairs: Sequence[Pair]) -> None:
    """Print how well held-out pairs are read."""
    ordered = sorted(pairs, key=lambda pair: len(pair.tokens))
    with torch.no_grad():
        parts = [network.eval()(ordered[place : place + BATCH]) for place in range(0, len(ordered), BATCH)]
    given, truth = torch.cat(parts).argmax(1).numpy(), np.array([pair.label for pair in ordered])
    wrong = np.mean(given[truth == 1] == 0)
    accuracy, macro = np.mean(given == truth), f1_score(truth, given, average="macro")
    print(f"held out: {len(pairs)}, accuracy {accuracy:.3f}, macro F1 {macro:.3f}, contradicted called borne out {wrong:.3f}")


def main() -> None:
    """Train, and write the change or print what was held out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, default=TO)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--hold-out", action="store_true")
    parser.add_argument("--start", type=Path)
    wanted = parser.parse_args()
    settings = read_settings()
    embedder = open_embedder(settings.model, settings.cache_dir)
    if not isinstance(embedder, CompiledEmbedder):
        raise SystemExit("the bundled model, compiled, is needed")
    model = AutoModel.from_pretrained(bundled.ensure_model(settings.cache_dir), add_pooling_layer=False).requires_grad_(False)
    torch.manual_seed(0)
    random.seed(0)
    network = Network(model)
    model.encoder.layer = model.encoder.layer[:FIRST_LAYER]
    groups, reader = read_groups(), ClaimReader(embedder)
    kept_back = len(groups) // 10 if wanted.hold_out else 0
    held, learnt = (read_below(model, reader, list(chain(*part))) for part in (groups[:kept_back], groups[kept_back:]))
    if wanted.start:
        network.start_from(wanted.start)
    train(
        network,
        learnt,
        Course(RATE, DECAY, WARM_UP, wanted.epochs),
        lambda batch: cross_entropy(network(batch), torch.tensor([pair.label for pair in batch])),
        lambda pair: len(pair.tokens),
        lambda: measure(network, held) if held else None,
    )
    if not held:
        np.savez_compressed(wanted.to, **network.weights())


if __name__ == "__main__":
    main()
