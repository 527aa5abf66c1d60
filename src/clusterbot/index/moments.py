"""The first two moments of a language's vectors: what turns cosines into standard scores without looking at the vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterbot.index.arrays import map_array

MIN_DEVIATION = 0.005  # of cosines; models give 0.02 and more, unless the index holds next to nothing
FILES = ("mean.npy", "covariance.npy")


@dataclass(frozen=True, slots=True)
class Spread:
    """How a query's cosines with all passages of a language lie."""

    mean: float
    deviation: float

    def standardise(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return cosines as standard scores, which puts models, languages and pairs of languages on one scale."""
        return ((cosines - self.mean) / self.deviation).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean, float32 (d,), and covariance, float32 (d, d), of the vectors."""

    mean: NDArray[np.float32]
    covariance: NDArray[np.float32]

    @classmethod
    def load(cls, folder: Path) -> Moments:
        """Map them into memory.

        Raises:
            OSError, ValueError, EOFError: they can't be read, or don't fit together.
        """
        mean, covariance = (map_array(folder / name) for name in FILES)
        if covariance.shape != (*mean.shape, *mean.shape):
            raise ValueError("parts that don't fit together")
        return cls(mean, covariance)

    def spread(self, vector: NDArray[np.float32]) -> Spread:
        """Return the mean and the standard deviation of a query's cosines with all passages.

        Over n passages they are `q . mean` and the root of `q . covariance . q`: exact, without looking at the n vectors.
        """
        variance = max(float(vector @ self.covariance @ vector), MIN_DEVIATION**2)
        return Spread(float(vector @ self.mean), math.sqrt(variance))
