"""Dose-finding designs on the rate of dose-limiting toxicity: 3+3, exactly and simulated, and BOIN.

Doses are numbered as levels 1, 2, ..., k from the lowest; level 0 stands for "no dose is declared".
A true rate is the probability that a patient at that level has a dose-limiting toxicity within the
window in which it counts; patients are independent and the window of a cohort is over before the
next cohort starts. Nothing here knows efficacy: designs that weigh it too are another module's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

PRIOR_PATIENTS_PER_RESULT = 0.05
"""Patients with toxicity, and as many without, that BOIN's final choice adds to each level."""


@dataclass(frozen=True)
class OperatingCharacteristics:
    """What a design does in the long run at given true rates; k dose levels.

    Attributes:
        selection: probability that each level is declared the maximum tolerated dose, shape (k,).
        no_selection: probability that none is declared.
        mean_patients: mean number of patients treated at each level, shape (k,).
        mean_toxicities: mean number of patients with toxicity at each level, shape (k,).
        share_above_mtd: share of all treated patients who were treated above the true maximum
            tolerated dose: mean number above it over mean number treated.
        true_mtd: that level, see :func:`true_mtd`; 0 if even the lowest level is too toxic.
        error: standard error of each number above, from simulation; None for exact numbers. It is
            0 for what happened in every simulated trial or in none, which is no proof of
            certainty: after n trials without it, a probability may be as high as about 3/n.
    """

    selection: Floats
    no_selection: float
    mean_patients: Floats
    mean_toxicities: Floats
    share_above_mtd: float
    true_mtd: int
    error: "OperatingCharacteristics | None" = None

    @property
    def correct_selection(self) -> float:
        """Probability of declaring the true maximum tolerated dose, or none if there is none."""
        return self.no_selection if self.true_mtd == 0 else float(self.selection[self.true_mtd - 1])


@dataclass(frozen=True)
class SimulatedTrials:
    """Results of n simulated trials of k dose levels.

    Attributes:
        rates: the true rates that the trials were drawn from, shape (k,).
        declared: level declared the maximum tolerated dose, 0 for none, shape (n,).
        patients: patients treated at each level, shape (n, k).
        toxicities: those of them with toxicity, shape (n, k).
    """

    rates: Floats
    declared: Counts
    patients: Counts
    toxicities: Counts

    def operating_characteristics(self, target: float) -> OperatingCharacteristics:
        """Return the means over the trials, with their standard errors.

        Args:
            target: highest rate of toxicity that is still tolerable, above 0 and below 1.

        Raises:
            ValueError: the target is not a probability between 0 and 1.
        """
        mtd = true_mtd(self.rates, target)
        trials = len(self.declared)
        shares = np.bincount(self.declared, minlength=len(self.rates) + 1) / trials
        errors = np.sqrt(shares * (1 - shares) / trials)
        share, share_error = _share_above(self.patients, mtd)
        return OperatingCharacteristics(
            selection=shares[1:],
            no_selection=float(shares[0]),
            mean_patients=self.patients.mean(axis=0),
            mean_toxicities=self.toxicities.mean(axis=0),
            share_above_mtd=share,
            true_mtd=mtd,
            error=OperatingCharacteristics(
                selection=errors[1:],
                no_selection=float(errors[0]),
                mean_patients=self.patients.std(axis=0) / np.sqrt(trials),
                mean_toxicities=self.toxicities.std(axis=0) / np.sqrt(trials),
                share_above_mtd=share_error,
                true_mtd=mtd,
            ),
        )


def true_mtd(rates: ArrayLike, target: float) -> int:
    """Return the true maximum tolerated dose: the last level before the first rate above target.

    Where rates rise with the dose this is the highest level whose rate does not exceed the target.
    (Papers on interval designs often mean the level whose rate is closest to the target instead;
    the two agree where a rate equals the target.)

    Args:
        rates: true rate of toxicity at each level, shape (k,).
        target: highest rate that is still tolerable, above 0 and below 1.

    Returns:
        The level, 1 to k; 0 if the rate at level 1 exceeds the target.

    Raises:
        ValueError: rates or target are not probabilities.
    """
    checked = _checked_rates(rates)
    _check_between_0_and_1("target", target)
    return int(np.cumprod(checked <= target + 1e-12).sum())


def three_plus_three_exact(
    rates: ArrayLike, target: float, *, six_at_mtd: bool = True
) -> OperatingCharacteristics:
    """Return the exact operating characteristics of the traditional 3+3 design.

    The rule. Three patients start at level 1. None of three with toxicity: go up. One of three:
    three more at the same level, and go up if that makes one of six. Otherwise (two or more of
    three, or of six) the level is too toxic, escalation ends, and the next lower level is the
    maximum tolerated dose; below level 1 there is none. A highest level that is not too toxic is
    itself the maximum tolerated dose.

    With ``six_at_mtd``, a level must have had six patients to be declared: where it has had three
    (none with toxicity), three more are treated there; at most one of six with toxicity and it is
    declared, otherwise the level below is looked at in the same way.

    The calculation goes through the levels twice. Going up it carries the probability of reaching
    each level, split by the results of its cohorts; coming down, the probability that the choice
    falls to each level. How a level was passed (with three patients or with six) depends on that
    level's patients alone, which is what makes two passes enough. A patient's result is
    independent of the decision to treat at that level, so mean toxicities are the rate times mean
    patients.

    Args:
        rates: true rate of toxicity at each level, any order, shape (k,).
        target: highest tolerable rate; it defines the true maximum tolerated dose for
            ``share_above_mtd`` and ``true_mtd`` and plays no part in the design.
        six_at_mtd: whether six patients must have been treated at the declared level.

    Raises:
        ValueError: rates or target are not probabilities.

    Source:
        Storer 1989, doi 10.2307/2531693 (the rule); Korn et al 1994, doi 10.1002/sim.4780131802
        (six at the declared level).
    """
    p = _checked_rates(rates)
    mtd = true_mtd(p, target)
    none_of_three = (1 - p) ** 3
    one_of_three = 3 * p * (1 - p) ** 2
    passed_with_six = one_of_three * none_of_three
    passed = none_of_three + passed_with_six
    reached = np.append(1.0, np.cumprod(passed))
    patients = 3 * reached[:-1] * (1 + one_of_three)

    selection = np.zeros(len(p))
    falls_to_level = reached[-1]
    for level in reversed(range(len(p))):
        kept = 1.0
        if six_at_mtd and passed[level] > 0:
            only_three = none_of_three[level] / passed[level]
            patients[level] += 3 * falls_to_level * only_three
            at_most_one_more = none_of_three[level] + one_of_three[level]
            kept = 1 - only_three * (1 - at_most_one_more)
        selection[level] = falls_to_level * kept
        too_toxic = reached[level] - reached[level + 1]
        falls_to_level = falls_to_level * (1 - kept) + too_toxic
    return OperatingCharacteristics(
        selection=selection,
        no_selection=float(falls_to_level),
        mean_patients=patients,
        mean_toxicities=patients * p,
        share_above_mtd=float(patients[mtd:].sum() / patients.sum()),
        true_mtd=mtd,
    )


def simulate_three_plus_three(
    rates: ArrayLike, trials: int, rng: np.random.Generator, *, six_at_mtd: bool = True
) -> SimulatedTrials:
    """Simulate the traditional 3+3 design; the rule is that of :func:`three_plus_three_exact`.

    Args:
        rates: true rate of toxicity at each level, any order, shape (k,).
        trials: number of trials.
        rng: source of randomness.
        six_at_mtd: whether six patients must have been treated at the declared level.

    Raises:
        ValueError: a rate is not a probability or there is no trial.
    """
    p = _checked_rates(rates)
    _check_whole("trials", trials, 1)
    shape = (trials, len(p))
    # Every level has at most two cohorts of three: draw both, then see which were treated.
    first, second = rng.binomial(3, p, shape), rng.binomial(3, p, shape)
    passed = (first == 0) | ((first == 1) & (second == 0))
    reached = np.ones(shape, bool)
    reached[:, 1:] = np.cumprod(passed[:, :-1], axis=1)
    expanded = reached & (first == 1)

    declared = np.where(reached & passed, np.arange(1, len(p) + 1), 0).max(axis=1)
    if six_at_mtd:
        for level in range(len(p), 0, -1):
            column = level - 1
            due = (declared == level) & ~expanded[:, column]
            expanded[due, column] = True
            declared[due & (second[:, column] > 1)] = level - 1
    return SimulatedTrials(
        rates=p,
        declared=declared,
        patients=3 * (reached.astype(int) + expanded),
        toxicities=first * reached + second * expanded,
    )


@dataclass(frozen=True)
class IntervalDesign:
    """The Bayesian optimal interval (BOIN) design.

    After each cohort the share with toxicity among all patients treated so far at the current
    level is compared with two boundaries: at or below ``escalation_boundary`` the next cohort goes
    one level up, at or above ``de_escalation_boundary`` one level down, between them it stays. At
    the lowest and highest level it stays where it cannot go further. The boundaries minimise the
    probability of a wrong decision if the true rate is one of ``too_low``, ``target``,
    ``too_high``, each as probable as the others.

    A level with at least ``elimination_patients`` treated is eliminated, with all above it, if the
    posterior probability that its rate exceeds the target is above ``elimination_probability``
    (uniform prior on the rate). The next cohort then goes to the level below; if level 1 is
    eliminated the trial ends and no dose is declared.

    Attributes:
        target: rate of toxicity aimed at, above 0 and below 1.
        cohorts: number of cohorts, 1 or more.
        cohort_size: patients per cohort, 1 or more.
        too_low: a rate so low that one must go up; None for 0.6 times the target.
        too_high: a rate so high that one must go down; None for 1.4 times the target.
        elimination_probability: see above; 1 switches elimination off.
        elimination_patients: fewest patients at a level for it to be eliminated, 1 or more.
        first_level: level of the first cohort, 1 or more.

    Raises:
        ValueError: a number is out of its range, or not 0 < too_low < target < too_high < 1.

    Source:
        Liu and Yuan 2015, doi 10.1111/rssc.12089.
    """

    target: float
    cohorts: int
    cohort_size: int = 3
    too_low: float | None = None
    too_high: float | None = None
    elimination_probability: float = 0.95
    elimination_patients: int = 3
    first_level: int = 1

    def __post_init__(self) -> None:
        _check_between_0_and_1("target", self.target)
        low, high = self.indifference_rates
        if not 0 < low < self.target < high < 1:
            raise ValueError(
                f"too_low, target and too_high must rise between 0 and 1: "
                f"{low:g}, {self.target:g}, {high:g}."
            )
        if not 0 < self.elimination_probability <= 1:
            raise ValueError(
                f"elimination_probability must be above 0 and at most 1, "
                f"not {self.elimination_probability}."
            )
        for name in ("cohorts", "cohort_size", "elimination_patients", "first_level"):
            _check_whole(name, getattr(self, name), 1)

    @property
    def indifference_rates(self) -> tuple[float, float]:
        """The rates ``too_low`` and ``too_high``, filled in where they were left out."""
        return (
            0.6 * self.target if self.too_low is None else self.too_low,
            1.4 * self.target if self.too_high is None else self.too_high,
        )

    @property
    def escalation_boundary(self) -> float:
        """Observed share with toxicity at or below which to go up (lambda_e)."""
        return _equally_likely_share(self.indifference_rates[0], self.target)

    @property
    def de_escalation_boundary(self) -> float:
        """Observed share with toxicity at or above which to go down (lambda_d)."""
        return _equally_likely_share(self.target, self.indifference_rates[1])

    def eliminates(self, patients: ArrayLike, toxicities: ArrayLike) -> NDArray[np.bool_]:
        """Return whether results at a level alone eliminate it (and all above it).

        Args:
            patients, toxicities: patients treated at the level and those of them with toxicity,
                any shape.

        Raises:
            ValueError: there are more toxicities than patients, or fewer than none.
        """
        treated, toxic = _checked_counts(patients, toxicities)
        posterior = beta.sf(self.target, 1 + toxic, 1 + treated - toxic)
        return (treated >= self.elimination_patients) & (posterior > self.elimination_probability)

    def decision_table(self, patients: ArrayLike) -> tuple[Counts, Counts, Counts]:
        """Return the boundaries as numbers of patients with toxicity.

        Args:
            patients: numbers of patients treated at the current level, each 1 or more, shape (m,).

        Returns:
            Go up at or below; go down at or above; eliminate at or above. Each of shape (m,); the
            last is -1 where no number eliminates.

        Raises:
            ValueError: a number of patients is below 1.
        """
        treated = np.atleast_1d(np.asarray(patients, int))
        if treated.min(initial=1) < 1:
            raise ValueError(f"patients must be 1 or more: {treated.min()}.")
        toxic = np.arange(treated.max(initial=1) + 1)
        share = toxic / treated[:, None]
        possible = toxic <= treated[:, None]
        up = (share <= self.escalation_boundary).sum(axis=1) - 1
        down = (share < self.de_escalation_boundary).sum(axis=1)
        out = possible & self.eliminates(treated[:, None], np.minimum(toxic, treated[:, None]))
        eliminate = np.where(out.any(axis=1), out.argmax(axis=1), -1)
        return up, down, eliminate

    def selected_level(self, patients: ArrayLike, toxicities: ArrayLike) -> Counts:
        """Return the level that finished trials declare the maximum tolerated dose.

        Among levels treated and not eliminated, the one whose rate, estimated under the condition
        that rates do not fall as doses rise, is closest to the target. Before, each level gets
        0.05 patients with toxicity and 0.05 without, and levels weigh by the inverse variance of
        a beta posterior with those counts, as in the authors' R package BOIN. Levels with the
        same estimate: the highest if it is at or below the target, otherwise the lowest. An
        estimate below and one above the target at the same distance: the lower level.

        Args:
            patients, toxicities: numbers per trial and level, shape (n, k), or (k,) for one trial.

        Returns:
            Levels 1 to k, 0 for none, shape (n,).

        Raises:
            ValueError: there are more toxicities than patients, or fewer than none.

        Source:
            Liu and Yuan 2015, doi 10.1111/rssc.12089; Yan et al 2020 (R package BOIN),
            doi 10.18637/jss.v094.i13.
        """
        treated, toxic = _checked_counts(np.atleast_2d(patients), np.atleast_2d(toxicities))
        eliminated = np.logical_or.accumulate(self.eliminates(treated, toxic), axis=1)
        admissible = (treated > 0) & ~eliminated
        a, b = toxic + PRIOR_PATIENTS_PER_RESULT, treated - toxic + PRIOR_PATIENTS_PER_RESULT
        variance = a * b / ((a + b) ** 2 * (a + b + 1))
        estimate = isotonic_rates(a / (a + b), np.where(admissible, 1 / variance, 0.0))
        # Ten digits: levels pooled into one must tie whatever the rounding of floats.
        distance = np.where(admissible, np.round(np.abs(estimate - self.target), 10), np.inf)
        closest = distance == distance.min(axis=1, keepdims=True)
        below = closest & (estimate <= self.target)
        levels = np.arange(1, treated.shape[1] + 1)
        highest_below = np.where(below, levels, 0).max(axis=1)
        chosen = np.where(below.any(axis=1), highest_below, closest.argmax(axis=1) + 1)
        return np.where(admissible.any(axis=1), chosen, 0)


def isotonic_rates(shares: ArrayLike, weights: ArrayLike) -> Floats:
    """Return the weighted least-squares fit to shares that does not fall from level to level.

    This is what pooling adjacent violators arrives at, computed for all rows at once from its
    max-min form: at each level the largest, over where a block may begin, of the smallest, over
    where it may end, of the block's weighted mean.

    Args:
        shares: observed shares, shape (n, k).
        weights: weight of each, 0 for levels to be left out, shape (n, k).

    Returns:
        Fitted shares, shape (n, k); ``nan`` where the weight is 0.

    Raises:
        ValueError: the shapes differ or a weight is negative or not finite.
    """
    shares, weights = np.asarray(shares, float), np.asarray(weights, float)
    if shares.ndim != 2 or shares.shape != weights.shape:
        raise ValueError(
            f"shares and weights must be of the same shape (n, k): {shares.shape}, {weights.shape}."
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("weights must be finite and not negative.")
    levels = shares.shape[1]
    used = weights > 0
    weighted = np.where(used, shares, 0.0) * weights
    fitted = np.full(shares.shape, -np.inf)
    for begin in range(levels):
        total = weighted[:, begin:].cumsum(axis=1)
        weight = weights[:, begin:].cumsum(axis=1)
        mean = np.divide(total, weight, out=np.full(total.shape, np.inf), where=weight > 0)
        smallest = np.minimum.accumulate(mean[:, ::-1], axis=1)[:, ::-1]
        fitted[:, begin:] = np.maximum(fitted[:, begin:], smallest)
    return np.where(used, fitted, np.nan)


def simulate_interval_design(
    design: IntervalDesign, rates: ArrayLike, trials: int, rng: np.random.Generator
) -> SimulatedTrials:
    """Simulate trials of the BOIN design, all of them cohort by cohort at once.

    Args:
        design: target, boundaries, cohorts and their size.
        rates: true rate of toxicity at each level, any order, shape (k,).
        trials: number of trials.
        rng: source of randomness.

    Raises:
        ValueError: a rate is not a probability, there is no trial, or the design's first level is
            above the highest.
    """
    p = _checked_rates(rates)
    _check_whole("trials", trials, 1)
    if design.first_level > len(p):
        raise ValueError(f"first_level is {design.first_level} but there are {len(p)} levels.")
    patients = np.zeros((trials, len(p)), int)
    toxicities = np.zeros((trials, len(p)), int)
    running = np.arange(trials)
    column = np.full(trials, design.first_level - 1)
    ceiling = np.full(trials, len(p) - 1)
    for _ in range(design.cohorts):
        here = column[running]
        patients[running, here] += design.cohort_size
        toxicities[running, here] += rng.binomial(design.cohort_size, p[here])
        treated, toxic = patients[running, here], toxicities[running, here]
        out = design.eliminates(treated, toxic)
        ceiling[running[out]] = here[out] - 1
        share = toxic / treated
        up = (share <= design.escalation_boundary).astype(int)
        down = (share >= design.de_escalation_boundary).astype(int)
        column[running] = np.clip(here + up - down, 0, ceiling[running])
        running = running[ceiling[running] >= 0]
    return SimulatedTrials(
        rates=p,
        declared=design.selected_level(patients, toxicities),
        patients=patients,
        toxicities=toxicities,
    )


def _equally_likely_share(lower: float, higher: float) -> float:
    """Return the observed share that is as likely under one rate as under the other."""
    odds_ratio = higher * (1 - lower) / (lower * (1 - higher))
    return float(np.log((1 - lower) / (1 - higher)) / np.log(odds_ratio))


def _share_above(patients: Counts, mtd: int) -> tuple[float, float]:
    """Return the share of patients above a level and its standard error, by the delta method."""
    above, total = patients[:, mtd:].sum(axis=1), patients.sum(axis=1)
    share = above.sum() / total.sum()
    residual = above - share * total
    return float(share), float(residual.std() / (total.mean() * np.sqrt(len(total))))


def _checked_rates(rates: ArrayLike) -> Floats:
    checked = np.asarray(rates, float)
    if checked.ndim != 1 or checked.size == 0:
        raise ValueError(f"rates must hold one rate per dose level, not shape {checked.shape}.")
    if not ((checked >= 0) & (checked <= 1)).all():
        raise ValueError(f"rates are probabilities, from 0 to 1: {checked.tolist()}.")
    return checked


def _checked_counts(patients: ArrayLike, toxicities: ArrayLike) -> tuple[Counts, Counts]:
    treated, toxic = np.asarray(patients), np.asarray(toxicities)
    if (toxic < 0).any() or (toxic > treated).any():
        raise ValueError("toxicities must be from 0 to the number of patients.")
    return treated, toxic


def _check_between_0_and_1(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must be above 0 and below 1, not {value}.")


def _check_whole(name: str, value: int, least: int) -> None:
    if not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be a whole number, {least} or more, not {value}.")
