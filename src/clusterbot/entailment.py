"""A judge by a model: any sentence-transformers CrossEncoder for natural-language inference, in the place of the rules."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clusterbot.claim_reader import softmax
from clusterbot.errors import ModelUnavailable
from clusterbot.judging import Judgement
from clusterbot.statements import Statement
from clusterbot.undecided import Stance

STANCES: tuple[tuple[str, Stance], ...] = (("entail", "for"), ("contradict", "against"), ("neutral", "neutral"))


class PairModel(Protocol):
    """Gives each pair (premise, hypothesis) a score for each of its labels, higher where it fits better."""

    @property
    def labels(self) -> Mapping[int, str]:
        """What each place of a row of scores stands for."""

    def scores(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Return float (len(pairs), number of labels)."""


class EntailmentJudge:
    """Takes the likeliest label as the stance, and its probability, by softmax, as how well the sentence covers the claim."""

    def __init__(self, model: PairModel) -> None:
        """Take a model.

        Raises:
            ModelUnavailable: its labels aren't entailment, contradiction and neutral.
        """
        self._model = model
        told: dict[Stance, int] = {}
        for place, label in model.labels.items():
            told.update({stance: place for word, stance in STANCES if word in label.lower()})
        if set(told) != {"for", "against", "neutral"}:
            raise ModelUnavailable(
                f"the model of CLUSTERBOT_JUDGE tells {', '.join(model.labels.values()) or 'no labels'}, not entailment, "
                "contradiction and neutral: name one for natural-language inference, or set CLUSTERBOT_JUDGE=rules"
            )
        self._places = {place: stance for stance, place in told.items()}

    def judge(self, claim: Statement, source: Statement) -> Judgement:
        """Compare a claim with a sentence; the model names no differences."""
        scores = np.asarray(self._model.scores([(source.text, claim.text)])[0], np.float64)
        place = int(np.argmax(scores))
        year = source.written_on.last.year if source.written_on else None
        return Judgement(self._places[place], float(softmax(scores)[place]), (), year)


class CrossEncoderModel:
    """A CrossEncoder by name or folder, loaded in the constructor."""

    def __init__(self, name: str) -> None:
        """Load the model.

        Raises:
            ModelUnavailable: it can't be loaded, or gives one score a pair.
        """
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            from sentence_transformers import CrossEncoder

            self._model = CrossEncoder(name, activation_fn=_unchanged)  # some are saved with a sigmoid; the judge wants logits
        except Exception as error:  # a foreign model can fail to load in any way at all
            told = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelUnavailable(
                f"the model of CLUSTERBOT_JUDGE, {name}, can't be loaded ({told}): check its name and the network, or set "
                "CLUSTERBOT_JUDGE=rules"
            ) from error
        config = getattr(self._model, "config", None)
        self.labels: Mapping[int, str] = dict(getattr(config, "id2label", {}) or {})

    def scores(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Return float (len(pairs), number of labels)."""
        return np.asarray(self._model.predict(list(pairs), show_progress_bar=False), np.float64)


def _unchanged(scores: object) -> object:
    return scores
