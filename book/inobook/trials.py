"""Simulated two-arm survival trials: accrual, deaths, losses, data cuts, and what each cut shows.

Months throughout. Calendar months count from the first day of accrual; times of a patient count
from that patient's entry. Arm 0 is control, arm 1 experimental; every comparison is experimental
over control, so that a log-rank z or a log hazard ratio below zero is fewer deaths on the
experimental arm. Statistics are computed for all trials at once; the simulated times are
continuous, so deaths are never tied, and tied deaths are refused.

::

    PiecewiseHazard, Accrual -> simulate_trials -> Trials -> cut_at_month, cut_at_death -> DataCut
    DataCut -> log_rank, peto_hazard_ratio, cox_hazard_ratio, kaplan_meier_medians
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

Months = NDArray[np.float64]
"""Months, calendar or from entry; ``inf`` for what never happens."""
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NEWTON_STEPS = 100
_NEWTON_TOLERANCE = 1e-10
_HALF = 0.5 + 1e-10


@dataclass(frozen=True)
class PiecewiseHazard:
    """Time to death with a piecewise constant hazard, and optionally a share who never die of it.

    Attributes:
        hazards: deaths a month at risk in each piece, among patients who are not cured.
        change_months: month from entry at which each piece after the first begins; one fewer
            than the hazards.
        cured_share: share of patients who never die, from 0 to below 1.

    Raises:
        ValueError: hazards and change months do not match in number, a hazard is negative or not
            finite, the change months do not rise from above 0, or the cured share is no share.
    """

    hazards: tuple[float, ...]
    change_months: tuple[float, ...] = ()
    cured_share: float = 0.0

    def __post_init__(self) -> None:
        if len(self.hazards) != len(self.change_months) + 1:
            raise ValueError(
                f"hazards must be one more than change_months: "
                f"{len(self.hazards)} hazards, {len(self.change_months)} change months."
            )
        if not all(np.isfinite(hazard) and hazard >= 0 for hazard in self.hazards):
            raise ValueError(f"hazards must be finite and not negative: {self.hazards}.")
        starts = (0.0, *self.change_months)
        if not all(np.isfinite(starts)) or not all(np.diff(starts) > 0):
            raise ValueError(f"change_months must rise from above 0: {self.change_months}.")
        if not 0 <= self.cured_share < 1:
            raise ValueError(f"cured_share must be from 0 to below 1, not {self.cured_share}.")

    @classmethod
    def from_median(
        cls,
        median_months: float,
        *,
        hazard_ratio: float = 1.0,
        from_month: float = 0.0,
        cured_share: float = 0.0,
    ) -> "PiecewiseHazard":
        """Return the hazard that gives a median, times a hazard ratio from some month on.

        Args:
            median_months: median of all patients, the cured included, at a hazard ratio of 1.
            hazard_ratio: factor on the hazard of the patients who are not cured.
            from_month: month from entry from which the factor holds; above 0 is a delayed effect.
            cured_share: share who never die, below 0.5 as there would be no median.

        Raises:
            ValueError: the median is not above 0 and finite, half or more are cured, or the
                hazard ratio or its month is out of range.
        """
        _require_positive("median_months", median_months)
        if not 0 <= cured_share < 0.5:
            raise ValueError(
                f"cured_share must be from 0 to below 0.5 for a median to exist, not {cured_share}."
            )
        hazard = -np.log1p(-0.5 / (1 - cured_share)) / median_months
        return cls((float(hazard),), (), cured_share).times(hazard_ratio, from_month)

    def times(self, hazard_ratio: float, from_month: float = 0.0) -> "PiecewiseHazard":
        """Return this hazard times a hazard ratio from a month on, with the same cured share.

        Args:
            hazard_ratio: factor on the hazard of the patients who are not cured, above 0. With a
                cured share the ratio of the hazards of all patients changes over time.
            from_month: month from entry from which the factor holds, 0 or above.

        Raises:
            ValueError: the hazard ratio is not above 0 and finite, or the month is negative or
                not finite.
        """
        _require_positive("hazard_ratio", hazard_ratio)
        if not (np.isfinite(from_month) and from_month >= 0):
            raise ValueError(f"from_month must be finite and not negative, not {from_month}.")
        starts = sorted({0.0, *self.change_months, float(from_month)})
        pieces = np.searchsorted(self.change_months, starts, side="right")
        hazards = tuple(
            self.hazards[piece] * (hazard_ratio if start >= from_month else 1.0)
            for piece, start in zip(pieces, starts, strict=True)
        )
        return PiecewiseHazard(hazards, tuple(starts[1:]), self.cured_share)

    def survival(self, months: ArrayLike) -> Numbers:
        """Return the share of all patients alive at each month from entry.

        Args:
            months: months from entry, any shape; before entry everybody is alive.

        Returns:
            Shares of the same shape.
        """
        uncured = np.exp(-self._uncured_cumulative_hazard(months))
        return self.cured_share + (1 - self.cured_share) * uncured

    def cumulative_hazard(self, months: ArrayLike) -> Numbers:
        """Return the cumulative hazard of all patients, minus the logarithm of their survival.

        Args:
            months: months from entry, any shape.
        """
        if self.cured_share == 0:
            return self._uncured_cumulative_hazard(months)
        return -np.log(self.survival(months))

    def quantile(self, probability: ArrayLike) -> Months:
        """Return the first month from entry by which a share of all patients has died.

        Args:
            probability: shares from 0 to 1, any shape.

        Returns:
            Months of the same shape; ``inf`` where that share never dies.

        Raises:
            ValueError: a share is outside 0 to 1.
        """
        probability = np.asarray(probability, float)
        if not np.all((probability >= 0) & (probability <= 1)):
            raise ValueError("probability must be from 0 to 1.")
        with np.errstate(divide="ignore"):
            target = -np.log1p(-np.minimum(probability / (1 - self.cured_share), 1.0))
        starts, hazards = np.array((0.0, *self.change_months)), np.array(self.hazards)
        reached = self._uncured_cumulative_hazard(starts)
        piece = np.maximum(np.searchsorted(reached, target, side="left") - 1, 0)
        beyond, hazard = target - reached[piece], hazards[piece]
        never = np.where(beyond > 0, np.inf, 0.0)
        return starts[piece] + np.divide(beyond, hazard, out=never, where=hazard > 0)

    def draw(self, rng: np.random.Generator, shape: int | tuple[int, ...]) -> Months:
        """Draw months from entry to death by inversion, one uniform number a patient.

        Args:
            rng: source of randomness.
            shape: shape of the result.

        Returns:
            Months; ``inf`` for the cured and for those whom a hazard of zero spares.
        """
        return self.quantile(rng.random(shape))

    def _uncured_cumulative_hazard(self, months: ArrayLike) -> Numbers:
        starts, hazards = np.array((0.0, *self.change_months)), np.array(self.hazards)
        ends = np.append(starts[1:], np.inf)
        elapsed = np.clip(np.asarray(months, float)[..., None], starts, ends) - starts
        return np.where(hazards > 0, elapsed, 0.0) @ hazards


@dataclass(frozen=True)
class Accrual:
    """When patients enter: relative rates, each constant between two calendar months.

    The number of patients is fixed by the trial, so only the ratios of the rates matter.

    Attributes:
        months: calendar months at which the rates change, rising; the first opens accrual and
            the last closes it.
        rates: relative numbers of patients a month between them, one fewer than the months.

    Raises:
        ValueError: the months do not rise from 0 or above, the rates do not match them in
            number, or a rate is negative or all are 0.
    """

    months: tuple[float, ...]
    rates: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if len(self.months) != len(self.rates) + 1:
            raise ValueError(
                f"months must be one more than rates: "
                f"{len(self.months)} months, {len(self.rates)} rates."
            )
        finite = all(np.isfinite(self.months))
        if not finite or self.months[0] < 0 or not all(np.diff(self.months) > 0):
            raise ValueError(f"months must rise from 0 or above: {self.months}.")
        if not all(np.isfinite(rate) and rate >= 0 for rate in self.rates) or not any(self.rates):
            raise ValueError(f"rates must not be negative, nor all 0: {self.rates}.")

    @classmethod
    def uniform(cls, months: float) -> "Accrual":
        """Return accrual at one rate from calendar month 0 to ``months``."""
        return cls((0.0, months))

    def entered_share(self, months: ArrayLike) -> Numbers:
        """Return the expected share of the patients who have entered by calendar months.

        Args:
            months: calendar months, any shape.
        """
        return np.interp(np.asarray(months, float), self.months, self._cumulative_share())

    def draw(self, rng: np.random.Generator, trials: int, patients: int) -> Months:
        """Draw calendar months of entry, each trial's in rising order, shape (trials, patients).

        Args:
            rng: source of randomness.
            trials: number of trials.
            patients: number of patients in each.
        """
        shares = np.sort(rng.random((trials, patients)), axis=1)
        cumulative, months = self._cumulative_share(), np.asarray(self.months)
        piece = np.searchsorted(cumulative, shares, side="right") - 1
        width, share = np.diff(months), np.diff(cumulative)
        fraction = (shares - cumulative[piece]) / share[piece]
        return np.minimum(months[piece] + width[piece] * fraction, months[-1])

    def _cumulative_share(self) -> Numbers:
        cumulative = np.concatenate([[0.0], np.cumsum(np.diff(self.months) * self.rates)])
        return cumulative / cumulative[-1]


@dataclass(frozen=True)
class DataCut:
    """What each trial shows at its data cut; arrays of shape (trials, patients) but for month.

    Attributes:
        month: calendar month of the cut, shape (trials,).
        arm: 0 control, 1 experimental.
        time: months from entry to death, loss or cut, whichever is first; 0 before entry.
        event: the death was seen by the cut.
        entered: the patient had entered by the cut; the others are in no risk set.
    """

    month: Months
    arm: NDArray[np.int_]
    time: Months
    event: Flags
    entered: Flags

    @property
    def deaths(self) -> NDArray[np.int_]:
        """Deaths seen in each trial, shape (trials,)."""
        return self.event.sum(axis=1)

    @property
    def deaths_by_arm(self) -> NDArray[np.int_]:
        """Deaths seen on control and experimental, shape (trials, 2)."""
        experimental = (self.event & (self.arm == 1)).sum(axis=1)
        return np.stack([self.deaths - experimental, experimental], axis=1)


@dataclass(frozen=True)
class Trials:
    """The complete truth about simulated trials, each array of shape (trials, patients).

    Attributes:
        entry: calendar month of entry.
        arm: 0 control, 1 experimental.
        death: months from entry to death, ``inf`` for never.
        loss: months from entry to loss to follow-up, ``inf`` for never.

    Raises:
        ValueError: the arrays differ in shape or are not two-dimensional, an entry is negative
            or not finite, an arm is neither 0 nor 1, or a time is negative or missing.
    """

    entry: Months
    arm: NDArray[np.int_]
    death: Months
    loss: Months

    def __post_init__(self) -> None:
        shape = np.shape(self.entry)
        for name in ("entry", "arm", "death", "loss"):
            values = np.asarray(getattr(self, name))
            if values.ndim != 2 or values.shape != shape:
                raise ValueError(
                    f"{name} must be of shape (trials, patients) as entry is: "
                    f"{values.shape}, not {shape}."
                )
            if not np.all(values >= 0):
                raise ValueError(f"{name} must not be negative or missing.")
            object.__setattr__(self, name, values)
        if not np.all(np.isfinite(self.entry)):
            raise ValueError("entry must be finite.")
        if not np.all((self.arm == 0) | (self.arm == 1)):
            raise ValueError("arm must be 0 (control) or 1 (experimental).")

    def month_of_death(self, number: int) -> Months:
        """Return the calendar month of the d-th death seen, shape (trials,).

        Args:
            number: d, counted from 1; deaths after a loss are not seen and not counted.

        Returns:
            Calendar months; ``inf`` in trials that never see so many deaths.

        Raises:
            ValueError: the number is not a whole number from 1 to the number of patients.
        """
        patients = self.entry.shape[1]
        if not (isinstance(number, int | np.integer) and 1 <= number <= patients):
            raise ValueError(f"number must be a whole number from 1 to {patients}, not {number}.")
        months = np.where(self.death <= self.loss, self.entry + self.death, np.inf)
        return np.partition(months, number - 1, axis=1)[:, number - 1]

    def cut_at_month(self, month: ArrayLike) -> DataCut:
        """Return what is seen at a calendar month; a death in that very moment is seen.

        Args:
            month: calendar month, for all trials or of shape (trials,); ``inf`` is complete
                follow-up.

        Raises:
            ValueError: the month has another shape, is negative or is missing.
        """
        month = np.asarray(month, float)
        trials = len(self.entry)
        if month.shape not in ((), (trials,)):
            raise ValueError(f"month must be a scalar or of shape ({trials},), not {month.shape}.")
        if not np.all(month >= 0):
            raise ValueError("month must not be negative or missing.")
        month = np.broadcast_to(month, (trials,)).copy()
        cut = month[:, None]
        died = self.entry + self.death
        event = (self.death <= self.loss) & (died <= cut) & np.isfinite(died)
        time = np.minimum(np.minimum(self.death, self.loss), np.maximum(cut - self.entry, 0.0))
        return DataCut(month, self.arm, time, event, self.entry <= cut)

    def cut_at_death(self, number: int, *, latest_month: float = np.inf) -> DataCut:
        """Return what is seen at the d-th death, or at a latest month if that comes first.

        Args:
            number: d, counted from 1.
            latest_month: calendar month at which the data are cut though fewer have died.

        Raises:
            ValueError: the number is out of range, or a trial never sees so many deaths and
                there is no latest month.
        """
        month = np.minimum(self.month_of_death(number), latest_month)
        never = int(np.isinf(month).sum())
        if never:
            raise ValueError(
                f"{never} of {len(month)} trials never see {number} deaths: "
                f"number must be lower, or latest_month given."
            )
        return self.cut_at_month(month)


def simulate_trials(
    rng: np.random.Generator,
    trials: int,
    patients: int,
    *,
    accrual: Accrual,
    control: PiecewiseHazard,
    experimental: PiecewiseHazard,
    loss_per_month: float | tuple[float, float] = 0.0,
    experimental_patients: int | None = None,
) -> Trials:
    """Simulate two-arm trials with fixed numbers in the arms, in random order of entry.

    One generator state gives the same entries, arms and uniform numbers whatever the hazards, so
    that two scenarios can be compared on the same patients.

    Args:
        rng: source of randomness.
        trials: number of trials.
        patients: number of patients in each.
        accrual: when they enter.
        control, experimental: time from entry to death in each arm.
        loss_per_month: exponential rate of loss to follow-up, for both arms or (control,
            experimental).
        experimental_patients: number on the experimental arm; None is exactly half.

    Raises:
        ValueError: a number is not whole and above 0, half of an odd number is asked for, an arm
            would be empty, or a loss rate is negative or not finite.
    """
    for name, number in (("trials", trials), ("patients", patients)):
        if not (isinstance(number, int | np.integer) and number >= 1):
            raise ValueError(f"{name} must be a whole number above 0, not {number}.")
    losses = _arm_pair("loss_per_month", loss_per_month)
    arm = _allocate(rng, trials, patients, experimental_patients)
    entry = accrual.draw(rng, trials, patients)
    share = rng.random((trials, patients))
    death = np.where(arm == 1, experimental.quantile(share), control.quantile(share))
    waiting, rate = rng.exponential(size=arm.shape), losses[arm]
    loss = np.divide(waiting, rate, out=np.full(arm.shape, np.inf), where=rate > 0)
    return Trials(entry, arm, death, loss)


@dataclass(frozen=True)
class LogRank:
    """The log-rank score of each trial, arrays of shape (trials,).

    Attributes:
        observed_minus_expected: deaths on the experimental arm less those expected with equal
            hazards; below 0 are fewer deaths than expected.
        variance: its hypergeometric variance.
    """

    observed_minus_expected: Numbers
    variance: Numbers

    @property
    def z(self) -> Numbers:
        """Score over its standard error, below 0 in favour of experimental; ``nan`` if unknown."""
        root = np.sqrt(self.variance)
        unknown = np.full(root.shape, np.nan)
        return np.divide(self.observed_minus_expected, root, out=unknown, where=root > 0)


@dataclass(frozen=True)
class HazardRatio:
    """The log hazard ratio, experimental over control, of each trial, arrays of shape (trials,).

    Attributes:
        log: the estimate; infinite if no deaths in one arm can be set against the other, ``nan``
            if there is nothing to compare.
        standard_error: of the logarithm; ``inf`` or ``nan`` accordingly.
    """

    log: Numbers
    standard_error: Numbers

    @property
    def ratio(self) -> Numbers:
        """The hazard ratio, shape (trials,)."""
        return np.exp(self.log)

    def interval(self, level: float = 0.95) -> Numbers:
        """Return the lower and upper Wald limit of the hazard ratio, shape (trials, 2).

        Args:
            level: two-sided confidence level, between 0 and 1.

        Raises:
            ValueError: the level is not between 0 and 1.
        """
        _require_probability("level", level)
        known = np.isfinite(self.standard_error)
        reach = norm.ppf((1 + level) / 2) * np.where(known, self.standard_error, np.nan)
        return np.exp(np.stack([self.log - reach, self.log + reach], axis=1))


def log_rank(cut: DataCut) -> LogRank:
    """Return the log-rank score and variance of every trial at its cut.

    Mantel 1966 (PMID 5910392); it is the score test of the Cox model, Cox 1972,
    doi 10.1111/j.2517-6161.1972.tb00899.x.

    Args:
        cut: what the trials show.

    Raises:
        ValueError: two deaths of a trial are tied.
    """
    return _score(_risk_sets(cut), np.zeros(len(cut.month)))


def peto_hazard_ratio(cut: DataCut) -> HazardRatio:
    """Return Peto's one-step estimate: score over variance, standard error 1 over its root.

    It is one Newton step of the Cox model from no effect, and biased when the effect is large.
    Berry, Kitchin and Mock 1991, doi 10.1002/sim.4780100510, compare it with Pike's estimator,
    which is not computed here.

    Args:
        cut: what the trials show.

    Raises:
        ValueError: two deaths of a trial are tied.
    """
    score = log_rank(cut)
    known = score.variance > 0
    variance = np.where(known, score.variance, np.nan)
    return HazardRatio(score.observed_minus_expected / variance, 1 / np.sqrt(variance))


def cox_hazard_ratio(cut: DataCut) -> HazardRatio:
    """Return the maximum of Cox's partial likelihood with the arm as its only covariate.

    Newton steps of length d are damped to log(1 + d). The information of this likelihood changes
    by a factor of at most exp(t) over a distance t, so that a damped step never passes the
    maximum and the last ones are as fast as Newton's. Without tied deaths Breslow's, Efron's and
    the exact likelihood are the same. Cox 1972, doi 10.1111/j.2517-6161.1972.tb00899.x.

    Args:
        cut: what the trials show.

    Returns:
        The estimates; the standard error is that of the information at the maximum.

    Raises:
        ValueError: two deaths of a trial are tied.
    """
    sets = _risk_sets(cut)
    contrast = sets.event & (sets.control > 0) & (sets.experimental > 0)
    on_control = (contrast & (sets.arm == 0)).any(axis=1)
    on_experimental = (contrast & (sets.arm == 1)).any(axis=1)
    log = np.select(
        [on_control & on_experimental, on_experimental, on_control], [0.0, np.inf, -np.inf], np.nan
    )
    error = np.where(np.isnan(log), np.nan, np.inf)
    finite = np.flatnonzero(on_control & on_experimental)
    log[finite], error[finite] = _maximise(sets.of_trials(finite))
    return HazardRatio(log, error)


def kaplan_meier_medians(cut: DataCut) -> Months:
    """Return the Kaplan-Meier median of control and experimental, shape (trials, 2).

    The median is the first time at which the estimate is 0.5 or less, ``inf`` if there is none;
    an estimate of exactly 0.5 is not averaged over its step. Kaplan and Meier 1958,
    doi 10.1080/01621459.1958.10501452.

    Args:
        cut: what the trials show.

    Raises:
        ValueError: two deaths of a trial are tied.
    """
    sets = _risk_sets(cut)
    medians = []
    for arm, at_risk in enumerate((sets.control, sets.experimental)):
        deaths = sets.event & (sets.arm == arm)
        survival = np.cumprod(1 - deaths / np.maximum(at_risk, 1), axis=1)
        reached = deaths & (survival <= _HALF)
        first = np.take_along_axis(sets.time, reached.argmax(axis=1)[:, None], axis=1)[:, 0]
        medians.append(np.where(reached.any(axis=1), first, np.inf))
    return np.stack(medians, axis=1)


def expected_deaths(
    month: ArrayLike,
    *,
    patients: ArrayLike,
    accrual_months: float,
    death_per_month: ArrayLike,
    loss_per_month: ArrayLike = 0.0,
) -> Numbers:
    """Return the deaths expected to be seen by a calendar month in one arm.

    Exponential times to death and to loss, uniform accrual from month 0: the integral over the
    entries s of the chance d / (d + l) (1 - exp(-(d + l) (month - s))) that death comes first and
    by then. Arguments broadcast against each other; the arms of a trial are added up.

    Args:
        month: calendar month.
        patients: number who enter the arm during all of accrual.
        accrual_months: length of accrual, above 0.
        death_per_month: hazard of death d.
        loss_per_month: hazard of loss l.

    Raises:
        ValueError: accrual is not above 0, or another argument is negative or not finite.
    """
    _require_positive("accrual_months", accrual_months)
    month, patients, death, loss = (
        _not_negative(name, values)
        for name, values in (
            ("month", month),
            ("patients", patients),
            ("death_per_month", death_per_month),
            ("loss_per_month", loss_per_month),
        )
    )
    opened = np.minimum(month, accrual_months)
    either = np.where(death + loss > 0, death + loss, 1.0)
    still_there = np.exp(-either * (month - opened)) * -np.expm1(-either * opened) / either
    return patients / accrual_months * death / either * (opened - still_there)


def schoenfeld_events(
    hazard_ratio: float, *, one_sided_alpha: float, power: float, experimental_share: float = 0.5
) -> float:
    """Return the deaths needed by Schoenfeld's formula, not rounded.

    (z_alpha + z_power)^2 / (p (1 - p) log(hazard ratio)^2) with p the experimental share.
    Schoenfeld 1983, doi 10.2307/2531021.

    Args:
        hazard_ratio: experimental over control to be found, between 0 and 1.
        one_sided_alpha: level of the test towards benefit; half of a two-sided level.
        power: probability of finding it, between 0 and 1.
        experimental_share: share of patients allocated to experimental.

    Raises:
        ValueError: an argument is not between 0 and 1, or the power not above the level.
    """
    _require_probability("hazard_ratio", hazard_ratio)
    _require_probability("experimental_share", experimental_share)
    information = experimental_share * (1 - experimental_share) * np.log(hazard_ratio) ** 2
    return float(_squared_quantiles(one_sided_alpha, power) / information)


def freedman_events(
    hazard_ratio: float, *, one_sided_alpha: float, power: float, experimental_share: float = 0.5
) -> float:
    """Return the deaths needed by Freedman's formula, not rounded.

    (z_alpha + z_power)^2 (1 + r h)^2 / (r (1 - h)^2) with h the hazard ratio and r the patients
    on experimental for each on control. Freedman 1982, doi 10.1002/sim.4780010204.

    Args:
        hazard_ratio: experimental over control to be found, between 0 and 1.
        one_sided_alpha: level of the test towards benefit; half of a two-sided level.
        power: probability of finding it, between 0 and 1.
        experimental_share: share of patients allocated to experimental.

    Raises:
        ValueError: an argument is not between 0 and 1, or the power not above the level.
    """
    _require_probability("hazard_ratio", hazard_ratio)
    _require_probability("experimental_share", experimental_share)
    allocation = experimental_share / (1 - experimental_share)
    drift = (1 - hazard_ratio) * np.sqrt(allocation) / (1 + allocation * hazard_ratio)
    return float(_squared_quantiles(one_sided_alpha, power) / drift**2)


def log_rank_power(
    deaths: ArrayLike,
    hazard_ratio: ArrayLike,
    *,
    one_sided_alpha: float,
    experimental_share: float = 0.5,
) -> Numbers:
    """Return the probability that the log-rank test finds a benefit of experimental.

    Normal approximation with proportional hazards: z has mean sqrt(p (1 - p) deaths) log(hazard
    ratio) and variance 1, p the experimental share. Schoenfeld 1981, doi 10.1093/biomet/68.1.316.

    Args:
        deaths: number of deaths, 0 or above, any shape.
        hazard_ratio: true ratio, experimental over control, above 0; broadcasts with the deaths.
        one_sided_alpha: level of the test towards benefit; half of a two-sided level.
        experimental_share: share of patients allocated to experimental.

    Returns:
        Probabilities, the level itself at a hazard ratio of 1.

    Raises:
        ValueError: an argument is out of range.
    """
    _require_probability("one_sided_alpha", one_sided_alpha)
    _require_probability("experimental_share", experimental_share)
    deaths = _not_negative("deaths", deaths)
    hazard_ratio = np.asarray(hazard_ratio, float)
    if not np.all((hazard_ratio > 0) & np.isfinite(hazard_ratio)):
        raise ValueError("hazard_ratio must be above 0 and finite.")
    information = experimental_share * (1 - experimental_share) * deaths
    mean = np.sqrt(information) * np.log(hazard_ratio)
    return norm.cdf(norm.ppf(one_sided_alpha) - mean)


@dataclass(frozen=True)
class _RiskSets:
    """Patients of each trial by rising time, with the numbers at risk just before each time."""

    time: Months
    event: Flags
    arm: NDArray[np.int_]
    control: NDArray[np.int_]
    experimental: NDArray[np.int_]

    def of_trials(self, rows: NDArray[np.int_]) -> "_RiskSets":
        return _RiskSets(
            self.time[rows],
            self.event[rows],
            self.arm[rows],
            self.control[rows],
            self.experimental[rows],
        )


def _risk_sets(cut: DataCut) -> _RiskSets:
    # At one time deaths come before losses, so that the lost are still at risk.
    order = np.lexsort((~cut.event, cut.time), axis=1)
    time, event, arm, entered = (
        np.take_along_axis(values, order, axis=1)
        for values in (cut.time, cut.event, cut.arm, cut.entered)
    )
    tied = (event[:, 1:] & event[:, :-1] & (time[:, 1:] == time[:, :-1])).any(axis=1)
    if tied.any():
        raise ValueError(f"cut must not have tied deaths: trial {int(tied.argmax())} has.")
    control, experimental = (
        np.cumsum((entered & (arm == group))[:, ::-1], axis=1)[:, ::-1] for group in (0, 1)
    )
    return _RiskSets(time, event, arm, control, experimental)


def _score(sets: _RiskSets, log: Numbers) -> LogRank:
    """Score and information of the partial likelihood at a log hazard ratio, shape (trials,)."""
    weighted = sets.experimental * np.exp(log)[:, None]
    total = sets.control + weighted
    share = np.divide(weighted, total, out=np.zeros(total.shape), where=sets.event)
    expected, variance = share.sum(axis=1), (share * (1 - share)).sum(axis=1)
    observed = (sets.event & (sets.arm == 1)).sum(axis=1)
    return LogRank(observed - expected, variance)


def _maximise(sets: _RiskSets) -> tuple[Numbers, Numbers]:
    """Maxima and standard errors of partial likelihoods that are known to have a maximum."""
    log = np.zeros(len(sets.time))
    for _ in range(_NEWTON_STEPS):
        score = _score(sets, log)
        newton = score.observed_minus_expected / score.variance
        log += np.sign(newton) * np.log1p(np.abs(newton))
        if np.all(np.abs(newton) < _NEWTON_TOLERANCE):
            break
    return log, 1 / np.sqrt(_score(sets, log).variance)


def _allocate(
    rng: np.random.Generator, trials: int, patients: int, experimental_patients: int | None
) -> NDArray[np.int_]:
    if experimental_patients is None and patients % 2:
        raise ValueError(f"experimental_patients must be given, as {patients} cannot be halved.")
    number = patients // 2 if experimental_patients is None else experimental_patients
    if not (isinstance(number, int | np.integer) and 0 < number < patients):
        raise ValueError(
            f"experimental_patients must be a whole number from 1 to {patients - 1}, not {number}."
        )
    ordered = np.tile((np.arange(patients) < number).astype(int), (trials, 1))
    return rng.permuted(ordered, axis=1)


def _arm_pair(name: str, values: float | tuple[float, float]) -> Numbers:
    rates = _not_negative(name, values)
    if rates.shape not in ((), (2,)):
        raise ValueError(f"{name} must be one rate or (control, experimental).")
    return np.broadcast_to(rates, (2,))


def _squared_quantiles(one_sided_alpha: float, power: float) -> float:
    _require_probability("one_sided_alpha", one_sided_alpha)
    _require_probability("power", power)
    if power <= one_sided_alpha:
        raise ValueError(f"power must be above one_sided_alpha: {power}, {one_sided_alpha}.")
    return float(norm.isf(one_sided_alpha) + norm.ppf(power)) ** 2


def _require_probability(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must be between 0 and 1, not {value}.")


def _require_positive(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be above 0 and finite, not {value}.")


def _not_negative(name: str, values: ArrayLike) -> Numbers:
    values = np.asarray(values, float)
    if not np.all(np.isfinite(values) & (values >= 0)):
        raise ValueError(f"{name} must be finite and not negative.")
    return values
