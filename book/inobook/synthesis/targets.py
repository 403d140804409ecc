"""What the cohorts must reproduce: the published estimates as intervals of rounding."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inobook.cohorts import DAYS_PER_MONTH
from inobook.synthesis.daily import NORMAL_975, NORMAL_9875
from inobook.synthesis.estimates import Estimates

MISSED = 0.15
"""Loss of a target that is missed, however narrowly."""

FARTHEST = 4.0
"""Largest scaled distance that counts, so that one wild target does not drown the others."""

INSIDE_ROUNDING = 0.45
"""Share of a unit of the last printed digit within which an estimate must lie (0.5 is the edge)."""


@dataclass(frozen=True)
class Target:
    """An estimate and the interval in which it must lie.

    Attributes:
        name: what it is.
        low, high: the interval.
        scale: distance from the interval that costs 1.
        estimate: computes it from the current cohort.
    """

    name: str
    low: float
    high: float
    scale: float
    estimate: Callable[[Estimates], float]

    def loss(self, estimates: Estimates) -> float:
        """Return 0 inside the interval, else MISSED plus the scaled distance."""
        value = self.estimate(estimates)
        if self.low <= value <= self.high:
            return 0.0
        if np.isnan(value):
            return MISSED + FARTHEST
        return MISSED + min(max(self.low - value, value - self.high) / self.scale, FARTHEST)


@dataclass(frozen=True)
class Targets:
    """Targets in two ranks: the second is looked at only when the first are all met."""

    first: tuple[Target, ...]
    second: tuple[Target, ...]

    def loss(self, estimates: Estimates, limit: float = np.inf) -> float:
        """Return the total loss; 0 only when every target is met.

        Args:
            estimates: of the current cohort.
            limit: the sum may stop once it is above this, since no target lowers it.
        """
        loss = 0.0
        for rank in (self.first, self.second):
            for target in rank:
                loss += target.loss(estimates)
                if loss > limit:
                    return loss
            if loss > 0:
                return loss
        return loss

    def missed(self, estimates: Estimates) -> list[str]:
        """Return the names of the targets that are not met, with their values."""
        return [
            f"{target.name} = {target.estimate(estimates):.4f}"
            for target in (*self.first, *self.second)
            if target.loss(estimates) > 0
        ]


def printed(name: str, value: float, decimals: int, scale: float, estimate: Callable) -> Target:
    """Return the target of an estimate that must round to a printed value, with a margin."""
    half = INSIDE_ROUNDING * 10.0**-decimals
    return Target(name, value - half, value + half, scale, estimate)


def median_targets(endpoint: str, arm: str, months: float) -> list[Target]:
    """Return the targets of a median printed to one decimal, under both conventions."""
    return [
        printed(
            f"median {endpoint} {arm} ({convention})",
            months,
            1,
            0.4,
            lambda now, pick=pick: pick(now.survival(endpoint, arm)) / DAYS_PER_MONTH,
        )
        for convention, pick in {
            "first at 0.5": lambda curve: curve.first_day_at_most(0.5),
            "first below 0.5": lambda curve: curve.first_day_below(0.5),
        }.items()
    ]


def rate_target(
    endpoint: str, arm: str, months: float, percent: float, decimals: int = 1
) -> Target:
    """Return the target of a Kaplan-Meier rate printed in percent."""
    return printed(
        f"{endpoint} {arm} at {months} months",
        percent,
        decimals,
        3.0,
        lambda now: 100.0 * now.survival(endpoint, arm).at(months * DAYS_PER_MONTH),
    )


def hazard_ratio_targets(
    endpoint: str,
    ratio: float,
    limits: tuple[float, float],
    normal: float,
    *,
    efron: bool,
) -> list[Target]:
    """Return the targets of a hazard ratio with its interval, printed to two decimals."""
    ties = "Efron" if efron else "Breslow"
    low, high = limits
    return [
        printed(
            f"HR {endpoint} ({ties})",
            ratio,
            2,
            0.10 * ratio,
            lambda now: now.hazard_ratio(endpoint, efron).ratio,
        ),
        printed(
            f"HR {endpoint} lower limit ({ties})",
            low,
            2,
            0.10 * low,
            lambda now: now.hazard_ratio(endpoint, efron).limits(normal)[0],
        ),
        printed(
            f"HR {endpoint} upper limit ({ties})",
            high,
            2,
            0.10 * high,
            lambda now: now.hazard_ratio(endpoint, efron).limits(normal)[1],
        ),
    ]


def within(
    name: str, low: float, high: float, scale: float, estimate: Callable[[Estimates], float]
) -> Target:
    """Return the target of an estimate that is only held within limits."""
    return Target(name, low, high, scale, estimate)


def ph_positive_targets() -> Targets:
    """Return the survival targets of the 49 Ph-positive patients of study 1022."""
    ratio = ("os", 1.17, (0.64, 2.14), NORMAL_975)
    first = [
        *median_targets("os", "InO", 8.7),
        *median_targets("os", "SC", 8.4),
        *hazard_ratio_targets(*ratio, efron=True),
        rate_target("pfs", "InO", 12, 20.1),
        rate_target("pfs", "SC", 12, 4.8),
    ]
    return Targets(tuple(first), tuple(hazard_ratio_targets(*ratio, efron=False)))


def whole_trial_targets() -> Targets:
    """Return the survival targets of all 326 patients of study 1022, at both cuts."""
    final = ("os", 0.75, (0.57, 0.99), NORMAL_9875)
    early = ("os_2016", 0.77, (0.58, 1.03), NORMAL_9875)
    progression = ("pfs", 0.45, (0.34, 0.60), NORMAL_9875)
    ratios = (final, early, progression)
    first = [
        *median_targets("os", "InO", 7.7),
        *median_targets("os", "SC", 6.2),
        *median_targets("os_2016", "InO", 7.7),
        *median_targets("os_2016", "SC", 6.7),
        *median_targets("pfs", "InO", 5.0),
        *median_targets("pfs", "SC", 1.7),
        rate_target("os", "InO", 12, 33.6),
        rate_target("os", "SC", 12, 32.0),
        rate_target("os", "InO", 24, 22.8),
        rate_target("os", "SC", 24, 10.0),
        rate_target("os_2016", "InO", 24, 23, 0),
        rate_target("os_2016", "SC", 24, 10, 0),
        rate_target("pfs", "InO", 12, 18.2),
        _deaths("InO", 122),
        _deaths("SC", 130),
        *_median_limit_targets(),
        *_transplant_targets(),
        *_shape_targets(),
        *(t for ratio in ratios for t in hazard_ratio_targets(*ratio, efron=True)),
        *_residual_disease_targets(),
        *hazard_ratio_targets(*progression, efron=False),
    ]
    second = [t for ratio in (final, early) for t in hazard_ratio_targets(*ratio, efron=False)]
    return Targets(tuple(first), tuple(second))


def _deaths(arm: str, deaths: int) -> Target:
    return within(
        f"deaths 2016 {arm}", deaths, deaths, 4.0, lambda now: now.number_of_events("os_2016", arm)
    )


def _median_limit_targets(tolerance_months: float = 0.25) -> list[Target]:
    """Limits of the medians (log-log) near the printed ones: not to the digit."""
    limits = {
        ("os", "InO"): (6.0, 9.2),
        ("os", "SC"): (4.7, 8.3),
        ("os_2016", "SC"): (4.9, 8.3),
        ("pfs", "InO"): (3.9, 5.8),
        ("pfs", "SC"): (1.4, 2.1),
    }
    return [
        within(
            f"median {endpoint} {arm} {'lower' if side == 0 else 'upper'} limit",
            pair[side] - tolerance_months,
            pair[side] + tolerance_months,
            1.0,
            lambda now, e=endpoint, a=arm, s=side: (
                now.survival(e, a).median_limits[s] / DAYS_PER_MONTH
            ),
        )
        for (endpoint, arm), pair in limits.items()
        for side in (0, 1)
    ]


def _transplant_targets() -> list[Target]:
    """OS after transplant inside the printed 95% limits, near the estimates, and crossing."""
    near = {("InO", 12): 44, ("SC", 12): 65, ("InO", 24): 39, ("SC", 24): 34}
    rates = [
        within(
            f"OS after transplant {arm} at {months} months",
            percent - 4.0,
            percent + 4.0,
            5.0,
            lambda now, a=arm, m=months: 100 * now.survival("post_hsct", a).at(m * DAYS_PER_MONTH),
        )
        for (arm, months), percent in near.items()
    ]
    crossing = within(
        "OS after transplant crosses",
        2.0,
        100.0,
        5.0,
        lambda now: (
            100
            * (
                now.survival("post_hsct", "InO").at(24 * DAYS_PER_MONTH)
                - now.survival("post_hsct", "SC").at(24 * DAYS_PER_MONTH)
            )
        ),
    )
    return [*rates, crossing]


def _residual_disease_targets() -> list[Target]:
    """OS by MRD among InO responders: the hazard ratio well inside the published interval."""
    return [
        within(
            "HR os by MRD",
            0.40,
            0.68,
            0.1,
            lambda now: now.hazard_ratio("os_by_mrd", True).ratio,
        )
    ]


def _shape_targets() -> list[Target]:
    """Rates between and beyond the published ones (percent), and the deaths the final SE implies.

    None of these was published: they lie on a smooth line through what was, and only keep the
    curves free of kinks. The deaths are those that the width of the final interval suggests.
    """
    smooth = {
        ("InO", 9): (42.0, 45.5),
        ("InO", 10.5): (36.5, 39.5),
        ("InO", 14): (29.8, 32.2),
        ("InO", 18): (24.8, 28.5),
        ("InO", 36): (18.5, 22.0),
        ("InO", 42): (16.5, 21.5),
        ("SC", 9): (39.0, 42.5),
        ("SC", 14): (25.0, 28.5),
        ("SC", 18): (16.0, 20.0),
        ("SC", 36): (5.0, 9.0),
        ("SC", 42): (3.5, 9.0),
    }
    rates = [
        within(
            f"OS {arm} at {months} months",
            *limits,
            4.0,
            lambda now, a=arm, m=months: 100 * now.survival("os", a).at(m * DAYS_PER_MONTH),
        )
        for (arm, months), limits in smooth.items()
    ]
    deaths = [
        within(
            f"deaths final {arm}", *limits, 5.0, lambda now, a=arm: now.number_of_events("os", a)
        )
        for arm, limits in {"InO": (122, 132), "SC": (130, 144)}.items()
    ]
    return [*rates, *deaths]
