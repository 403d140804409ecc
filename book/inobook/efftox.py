"""EffTox: dose finding that trades the rate of efficacy off against the rate of toxicity.

Doses are numbered as levels 1, 2, ..., k from the lowest; level 0 stands for "no dose". Every
patient either has efficacy or not and either has toxicity or not, and both are known before the
next cohort starts. Arrays over levels have shape (k,), over trials and levels (n, k).

The model is that of Thall and Cook with x = log(dose) minus the mean log dose of the levels:

    logit of the rate of toxicity = toxicity intercept + toxicity slope * x
    logit of the rate of efficacy = efficacy intercept + efficacy slope * x
                                    + efficacy curvature * x^2

with independent normal priors of the five parameters. One simplification: the paper has a sixth
parameter (psi) for the association of a patient's two outcomes; here they are independent given
the rates. The design's decisions rest on the two rates at each dose alone, to which the
association adds little in practice; the consequences are that data on toxicity teach nothing
about efficacy, or the reverse, and that nothing can be said of the patients who have both.

Without psi the likelihood is a product of one factor for toxicity and one for efficacy. Each
posterior is therefore had on its own, by weighting one fixed, evenly spread (Sobol) sample of the
prior with its likelihood: no Markov chain, no randomness, and the log-likelihoods of all trials at
once are a matrix product of counts with a table of log rates.

Sources: Thall PF, Cook JD. Biometrics 2004;60:684-693, doi 10.1111/j.0006-341X.2004.00218.x
(model, criteria, rule); Thall PF, Cook JD, Estey EH. J Biopharm Stat 2006;16:623-638 (the L^p
form of the trade-off). The priors, contours and limits of any one trial are arguments.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit, log_expit
from scipy.stats import norm, qmc

from inobook.dose_finding import Counts, Floats, _check_between_0_and_1, _check_whole

Flags = NDArray[np.bool_]

LOG2_DRAWS = 13
"""The sample of the prior has 2 to this power, 8,192, draws."""

_ROUNDING = 1e-12
_ROWS_AT_ONCE = 256
_MOST_KNOWN = 200_000


@dataclass(frozen=True)
class TradeOff:
    """Desirability of a pair of rates of efficacy and toxicity.

    With a = (1 - efficacy) / (1 - ``efficacy_only``) and b = toxicity / ``toxicity_only`` the
    desirability is 1 - (a^p + b^p)^(1/p), p being ``exponent``. It is 1 at sure efficacy without
    toxicity, 0 at (``efficacy_only``, 0) and at (1, ``toxicity_only``), negative beyond, and rises
    with efficacy and falls with toxicity. An exponent of 1 makes the contours straight lines;
    above 1 they bow so that moderate losses on both sides weigh less than a straight line has
    it, below 1 so that they weigh more.

    Attributes:
        efficacy_only: rate of efficacy that, without toxicity, is of desirability 0; from 0 to
            below 1.
        toxicity_only: rate of toxicity that, with sure efficacy, is of desirability 0; above 0
            and at most 1.
        exponent: p, above 0.

    Raises:
        ValueError: an attribute is out of its range.
    """

    efficacy_only: float
    toxicity_only: float
    exponent: float

    def __post_init__(self) -> None:
        _check_corners(self.efficacy_only, self.toxicity_only)
        if not (self.exponent > 0 and np.isfinite(self.exponent)):
            raise ValueError(f"exponent must be finite and above 0, not {self.exponent}.")

    @classmethod
    def through(
        cls, efficacy_only: float, toxicity_only: float, middle: tuple[float, float]
    ) -> "TradeOff":
        """Return the trade-off in which three elicited pairs of rates are equally desirable.

        The pairs (efficacy, toxicity) are (``efficacy_only``, 0), (1, ``toxicity_only``) and
        ``middle``; their desirability is 0.

        Args:
            efficacy_only: rate of efficacy, from 0 to below 1.
            toxicity_only: rate of toxicity, above 0 and at most 1.
            middle: rates of efficacy and toxicity. Its efficacy must lie between
                ``efficacy_only`` and 1 and its toxicity between 0 and ``toxicity_only``, both
                strictly; otherwise one of the three pairs would be better than another on both
                sides, which equally desirable pairs cannot be.

        Raises:
            ValueError: an argument is out of its range.
        """
        _check_corners(efficacy_only, toxicity_only)
        efficacy, toxicity = middle
        if not efficacy_only < efficacy < 1:
            raise ValueError(
                f"the efficacy of middle must lie between efficacy_only ({efficacy_only}) and 1, "
                f"or one of the points dominates another: {efficacy}."
            )
        if not 0 < toxicity < toxicity_only:
            raise ValueError(
                f"the toxicity of middle must lie between 0 and toxicity_only ({toxicity_only}), "
                f"or one of the points dominates another: {toxicity}."
            )
        losses = np.array([(1 - efficacy) / (1 - efficacy_only), toxicity / toxicity_only])
        # Where one loss to the power p is 1/2, the sum is at least 1, or at most 1.
        low, high = np.sort(-np.log(2) / np.log(losses))
        exponent = brentq(lambda p: (losses**p).sum() - 1, 0.999 * low, 1.001 * high, xtol=1e-13)
        return cls(efficacy_only, toxicity_only, float(exponent))

    def desirability(self, efficacy: ArrayLike, toxicity: ArrayLike) -> Floats:
        """Return the desirability of pairs of rates, at most 1.

        Args:
            efficacy, toxicity: rates, any shapes that broadcast; ``nan`` gives ``nan``.

        Raises:
            ValueError: a rate is below 0 or above 1.
        """
        a = (1 - _probabilities("efficacy", efficacy)) / (1 - self.efficacy_only)
        b = _probabilities("toxicity", toxicity) / self.toxicity_only
        larger = np.maximum(a, b)
        ratio = np.minimum(a, b) / np.where(larger > 0, larger, 1.0)
        return 1 - larger * (1 + ratio**self.exponent) ** (1 / self.exponent)

    def contour(self, value: ArrayLike, efficacy: ArrayLike) -> Floats:
        """Return the rate of toxicity that, with a rate of efficacy, is of a given desirability.

        Args:
            value: desirability, any shape.
            efficacy: rates of efficacy, of a shape that broadcasts with it.

        Returns:
            Rates of toxicity; ``nan`` where no rate from 0 to 1 is of that desirability.

        Raises:
            ValueError: a rate of efficacy is below 0 or above 1.
        """
        a = (1 - _probabilities("efficacy", efficacy)) / (1 - self.efficacy_only)
        allowed = 1 - np.asarray(value, float)
        a, allowed = np.broadcast_arrays(a, allowed)
        possible = (allowed >= 0) & (a <= allowed + _ROUNDING)
        ratio = np.divide(a, allowed, out=np.zeros(a.shape), where=possible & (allowed > 0))
        left = 1 - np.minimum(ratio, 1.0) ** self.exponent
        toxicity = self.toxicity_only * allowed * left ** (1 / self.exponent)
        return np.where(possible & (toxicity <= 1 + _ROUNDING), toxicity, np.nan)


@dataclass(frozen=True)
class Limits:
    """When a dose is acceptable.

    A dose is acceptable if the posterior probability that its rate of efficacy exceeds
    ``min_efficacy`` is above ``certainty_efficacy``, and the posterior probability that its rate
    of toxicity is below ``max_toxicity`` is above ``certainty_toxicity``. Low certainties, as are
    usual, thus give up a dose only when it is probably inefficacious or probably too toxic.

    Attributes:
        min_efficacy, max_toxicity: rates, above 0 and below 1.
        certainty_efficacy, certainty_toxicity: probabilities, above 0 and below 1.

    Raises:
        ValueError: an attribute is out of its range.
    """

    min_efficacy: float
    max_toxicity: float
    certainty_efficacy: float = 0.1
    certainty_toxicity: float = 0.1

    def __post_init__(self) -> None:
        for name in ("min_efficacy", "max_toxicity", "certainty_efficacy", "certainty_toxicity"):
            _check_between_0_and_1(name, getattr(self, name))


@dataclass(frozen=True)
class Prior:
    """Independent normal priors of the five parameters of the model.

    Both attributes are in the order toxicity intercept, toxicity slope, efficacy intercept,
    efficacy slope, efficacy curvature, on the logit scale and per unit of (squared) standardised
    log dose. The rates they amount to are ``posterior`` with no patients.

    Attributes:
        means: prior means.
        sds: prior standard deviations; 0 fixes a parameter at its mean.

    Raises:
        ValueError: not five finite numbers each, or a standard deviation is negative.
    """

    means: tuple[float, float, float, float, float]
    sds: tuple[float, float, float, float, float]

    def __post_init__(self) -> None:
        for name in ("means", "sds"):
            values = np.asarray(getattr(self, name), float)
            if values.shape != (5,) or not np.isfinite(values).all():
                raise ValueError(f"{name} must be five finite numbers: {getattr(self, name)}.")
            object.__setattr__(self, name, tuple(values.tolist()))
        if min(self.sds) < 0:
            raise ValueError(f"sds must not be negative: {self.sds}.")


@dataclass(frozen=True)
class EffToxDesign:
    """An EffTox trial.

    The first cohort is treated at ``start_level``, whatever the prior says of it. After each
    cohort the next is treated at the most desirable of the acceptable levels within reach, where
    the desirability is that of the posterior mean rates. No untried level is skipped, upwards or
    downwards: within reach are the levels that have had patients and their neighbours. If no
    level within reach is acceptable the trial stops and no dose is
    declared. After ``max_patients`` the most desirable acceptable level among those that have had
    patients is declared, or none if none of them is acceptable.

    Attributes:
        doses: the dose of each level, above 0 and rising, any unit, shape (k,), 2 or more.
        prior: priors of the parameters of the model.
        trade_off: desirability of a pair of rates.
        limits: when a dose is acceptable.
        cohort_size: patients per cohort; the last cohort is smaller if ``max_patients`` is not a
            multiple.
        max_patients: patients after whom the trial ends.
        start_level: level of the first cohort.
        untried_on_toxicity_alone: whether the level above the highest that has had patients need
            not show enough efficacy to be treated at, as in the paper of 2004; the default asks
            every level for both.

    Raises:
        ValueError: an attribute is out of its range.
    """

    doses: tuple[float, ...]
    prior: Prior
    trade_off: TradeOff
    limits: Limits
    cohort_size: int = 3
    max_patients: int = 36
    start_level: int = 1
    untried_on_toxicity_alone: bool = False

    def __post_init__(self) -> None:
        doses = np.asarray(self.doses, float)
        if doses.ndim != 1 or doses.size < 2:
            raise ValueError(f"doses must hold two or more doses, not shape {doses.shape}.")
        if not (np.isfinite(doses).all() and doses[0] > 0 and (np.diff(doses) > 0).all()):
            raise ValueError(f"doses must be above 0 and rise: {doses.tolist()}.")
        object.__setattr__(self, "doses", tuple(doses.tolist()))
        for name in ("cohort_size", "max_patients", "start_level"):
            _check_whole(name, getattr(self, name), 1)
        if self.start_level > len(doses):
            raise ValueError(f"start_level is {self.start_level} but there are {len(doses)} doses.")

    @property
    def log_doses(self) -> Floats:
        """Standardised log doses: the log of each dose minus their mean, shape (k,)."""
        return _log_doses(self.doses)


@dataclass(frozen=True)
class Posterior:
    """What is known of each level after data; arrays of shape (..., k) unless said otherwise.

    Attributes:
        mean_efficacy: posterior mean of the rate of efficacy.
        mean_toxicity: posterior mean of the rate of toxicity.
        enough_efficacy: posterior probability that the rate of efficacy exceeds the least.
        tolerable: posterior probability that the rate of toxicity is below the largest.
        acceptable: whether both probabilities exceed the certainties of :class:`Limits`.
        desirability: desirability of the pair of posterior means.
        effective_draws_efficacy: effective size of the weighted sample behind the numbers on
            efficacy, (sum of weights)^2 / (sum of squared weights), shape (...).
        effective_draws_toxicity: the same for toxicity. A few hundred are ample as the draws are
            evenly spread; some tens mean that data and prior contradict each other, or that the
            prior is very wide, and the second decimal of the rates is in doubt.
    """

    mean_efficacy: Floats
    mean_toxicity: Floats
    enough_efficacy: Floats
    tolerable: Floats
    acceptable: Flags
    desirability: Floats
    effective_draws_efficacy: Floats
    effective_draws_toxicity: Floats


@dataclass(frozen=True)
class EffToxCharacteristics:
    """What a design does in the long run at given true rates; k levels.

    Attributes:
        selection: probability that each level is declared, shape (k,).
        no_selection: probability that none is declared.
        mean_patients: mean number of patients treated at each level, shape (k,).
        mean_responses: mean number of patients with efficacy at each level, shape (k,).
        mean_toxicities: mean number of patients with toxicity at each level, shape (k,).
        share_treated: share of all treated patients who were treated at each level, shape (k,).
        best_level: the level that should be declared, see :func:`best_level`.
        error: standard error of each number above, from simulation; 0 for what happened in every
            simulated trial or in none, which is no proof of certainty: after n trials without it,
            a probability may be as high as about 3/n. None in ``error`` itself.
    """

    selection: Floats
    no_selection: float
    mean_patients: Floats
    mean_responses: Floats
    mean_toxicities: Floats
    share_treated: Floats
    best_level: int
    error: "EffToxCharacteristics | None" = None

    @property
    def correct_selection(self) -> float:
        """Probability of declaring the best level, or none if there is none."""
        if self.best_level == 0:
            return self.no_selection
        return float(self.selection[self.best_level - 1])


@dataclass(frozen=True)
class EffToxTrials:
    """Results of n simulated trials of k levels.

    Attributes:
        design: the design.
        true_efficacy, true_toxicity: the rates that the trials were drawn from, shape (k,).
        declared: level declared, 0 if the trial stopped or none was acceptable, shape (n,).
        patients: patients treated at each level, shape (n, k).
        responses: those of them with efficacy, shape (n, k).
        toxicities: those of them with toxicity, shape (n, k).
    """

    design: EffToxDesign
    true_efficacy: Floats
    true_toxicity: Floats
    declared: Counts
    patients: Counts
    responses: Counts
    toxicities: Counts

    def operating_characteristics(
        self, trade_off: TradeOff | None = None, limits: Limits | None = None
    ) -> EffToxCharacteristics:
        """Return the means over the trials, with their standard errors.

        Args:
            trade_off, limits: what makes the truly best level; those of the design if left out.
                They matter to ``best_level`` and ``correct_selection`` alone.
        """
        best = best_level(
            trade_off or self.design.trade_off,
            limits or self.design.limits,
            self.true_efficacy,
            self.true_toxicity,
        )
        levels, trials = len(self.true_efficacy), len(self.declared)
        shares = np.bincount(self.declared, minlength=levels + 1) / trials
        errors = np.sqrt(shares * (1 - shares) / trials)
        treated, treated_error = _shares_treated(self.patients)
        return EffToxCharacteristics(
            selection=shares[1:],
            no_selection=float(shares[0]),
            mean_patients=self.patients.mean(axis=0),
            mean_responses=self.responses.mean(axis=0),
            mean_toxicities=self.toxicities.mean(axis=0),
            share_treated=treated,
            best_level=best,
            error=EffToxCharacteristics(
                selection=errors[1:],
                no_selection=float(errors[0]),
                mean_patients=self.patients.std(axis=0) / np.sqrt(trials),
                mean_responses=self.responses.std(axis=0) / np.sqrt(trials),
                mean_toxicities=self.toxicities.std(axis=0) / np.sqrt(trials),
                share_treated=treated_error,
                best_level=best,
            ),
        )


def best_level(
    trade_off: TradeOff, limits: Limits, true_efficacy: ArrayLike, true_toxicity: ArrayLike
) -> int:
    """Return the most desirable level whose true rates are within the limits.

    Within them are rates of efficacy of at least ``min_efficacy`` and of toxicity of at most
    ``max_toxicity``. Of equally desirable levels it is the lowest.

    Args:
        trade_off: desirability of a pair of rates.
        limits: least efficacy and largest toxicity; its certainties play no part.
        true_efficacy, true_toxicity: true rates at each level, shape (k,).

    Returns:
        The level, 1 to k; 0 if none is within the limits.

    Raises:
        ValueError: the rates are not probabilities or their shapes differ.
    """
    efficacy, toxicity = _true_rates(true_efficacy, true_toxicity)
    within = (efficacy >= limits.min_efficacy - _ROUNDING) & (
        toxicity <= limits.max_toxicity + _ROUNDING
    )
    return int(_most_desirable(trade_off.desirability(efficacy, toxicity), within))


def posterior(
    design: EffToxDesign, patients: ArrayLike, responses: ArrayLike, toxicities: ArrayLike
) -> Posterior:
    """Return what is known of each level after data, for any number of trials at once.

    Args:
        design: doses, prior, trade-off and limits.
        patients: patients treated at each level so far, shape (..., k).
        responses: those of them with efficacy, same shape.
        toxicities: those of them with toxicity, same shape.

    Raises:
        ValueError: counts are not whole, do not fit the doses, or are not from 0 to patients.
    """
    treated, responded, toxic = _checked_data(design, patients, responses, toxicities)
    efficacy_table, toxicity_table = _tables(design)
    mean_efficacy, enough, efficacy_draws = efficacy_table.weighted(treated, responded)
    mean_toxicity, tolerable, toxicity_draws = toxicity_table.weighted(treated, toxic)
    limits = design.limits
    return Posterior(
        mean_efficacy=mean_efficacy,
        mean_toxicity=mean_toxicity,
        enough_efficacy=enough,
        tolerable=tolerable,
        acceptable=(enough > limits.certainty_efficacy) & (tolerable > limits.certainty_toxicity),
        desirability=design.trade_off.desirability(mean_efficacy, mean_toxicity),
        effective_draws_efficacy=efficacy_draws,
        effective_draws_toxicity=toxicity_draws,
    )


def next_level(
    design: EffToxDesign, patients: ArrayLike, responses: ArrayLike, toxicities: ArrayLike
) -> Counts:
    """Return the level of the next cohort by the rule of :class:`EffToxDesign`, 0 to stop.

    Args:
        design: the design; its ``max_patients`` plays no part here.
        patients, responses, toxicities: as in :func:`posterior`, shape (..., k).

    Returns:
        Levels, shape (...); the start level where there are no patients yet.

    Raises:
        ValueError: as in :func:`posterior`.
    """
    known = posterior(design, patients, responses, toxicities)
    tried = np.asarray(patients) > 0
    reach = tried.copy()
    reach[..., 1:] |= tried[..., :-1]
    reach[..., :-1] |= tried[..., 1:]
    acceptable = known.acceptable
    if design.untried_on_toxicity_alone:
        above = ~np.logical_or.accumulate(tried[..., ::-1], axis=-1)[..., ::-1]
        acceptable = acceptable | (above & (known.tolerable > design.limits.certainty_toxicity))
    level = _most_desirable(known.desirability, acceptable & reach)
    return np.where(tried.any(axis=-1), level, design.start_level)


def selected_level(
    design: EffToxDesign, patients: ArrayLike, responses: ArrayLike, toxicities: ArrayLike
) -> Counts:
    """Return the level that finished trials declare: the most desirable acceptable one tried.

    Args:
        design: the design.
        patients, responses, toxicities: as in :func:`posterior`, shape (..., k).

    Returns:
        Levels 1 to k, 0 for none, shape (...).

    Raises:
        ValueError: as in :func:`posterior`.
    """
    known = posterior(design, patients, responses, toxicities)
    return _most_desirable(known.desirability, known.acceptable & (np.asarray(patients) > 0))


def simulate_efftox(
    design: EffToxDesign,
    true_efficacy: ArrayLike,
    true_toxicity: ArrayLike,
    rng: np.random.Generator,
    trials: int = 1000,
) -> EffToxTrials:
    """Simulate trials of an EffTox design, all of them cohort by cohort at once.

    A patient's efficacy and toxicity are drawn independently of each other.

    Args:
        design: the design.
        true_efficacy, true_toxicity: true rates at each level, any order, shape (k,).
        rng: source of randomness.
        trials: number of trials.

    Raises:
        ValueError: a rate is not a probability, there is not one per dose, or there is no trial.
    """
    efficacy, toxicity = _true_rates(true_efficacy, true_toxicity)
    if len(efficacy) != len(design.doses):
        raise ValueError(
            f"true_efficacy and true_toxicity must hold one rate per dose: "
            f"{len(efficacy)} rates, {len(design.doses)} doses."
        )
    _check_whole("trials", trials, 1)
    shape = (trials, len(efficacy))
    patients, responses, toxicities = (np.zeros(shape, int) for _ in range(3))
    running = np.arange(trials)
    for before in range(0, design.max_patients, design.cohort_size):
        level = next_level(design, patients[running], responses[running], toxicities[running])
        running, here = running[level > 0], level[level > 0] - 1
        size = min(design.cohort_size, design.max_patients - before)
        patients[running, here] += size
        responses[running, here] += rng.binomial(size, efficacy[here])
        toxicities[running, here] += rng.binomial(size, toxicity[here])
    declared = np.zeros(trials, int)
    declared[running] = selected_level(
        design, patients[running], responses[running], toxicities[running]
    )
    return EffToxTrials(
        design=design,
        true_efficacy=efficacy,
        true_toxicity=toxicity,
        declared=declared,
        patients=patients,
        responses=responses,
        toxicities=toxicities,
    )


@dataclass(frozen=True)
class _Table:
    """Rates of one outcome at k levels under m draws from the prior.

    Attributes:
        log_odds: logits of the rates, shape (k, m).
        log_without: logs of one minus the rates, shape (k, m).
        values: the rates and whether each is on the good side of its limit, shape (m, 2k).
        known: what :meth:`weighted` has worked out before, by the bytes of the data; simulated
            trials come to the same data again and again.
    """

    log_odds: Floats
    log_without: Floats
    values: Floats
    known: dict[bytes, Floats] = field(default_factory=dict, repr=False, compare=False)

    def weighted(self, patients: Counts, events: Counts) -> tuple[Floats, Floats, Floats]:
        """Return posterior means, probabilities, both of shape (..., k), and effective draws."""
        levels = patients.shape[-1]
        data, which = np.unique(
            np.concatenate([patients, events], axis=-1, dtype=np.int64).reshape(-1, 2 * levels),
            axis=0,
            return_inverse=True,
        )
        if len(self.known) > _MOST_KNOWN:
            self.known.clear()
        keys = [row.tobytes() for row in data]
        new = np.array([place for place, key in enumerate(keys) if key not in self.known], int)
        for begin in range(0, len(new), _ROWS_AT_ONCE):
            places = new[begin : begin + _ROWS_AT_ONCE]
            summary = self._summary(data[places, :levels], data[places, levels:])
            self.known.update(zip((keys[place] for place in places), summary, strict=True))
        found = np.array([self.known[key] for key in keys]).reshape(-1, 2 * levels + 1)
        found = found[which.ravel()].reshape(*patients.shape[:-1], 2 * levels + 1)
        return found[..., :levels], found[..., levels:-1], found[..., -1]

    def _summary(self, patients: Counts, events: Counts) -> Floats:
        """Return means, probabilities and effective draws of data, (n, k), in (n, 2k + 1)."""
        weights = self._likelihood(patients, events)
        total = weights.sum(axis=1)
        # Sums of weights may exceed their total by rounding.
        means = np.clip(weights @ self.values / total[:, None], 0.0, 1.0)
        draws = total**2 / np.einsum("ij,ij->i", weights, weights)
        return np.column_stack([means, draws])

    def _likelihood(self, patients: Counts, events: Counts) -> Floats:
        """Return likelihoods of data, (n, k), under each draw, (n, m); 1 is the row's largest."""
        log = events.astype(float) @ self.log_odds
        log += patients.astype(float) @ self.log_without
        log -= log.max(axis=1, keepdims=True)
        return np.exp(log, out=log)


def _tables(design: EffToxDesign) -> tuple[_Table, _Table]:
    """Return the tables of efficacy and toxicity."""
    prior, limits = design.prior, design.limits
    return (
        _efficacy_table(design.doses, prior.means[2:], prior.sds[2:], limits.min_efficacy),
        _toxicity_table(design.doses, prior.means[:2], prior.sds[:2], limits.max_toxicity),
    )


def _log_doses(doses: tuple[float, ...]) -> Floats:
    logs = np.log(doses)
    return logs - logs.mean()


@lru_cache(maxsize=16)
def _efficacy_table(
    doses: tuple[float, ...], means: tuple[float, ...], sds: tuple[float, ...], least: float
) -> _Table:
    x = _log_doses(doses)
    drawn = np.array(means) + np.array(sds) * _standard_normals(3)
    logits = drawn @ np.array([np.ones_like(x), x, x**2])
    return _table(logits, expit(logits) > least)


@lru_cache(maxsize=16)
def _toxicity_table(
    doses: tuple[float, ...], means: tuple[float, ...], sds: tuple[float, ...], most: float
) -> _Table:
    x = _log_doses(doses)
    drawn = np.array(means) + np.array(sds) * _standard_normals(2)
    logits = drawn @ np.array([np.ones_like(x), x])
    return _table(logits, expit(logits) < most)


def _table(logits: Floats, good: Flags) -> _Table:
    values = np.concatenate([expit(logits), good], axis=1)
    return _Table(
        np.ascontiguousarray(logits.T), np.ascontiguousarray(log_expit(-logits.T)), values
    )


def _standard_normals(dimensions: int) -> Floats:
    """Return an evenly spread sample of independent standard normal numbers, shape (m, d)."""
    uniform = qmc.Sobol(dimensions, scramble=False).random_base2(LOG2_DRAWS)
    # The sequence starts at 0; half a step up puts each number in the middle of its cell.
    return norm.ppf(uniform + 0.5 / len(uniform))


def _most_desirable(desirability: Floats, allowed: Flags) -> Counts:
    """Return the most desirable allowed level, the lowest of equals, 0 for none, shape (...)."""
    best = np.where(allowed, desirability, -np.inf).argmax(axis=-1) + 1
    return np.where(allowed.any(axis=-1), best, 0)


def _shares_treated(patients: Counts) -> tuple[Floats, Floats]:
    """Return each level's share of patients and its standard error, by the delta method."""
    total = patients.sum(axis=1, keepdims=True)
    shares = patients.sum(axis=0) / total.sum()
    residual = patients - shares * total
    return shares, residual.std(axis=0) / (total.mean() * np.sqrt(len(total)))


def _check_corners(efficacy_only: float, toxicity_only: float) -> None:
    if not 0 <= efficacy_only < 1:
        raise ValueError(f"efficacy_only must be from 0 to below 1, not {efficacy_only}.")
    if not 0 < toxicity_only <= 1:
        raise ValueError(f"toxicity_only must be above 0 and at most 1, not {toxicity_only}.")


def _probabilities(name: str, values: ArrayLike) -> Floats:
    checked = np.asarray(values, float)
    if ((checked < 0) | (checked > 1)).any():
        raise ValueError(f"{name} must be from 0 to 1.")
    return checked


def _true_rates(efficacy: ArrayLike, toxicity: ArrayLike) -> tuple[Floats, Floats]:
    pair = _probabilities("true_efficacy", efficacy), _probabilities("true_toxicity", toxicity)
    if pair[0].ndim != 1 or pair[0].size == 0 or pair[0].shape != pair[1].shape:
        raise ValueError(
            f"true_efficacy and true_toxicity must hold one rate per dose each: "
            f"shapes {pair[0].shape}, {pair[1].shape}."
        )
    if np.isnan(pair).any():
        raise ValueError("true_efficacy and true_toxicity must not be nan.")
    return pair


def _checked_data(
    design: EffToxDesign, patients: ArrayLike, responses: ArrayLike, toxicities: ArrayLike
) -> tuple[Counts, Counts, Counts]:
    data = [np.asarray(counts) for counts in (patients, responses, toxicities)]
    names = ("patients", "responses", "toxicities")
    for name, counts in zip(names, data, strict=True):
        if counts.ndim == 0 or counts.shape[-1] != len(design.doses):
            raise ValueError(
                f"{name} must have one column per dose ({len(design.doses)}): {counts.shape}."
            )
        if counts.shape != data[0].shape:
            raise ValueError(f"{name} must be of the shape of patients: {counts.shape}.")
        if (counts != np.floor(counts)).any() or (counts < 0).any():
            raise ValueError(f"{name} must be whole numbers, 0 or more.")
        if (counts > data[0]).any():
            raise ValueError(f"{name} must not exceed patients.")
    return tuple(counts.astype(int) for counts in data)
