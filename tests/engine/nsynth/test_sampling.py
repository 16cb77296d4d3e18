"""Random numbers counted by sample, and the class that one picks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.nsynth.sampling import sample_classes, stream_seeds, uniforms

LOW = 2**64 - 1


def philox(counter: int, key: int) -> list[int]:
    """Philox 4x64 with 10 rounds, as its authors define it, in plain integers."""
    c = [counter & LOW, counter >> 64, 0, 0]
    k = [key & LOW, key >> 64]
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [(second >> 64) ^ c[1] ^ k[0], second & LOW, (first >> 64) ^ c[3] ^ k[1], first & LOW]
        k = [(k[0] + 0x9E3779B97F4A7C15) & LOW, (k[1] + 0xBB67AE8584CAA73B) & LOW]
    return c


def test_philox_here_is_its_authors():
    """The first of the known answers that come with their code (Random123)."""
    assert philox(0, 0) == [
        0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B
    ]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, 2**63 + 5])
def test_the_numbers_are_philoxs_upper_53_bits(seed):
    raw = [number for count in range(1, 4) for number in philox(count, seed)]
    expected = [(number >> 11) / 2**53 for number in raw]
    np.testing.assert_array_equal(uniforms(seed, 0, 12), expected)


@given(
    seed=st.integers(-(2**70), 2**70),
    first=st.integers(0, 300),
    n_samples=st.integers(0, 100),
)
def test_any_stretch_is_that_of_the_whole(seed, first, n_samples):
    whole = uniforms(seed, 0, 400)
    np.testing.assert_array_equal(
        uniforms(seed, first, n_samples), whole[first : first + n_samples]
    )


@given(st.integers(0, 2**64), st.integers(0, 2**40))
def test_numbers_are_at_least_0_and_below_1(seed, first):
    numbers = uniforms(seed, first, 50)
    assert ((numbers >= 0) & (numbers < 1)).all()


def test_seeds_that_follow_each_other_give_unrelated_numbers():
    one, other = uniforms(7, 0, 20_000), uniforms(8, 0, 20_000)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert abs(one.mean() - 0.5) < 0.01


def test_seeds_are_counted_modulo_64_bits():
    np.testing.assert_array_equal(uniforms(-1, 0, 5), uniforms(2**64 - 1, 0, 5))


def test_one_seed_is_followed_by_the_next_numbers_and_several_are_taken_as_they_are():
    assert stream_seeds(5, 3) == [5, 6, 7]
    assert stream_seeds(np.int64(5), 3) == [5, 6, 7]
    assert stream_seeds([9, 2, 9], 3) == [9, 2, 9]


def test_a_wrong_number_of_seeds_is_refused():
    with pytest.raises(ValueError, match="2 seeds for 3 streams"):
        stream_seeds([1, 2], 3)


@given(data=st.data(), n_streams=st.integers(1, 4), n_classes=st.integers(1, 12))
def test_the_class_is_the_first_whose_sum_reaches_the_number(data, n_streams, n_classes):
    counts = data.draw(
        st.lists(
            st.lists(st.integers(0, 9), min_size=n_classes, max_size=n_classes).filter(any),
            min_size=n_streams, max_size=n_streams,
        )
    )  # fmt: skip
    probabilities = np.array([np.array(row) / sum(row) for row in counts], np.float32)
    cumulative = np.cumsum(probabilities, axis=1, dtype=np.float32)
    anywhere = st.floats(0, 1, exclude_max=True)
    at_a_border = st.sampled_from(cumulative[0].astype(np.float64).tolist())
    uniform = np.array([data.draw(anywhere | at_a_border) for _ in range(n_streams)])
    expected = [
        min(int(np.searchsorted(row.astype(np.float64), u, side="left")), n_classes - 1)
        for row, u in zip(cumulative, uniform, strict=True)
    ]
    picked = sample_classes(probabilities, uniform)
    assert picked.tolist() == expected
    assert picked.dtype == np.uint8


def test_a_number_above_the_sum_of_all_picks_the_last_class():
    short = np.full((1, 4), 0.2, np.float32)
    assert sample_classes(short, np.array([0.9])).tolist() == [3]
