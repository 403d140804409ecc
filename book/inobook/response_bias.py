"""Survival by response: what three comparisons of responders with non-responders converge to.

Days from the start of treatment throughout. A :class:`ResponseWorld` says how patients respond
and die; its methods compute, without randomness, the hazard ratio that a Cox model would give with
ever more patients, when groups are formed by 'ever responded' (naive), by the state on a landmark
day, or by the state on every day (time-dependent). The same worlds can be simulated patient by
patient, and two estimators for real data with a response day are here too.

::

    alive, not responded -> alive, responded
            |                     |
            '------> dead <-------'
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Numbers = NDArray[np.float64]

_NEWTON_STEPS = 200
_NEWTON_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Prognosis:
    """One group of patients who respond and die alike.

    Attributes:
        share: share of all patients, above 0.
        response_probability: probability of a response if death did not come first, 0 to 1.
        death_per_day: hazard of death before a response, per day, above 0.
    """

    share: float
    response_probability: float
    death_per_day: float

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, not {self.share}.")
        if not 0 <= self.response_probability <= 1:
            raise ValueError(
                f"response_probability must be from 0 to 1, not {self.response_probability}."
            )
        _require_positive("death_per_day", self.death_per_day)


@dataclass(frozen=True)
class Responders:
    """Patients of a simulated world, arrays of shape (n,).

    Attributes:
        response_day: day of response, ``inf`` where death or the end of follow-up came first.
        exit_day: day of death or of the end of follow-up.
        died: whether the exit is a death.
        group: position of the patient's prognosis in the world's ``groups``.
    """

    response_day: Numbers
    exit_day: Numbers
    died: NDArray[np.bool_]
    group: NDArray[np.int_]


@dataclass(frozen=True)
class ResponseWorld:
    """How patients respond and die, and how long all of them are followed.

    Attributes:
        groups: one or more prognoses, whose shares add up to 1.
        median_response_days: median time to response of those who would respond, in days.
        log_sd: standard deviation of the logarithm of that time (log-normal).
        ratio_after_response: factor of the response on the hazard of death from that day on.
        follow_up_days: day on which everyone alive is censored.

    Raises:
        ValueError: shares that do not add up to 1, or a number that is not above 0.
    """

    groups: Sequence[Prognosis]
    median_response_days: float
    log_sd: float
    ratio_after_response: float
    follow_up_days: int

    def __post_init__(self) -> None:
        if not np.isclose(sum(group.share for group in self.groups), 1):
            raise ValueError("groups must have shares that add up to 1.")
        for name in ("median_response_days", "log_sd", "ratio_after_response", "follow_up_days"):
            _require_positive(name, getattr(self, name))

    def naive_ratio(self) -> float:
        """Return the limiting hazard ratio, ever against never responded, both from day 0."""
        table = self._tables()
        return hazard_ratio_limit(
            table.responder_deaths, _middle(table.responders + table.future_responders),
            table.other_deaths, _middle(table.others - table.future_responders),
        )  # fmt: skip

    def landmark_ratio(self, landmark_day: int) -> float:
        """Return the limiting hazard ratio by response on a landmark day, counted from that day.

        Args:
            landmark_day: whole day after 0 and before the end of follow-up.

        Raises:
            ValueError: the landmark is no such day.
        """
        self._check_landmark(landmark_day)
        table, day = self._tables(), landmark_day
        after = np.arange(day, self.follow_up_days + 1) - day
        responders, deaths = np.zeros(after.size), np.zeros(after.size - 1)
        for group, alive in zip(self.groups, table.responders_by_group, strict=True):
            curve = alive[day] * np.exp(-group.death_per_day * self.ratio_after_response * after)
            responders += curve
            deaths -= np.diff(curve)
        everyone = (table.responders + table.others)[day:]
        all_deaths = (table.responder_deaths + table.other_deaths)[day:]
        return hazard_ratio_limit(
            deaths, _middle(responders), all_deaths - deaths, _middle(everyone - responders)
        )

    def time_dependent_ratio(self) -> float:
        """Return the limiting hazard ratio with response as a time-dependent covariate."""
        table = self._tables()
        return hazard_ratio_limit(
            table.responder_deaths, _middle(table.responders),
            table.other_deaths, _middle(table.others),
        )  # fmt: skip

    def alive_on(self, day: int) -> float:
        """Return the share of all patients alive on a day, 0 to the end of follow-up."""
        if not 0 <= day <= self.follow_up_days:
            raise ValueError(f"day must be from 0 to {self.follow_up_days}, not {day}.")
        table = self._tables()
        return float((table.responders + table.others)[int(day)])

    def responses_after(self, landmark_day: int) -> float:
        """Return the share of all responses that come after a landmark day.

        Raises:
            ValueError: the landmark is no day of follow-up, or nobody responds.
        """
        self._check_landmark(landmark_day)
        future = self._tables().future_responders
        if future[0] <= 0:
            raise ValueError("groups must hold patients who respond.")
        return float(future[landmark_day] / future[0])

    def simulate(self, rng: np.random.Generator, size: int) -> Responders:
        """Draw patients.

        Args:
            rng: source of randomness.
            size: number of patients n.
        """
        shares = np.array([group.share for group in self.groups])
        group = rng.choice(shares.size, size=size, p=shares / shares.sum())
        hazard = np.array([each.death_per_day for each in self.groups])[group]
        probability = np.array([each.response_probability for each in self.groups])[group]
        response = self.median_response_days * np.exp(self.log_sd * rng.standard_normal(size))
        response = np.where(rng.random(size) < probability, response, np.inf)
        before = rng.exponential(size=size) / hazard
        after = rng.exponential(size=size) / (hazard * self.ratio_after_response)
        death = np.where(before < response, before, response + after)
        exit_day = np.minimum(death, self.follow_up_days)
        return Responders(
            response_day=np.where(response < exit_day, response, np.inf),
            exit_day=exit_day,
            died=death <= self.follow_up_days,
            group=group,
        )

    def _check_landmark(self, landmark_day: int) -> None:
        if not (0 < landmark_day < self.follow_up_days and landmark_day == int(landmark_day)):
            raise ValueError(
                f"landmark_day must be a whole day after 0 and before {self.follow_up_days}, "
                f"not {landmark_day}."
            )

    def _tables(self) -> "_Tables":
        day = np.arange(self.follow_up_days + 1, dtype=float)
        with np.errstate(divide="ignore"):
            responded = ndtr(np.log(day / self.median_response_days) / self.log_sd)
        midday = day[:-1] + 0.5
        others, responder_curves, future = np.zeros(day.size), [], np.zeros(day.size)
        responder_deaths, other_deaths = np.zeros(midday.size), np.zeros(midday.size)
        for group in self.groups:
            hazard, hazard_after = (
                group.death_per_day,
                group.death_per_day * self.ratio_after_response,
            )
            arrivals = group.response_probability * np.diff(responded) * np.exp(-hazard * midday)
            waiting = np.exp(-hazard * day) * (1 - group.response_probability * responded)
            scaled = np.append(0, np.cumsum(arrivals * np.exp(hazard_after * midday)))
            alive = np.exp(-hazard_after * day) * scaled
            others += group.share * waiting
            responder_curves.append(group.share * alive)
            future += group.share * np.append(np.cumsum(arrivals[::-1])[::-1], 0)
            responder_deaths += group.share * (arrivals - np.diff(alive))
            other_deaths += group.share * (-np.diff(waiting) - arrivals)
        return _Tables(
            others, np.sum(responder_curves, axis=0), responder_curves, future,
            responder_deaths, other_deaths,
        )  # fmt: skip


@dataclass(frozen=True)
class _Tables:
    """Shares of all patients on days 0 to the end, and deaths in each day between."""

    others: Numbers
    responders: Numbers
    responders_by_group: list[Numbers]
    future_responders: Numbers
    responder_deaths: Numbers
    other_deaths: Numbers


def hazard_ratio_limit(
    deaths: ArrayLike, at_risk: ArrayLike, other_deaths: ArrayLike, others_at_risk: ArrayLike
) -> float:
    """Return the hazard ratio that maximises Cox's partial likelihood of counts or shares by time.

    Fed with counts at each death this is Breslow's estimate; fed with expected shares in short
    intervals it is the number to which the estimate converges as patients are added, whether or not
    the hazards are proportional.

    Args:
        deaths: deaths of the group of interest in each interval, shape (k,).
        at_risk: that group at risk, likewise.
        other_deaths: deaths of the comparison group, likewise.
        others_at_risk: the comparison group at risk, likewise.

    Returns:
        Hazard ratio, group of interest over comparison group.

    Raises:
        ValueError: unequal shapes, a negative or non-finite number, or a group in which nobody
            dies while the other is at risk.
    """
    named = {
        "deaths": deaths, "at_risk": at_risk,
        "other_deaths": other_deaths, "others_at_risk": others_at_risk,
    }  # fmt: skip
    arrays = {name: np.asarray(values, float) for name, values in named.items()}
    shape = arrays["deaths"].shape
    for name, values in arrays.items():
        if values.shape != shape or values.ndim != 1:
            raise ValueError(f"{name} must have shape {shape}, as deaths has, not {values.shape}.")
        if not np.all(np.isfinite(values) & (values >= -1e-12)):
            raise ValueError(f"{name} must be finite and not negative.")
    had, risk, other_had, other_risk = (np.maximum(values, 0) for values in arrays.values())
    both = (risk > 0) & (other_risk > 0)
    had, risk, other_had, other_risk = (x[both] for x in (had, risk, other_had, other_risk))
    if had.sum() <= 0 or other_had.sum() <= 0:
        raise ValueError("deaths and other_deaths must both occur while both groups are at risk.")
    log_ratio = 0.0
    total = had + other_had
    for _ in range(_NEWTON_STEPS):
        expected = np.exp(log_ratio) * risk / (np.exp(log_ratio) * risk + other_risk)
        score = np.sum(had - total * expected)
        step = score / np.sum(total * expected * (1 - expected))
        log_ratio += np.sign(step) * np.log1p(abs(step))
        if abs(step) < _NEWTON_TOLERANCE:
            break
    return float(np.exp(log_ratio))


def hazard_ratio_of_curves(
    survival: ArrayLike, other_survival: ArrayLike, followed: ArrayLike
) -> float:
    """Return the limiting Cox hazard ratio of two survival curves in equally large groups.

    Args:
        survival: share alive of the group of interest on rising days, shape (k,), first entry 1.
        other_survival: share alive of the comparison group on the same days.
        followed: share of patients whose follow-up would reach each day, the same in both groups.

    Raises:
        ValueError: unequal shapes or a curve that rises.
    """
    curves = [np.asarray(values, float) for values in (survival, other_survival, followed)]
    for name, values in zip(("survival", "other_survival", "followed"), curves, strict=True):
        if values.ndim != 1 or values.shape != curves[0].shape:
            raise ValueError(f"{name} must have shape {curves[0].shape}, not {values.shape}.")
        if np.any(np.diff(values) > 1e-12):
            raise ValueError(f"{name} must not rise.")
    followed = _middle(curves[2])
    return hazard_ratio_limit(
        -np.diff(curves[0]) * followed, _middle(curves[0]) * followed,
        -np.diff(curves[1]) * followed, _middle(curves[1]) * followed,
    )  # fmt: skip


@dataclass(frozen=True)
class MantelByar:
    """The log-rank test with groups that patients may enter during follow-up.

    Attributes:
        observed: deaths after a response.
        expected: deaths expected after a response if response did nothing.
        variance: hypergeometric variance of the difference.
    """

    observed: float
    expected: float
    variance: float

    @property
    def z(self) -> float:
        """Observed minus expected over its standard deviation; below 0 favours responders."""
        return (self.observed - self.expected) / float(np.sqrt(self.variance))


def mantel_byar(response_day: ArrayLike, exit_day: ArrayLike, died: ArrayLike) -> MantelByar:
    """Return the log-rank test in which a patient counts as responder after the response only.

    Args:
        response_day: day of response, shape (n,), ``inf`` or ``nan`` without one. A patient who
            responds on the day of somebody's death does not yet count as a responder there.
        exit_day: day of death or censoring, shape (n,), above 0.
        died: whether the exit is a death, shape (n,).

    Raises:
        ValueError: unequal shapes, an exit not above 0, a response after the exit, or no death at
            which both groups are at risk.
    """
    response, exit_day, died = _follow_up(response_day, exit_day, died)
    observed = expected = variance = 0.0
    for day in np.unique(exit_day[died]):
        at_risk = exit_day >= day
        responded = at_risk & (response < day)
        now = died & (exit_day == day)
        n, r, d = at_risk.sum(), responded.sum(), now.sum()
        observed += float((now & responded).sum())
        expected += d * r / n
        if n > 1:
            variance += d * (r / n) * (1 - r / n) * (n - d) / (n - 1)
    if variance <= 0:
        raise ValueError("response_day and exit_day leave no death with both groups at risk.")
    return MantelByar(observed, float(expected), float(variance))


def time_dependent_ratio(response_day: ArrayLike, exit_day: ArrayLike, died: ArrayLike) -> float:
    """Return Cox's hazard ratio after to before or without a response, with Breslow's ties.

    Quick on many patients, since only counts at each day of a death are needed. A response day of 0
    makes a group that is fixed from the start.

    Args:
        response_day, exit_day, died: as for :func:`mantel_byar`.

    Raises:
        ValueError: as for :func:`mantel_byar` and :func:`hazard_ratio_limit`.
    """
    response, exit_day, died = _follow_up(response_day, exit_day, died)
    responder = response < exit_day
    days = np.unique(exit_day[died])

    def before(values: Numbers) -> Numbers:
        return np.searchsorted(np.sort(values), days, side="left").astype(float)

    def deaths_of(group: NDArray[np.bool_]) -> Numbers:
        place = np.searchsorted(days, exit_day[died & group])
        return np.bincount(place, minlength=days.size).astype(float)

    responders = before(response[responder]) - before(exit_day[responder])
    everyone = exit_day.size - before(exit_day)
    return hazard_ratio_limit(
        deaths_of(responder), responders, deaths_of(~responder), everyone - responders
    )


def time_dependent_rows(
    response_day: ArrayLike, exit_day: ArrayLike, died: ArrayLike
) -> dict[str, NDArray]:
    """Split each patient at the response, as programs for time-dependent covariates want it.

    Args:
        response_day, exit_day, died: as for :func:`mantel_byar`.

    Returns:
        Columns ``patient``, ``start``, ``stop``, ``responded`` and ``died`` (0/1), one or two rows
        a patient, each an array of the same length.
    """
    response, exit_day, died = _follow_up(response_day, exit_day, died)
    splits = np.flatnonzero(response < exit_day)
    patient = np.arange(exit_day.size)
    first_stop = np.minimum(response, exit_day)
    first_died = died & ~(response < exit_day)
    return {
        "patient": np.concatenate([patient, patient[splits]]),
        "start": np.concatenate([np.zeros(exit_day.size), response[splits]]),
        "stop": np.concatenate([first_stop, exit_day[splits]]),
        "responded": np.concatenate([np.zeros(exit_day.size, int), np.ones(splits.size, int)]),
        "died": np.concatenate([first_died, died[splits]]).astype(int),
    }


def _follow_up(
    response_day: ArrayLike, exit_day: ArrayLike, died: ArrayLike
) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
    response = np.asarray(response_day, float)
    response = np.where(np.isnan(response), np.inf, response)
    exit_day, died = np.asarray(exit_day, float), np.asarray(died).astype(bool)
    for name, values in (("exit_day", exit_day), ("died", died)):
        if values.shape != response.shape or values.ndim != 1:
            raise ValueError(f"{name} must have shape {response.shape}, not {values.shape}.")
    if not np.all(np.isfinite(exit_day) & (exit_day > 0)):
        raise ValueError("exit_day must be finite and above 0.")
    late = np.isfinite(response) & (response > exit_day)
    if np.any(late):
        patient = int(np.flatnonzero(late)[0])
        raise ValueError(f"response_day of patient {patient} is after exit_day.")
    return response, exit_day, died


def _middle(values: Numbers) -> Numbers:
    return (values[1:] + values[:-1]) / 2


def _require_positive(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be above 0 and finite, not {value}.")
