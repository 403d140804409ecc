"""Group-sequential trials: spending of alpha, boundaries, crossing, conditional power, estimation.

One scale throughout. Information is a fraction of the maximum: 1 at the last planned look (for a
survival endpoint, deaths at the look over deaths planned). At fraction t the test statistic z is
normal with mean ``drift`` times the root of t and variance 1, and scores z times the root of t have
independent increments (Brownian motion with drift). ``drift`` is thus the mean of z at full
information: 0 under no effect, positive in favour of the new treatment. Tests are one-sided: a
trial stops for efficacy at the first look where z reaches the upper boundary.

The recursive integration over the looks is that of the package ``gsdesign``. Results are exact up
to its error, below 1e-6 in the tests; except those of :func:`simulate_trials`, which are random.

Sources: Lan KKG, DeMets DL. Biometrika 1983;70:659-663, doi 10.1093/biomet/70.3.659 (spending);
Pocock SJ. Biometrika 1977;64:191-199, doi 10.1093/biomet/64.2.191 and O'Brien PC, Fleming TR.
Biometrics 1979;35:549-556, doi 10.2307/2530245 (the boundaries that the functions resemble).
"""

from collections.abc import Callable
from dataclasses import dataclass

import gsdesign
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import norm

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Spending = Callable[[ArrayLike, float], Floats]

_FINENESS = 32
_FURTHEST = 40.0


@dataclass(frozen=True)
class Crossing:
    """Chances of stopping at each look, each array of shape (..., looks).

    The last axis runs over the looks; the others are those of the drifts asked for.

    Attributes:
        upper: of reaching the upper boundary at this look and no boundary before.
        lower: the same for the lower boundary; zeros if there is none.
    """

    upper: Floats
    lower: Floats

    @property
    def total(self) -> Floats:
        """Chance of reaching the upper boundary at any look, shape (...)."""
        return self.upper.sum(axis=-1)


@dataclass(frozen=True)
class Estimate:
    """What a trial that has stopped says of the drift, stagewise ordering.

    Outcomes are ordered by the look of stopping first (earlier speaks more for the treatment),
    and by z within a look.

    Attributes:
        naive: z over the root of the information: what one reports who forgets the looks.
        median_unbiased: drift under which an outcome at least as strong has probability one half.
        lower, upper: limits of the two-sided interval.
        p_value: one-sided, of no effect.
        level: confidence level of the interval.
    """

    naive: float
    median_unbiased: float
    lower: float
    upper: float
    p_value: float
    level: float


@dataclass(frozen=True)
class SimulatedTrials:
    """Simulated trials, each array of shape (trials,).

    Attributes:
        drift: true drift of each trial.
        look: look at which it ended, 0 for the first.
        information: information fraction then.
        z: test statistic then.
        crossed: whether z had reached the upper boundary.
    """

    drift: Floats
    look: Counts
    information: Floats
    z: Floats
    crossed: Flags

    @property
    def estimate(self) -> Floats:
        """Naive estimate of the drift at the end of each trial."""
        return self.z / np.sqrt(self.information)

    def mean_overestimate(self, among: ArrayLike | None = None) -> tuple[float, float]:
        """Return the mean of estimate minus true drift, and its simulation error.

        Args:
            among: which trials count, Booleans of shape (trials,); all by default.

        Returns:
            Mean and standard error; both nan if no trial counts, the error nan if only one does.

        Raises:
            ValueError: ``among`` is not one Boolean for each trial.
        """
        over = self.estimate - self.drift
        if among is not None:
            chosen = np.asarray(among)
            if chosen.shape != over.shape or chosen.dtype != bool:
                raise ValueError(f"among must be Booleans of shape {over.shape}.")
            over = over[chosen]
        if over.size == 0:
            return float("nan"), float("nan")
        error = over.std(ddof=1) / np.sqrt(over.size) if over.size > 1 else float("nan")
        return float(over.mean()), float(error)


def obrien_fleming_spending(information: ArrayLike, alpha: float) -> Floats:
    """Return the alpha spent by each information fraction, O'Brien-Fleming type: late.

    Args:
        information: fractions above 0 and up to 1, any shape.
        alpha: one-sided type I error in all.

    Raises:
        ValueError: a fraction or alpha is out of range.

    Source: Lan and DeMets 1983, doi 10.1093/biomet/70.3.659.
    """
    _check_alpha(alpha)
    return 2 * norm.sf(norm.isf(alpha / 2) / np.sqrt(_checked_fractions(information)))


def pocock_spending(information: ArrayLike, alpha: float) -> Floats:
    """Return the alpha spent by each information fraction, Pocock type: almost evenly.

    Args:
        information: fractions above 0 and up to 1, any shape.
        alpha: one-sided type I error in all.

    Raises:
        ValueError: a fraction or alpha is out of range.

    Source: Lan and DeMets 1983, doi 10.1093/biomet/70.3.659.
    """
    _check_alpha(alpha)
    return alpha * np.log1p((np.e - 1) * _checked_fractions(information))


def power_spending(exponent: float) -> Spending:
    """Return the spending function alpha times t to the power ``exponent``.

    Exponent 1 spends in proportion to the information; larger ones later.

    Raises:
        ValueError: the exponent is not above 0.
    """
    if not exponent > 0:
        raise ValueError(f"exponent must be above 0, not {exponent}.")

    def spending(information: ArrayLike, alpha: float) -> Floats:
        _check_alpha(alpha)
        return alpha * _checked_fractions(information) ** exponent

    return spending


def boundaries(
    information: ArrayLike, alpha: float, spending: Spending = obrien_fleming_spending
) -> Floats:
    """Return the upper boundary for z at each look, so that alpha is spent as planned.

    Args:
        information: fractions at the looks, shape (looks,), increasing and ending at 1.
        alpha: one-sided type I error in all.
        spending: a function of fractions and alpha, as :func:`obrien_fleming_spending`.

    Returns:
        Boundaries, shape (looks,); infinite at a look that spends nothing.

    Raises:
        ValueError: the fractions or alpha break a rule above; the function spends less than
            nothing between two looks, or ends elsewhere than at alpha.
    """
    looks = _checked_looks(information)
    _check_alpha(alpha)
    spent = np.asarray(spending(looks, alpha), float)
    steps = np.diff(spent, prepend=0)
    if spent.shape != looks.shape or (steps < 0).any() or not np.isclose(spent[-1], alpha):
        raise ValueError(f"spending must rise from 0 to alpha = {alpha}; it gives {spent}.")
    upper = np.full(looks.shape, np.inf)
    course = _Course(looks, 0.0)
    for look, step in enumerate(steps):
        if step > 0:
            upper[look] = course.boundary(step)
        course.go_on(-np.inf, upper[look])
    return upper


def crossing_probabilities(
    information: ArrayLike,
    upper: ArrayLike,
    drift: ArrayLike = 0.0,
    lower: ArrayLike | None = None,
) -> Crossing:
    """Return the chances of reaching a boundary at each look.

    Args:
        information: fractions at the looks, shape (looks,), increasing and ending at 1.
        upper: upper boundaries for z, shape (looks,).
        drift: true drifts, any shape.
        lower: lower boundaries for z, shape (looks,); none by default.

    Raises:
        ValueError: the fractions or boundaries break a rule above, a drift is not finite, or a
            lower boundary is not below the upper one.
    """
    looks = _checked_looks(information)
    high, low = _checked_bounds(looks, upper, lower)
    drifts = _checked_finite(drift=drift)
    up, down = (np.empty((*drifts.shape, len(looks))) for _ in range(2))
    for place, true in np.ndenumerate(drifts):
        course = _Course(looks, float(true))
        for look in range(len(looks)):
            up[(*place, look)] = course.above(high[look])
            down[(*place, look)] = course.below(low[look])
            course.go_on(low[look], high[look])
    return Crossing(upper=up, lower=down)


def expected_information(
    information: ArrayLike,
    upper: ArrayLike,
    drift: ArrayLike = 0.0,
    lower: ArrayLike | None = None,
) -> Floats:
    """Return the mean information fraction at which the trial ends, of the shape of the drifts.

    Arguments and errors as of :func:`crossing_probabilities`.
    """
    looks = _checked_looks(information)
    crossing = crossing_probabilities(looks, upper, drift, lower)
    saved = (crossing.upper + crossing.lower) * (1 - looks)
    return 1 - saved.sum(axis=-1)


def required_drift(information: ArrayLike, upper: ArrayLike, power: float) -> float:
    """Return the drift at which the upper boundaries are crossed with probability ``power``.

    Args:
        information: fractions at the looks, shape (looks,), increasing and ending at 1.
        upper: upper boundaries for z, shape (looks,).
        power: probability, between the crossing probability at drift 0 and 1.

    Raises:
        ValueError: the fractions, boundaries or power break a rule above.
    """
    null = float(crossing_probabilities(information, upper).total)
    if not null < power < 1:
        raise ValueError(f"power must lie between {null:.4f} and 1, not {power}.")

    def surplus(drift: float) -> float:
        return float(crossing_probabilities(information, upper, drift).total) - power

    return float(brentq(surplus, 0, 20, xtol=1e-9))


def inflation_factor(
    information: ArrayLike,
    alpha: float,
    power: float,
    spending: Spending = obrien_fleming_spending,
) -> float:
    """Return the maximum information over that of a trial without looks, at equal alpha and power.

    Arguments and errors as of :func:`boundaries` and :func:`required_drift`.
    """
    upper = boundaries(information, alpha, spending)
    fixed = norm.isf(alpha) + norm.ppf(power)
    return float((required_drift(information, upper, power) / fixed) ** 2)


def current_trend(z: ArrayLike, information: ArrayLike) -> Floats:
    """Return the drift that an interim z at a fraction of the information points to.

    Raises:
        ValueError: z is not finite, or a fraction is not above 0 and up to 1.
    """
    return np.asarray(_checked_finite(z=z) / np.sqrt(_checked_fractions(information)))


def conditional_power(
    z: ArrayLike, information: ArrayLike, drift: ArrayLike, final_boundary: ArrayLike
) -> Floats:
    """Return the chance of reaching the last boundary, given an interim z, with no look between.

    Args:
        z: test statistic at the interim look.
        information: its information fraction, above 0 and below 1.
        drift: drift that holds for the rest of the trial: the planned one, :func:`current_trend`,
            or 0.
        final_boundary: boundary for z at full information.

    Returns:
        Probabilities, of the arguments' broadcast shape.

    Raises:
        ValueError: an argument is not finite, or a fraction is out of range.
    """
    t = _checked_interim(information)
    score = _checked_finite(z=z) * np.sqrt(t)
    ahead = score + _checked_finite(drift=drift) * (1 - t)
    bound = _checked_finite(final_boundary=final_boundary)
    return np.asarray(norm.cdf((ahead - bound) / np.sqrt(1 - t)))


def predictive_power(
    z: ArrayLike,
    information: ArrayLike,
    final_boundary: ArrayLike,
    prior_mean: ArrayLike = 0.0,
    prior_sd: ArrayLike = np.inf,
) -> Floats:
    """Return conditional power averaged over what is believed of the drift after the interim look.

    Args:
        z: test statistic at the interim look.
        information: its information fraction, above 0 and below 1.
        final_boundary: boundary for z at full information.
        prior_mean: mean of the normal prior of the drift.
        prior_sd: its standard deviation, above 0; infinite for a flat prior.

    Returns:
        Probabilities, of the arguments' broadcast shape.

    Raises:
        ValueError: an argument is not finite (save ``prior_sd``) or is out of range.
    """
    t = _checked_interim(information)
    spread = np.asarray(prior_sd, float)
    if not (spread > 0).all():
        raise ValueError(f"prior_sd must be above 0, not {prior_sd}.")
    precision = 1 / spread**2
    score = _checked_finite(z=z) * np.sqrt(t)
    centre = _checked_finite(prior_mean=prior_mean)
    bound = _checked_finite(final_boundary=final_boundary)
    mean = (score + centre * precision) / (t + precision)
    variance = (1 - t) + (1 - t) ** 2 / (t + precision)
    return np.asarray(norm.cdf((score + (1 - t) * mean - bound) / np.sqrt(variance)))


def simulate_trials(
    information: ArrayLike,
    upper: ArrayLike,
    drift: ArrayLike,
    trials: int,
    rng: np.random.Generator,
    lower: ArrayLike | None = None,
) -> SimulatedTrials:
    """Simulate trials that stop at the first look where z reaches a boundary.

    Args:
        information: fractions at the looks, shape (looks,), increasing and ending at 1.
        upper: upper boundaries for z, shape (looks,).
        drift: true drift, one for all trials or shape (trials,).
        trials: number of trials, at least 1.
        rng: source of the random numbers.
        lower: lower boundaries for z, shape (looks,); none by default.

    Raises:
        ValueError: an argument breaks a rule above.
    """
    looks = _checked_looks(information)
    high, low = _checked_bounds(looks, upper, lower)
    if isinstance(trials, bool) or not isinstance(trials, int | np.integer) or trials < 1:
        raise ValueError(f"trials must be a whole number of at least 1, not {trials}.")
    true = _checked_finite(drift=drift)
    if true.shape not in ((), (trials,)):
        raise ValueError(f"drift must be one number or of shape ({trials},), not {true.shape}.")
    true = np.broadcast_to(true, (trials,))
    steps = np.diff(looks, prepend=0)
    gains = true[:, None] * steps + np.sqrt(steps) * rng.standard_normal((trials, len(looks)))
    z = gains.cumsum(axis=1) / np.sqrt(looks)
    outside = (z >= high) | (z <= low)
    outside[:, -1] = True
    look = outside.argmax(axis=1)
    last = z[np.arange(trials), look]
    return SimulatedTrials(
        drift=true,
        look=look,
        information=looks[look],
        z=last,
        crossed=last >= high[look],
    )


def stagewise_p_value(
    information: ArrayLike, upper: ArrayLike, look: int, z: float, drift: float = 0.0
) -> float:
    """Return the chance, at a drift, of an outcome at least as strong in the stagewise ordering.

    Args:
        information: fractions at the looks, shape (looks,), increasing and ending at 1.
        upper: upper boundaries for z, shape (looks,).
        look: look at which the trial ended, 0 for the first.
        z: test statistic then.
        drift: true drift; 0 gives the P value of no effect.

    Raises:
        ValueError: an argument breaks a rule above, or a trial would not have ended so: before
            the last look it ends only at or above the boundary.
    """
    looks = _checked_looks(information)
    high, _ = _checked_bounds(looks, upper, None)
    if isinstance(look, bool) or not isinstance(look, int | np.integer):
        raise ValueError(f"look must be a whole number, not {look}.")
    if not 0 <= look < len(looks):
        raise ValueError(f"look must lie from 0 to {len(looks) - 1}, not {look}.")
    _checked_finite(z=z, drift=drift)
    if look < len(looks) - 1 and z < high[look]:
        raise ValueError(f"z must be at least the boundary {high[look]:.4f} to end there, not {z}.")
    course = _Course(looks, float(drift))
    total = 0.0
    for earlier in range(look):
        total += course.above(high[earlier])
        course.go_on(-np.inf, high[earlier])
    return total + course.above(z)


def estimate(
    information: ArrayLike, upper: ArrayLike, look: int, z: float, level: float = 0.95
) -> Estimate:
    """Return the naive and the median-unbiased estimate of the drift, with an interval.

    Args:
        information: fractions at the looks, shape (looks,), increasing and ending at 1.
        upper: upper boundaries for z, shape (looks,).
        look: look at which the trial ended, 0 for the first.
        z: test statistic then.
        level: confidence level of the interval, between 0 and 1.

    Raises:
        ValueError: an argument breaks a rule above or of :func:`stagewise_p_value`.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}.")
    p_value = stagewise_p_value(information, upper, look, z)
    naive = float(current_trend(z, _checked_looks(information)[look]))

    def drift_with(probability: float) -> float:
        def surplus(drift: float) -> float:
            return stagewise_p_value(information, upper, look, z, drift) - probability

        reach = 4.0
        while surplus(naive - reach) > 0 or surplus(naive + reach) < 0:
            reach *= 2
        return float(brentq(surplus, naive - reach, naive + reach, xtol=1e-9))

    tail = (1 - level) / 2
    return Estimate(
        naive=naive,
        median_unbiased=drift_with(0.5),
        lower=drift_with(tail),
        upper=drift_with(1 - tail),
        p_value=p_value,
        level=level,
    )


class _Course:
    """The distribution of z at the next look, among trials that are still going on."""

    def __init__(self, looks: Floats, drift: float) -> None:
        self._looks = looks
        self._drift = drift
        self._next = 0
        self._grid: tuple[Floats, Floats, Floats] | None = None

    def above(self, bound: float) -> float:
        """Return the chance of being still on and at or above ``bound`` at the next look."""
        return self._tail(bound, 1.0)

    def below(self, bound: float) -> float:
        """Return the chance of being still on and at or below ``bound`` at the next look."""
        return self._tail(bound, -1.0)

    def boundary(self, probability: float) -> float:
        """Return the bound that is reached at the next look with ``probability``."""
        if self._grid is None:
            return float(norm.isf(probability) + self._drift * np.sqrt(self._looks[0]))
        return float(
            brentq(lambda bound: self.above(bound) - probability, -_FURTHEST, _FURTHEST, xtol=1e-12)
        )

    def go_on(self, low: float, high: float) -> None:
        """Take the next look: only trials between ``low`` and ``high`` go on."""
        now = float(self._looks[self._next])
        if self._next == 0:
            self._grid = gsdesign.h1(r=_FINENESS, theta=self._drift, info=now, a=low, b=high)
        else:
            before = float(self._looks[self._next - 1])
            self._grid = gsdesign.hupdate(
                r=_FINENESS, theta=self._drift, info=now, a=low, b=high,
                theta_prev=self._drift, info_prev=before, gm1=self._grid,
            )  # fmt: skip
        self._next += 1

    def _tail(self, bound: float, side: float) -> float:
        now = self._looks[self._next]
        if self._grid is None:
            return float(norm.sf(side * (bound - self._drift * np.sqrt(now))))
        before = self._looks[self._next - 1]
        z, _, mass = self._grid
        step = now - before
        ahead = bound * np.sqrt(now) - z * np.sqrt(before) - self._drift * step
        return float(np.sum(mass * norm.sf(side * ahead / np.sqrt(step))))


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, one-sided, not {alpha}.")


def _checked_fractions(information: ArrayLike) -> Floats:
    fractions = np.asarray(information, float)
    if not ((fractions > 0) & (fractions <= 1)).all():
        raise ValueError(f"information must lie above 0 and up to 1, not {information}.")
    return fractions


def _checked_interim(information: ArrayLike) -> Floats:
    fractions = _checked_fractions(information)
    if (fractions == 1).any():
        raise ValueError("information must be below 1: at 1 the trial is over.")
    return fractions


def _checked_looks(information: ArrayLike) -> Floats:
    looks = _checked_fractions(information)
    if looks.ndim != 1 or looks.size == 0 or (np.diff(looks) <= 0).any() or looks[-1] != 1:
        raise ValueError(f"information must be a list that increases to 1, not {information}.")
    return looks


def _checked_bounds(
    looks: Floats, upper: ArrayLike, lower: ArrayLike | None
) -> tuple[Floats, Floats]:
    high = np.asarray(upper, float)
    low = np.full(looks.shape, -np.inf) if lower is None else np.asarray(lower, float)
    for name, bounds in (("upper", high), ("lower", low)):
        if bounds.shape != looks.shape or np.isnan(bounds).any():
            raise ValueError(f"{name} must be {len(looks)} numbers, one a look, not {bounds}.")
    if not (low < high).all():
        raise ValueError(f"lower must be below upper at every look: {low}, {high}.")
    return high, low


def _checked_finite(**named: ArrayLike) -> Floats:
    for name, value in named.items():
        if not np.isfinite(np.asarray(value, float)).all():
            raise ValueError(f"{name} must be finite, not {value}.")
    return np.asarray(next(iter(named.values())), float)
