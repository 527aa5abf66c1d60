"""How the networks that read pairs of texts are trained: AdamW, a rate that warms up and falls, batches of nearly one length."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

BATCH = 32

Pair = TypeVar("Pair")


@dataclass(frozen=True, slots=True)
class Course:
    """How fast to learn: the highest rate, the decay of weights, the share of all steps in which the rate rises; and how long."""

    rate: float
    decay: float
    warm_up: float
    epochs: int


def train(
    network: nn.Module,
    pairs: Sequence[Pair],
    course: Course,
    loss_of: Callable[[list[Pair]], Tensor],
    length: Callable[[Pair], int],
    after_epoch: Callable[[], None] = lambda: None,
) -> None:
    """Train on what `loss_of` gives of a batch; prints the loss, epoch by epoch."""
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=course.decay)
    steps, step = course.epochs * len(pairs) / BATCH, 0
    for epoch in range(course.epochs):
        losses = []
        network.train()
        for batch in batches(pairs, length):
            step += 1
            for group in optimiser.param_groups:
                group["lr"] = course.rate * min(1, step / steps / course.warm_up) * max(0.0, 1 - step / steps)
            loss = loss_of(batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}", flush=True)
        after_epoch()


def batches(pairs: Sequence[Pair], length: Callable[[Pair], int]) -> Iterator[list[Pair]]:
    """Yield all pairs once, in batches of nearly one length."""
    order = random.sample(pairs, len(pairs))
    for begin in range(0, len(order), 50 * BATCH):
        part = sorted(order[begin : begin + 50 * BATCH], key=length)
        found = [part[place : place + BATCH] for place in range(0, len(part), BATCH)]
        yield from random.sample(found, len(found))
