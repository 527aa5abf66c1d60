"""The file of weights: what it holds is what was written, and what doesn't hold is noticed."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from clusterbot.errors import ModelUnavailable
from clusterbot.weights import dequantise, parse_weights
from fakes import tiny_weights


def test_a_block_is_a_scale_and_32_nibbles_minus_8() -> None:
    block = struct.pack("<e", 0.5) + bytes([0x80, 0xF7, *[0x88] * 13, 0x0F])
    weights = dequantise(block)
    expected = np.zeros(32, np.float32)
    expected[[0, 1, 15]] = [-4.0, -0.5, 3.5]  # low nibbles 0, 7, 15
    expected[[16, 17, 31]] = [0.0, 3.5, -4.0]  # high nibbles 8, 15, 0
    np.testing.assert_array_equal(weights, expected)
    assert weights.dtype == np.float32


def test_each_block_has_its_own_scale() -> None:
    blocks = struct.pack("<e", 2.0) + b"\x99" * 16 + struct.pack("<e", -0.25) + b"\x99" * 16
    np.testing.assert_array_equal(dequantise(blocks), [2.0] * 32 + [-0.25] * 32)


def test_a_cut_at_any_byte_of_the_head_is_noticed() -> None:
    data = tiny_weights()
    for length in [*range(0, 900), len(data) - 1]:
        with pytest.raises(ModelUnavailable):
            parse_weights(data[:length], Path("weights.bin"))


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, b"E5S2"), (4, b"\2"), (8, b"\x21"), (12, b"\2"), (16, b"\0"), (24, b"\xff\xff\xff\x7f"), (44, b"\xff\xff\xff\x7f")],
    ids=["magic", "version", "odd size", "more layers", "no heads", "huge vocabulary", "huge count"],
)
def test_a_header_that_lies_is_noticed(at: int, value: bytes) -> None:
    data = bytearray(tiny_weights())
    data[at : at + len(value)] = value
    with pytest.raises(ModelUnavailable, match="reinstall"):
        parse_weights(bytes(data), Path("weights.bin"))
