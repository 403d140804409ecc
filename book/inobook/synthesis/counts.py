"""Draws of who has a feature when the number of those who have it is known."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def draw_with_count(log_odds: ArrayLike, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw independent Bernoulli features conditioned on their number (conditional Bernoulli).

    Dynamic programming gives, from the last patient backwards, the weight of every number of
    features still to come; the patients are then drawn forwards, each given what is left.

    Args:
        log_odds: log odds of the feature for each patient before conditioning, shape (n,).
        count: how many patients have it.
        rng: source of randomness.

    Returns:
        Who has the feature, shape (n,), with exactly ``count`` true.

    Raises:
        ValueError: the count is negative or above n.
    """
    odds = np.exp(np.asarray(log_odds, float))
    size = odds.size
    if not 0 <= count <= size:
        raise ValueError(f"{count} of {size} patients cannot have the feature.")
    weights = _weights_of_counts(odds, count)
    drawn = np.zeros(size, bool)
    left = count
    for patient in range(size):
        if left == 0:
            break
        with_it = odds[patient] * weights[patient + 1, left - 1]
        drawn[patient] = rng.random() < with_it / (with_it + weights[patient + 1, left])
        left -= int(drawn[patient])
    return drawn


def _weights_of_counts(odds: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Weights of 0..count features among the patients from each one on, shape (n + 1, count + 1).

    Each row is scaled by its largest weight, which leaves the ratios within a row as they are.
    """
    weights = np.zeros((odds.size + 1, count + 1))
    weights[odds.size, 0] = 1.0
    for patient in range(odds.size - 1, -1, -1):
        row = weights[patient + 1].copy()
        row[1:] += odds[patient] * weights[patient + 1, :-1]
        weights[patient] = row / row.max()
    return weights
