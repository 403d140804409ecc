"""Putting results of a few studies together: inverse-variance pooling, between-study SD, borrowing.

Estimates are on an unbounded scale with known standard errors (log odds, log hazard ratios); the
true values of the studies are taken as normal about a mean with standard deviation ``tau``, in the
same unit. ``tau = 0`` is the model of one common value. Borrowing with a power prior is for counts:
exact, beta-binomial.

Sources: DerSimonian R, Laird N. Contemp Clin Trials 2015;45:139-145 (moment estimate);
Roever C, Knapp G, Friede T. BMC Med Res Methodol 2015;15:99 (Hartung-Knapp with few studies);
Friede T et al. 2017, arXiv 1606.04969 (two studies, half-normal prior);
Chen MH et al. J Data Sci 2024, doi 10.6339/24-JDS1161 (power priors).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

Floats = NDArray[np.float64]

_TAU_POINTS = 2001


class LogOdds(NamedTuple):
    """Log odds of responding, one for each study, shape (k,).

    Attributes:
        estimates: log odds.
        errors: their standard errors.
    """

    estimates: Floats
    errors: Floats


class Pooled(NamedTuple):
    """A pooled mean with its limits, on the scale of the estimates.

    Attributes:
        mean: the pooled estimate.
        lower: lower limit.
        upper: upper limit.
        error: standard error (posterior standard deviation for a posterior).
    """

    mean: float
    lower: float
    upper: float
    error: float


def log_odds(events: ArrayLike, patients: ArrayLike, correction: float = 0.0) -> LogOdds:
    """Return log odds and their standard errors from counts.

    Args:
        events: patients with the event, shape (k,).
        patients: patients, shape (k,).
        correction: added to events and to non-events of every study; 0.5 is usual where a study has
            none of one kind.

    Raises:
        ValueError: events outside 0 to patients, a negative correction, or log odds that do not
            exist (all or none with the event, and no correction).
    """
    events, patients = np.asarray(events, float), np.asarray(patients, float)
    if events.shape != patients.shape:
        raise ValueError(f"events and patients differ in shape: {events.shape}, {patients.shape}.")
    if (events < 0).any() or (events > patients).any():
        raise ValueError(f"events must lie from 0 to patients: {events} of {patients}.")
    if correction < 0:
        raise ValueError(f"correction must not be negative: {correction}.")
    yes, no = events + correction, patients - events + correction
    if (yes <= 0).any() or (no <= 0).any():
        raise ValueError("events: all or none of a study; log odds need a correction above 0.")
    return LogOdds(np.log(yes / no), np.sqrt(1 / yes + 1 / no))


def heterogeneity(estimates: ArrayLike, errors: ArrayLike) -> tuple[float, float]:
    """Return Cochran's Q and its P value (chi-square with k - 1 degrees of freedom)."""
    estimates, errors = _studies(estimates, errors)
    weights = errors**-2
    mean = np.average(estimates, weights=weights)
    q = float((weights * (estimates - mean) ** 2).sum())
    return q, float(stats.chi2.sf(q, len(estimates) - 1))


def tau_by_moments(estimates: ArrayLike, errors: ArrayLike) -> float:
    """Return the between-study SD of DerSimonian and Laird, 0 where Q is below k - 1."""
    estimates, errors = _studies(estimates, errors)
    q, _ = heterogeneity(estimates, errors)
    weights = errors**-2
    scale = weights.sum() - (weights**2).sum() / weights.sum()
    return float(np.sqrt(max(0.0, (q - len(estimates) + 1) / scale)))


def tau_by_reml(estimates: ArrayLike, errors: ArrayLike) -> float:
    """Return the between-study SD of restricted maximum likelihood (numerical)."""
    estimates, errors = _studies(estimates, errors)
    widest = 10 * (np.ptp(estimates) + errors.max())
    grid = np.linspace(0, widest, 400)
    near = grid[np.argmax(restricted_log_likelihood(grid, estimates, errors))]
    step = grid[1]
    found = optimize.minimize_scalar(
        lambda tau: -restricted_log_likelihood(tau, estimates, errors),
        bounds=(max(near - step, 0.0), near + step),
        method="bounded",
        options={"xatol": 1e-10},
    )
    at_zero = restricted_log_likelihood(0.0, estimates, errors)
    return 0.0 if at_zero >= -found.fun else float(found.x)


def restricted_log_likelihood(tau: ArrayLike, estimates: ArrayLike, errors: ArrayLike) -> Floats:
    """Return the log likelihood of ``tau`` with the mean integrated out (flat), shape of ``tau``.

    Up to a constant that does not depend on tau.
    """
    estimates, errors = _studies(estimates, errors)
    weights = 1 / (np.asarray(tau, float)[..., None] ** 2 + errors**2)
    total = weights.sum(axis=-1)
    mean = (weights * estimates).sum(axis=-1) / total
    spread = (weights * (estimates - mean[..., None]) ** 2).sum(axis=-1)
    return 0.5 * (np.log(weights).sum(axis=-1) - np.log(total) - spread)


def pool(estimates: ArrayLike, errors: ArrayLike, tau: float = 0.0, level: float = 0.95) -> Pooled:
    """Pool with inverse-variance weights, the between-study SD taken as known; normal limits.

    Args:
        estimates: one for each study, shape (k,).
        errors: standard errors, shape (k,).
        tau: between-study SD; 0 for one common value.
        level: level of the limits, two-sided.
    """
    estimates, errors, weights, mean = _weighted(estimates, errors, tau, level)
    error = float(weights.sum() ** -0.5)
    half = stats.norm.ppf((1 + level) / 2) * error
    return Pooled(mean, mean - half, mean + half, error)


def pool_hartung_knapp(
    estimates: ArrayLike,
    errors: ArrayLike,
    tau: float = 0.0,
    level: float = 0.95,
    modified: bool = False,
) -> Pooled:
    """Pool as :func:`pool`, with limits of Hartung and Knapp: t with k - 1 degrees of freedom.

    Args:
        estimates: one for each study, shape (k,).
        errors: standard errors, shape (k,).
        tau: between-study SD used in the weights.
        level: level of the limits, two-sided.
        modified: never let the standard error fall below that of :func:`pool`.
    """
    estimates, errors, weights, mean = _weighted(estimates, errors, tau, level)
    freedom = len(estimates) - 1
    factor = (weights * (estimates - mean) ** 2).sum() / freedom
    if modified:
        factor = max(factor, 1.0)
    error = float(np.sqrt(factor / weights.sum()))
    half = stats.t.ppf((1 + level) / 2, freedom) * error
    return Pooled(mean, mean - half, mean + half, error)


@dataclass(frozen=True)
class HalfNormalPosterior:
    """Posterior of the mean and of tau: flat prior on the mean, half-normal prior on tau.

    Attributes:
        mean: pooled mean with equal-tailed limits.
        tau_median: posterior median of the between-study SD.
        tau_lower: lower limit of tau.
        tau_upper: upper limit of tau.
    """

    mean: Pooled
    tau_median: float
    tau_lower: float
    tau_upper: float


def half_normal_posterior(
    estimates: ArrayLike, errors: ArrayLike, scale: float, level: float = 0.95
) -> HalfNormalPosterior:
    """Integrate over tau on a grid; given tau the mean is normal.

    Args:
        estimates: one for each study, shape (k,).
        errors: standard errors, shape (k,).
        scale: SD of the normal whose absolute value is the prior of tau (its median is 0.67 times
            as large).
        level: level of the limits, two-sided.

    Raises:
        ValueError: scale not above 0.
    """
    estimates, errors = _studies(estimates, errors)
    if not scale > 0:
        raise ValueError(f"scale must be above 0: {scale}.")
    _check_level(level)
    tau = np.linspace(0, 6 * scale, _TAU_POINTS)
    log_density = restricted_log_likelihood(tau, estimates, errors) - 0.5 * (tau / scale) ** 2
    density = np.exp(log_density - log_density.max())
    density[[0, -1]] /= 2
    density /= density.sum()
    weights = 1 / (tau[:, None] ** 2 + errors**2)
    total = weights.sum(axis=1)
    means, sds = (weights * estimates).sum(axis=1) / total, total**-0.5
    mean = float(density @ means)
    spread = float(np.sqrt(density @ (sds**2 + (means - mean) ** 2)))
    tails = np.array([1 - level, 1 + level]) / 2
    lower, upper = (
        optimize.brentq(
            lambda x, tail=tail: density @ stats.norm.cdf((x - means) / sds) - tail,
            mean - 40 * spread,
            mean + 40 * spread,
        )
        for tail in tails
    )
    below = np.cumsum(density)
    median, low, high = np.interp([0.5, *tails], below, tau)
    return HalfNormalPosterior(
        Pooled(mean, float(lower), float(upper), spread), float(median), float(low), float(high)
    )


@dataclass(frozen=True)
class Borrowing:
    """Long-run behaviour of a rate estimated with a power prior, exact.

    Attributes:
        bias: mean estimate minus the true rate of the current study, from -1 to 1.
        root_mean_square_error: typical distance of the estimate from that rate.
        coverage: how often the interval holds that rate.
        width: mean width of the interval.
    """

    bias: Floats
    root_mean_square_error: Floats
    coverage: Floats
    width: Floats


def borrow(
    patients: int,
    outside_patients: int,
    weight: float,
    rate: float,
    outside_rate: ArrayLike,
    level: float = 0.95,
) -> Borrowing:
    """Return how an estimate fares that counts each outside patient with a fixed weight.

    The estimate is (responders + weight x outside responders) / (patients + weight x outside
    patients); the interval is the equal-tailed posterior one with Jeffreys' prior, Beta(1/2, 1/2),
    raised by the weighted outside counts.

    Args:
        patients: patients of the current study.
        outside_patients: patients of the other study.
        weight: power of the outside likelihood, 0 (ignored) to 1 (pooled).
        rate: true rate of the current study, 0 to 1.
        outside_rate: true rate of the other study, 0 to 1, any shape.
        level: level of the interval.

    Raises:
        ValueError: weight or a rate outside 0 to 1, or fewer than one patient.
    """
    outside_rate = np.asarray(outside_rate, float)
    if not 0 <= weight <= 1:
        raise ValueError(f"weight must lie from 0 to 1: {weight}.")
    if not 0 <= rate <= 1 or (outside_rate < 0).any() or (outside_rate > 1).any():
        raise ValueError(f"rates must lie from 0 to 1: {rate}, {outside_rate}.")
    if patients < 1 or outside_patients < 1:
        raise ValueError(f"both studies need a patient: {patients}, {outside_patients}.")
    _check_level(level)
    own, other = np.arange(patients + 1)[:, None], np.arange(outside_patients + 1)
    yes = own + weight * other
    total = patients + weight * outside_patients
    tail = (1 - level) / 2
    lower = stats.beta.ppf(tail, yes + 0.5, total - yes + 0.5)
    upper = stats.beta.ppf(1 - tail, yes + 0.5, total - yes + 0.5)
    chance_own = stats.binom.pmf(own[:, 0], patients, rate)
    chance_other = stats.binom.pmf(other, outside_patients, outside_rate[..., None])

    def expected(values: Floats) -> Floats:
        return (chance_other * (chance_own @ values)).sum(axis=-1)

    estimate = yes / total
    return Borrowing(
        bias=expected(estimate) - rate,
        root_mean_square_error=np.sqrt(expected((estimate - rate) ** 2)),
        coverage=expected(((lower <= rate) & (rate <= upper)).astype(float)),
        width=expected(upper - lower),
    )


def tilting_weights(covariates: ArrayLike, targets: ArrayLike) -> Floats:
    """Return weights exp(a + b x) that bring the means of covariates to targets; their sum is n.

    The weights of a matching-adjusted indirect comparison (method of moments).

    Args:
        covariates: one row a patient, one column a characteristic, shape (n, p).
        targets: means to be reached, shape (p,).

    Returns:
        Weights, shape (n,).

    Raises:
        ValueError: shapes that do not fit, or targets that no weighting reaches.
    """
    covariates = np.asarray(covariates, float)
    targets = np.atleast_1d(np.asarray(targets, float))
    if covariates.ndim != 2 or covariates.shape[1] != len(targets):
        raise ValueError(f"covariates need one column a target: {covariates.shape}, {targets}.")
    unreachable = f"targets cannot be reached by weighting these patients: {targets}."
    if (targets <= covariates.min(axis=0)).any() or (targets >= covariates.max(axis=0)).any():
        raise ValueError(unreachable)
    centred = covariates - targets
    found = optimize.minimize(
        lambda b: special.logsumexp(centred @ b),
        np.zeros(len(targets)),
        jac=lambda b: special.softmax(centred @ b) @ centred,
        method="BFGS",
        tol=1e-10,
    )
    weights = len(centred) * special.softmax(centred @ found.x)
    if not np.allclose(weights @ centred / len(weights), 0, atol=1e-6):
        raise ValueError(unreachable)
    return weights


def effective_sample_size(weights: ArrayLike) -> float:
    """Return (sum of weights) squared over the sum of squared weights."""
    weights = np.asarray(weights, float)
    if (weights < 0).any() or not weights.any():
        raise ValueError("weights must not be negative, and not all 0.")
    return float(weights.sum() ** 2 / (weights**2).sum())


def _studies(estimates: ArrayLike, errors: ArrayLike) -> tuple[Floats, Floats]:
    estimates, errors = np.asarray(estimates, float), np.asarray(errors, float)
    if estimates.ndim != 1 or estimates.shape != errors.shape or len(estimates) < 2:
        raise ValueError(
            "estimates and errors must be two lists of one length, two studies or more: shapes "
            f"{estimates.shape} and {errors.shape}."
        )
    if not np.isfinite(estimates).all() or not (np.isfinite(errors) & (errors > 0)).all():
        raise ValueError("estimates must be finite and errors above 0.")
    return estimates, errors


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1: {level}.")


def _weighted(
    estimates: ArrayLike, errors: ArrayLike, tau: float, level: float
) -> tuple[Floats, Floats, Floats, float]:
    estimates, errors = _studies(estimates, errors)
    if not (np.isfinite(tau) and tau >= 0):
        raise ValueError(f"tau must not be negative: {tau}.")
    _check_level(level)
    weights = 1 / (errors**2 + tau**2)
    return estimates, errors, weights, float(np.average(estimates, weights=weights))
