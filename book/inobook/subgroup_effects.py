"""Effects of one treatment in groups of patients of one trial, from printed ratios alone.

A report prints a hazard ratio with an interval, or with a P value. On the log scale that is an
estimate with a standard error, and everything here works on such pairs: the effect in the patients
outside a subgroup, the difference between two groups, heterogeneity, qualitative interaction,
shrinkage. The normal approximation is used throughout. Ratios are experimental over control.

::

    RatioEstimate.from_interval, .from_p_value -> complement, ratio_of_ratios, common_ratio,
    heterogeneity, gail_simon, between_group_sd, shrunken
    chance_of_a_false_signal: how often one of several subgroups looks bad although all are alike
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, chi2, norm

from inobook import pooling

_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(80)


@dataclass(frozen=True)
class RatioEstimate:
    """An estimated ratio (hazard ratio, odds ratio) and the standard error of its logarithm.

    Attributes:
        ratio: the estimate, above 0.
        log_se: standard error of its natural logarithm, above 0.

    Raises:
        ValueError: one of them is not a finite number above 0.
    """

    ratio: float
    log_se: float

    def __post_init__(self) -> None:
        _check_above_zero("ratio", self.ratio)
        _check_above_zero("log_se", self.log_se)

    @classmethod
    def from_interval(
        cls, ratio: float, low: float, high: float, level: float = 0.95
    ) -> "RatioEstimate":
        """Return the estimate whose Wald interval at ``level`` runs from ``low`` to ``high``.

        The ratio itself is kept as printed; only the distance of the limits enters.

        Raises:
            ValueError: limits that do not enclose the ratio, or a level that is no share.
        """
        _check_share("level", level)
        if not 0 < low < ratio < high:
            raise ValueError(f"low < ratio < high must hold, above 0: {low}, {ratio}, {high}.")
        quantile = norm.ppf(0.5 + level / 2)
        return cls(ratio, float(np.log(high / low) / (2 * quantile)))

    @classmethod
    def from_p_value(cls, ratio: float, p_value: float, sides: int) -> "RatioEstimate":
        """Return the estimate whose Wald test of 'ratio = 1' gives ``p_value``.

        A one-sided P value is taken as that of the test towards the side of the estimate.

        Raises:
            ValueError: a ratio of 1, sides other than 1 or 2, or a P value that no estimate on
                its own side can have (not below 0.5 one-sided, not below 1 two-sided).
        """
        if sides not in (1, 2):
            raise ValueError(f"sides must be 1 or 2, not {sides}.")
        _check_above_zero("ratio", ratio)
        if ratio == 1:
            raise ValueError("ratio must differ from 1: at 1 a P value says nothing of precision.")
        if not 0 < p_value < sides / 2:
            raise ValueError(f"p_value must lie between 0 and {sides / 2}, not {p_value}.")
        return cls(ratio, float(abs(np.log(ratio)) / norm.isf(p_value / sides)))

    @property
    def log_ratio(self) -> float:
        """Natural logarithm of the ratio."""
        return float(np.log(self.ratio))

    @property
    def weight(self) -> float:
        """Information: one over the squared standard error."""
        return self.log_se**-2

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the Wald interval at ``level``."""
        _check_share("level", level)
        reach = norm.ppf(0.5 + level / 2) * self.log_se
        return float(self.ratio * np.exp(-reach)), float(self.ratio * np.exp(reach))

    def p_value(self, sides: int = 2) -> float:
        """Return the Wald P value of 'ratio = 1': two-sided, or one-sided towards benefit (< 1).

        Raises:
            ValueError: sides other than 1 or 2.
        """
        z = self.log_ratio / self.log_se
        if sides == 1:
            return float(norm.cdf(z))
        if sides == 2:
            return float(2 * norm.sf(abs(z)))
        raise ValueError(f"sides must be 1 or 2, not {sides}.")

    def fewest_events(self) -> float:
        """Return the fewest events that give this standard error, 4 over its square.

        In a Cox model with the arm alone an event adds p(1 - p) to the information, p being the
        experimental arm's share of the hazard at risk; that is never more than a quarter.
        """
        return 4 * self.weight


def complement(whole: RatioEstimate, part: RatioEstimate) -> RatioEstimate:
    """Return the effect in the patients of ``whole`` who are not in ``part``.

    Takes the whole's log ratio as the mean of both groups', weighted by information, and the
    whole's information as the sum of both. That holds when the groups share no patient and both
    numbers come from the same analysis.

    Raises:
        ValueError: the part carries as much information as the whole, or more.
    """
    weight = whole.weight - part.weight
    if weight <= 0:
        raise ValueError(
            f"The part must carry less information than the whole: its log_se is {part.log_se:g}, "
            f"the whole's {whole.log_se:g}."
        )
    log_ratio = (whole.weight * whole.log_ratio - part.weight * part.log_ratio) / weight
    return RatioEstimate(float(np.exp(log_ratio)), float(weight**-0.5))


def ratio_of_ratios(first: RatioEstimate, second: RatioEstimate) -> RatioEstimate:
    """Return ``first`` over ``second``, for groups that share no patient: the interaction."""
    return RatioEstimate(first.ratio / second.ratio, float(np.hypot(first.log_se, second.log_se)))


def common_ratio(groups: Sequence[RatioEstimate]) -> RatioEstimate:
    """Return the information-weighted mean of separate groups, on the log scale.

    Raises:
        ValueError: no group.
    """
    log_ratios, weights = _arrays(groups, fewest=1)
    mean = (weights * log_ratios).sum() / weights.sum()
    return RatioEstimate(float(np.exp(mean)), float(weights.sum() ** -0.5))


def heterogeneity(groups: Sequence[RatioEstimate]) -> tuple[float, float]:
    """Test whether separate groups share one ratio: Cochran's Q and its P value.

    Returns:
        Q and the P value from chi-square with one degree of freedom fewer than groups. Of two
        groups Q is the squared z of their ratio of ratios.

    Raises:
        ValueError: fewer than two groups.
    """
    log_ratios, weights = _arrays(groups, fewest=2)
    return pooling.heterogeneity(log_ratios, weights**-0.5)


def between_group_sd(groups: Sequence[RatioEstimate]) -> float:
    """Estimate the standard deviation of the true log ratios between groups (DerSimonian-Laird).

    Zero where Q does not exceed its degrees of freedom. From a handful of groups it is hardly
    better than a guess.

    Raises:
        ValueError: fewer than two groups.
    """
    log_ratios, weights = _arrays(groups, fewest=2)
    return pooling.tau_by_moments(log_ratios, weights**-0.5)


def gail_simon(groups: Sequence[RatioEstimate]) -> tuple[float, float]:
    """Test for qualitative interaction: benefit in some groups *and* harm in others.

    The likelihood-ratio test of Gail and Simon (Biometrics 1985;41:361). The null hypothesis is
    that all true effects lie on one side of 1.

    Returns:
        The statistic, the smaller of the sums of squared z over the groups above and below 1, and
        its P value; 1 if all estimates lie on one side.

    Raises:
        ValueError: fewer than two groups.
    """
    log_ratios, weights = _arrays(groups, fewest=2)
    squares = weights * log_ratios**2
    statistic = float(min(squares[log_ratios > 0].sum(), squares[log_ratios < 0].sum()))
    if statistic == 0:
        return 0.0, 1.0
    others = np.arange(1, len(groups))
    chance = binom.pmf(others, len(groups) - 1, 0.5) * chi2.sf(statistic, others)
    return statistic, float(chance.sum())


def shrunken(estimate: RatioEstimate, prior_ratio: float, prior_sd: float) -> RatioEstimate:
    """Combine an estimate with a normal prior on the log scale; the result is the posterior.

    Args:
        estimate: what the group showed.
        prior_ratio: centre of the prior, as a ratio above 0.
        prior_sd: standard deviation of the prior of the log ratio, above 0.

    Returns:
        The posterior: its median as a ratio, and the standard deviation of the log ratio.

    Raises:
        ValueError: a prior ratio or prior standard deviation that is not above 0.
    """
    return common_ratio([estimate, RatioEstimate(prior_ratio, prior_sd)])


def chance_of_a_false_signal(
    subgroups: int,
    log_se: float,
    true_ratio: float,
    line: float,
    shared: float = 0.0,
) -> float:
    """Return how often at least one of several subgroups has an estimate at or above ``line``.

    All subgroups have the same true ratio and the same precision.

    Args:
        subgroups: how many are looked at, 1 or more.
        log_se: standard error of the log ratio in each.
        true_ratio: the ratio that holds in all of them.
        line: the ratio from which an estimate counts.
        shared: correlation of two subgroups' estimates, which is the share of its information that
            one has in common with the other; 0 for separate patients.

    Raises:
        ValueError: fewer than one subgroup, a ratio, line or log_se that is not above 0, or a share
            outside 0 (inclusive) to 1 (exclusive).
    """
    if subgroups < 1 or int(subgroups) != subgroups:
        raise ValueError(f"subgroups must be a whole number from 1, not {subgroups}.")
    for name, value in (("log_se", log_se), ("true_ratio", true_ratio), ("line", line)):
        _check_above_zero(name, value)
    if not 0 <= shared < 1:
        raise ValueError(f"shared must be 0 or more and below 1, not {shared}.")
    distance = np.log(line / true_ratio) / log_se
    inside = norm.cdf((distance - np.sqrt(shared) * _NODES) / np.sqrt(1 - shared))
    return float(1 - (_NODE_WEIGHTS * inside**subgroups).sum() / _NODE_WEIGHTS.sum())


def _arrays(groups: Sequence[RatioEstimate], fewest: int) -> tuple[np.ndarray, np.ndarray]:
    if len(groups) < fewest:
        raise ValueError(f"groups must hold {fewest} or more, not {len(groups)}.")
    return (
        np.array([group.log_ratio for group in groups]),
        np.array([group.weight for group in groups]),
    )


def _check_above_zero(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a finite number above 0, not {value}.")


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1, not {value}.")
