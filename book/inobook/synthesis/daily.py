"""Kaplan-Meier and Cox estimates from daily counts, fast enough to be taken at every step.

Times are whole days, so a group is described by how many patients leave on each day and how many
of them with the event. Moving one patient changes two entries of each count.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

HORIZON_DAYS = 1700
"""Longest follow-up that the counts hold, in days."""

NORMAL_975 = 1.959963984540054
NORMAL_9875 = 2.241402727604947

ROUNDING_ERROR = 1e-9
NEWTON_STEPS = 25


class DailyCounts:
    """Exits and events of one group by day.

    Attributes:
        exits: patients who leave (event or censoring) on each day, shape (HORIZON_DAYS,).
        events: patients who have the event on each day, likewise.
        size: number of patients.
    """

    def __init__(self, days: NDArray[np.int64], event: NDArray[np.int64]) -> None:
        """Count a group.

        Args:
            days: whole days of follow-up, shape (n,), below HORIZON_DAYS.
            event: 1 for the event, 0 for censoring, shape (n,).
        """
        self.size = len(days)
        self.exits = np.bincount(days, minlength=HORIZON_DAYS)
        self.events = np.bincount(days[event == 1], minlength=HORIZON_DAYS)

    def move(self, old_days: int, old_event: int, new_days: int, new_event: int) -> None:
        """Replace one patient's follow-up by another."""
        self.exits[old_days] -= 1
        self.exits[new_days] += 1
        self.events[old_days] -= old_event
        self.events[new_days] += new_event

    def at_risk(self) -> NDArray[np.int64]:
        """Patients at risk at the beginning of each day, shape (HORIZON_DAYS,)."""
        return self.size - self.exits.cumsum() + self.exits


class Survival:
    """The Kaplan-Meier curve of one group.

    Attributes:
        days: days with events, rising.
        probability: survival from each of these days on.
        greenwood: Greenwood's sum up to each of these days (inf where nobody is left).
    """

    def __init__(self, counts: DailyCounts) -> None:
        """Estimate the curve of a group from its daily counts."""
        at_risk = counts.at_risk()
        self.days = np.flatnonzero(counts.events)
        events, risk = counts.events[self.days], at_risk[self.days]
        self.probability = np.cumprod(1.0 - events / risk)
        left = np.maximum(risk - events, 1e-12)
        self.greenwood = np.cumsum(events / (risk * left))

    def at(self, day: float) -> float:
        """Return the survival probability at a day."""
        position = int(self.days.searchsorted(day, side="right"))
        return float(self.probability[position - 1]) if position else 1.0

    def first_day_at_most(self, level: float) -> float:
        """Return the first day on which survival is at or below a level (nan if never)."""
        return _first(self.days, self.probability <= level + ROUNDING_ERROR)

    def first_day_below(self, level: float) -> float:
        """Return the first day on which survival is below a level (nan if never)."""
        return _first(self.days, self.probability < level - ROUNDING_ERROR)

    @cached_property
    def median_limits(self) -> tuple[float, float]:
        """95% interval of the median by inverting the log-log band (nan: not reached)."""
        some_left = (self.probability < 1 - ROUNDING_ERROR) & (self.probability > ROUNDING_ERROR)
        cumulative_hazard = -np.log(self.probability[some_left])
        half_width = NORMAL_975 * np.sqrt(self.greenwood[some_left]) / cumulative_hazard
        threshold = np.log(np.log(2.0) / cumulative_hazard)
        days = self.days[some_left]
        return _first(days, half_width >= threshold), _first(days, -half_width >= threshold)


@dataclass(frozen=True)
class HazardRatio:
    """A Cox estimate with one covariate of 0 or 1.

    Attributes:
        log: log hazard ratio.
        standard_error: its standard error.
    """

    log: float
    standard_error: float

    @property
    def ratio(self) -> float:
        """The hazard ratio."""
        return float(np.exp(self.log))

    def limits(self, normal: float) -> tuple[float, float]:
        """Return the Wald interval for a normal quantile (1.96 for 95%)."""
        half_width = normal * self.standard_error
        return float(np.exp(self.log - half_width)), float(np.exp(self.log + half_width))


def hazard_ratio(
    treated: DailyCounts, control: DailyCounts, *, efron: bool = True, start: float = 0.0
) -> HazardRatio:
    """Fit a Cox model with the treated group against the control group by Newton's method.

    Args:
        treated: counts of the group with covariate 1.
        control: counts of the group with covariate 0.
        efron: Efron's treatment of ties, else Breslow's.
        start: log hazard ratio to start from.

    Returns:
        Log hazard ratio (nan where it does not converge) and standard error.
    """
    treated_events, all_events = treated.events, treated.events + control.events
    days = np.flatnonzero(all_events)
    ties = all_events[days]
    row = np.repeat(np.arange(days.size), ties)
    first = np.cumsum(ties) - ties
    share = (np.arange(row.size) - first[row]) / ties[row] if efron else np.zeros(row.size)
    day = days[row]
    treated_mass = treated.at_risk()[day] - share * treated_events[day]
    control_mass = control.at_risk()[day] - share * control.events[day]
    observed = treated_events.sum()
    log = start
    for _ in range(NEWTON_STEPS):
        weighted = treated_mass * np.exp(log)
        probability = weighted / (weighted + control_mass)
        score = observed - probability.sum()
        information = (probability * (1.0 - probability)).sum()
        if not information > 0:
            return HazardRatio(np.nan, np.nan)
        step = float(score / information)
        log += min(max(step, -1.0), 1.0)
        if abs(step) < 1e-9:
            return HazardRatio(log, float(1.0 / np.sqrt(information)))
    return HazardRatio(np.nan, np.nan)


def _first(days: NDArray[np.int64], reached: NDArray[np.bool_]) -> float:
    position = int(reached.argmax()) if reached.size else 0
    return float(days[position]) if reached.size and reached[position] else np.nan
