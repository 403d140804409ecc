"""Allocation of patients to two arms 1:1: by coin, in permuted blocks, by minimisation.

Arm 0 is control, arm 1 experimental, as in :mod:`inobook.trials`. Allocations have shape
(trials, patients), in order of entry; one row is one trial. Only the allocation is random: strata
and factors are what the caller gives, one row for all trials or one row for each.

::

    simple_allocation, permuted_blocks, minimisation -> arms -> imbalance
    subgroup_split, subgroup_split_blocks, block_imbalance: exact distributions
    guess_probability, foreseen_share: exact, for one block

Sources:
Pocock SJ, Simon R. Biometrics 1975;31:103-115, doi 10.2307/2529712 (minimisation);
Blackwell D, Hodges JL. Ann Math Stat 1957;28:449-460 (guessing).
"""

from collections.abc import Sequence
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, hypergeom

Arms = NDArray[np.int8]
"""Arms, 0 control and 1 experimental, shape (trials, patients)."""
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

_LARGEST_BLOCK = 500


def simple_allocation(patients: int, rng: np.random.Generator, trials: int) -> Arms:
    """Toss a fair coin for every patient.

    Args:
        patients: patients of a trial, 1 or more.
        rng: source of randomness.
        trials: trials to allocate, 1 or more.

    Returns:
        Arms, shape (trials, patients).

    Raises:
        ValueError: patients or trials is not a whole number of 1 or more.
    """
    _check_count(patients=patients, trials=trials)
    return rng.integers(0, 2, (trials, patients), dtype=np.int8)


def permuted_blocks(
    strata: ArrayLike,
    block_size: int | Sequence[int],
    rng: np.random.Generator,
    trials: int,
) -> Arms:
    """Allocate within each stratum in blocks, half of each block to either arm, in random order.

    A stratum's last block stays unfilled when its patients run out, so the arms of a stratum differ
    by at most half a block.

    Args:
        strata: stratum of each patient in order of entry, whole numbers from 0, shape (patients,)
            for all trials or (trials, patients).
        block_size: patients in a block, even; several sizes are drawn with equal chances at the
            start of every block.
        rng: source of randomness.
        trials: trials to allocate, 1 or more.

    Returns:
        Arms, shape (trials, patients).

    Raises:
        ValueError: strata are not whole numbers from 0, have no patients or another number of
            trials, a block size is not even or not from 2 to 500, or trials is not 1 or more.
    """
    _check_count(trials=trials)
    codes = _codes("strata", strata, trials, dimensions=1)
    sizes = np.array([block_size] if isinstance(block_size, int | np.integer) else [*block_size])
    if sizes.size == 0:
        raise ValueError("block_size must hold one size or more.")
    for size in sizes.tolist():
        _check_block(size)
    patients = codes.shape[1]
    rows = np.arange(trials)
    # Places left in the current block of each stratum, by arm.
    places = np.zeros((trials, int(codes.max()) + 1, 2), np.int64)
    arms = np.empty((trials, patients), np.int8)
    uniform = rng.random((patients, trials))
    for patient in range(patients):
        stratum = codes[:, patient]
        left = places[rows, stratum]
        empty = left.sum(axis=1) == 0
        if empty.any():
            left[empty] = rng.choice(sizes, empty.sum())[:, None] // 2
        arm = (uniform[patient] * left.sum(axis=1) < left[:, 1]).astype(np.int8)
        left[rows, arm] -= 1
        places[rows, stratum] = left
        arms[:, patient] = arm
    return arms


def minimisation(
    factors: ArrayLike,
    rng: np.random.Generator,
    trials: int,
    certainty: float = 0.8,
) -> Arms:
    """Allocate each patient, most often, to the arm that leaves the factors' margins most even.

    For each arm the patient could join, the differences between the arms among patients with the
    new patient's level of each factor are added up over the factors (Pocock and Simon: range, equal
    weights). The arm with the smaller sum is taken with probability ``certainty``; equal sums are
    decided by a fair coin.

    Args:
        factors: level of each patient on each factor in order of entry, whole numbers from 0,
            shape (patients, factors) for all trials or (trials, patients, factors).
        rng: source of randomness.
        trials: trials to allocate, 1 or more.
        certainty: probability of taking the arm that balances better, from 0.5 (simple allocation)
            to 1 (random only when the sums are equal).

    Returns:
        Arms, shape (trials, patients).

    Raises:
        ValueError: factors are not whole numbers from 0, have no patients, no factors or another
            number of trials, trials is not 1 or more, or certainty is not from 0.5 to 1.
    """
    _check_count(trials=trials)
    if not 0.5 <= certainty <= 1:
        raise ValueError(f"certainty must be from 0.5 to 1, not {certainty}.")
    codes = _codes("factors", factors, trials, dimensions=2)
    _, patients, number = codes.shape
    rows, columns = np.arange(trials)[:, None], np.arange(number)
    # Experimental minus control patients at each level of each factor.
    lead = np.zeros((trials, number, int(codes.max()) + 1), np.int64)
    arms = np.empty((trials, patients), np.int8)
    uniform = rng.random((patients, trials))
    for patient in range(patients):
        levels = codes[:, patient]
        now = lead[rows, columns, levels]
        advantage = np.abs(now - 1).sum(axis=1) - np.abs(now + 1).sum(axis=1)
        experimental = np.select([advantage > 0, advantage < 0], [certainty, 1 - certainty], 0.5)
        arm = uniform[patient] < experimental
        lead[rows, columns, levels] = now + np.where(arm, 1, -1)[:, None]
        arms[:, patient] = arm
    return arms


def strata_from(factors: ArrayLike) -> Codes:
    """Cross-classify factors: number the combinations of their levels.

    Args:
        factors: levels, whole numbers from 0, shape (..., patients, factors).

    Returns:
        Stratum of each patient, from 0, shape (..., patients): the first factor varies slowest.

    Raises:
        ValueError: factors are not whole numbers from 0, or have no patients or no factors.
    """
    levels = np.asarray(factors)
    if levels.ndim < 2 or levels.size == 0:
        raise ValueError(f"factors must have shape (..., patients, factors), not {levels.shape}.")
    levels = _whole_codes("factors", levels)
    stratum = np.zeros(levels.shape[:-1], np.int64)
    for factor in np.moveaxis(levels, -1, 0):
        stratum = stratum * (int(factor.max()) + 1) + factor
    return stratum


def imbalance(arms: ArrayLike, members: ArrayLike | None = None) -> Codes:
    """Return by how many patients the experimental arm is larger than control, in each trial.

    Args:
        arms: arms, 0 or 1, shape (trials, patients).
        members: flags of the subgroup to count in, shape (patients,) for all trials or
            (trials, patients); without it all patients count.

    Returns:
        Experimental minus control patients, shape (trials,).

    Raises:
        ValueError: arms are not 0 or 1 in two dimensions, or members are not flags of a shape that
            fits.
    """
    allocated = np.asarray(arms)
    if allocated.ndim != 2 or not np.isin(allocated, (0, 1)).all():
        raise ValueError("arms must be 0 or 1, with shape (trials, patients).")
    signed = 2 * allocated.astype(np.int64) - 1
    if members is None:
        return signed.sum(axis=1)
    flags = np.asarray(members)
    if flags.dtype != bool or flags.shape not in (allocated.shape, allocated.shape[1:]):
        raise ValueError(
            f"members must be flags of shape {allocated.shape[1:]} or {allocated.shape}, "
            f"not {flags.dtype} of shape {flags.shape}."
        )
    return np.where(flags, signed, 0).sum(axis=1)


def subgroup_split(members: int, arm_totals: tuple[int, int] | None = None) -> Floats:
    """Return how probable each split of a subgroup is that played no part in the allocation.

    Args:
        members: patients in the subgroup, 1 or more.
        arm_totals: patients of the whole trial on control and experimental; every division of the
            patients into arms of these sizes is then equally probable, and the split
            hypergeometric. Without them each patient's arm is a fair coin, and the split binomial.

    Returns:
        Probabilities of 0, 1, ..., ``members`` of them on the experimental arm,
        shape (members + 1,).

    Raises:
        ValueError: members is not 1 or more, an arm total is negative or not whole, or the arms
            together hold fewer patients than the subgroup.
    """
    _check_count(members=members)
    experimental = np.arange(members + 1)
    if arm_totals is None:
        return np.asarray(binom.pmf(experimental, members, 0.5))
    control_total, experimental_total = arm_totals
    for total in arm_totals:
        if isinstance(total, bool) or not isinstance(total, int | np.integer) or total < 0:
            raise ValueError(f"arm_totals must be whole numbers, not negative: {arm_totals}.")
    patients = control_total + experimental_total
    if patients < members:
        raise ValueError(f"arm_totals hold {patients} patients, fewer than the {members} members.")
    return np.asarray(hypergeom.pmf(experimental, patients, experimental_total, members))


def subgroup_split_blocks(members: Sequence[int], block_size: int) -> Floats:
    """Return how probable each split of a subgroup is, given how its members lie in the blocks.

    Within a block every choice of the half that goes to the experimental arm is equally probable,
    so that the members of one block split hypergeometrically; blocks are independent. A last block
    that stays unfilled is no exception: its members lie somewhere in the block.

    Args:
        members: members of the subgroup in each block that holds any, from 0 to ``block_size``.
        block_size: patients in a block, even.

    Returns:
        Probabilities of 0, 1, ..., ``sum(members)`` of them on the experimental arm.

    Raises:
        ValueError: no block, a number is not whole or not from 0 to the block size, or the block
            size is not even or not from 2 to 500.
    """
    _check_block(block_size)
    if len(members) == 0:
        raise ValueError("members must hold one block or more.")
    total = np.ones(1)
    for number in members:
        whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
        if not whole or not 0 <= number <= block_size:
            raise ValueError(f"members must be whole numbers from 0 to {block_size}: {number!r}.")
        split = hypergeom.pmf(np.arange(number + 1), block_size, block_size // 2, number)
        total = np.convolve(total, split)
    return total


def block_imbalance(stratum_sizes: Sequence[int], block_size: int) -> Floats:
    """Return how probable each difference of the arm totals is with permuted blocks of one size.

    Only unfilled last blocks make a difference; those of different strata are independent.

    Args:
        stratum_sizes: patients of each stratum, 0 or more.
        block_size: patients in a block, even.

    Returns:
        Probabilities of experimental minus control being -m, ..., 0, ..., m, where m is half a
        block times the number of strata; shape (2 m + 1,).

    Raises:
        ValueError: no strata, a size is negative or not whole, or the block size is not even or
            not from 2 to 500.
    """
    _check_block(block_size)
    if len(stratum_sizes) == 0:
        raise ValueError("stratum_sizes must hold one stratum or more.")
    half = block_size // 2
    total = np.ones(1)
    for size in stratum_sizes:
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 0:
            raise ValueError(f"stratum_sizes must be whole numbers, not negative: {stratum_sizes}.")
        over = size % block_size
        experimental = np.arange(over + 1)
        difference = 2 * experimental - over
        inside = np.abs(difference) <= half
        stratum = np.zeros(2 * half + 1)
        stratum[difference[inside] + half] = hypergeom.pmf(experimental, block_size, half, over)[
            inside
        ]
        total = np.convolve(total, stratum)
    return total


def guess_probability(block_size: int) -> float:
    """Return how often the next arm is guessed right by who knows the block and all earlier arms.

    The guess is the arm that has had fewer patients in the block, and a coin when both have had the
    same (Blackwell and Hodges). An unforeseeable allocation is guessed half of the time.

    Args:
        block_size: patients in a block, even.

    Returns:
        Expected share of right guesses over a full block, between 0.5 and 0.75.

    Raises:
        ValueError: the block size is not even or not from 2 to 500.
    """
    _check_block(block_size)
    half = block_size // 2
    ties = 2 ** (block_size - 1) / comb(block_size, half) - 0.5
    return 0.5 + ties / block_size


def foreseen_share(block_size: int) -> float:
    """Return the share of patients whose arm is certain beforehand, the block size being known.

    They are those at the end of a block after one arm has had its half.

    Args:
        block_size: patients in a block, even.

    Returns:
        Expected share over a full block.

    Raises:
        ValueError: the block size is not even or not from 2 to 500.
    """
    _check_block(block_size)
    return 1 / (block_size // 2 + 1)


def _codes(name: str, values: ArrayLike, trials: int, dimensions: int) -> Codes:
    codes = np.asarray(values)
    if codes.ndim not in (dimensions, dimensions + 1) or codes.size == 0:
        axes = "(patients,)" if dimensions == 1 else "(patients, factors)"
        raise ValueError(f"{name} must have shape {axes}, or that for each trial: {codes.shape}.")
    codes = _whole_codes(name, codes)
    if codes.ndim == dimensions:
        return np.broadcast_to(codes, (trials, *codes.shape))
    if codes.shape[0] != trials:
        raise ValueError(f"{name} holds {codes.shape[0]} trials, but trials is {trials}.")
    return codes


def _whole_codes(name: str, codes: NDArray[np.generic]) -> Codes:
    if codes.dtype.kind not in "iub" or codes.min() < 0:
        raise ValueError(f"{name} must be whole numbers from 0.")
    return codes.astype(np.int64)


def _check_count(**counts: int) -> None:
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name} must be a whole number of 1 or more, not {value!r}.")


def _check_block(size: int) -> None:
    whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    if not whole or size % 2 or not 2 <= size <= _LARGEST_BLOCK:
        raise ValueError(f"block_size must be even, from 2 to {_LARGEST_BLOCK}, not {size!r}.")
