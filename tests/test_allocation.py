"""Allocation to two arms against enumeration, scipy and one-patient-at-a-time references."""

from collections import Counter
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from inobook.allocation import (
    block_imbalance,
    foreseen_share,
    guess_probability,
    imbalance,
    minimisation,
    permuted_blocks,
    simple_allocation,
    strata_from,
    subgroup_split,
    subgroup_split_blocks,
)
from scipy.stats import binom, chisquare, hypergeom

TRIALS = 20_000


def rng(seed: int = 1974) -> np.random.Generator:
    return np.random.default_rng(seed)


def sequences(block_size: int) -> set[tuple[int, ...]]:
    half = block_size // 2
    return set(permutations((0,) * half + (1,) * half))


def fits(counts: Counter, probabilities: dict) -> bool:
    """Whether simulated counts agree with exact probabilities (chi-squared, P above 0.0001)."""
    assert set(counts) <= {key for key, chance in probabilities.items() if chance > 0}
    keys = [key for key, chance in probabilities.items() if chance > 0]
    total = sum(counts.values())
    expected = [float(probabilities[key]) * total for key in keys]
    return chisquare([counts[key] for key in keys], expected).pvalue > 1e-4


def test_simple_allocation_tosses_a_coin_for_every_patient() -> None:
    arms = simple_allocation(3, rng(), TRIALS)
    assert arms.shape == (TRIALS, 3)
    assert fits(Counter(map(tuple, arms.tolist())), dict.fromkeys(product((0, 1), repeat=3), 1 / 8))


@pytest.mark.parametrize("block_size", [2, 4, 6])
def test_every_order_of_a_block_is_equally_probable(block_size: int) -> None:
    arms = permuted_blocks(np.zeros(block_size, int), block_size, rng(), TRIALS)
    orders = sequences(block_size)
    assert fits(Counter(map(tuple, arms.tolist())), dict.fromkeys(orders, 1 / len(orders)))


def test_blocks_follow_one_another_within_each_stratum() -> None:
    strata = rng(5).integers(0, 4, (300, 61))
    arms = permuted_blocks(strata, 6, rng(), 300)
    for row, strata_of_row in zip(arms, strata, strict=True):
        for stratum in range(4):
            within = row[strata_of_row == stratum]
            full = within[: len(within) // 6 * 6].reshape(-1, 6)
            assert (full.sum(axis=1) == 3).all()
            assert max((within[len(full) * 6 :] == arm).sum() for arm in (0, 1)) <= 3


def test_strata_given_once_hold_for_all_trials() -> None:
    strata = rng(6).integers(0, 3, 25)
    once = permuted_blocks(strata, 4, rng(), 50)
    each = permuted_blocks(np.tile(strata, (50, 1)), 4, rng(), 50)
    assert (once == each).all()


def test_blocks_of_several_sizes_are_drawn_with_equal_chances() -> None:
    arms = permuted_blocks(np.zeros(4, int), (2, 4), rng(), TRIALS)
    exact: Counter = Counter()
    for order in sequences(4):
        exact[order] += Fraction(1, 2) / 6
    for first, second in product(sequences(2), repeat=2):
        exact[first + second] += Fraction(1, 2) * Fraction(1, 2) * Fraction(1, 4)
    for first, second in product(sequences(2), sequences(4)):
        exact[first + second[:2]] += Fraction(1, 2) * Fraction(1, 2) * Fraction(1, 12)
    assert sum(exact.values()) == 1
    assert fits(Counter(map(tuple, arms.tolist())), exact)


def one_trial_minimised(levels: np.ndarray, certainty: Fraction) -> dict[tuple[int, ...], Fraction]:
    """Every allocation of one trial with its exact probability, one patient at a time."""
    chances = {(): Fraction(1)}
    for patient in range(len(levels)):
        longer = {}
        for arms, chance in chances.items():
            totals = []
            for arm in (0, 1):
                total = 0
                for factor in range(levels.shape[1]):
                    same = levels[: patient + 1, factor] == levels[patient, factor]
                    taken = np.array([*arms, arm])[same]
                    total += abs(int((taken == 1).sum()) - int((taken == 0).sum()))
                totals.append(total)
            for arm in (0, 1):
                own, other = totals[arm], totals[1 - arm]
                step = (
                    Fraction(1, 2) if own == other else certainty if own < other else 1 - certainty
                )
                if step:
                    longer[*arms, arm] = chance * step
        chances = longer
    return chances


@pytest.mark.parametrize("certainty", [0.5, 0.8, 1.0])
def test_minimisation_follows_pocock_and_simon(certainty: float) -> None:
    levels = np.array([[0, 1], [0, 0], [1, 1], [0, 1], [2, 0]])
    exact = one_trial_minimised(levels, Fraction(certainty).limit_denominator(10))
    arms = minimisation(levels, rng(), TRIALS, certainty)
    assert fits(Counter(map(tuple, arms.tolist())), exact)


def test_minimisation_takes_factors_of_each_trial() -> None:
    levels = rng(7).integers(0, 3, (40, 30, 2))
    each = minimisation(levels, rng(), 40)
    assert each.shape == (40, 30)
    once = minimisation(levels[0], rng(), 40)
    assert (once[0] == each[0]).all()
    assert (once[1:] != each[1:]).any()


def test_minimisation_keeps_margins_closer_than_a_coin() -> None:
    levels = rng(8).integers(0, 2, (100, 3))
    members = levels[:, 1] == 1
    spread = [
        imbalance(minimisation(levels, rng(), 2000, certainty), members).std()
        for certainty in (0.5, 0.8, 1.0)
    ]
    assert spread[0] == pytest.approx(np.sqrt(members.sum()), rel=0.1)
    assert spread[0] > 2 * spread[1] > 2 * spread[2]


def test_strata_number_the_combinations() -> None:
    levels = np.array(list(product(range(2), range(3), range(2))))
    assert strata_from(levels).tolist() == list(range(12))
    assert strata_from(levels[None]).shape == (1, 12)


def test_imbalance_counts_experimental_minus_control() -> None:
    arms = np.array([[0, 1, 1, 1], [0, 0, 1, 0]])
    assert imbalance(arms).tolist() == [2, -2]
    assert imbalance(arms, np.array([True, True, False, False])).tolist() == [0, -2]
    assert imbalance(arms, np.array([[True] * 4, [False] * 4])).tolist() == [2, 0]


def test_split_of_a_subgroup_by_enumeration() -> None:
    counts = Counter(sum(order[:3]) for order in permutations((0, 0, 1, 1, 1)))
    total = sum(counts.values())
    assert subgroup_split(3, (2, 3)) == pytest.approx([counts[k] / total for k in range(4)])
    coins = Counter(map(sum, product((0, 1), repeat=3)))
    assert subgroup_split(3) == pytest.approx([coins[k] / 8 for k in range(4)])


def test_split_of_a_subgroup_against_scipy() -> None:
    assert subgroup_split(49, (162, 164)) == pytest.approx(
        hypergeom.pmf(np.arange(50), 326, 164, 49)
    )
    assert subgroup_split(49) == pytest.approx(binom.pmf(np.arange(50), 49, 0.5))


def test_one_stratum_makes_a_subgroup_hypergeometric() -> None:
    members = np.arange(24) % 4 == 0
    arms = permuted_blocks(np.zeros(24, int), 24, rng(), TRIALS)
    on_experimental = (arms * members).sum(axis=1)
    exact = dict(enumerate(subgroup_split(6, (12, 12))))
    assert fits(Counter(on_experimental.tolist()), exact)


@pytest.mark.parametrize(
    ("members", "block_size"), [([1], 2), ([2, 1], 4), ([3, 0, 2], 4), ([4, 1], 4), ([2, 3], 6)]
)
def test_split_of_members_in_blocks_by_enumeration(members: list[int], block_size: int) -> None:
    orders = sorted(sequences(block_size))
    counts = Counter(
        sum(sum(order[:number]) for order, number in zip(blocks, members, strict=True))
        for blocks in product(orders, repeat=len(members))
    )
    total = len(orders) ** len(members)
    expected = [float(Fraction(counts[split], total)) for split in range(sum(members) + 1)]
    assert subgroup_split_blocks(members, block_size) == pytest.approx(expected, abs=1e-12)


def test_split_of_members_in_blocks_simulated() -> None:
    flags = np.isin(np.arange(12), [0, 1, 2, 5, 9, 11])
    arms = permuted_blocks(np.zeros(12, int), 4, rng(8), TRIALS)
    split = arms[:, flags].sum(axis=1)
    exact = subgroup_split_blocks([3, 1, 2], 4)
    assert fits(Counter(split.tolist()), dict(enumerate(exact)))


@pytest.mark.parametrize(("sizes", "block_size"), [([5, 3], 4), ([7], 6), ([2, 4, 9], 2), ([0], 4)])
def test_difference_of_the_arms_by_enumeration(sizes: list[int], block_size: int) -> None:
    orders = list(sequences(block_size))
    exact = Counter({0: Fraction(1)})
    for size in sizes:
        last = Counter()
        for order in orders:
            taken = order[: size % block_size]
            last[2 * sum(taken) - len(taken)] += Fraction(1, len(orders))
        exact = sum(
            (Counter({a + b: p * q}) for (a, p), (b, q) in product(exact.items(), last.items())),
            Counter(),
        )
    most = block_size // 2 * len(sizes)
    assert block_imbalance(sizes, block_size) == pytest.approx(
        [float(exact[difference]) for difference in range(-most, most + 1)]
    )


def test_difference_of_the_arms_simulated() -> None:
    strata = np.repeat([0, 1, 2], [13, 11, 7])
    differences = imbalance(permuted_blocks(strata, 8, rng(), TRIALS))
    exact = dict(zip(range(-12, 13), block_imbalance([13, 11, 7], 8), strict=True))
    assert fits(Counter(differences.tolist()), exact)


@pytest.mark.parametrize("block_size", [2, 4, 6, 8, 10])
def test_guesses_by_enumeration_of_all_blocks(block_size: int) -> None:
    half = block_size // 2
    right, certain, blocks = Fraction(0), 0, 0
    for order in product((0, 1), repeat=block_size):
        if sum(order) != half:
            continue
        blocks += 1
        for patient, arm in enumerate(order):
            given = sum(order[:patient])
            lead = 2 * given - patient
            right += Fraction(1, 2) if lead == 0 else int(arm == (lead < 0))
            certain += half in (given, patient - given)
    assert guess_probability(block_size) == pytest.approx(float(right / (blocks * block_size)))
    assert foreseen_share(block_size) == pytest.approx(certain / (blocks * block_size))


def test_large_blocks_can_hardly_be_guessed() -> None:
    guesses = [guess_probability(size) for size in range(2, 502, 2)]
    assert guesses[0] == 0.75
    assert (np.diff(guesses) < 0).all()
    assert 0.5 < guesses[-1] < 0.53


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simple_allocation(0, rng(), 1), "patients"),
        (lambda: simple_allocation(5, rng(), 2.0), "trials"),
        (lambda: permuted_blocks([0, 1], 3, rng(), 2), "block_size"),
        (lambda: permuted_blocks([0, 1], (4, 0), rng(), 2), "block_size"),
        (lambda: permuted_blocks([0, 1], (), rng(), 2), "block_size"),
        (lambda: permuted_blocks([0, 1], True, rng(), 2), "block_size"),
        (lambda: permuted_blocks([0, -1], 4, rng(), 2), "strata"),
        (lambda: permuted_blocks([0.0, 1.0], 4, rng(), 2), "strata"),
        (lambda: permuted_blocks([], 4, rng(), 2), "strata"),
        (lambda: permuted_blocks([[0, 1]], 4, rng(), 2), "strata"),
        (lambda: minimisation([[0], [1]], rng(), 2, certainty=0.4), "certainty"),
        (lambda: minimisation([[0], [1]], rng(), 2, certainty=float("nan")), "certainty"),
        (lambda: minimisation([0, 1], rng(), 2), "factors"),
        (lambda: minimisation([[[0], [1]]], rng(), 2), "factors"),
        (lambda: strata_from([0, 1]), "factors"),
        (lambda: imbalance([0, 1]), "arms"),
        (lambda: imbalance([[0, 2]]), "arms"),
        (lambda: imbalance([[0, 1]], [True]), "members"),
        (lambda: imbalance([[0, 1]], [1, 0]), "members"),
        (lambda: subgroup_split(0), "members"),
        (lambda: subgroup_split(5, (2, 2)), "arm_totals"),
        (lambda: subgroup_split(2, (-1, 4)), "arm_totals"),
        (lambda: block_imbalance([], 4), "stratum_sizes"),
        (lambda: block_imbalance([3.0], 4), "stratum_sizes"),
        (lambda: guess_probability(5), "block_size"),
        (lambda: foreseen_share(0), "block_size"),
    ],
)
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
