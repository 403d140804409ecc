"""Single-arm trials of a binary response: exact one-stage designs, Simon's two stages, estimation.

Counts of responses are the largest that still speak against the treatment, as in Simon's tables:
"r1/n1, r/n" stops after n1 patients if r1 or fewer of them respond, and at the end declares the
treatment promising if more than r of n respond. Nothing stops a trial early for success. Patients
are independent, and the responses of the first stage are known before the second begins.

A finished two-stage trial is known by its total of responses alone: up to r1 it stopped after
stage 1, above r1 it went on. Arrays over outcomes therefore run over the totals 0, 1, ..., n.
All probabilities are exact (binomial), except those of :func:`simulate_trials`.

Sources: Simon R. Control Clin Trials 1989;10:1-10, doi 10.1016/0197-2456(89)90015-9 (designs);
Jung SH, Kim KM. Stat Med 2004;23:881-896, doi 10.1002/sim.1653 (unbiased estimate);
Koyama T, Chen H. Stat Med 2008;27:3145-3154 (P value and limits, stagewise ordering).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, hypergeom

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ROUNDING = 1e-12
_BISECTIONS = 60
_MOST_PATIENTS = 1000


@dataclass(frozen=True)
class OneStageDesign:
    """A trial of one stage.

    Attributes:
        r: largest number of responses that is not promising; one more is.
        n: patients.

    Raises:
        ValueError: not whole numbers with 0 <= r < n.
    """

    r: int
    n: int

    def __post_init__(self) -> None:
        _check_whole(r=self.r, n=self.n)
        if not 0 <= self.r < self.n:
            raise ValueError(f"r and n must satisfy 0 <= r < n: r {self.r}, n {self.n}.")

    def promising_probability(self, rate: ArrayLike) -> Floats:
        """Return the probability that the treatment is declared promising.

        At the null rate this is the type I error; at the target rate, the power.

        Args:
            rate: true rates of response, from 0 to 1, any shape.

        Returns:
            Probabilities, of the same shape.

        Raises:
            ValueError: a rate is not a probability.
        """
        return np.asarray(binom.sf(self.r, self.n, _checked_rates(rate)))


@dataclass(frozen=True)
class OperatingCharacteristics:
    """What a two-stage design does in the long run; arrays of the shape of the rates.

    Attributes:
        rate: true rates of response.
        early_stopping: probability of stopping after stage 1.
        expected_patients: mean number of patients.
        promising: probability of declaring the treatment promising: the type I error at the null
            rate, the power at the target rate.
    """

    rate: Floats
    early_stopping: Floats
    expected_patients: Floats
    promising: Floats


@dataclass(frozen=True)
class TwoStageDesign:
    """Simon's design r1/n1, r/n.

    Attributes:
        r1: the trial stops after stage 1 with so many responses or fewer.
        n1: patients of stage 1.
        r: largest total of responses that is not promising; one more is.
        n: patients of both stages.

    Raises:
        ValueError: not whole numbers with 0 <= r1 < n1 < n and r1 <= r < n.
    """

    r1: int
    n1: int
    r: int
    n: int

    def __post_init__(self) -> None:
        _check_whole(r1=self.r1, n1=self.n1, r=self.r, n=self.n)
        if not (0 <= self.r1 < self.n1 < self.n and self.r1 <= self.r < self.n):
            raise ValueError(
                f"r1, n1, r and n must satisfy 0 <= r1 < n1 < n and r1 <= r < n: "
                f"{self.r1}/{self.n1}, {self.r}/{self.n}."
            )

    @property
    def patients(self) -> Counts:
        """Patients treated if the trial ends with each total of responses, shape (n + 1,)."""
        return np.where(np.arange(self.n + 1) <= self.r1, self.n1, self.n)

    def outcome_probabilities(self, rate: ArrayLike) -> Floats:
        """Return the probability that the trial ends with each total of responses.

        Args:
            rate: true rates of response, from 0 to 1, any shape.

        Returns:
            Probabilities, shape (..., n + 1), adding up to 1 along the last axis.

        Raises:
            ValueError: a rate is not a probability.
        """
        rates = _checked_rates(rate)[..., None]
        total = np.arange(self.n + 1)
        # Given all n patients' total, the responses among the first n1 are hypergeometric.
        continued = hypergeom.sf(self.r1, self.n, total, self.n1)
        stopped = binom.pmf(total, self.n1, rates)
        return np.where(total <= self.r1, stopped, binom.pmf(total, self.n, rates) * continued)

    def operating_characteristics(self, rate: ArrayLike) -> OperatingCharacteristics:
        """Return early stopping, mean size and the probability of success at true rates.

        Args:
            rate: true rates of response, from 0 to 1, any shape.

        Raises:
            ValueError: a rate is not a probability.
        """
        rates = _checked_rates(rate)
        early = np.asarray(binom.cdf(self.r1, self.n1, rates))
        promising = self.outcome_probabilities(rates)[..., self.r + 1 :].sum(axis=-1)
        return OperatingCharacteristics(
            rate=rates,
            early_stopping=early,
            expected_patients=self.n1 + (1 - early) * (self.n - self.n1),
            promising=promising,
        )


@dataclass(frozen=True)
class TwoStageSearch:
    """The two designs of Simon's tables.

    Attributes:
        optimal: fewest expected patients at the null rate; at a tie, the one with fewer patients.
        minimax: fewest patients in all; among those, fewest expected at the null rate.
        exhaustive: whether no design above the limit of patients can expect fewer than
            ``optimal``; False means that it is the best within the limit, and perhaps not overall.
    """

    optimal: TwoStageDesign
    minimax: TwoStageDesign
    exhaustive: bool


@dataclass(frozen=True)
class Estimate:
    """What a finished two-stage trial says of the rate.

    Attributes:
        responses: total of responses.
        patients: patients treated.
        naive: responses over patients.
        unbiased: the uniformly minimum variance unbiased estimate.
        p_value: one-sided, of a rate no higher than the null rate, stagewise ordering.
        lower, upper: limits of the two-sided interval, stagewise ordering.
        level: its confidence level.
    """

    responses: int
    patients: int
    naive: float
    unbiased: float
    p_value: float
    lower: float
    upper: float
    level: float


@dataclass(frozen=True)
class SimulatedTrials:
    """Simulated two-stage trials, each array of shape (trials,).

    Attributes:
        design: the design of them all.
        rate: true rate of response of each trial's treatment.
        first_stage_responses: responses among the first n1 patients.
        responses: total of responses.
        patients: patients treated.
        passed: whether the treatment was declared promising.
    """

    design: TwoStageDesign
    rate: Floats
    first_stage_responses: Counts
    responses: Counts
    patients: Counts
    passed: Flags

    @property
    def naive(self) -> Floats:
        """Responses over patients."""
        return self.responses / self.patients

    @property
    def unbiased(self) -> Floats:
        """The uniformly minimum variance unbiased estimate, see :func:`unbiased_estimates`."""
        return unbiased_estimates(self.design)[self.responses]

    def mean_overestimate(self, estimates: ArrayLike, *, passed_only: bool) -> tuple[float, float]:
        """Return the mean of estimate minus true rate, and its simulation error.

        Args:
            estimates: an estimate for each trial, shape (trials,), as :attr:`naive`.
            passed_only: over the trials that passed, as one who reads only those sees it.

        Returns:
            Mean and standard error; both nan if no trial counts, the error nan if only one does.

        Raises:
            ValueError: the estimates are not one for each trial.
        """
        values = np.asarray(estimates, float)
        if values.shape != self.rate.shape:
            raise ValueError(
                f"estimates must be one per trial, shape {self.rate.shape}, not {values.shape}."
            )
        over = (values - self.rate)[self.passed] if passed_only else values - self.rate
        if over.size == 0:
            return float("nan"), float("nan")
        error = over.std(ddof=1) / np.sqrt(over.size) if over.size > 1 else float("nan")
        return float(over.mean()), float(error)


def one_stage_design(
    null_rate: float, target_rate: float, alpha: float, beta: float, max_patients: int = 300
) -> OneStageDesign:
    """Return the smallest exact one-stage design.

    Counts are whole, so errors jump from size to size: a larger trial may miss what a smaller met.

    Args:
        null_rate: rate of response that is not worth further study.
        target_rate: rate that is, above the null rate.
        alpha: highest type I error, one-sided, at the null rate.
        beta: highest type II error, at the target rate.
        max_patients: largest size tried, up to 1,000.

    Raises:
        ValueError: the arguments break a rule above, or no design within the limit keeps both.
    """
    _check_aims(null_rate, target_rate, alpha, beta, max_patients, fewest=1)
    size = np.arange(1, max_patients + 1)[:, None]
    count = np.arange(max_patients)
    admissible = (
        (count < size)
        & (binom.sf(count, size, null_rate) <= alpha + _ROUNDING)
        & (binom.sf(count, size, target_rate) >= 1 - beta - _ROUNDING)
    )
    if not admissible.any():
        raise ValueError(f"No one-stage design of max_patients = {max_patients} or fewer exists.")
    # One count only: if r and r + 1 both served n patients, r would already serve n - 1.
    row, r = np.argwhere(admissible)[0]
    return OneStageDesign(r=int(r), n=int(row) + 1)


def two_stage_designs(
    null_rate: float, target_rate: float, alpha: float, beta: float, max_patients: int = 200
) -> TwoStageSearch:
    """Search all two-stage designs for the optimal and the minimax one.

    As in Simon's search, r is the largest that the power allows for each r1/n1 and n. The search
    ends before the limit when the size of a trial alone rules out fewer expected patients.

    Args:
        null_rate: rate of response that is not worth further study.
        target_rate: rate that is, above the null rate.
        alpha: highest type I error, one-sided, at the null rate.
        beta: highest type II error, at the target rate.
        max_patients: largest total size tried, from 2 to 1,000.

    Raises:
        ValueError: the arguments break a rule above, or no design within the limit keeps both.

    Source: Simon 1989, doi 10.1016/0197-2456(89)90015-9.
    """
    _check_aims(null_rate, target_rate, alpha, beta, max_patients, fewest=2)
    null = _BinomialTable.of(null_rate, max_patients)
    target = _BinomialTable.of(target_rate, max_patients)
    optimal = minimax = None
    fewest = np.inf
    for n in range(2, max_patients + 1):
        n1, r1, expected = _stage_one_choices(null, target, n, beta)
        if expected.size and expected.min() >= fewest:
            return TwoStageSearch(optimal, minimax, exhaustive=True)
        for choice in np.argsort(expected, kind="stable"):
            if expected[choice] >= fewest - _ROUNDING:
                break
            first, low = int(n1[choice]), int(r1[choice])
            r = _final_count(null, target, (low, first, n), alpha, beta)
            if r is not None:
                optimal, fewest = TwoStageDesign(low, first, r, n), expected[choice]
                minimax = minimax or optimal
                break
    if optimal is None or minimax is None:
        raise ValueError(f"No two-stage design of max_patients = {max_patients} or fewer exists.")
    return TwoStageSearch(optimal, minimax, exhaustive=False)


def naive_estimates(design: TwoStageDesign) -> Floats:
    """Return responses over patients for each total of responses, shape (n + 1,)."""
    return np.arange(design.n + 1) / design.patients


def unbiased_estimates(design: TwoStageDesign) -> Floats:
    """Return the uniformly minimum variance unbiased estimate for each total of responses.

    It is the proportion among the first n1 patients averaged over all the ways in which the total
    can have come about in a trial that was not stopped; after a stop, that proportion itself.

    Returns:
        Estimates, shape (n + 1,).

    Source: Jung and Kim 2004, doi 10.1002/sim.1653.
    """
    total = np.arange(design.n + 1)
    first = np.arange(design.r1 + 1, design.n1 + 1)
    weight = hypergeom.pmf(first, design.n, total[:, None], design.n1)
    ways = weight.sum(axis=1)
    mean = np.divide(weight @ first, ways, out=np.zeros(total.size), where=ways > 0)
    return np.where(total <= design.r1, total, mean) / design.n1


def estimate_bias(
    design: TwoStageDesign, rate: ArrayLike, estimates: ArrayLike, *, passed_only: bool = False
) -> Floats:
    """Return the exact bias of an estimate: its mean minus the true rate.

    Args:
        design: the design.
        rate: true rates of response, from 0 to 1, any shape.
        estimates: the estimate for each total of responses, shape (n + 1,), as from
            :func:`naive_estimates` or :func:`unbiased_estimates`.
        passed_only: mean over the trials that are declared promising, not over all.

    Returns:
        Biases, of the shape of the rates; nan where no trial can pass.

    Raises:
        ValueError: a rate is not a probability, or the estimates are not n + 1 numbers.
    """
    rates = _checked_rates(rate)
    values = np.asarray(estimates, float)
    if values.shape != (design.n + 1,):
        raise ValueError(f"estimates must have shape ({design.n + 1},), not {values.shape}.")
    counted = np.arange(design.n + 1) > (design.r if passed_only else -1)
    weight = design.outcome_probabilities(rates) * counted
    share = weight.sum(axis=-1)
    mean = np.divide(weight @ values, share, out=np.full(rates.shape, np.nan), where=share > 0)
    return mean - rates


def p_values(design: TwoStageDesign, null_rate: float) -> Floats:
    """Return the one-sided P value for each total of responses.

    It is the probability, at the null rate, of this or a more extreme outcome. In the stagewise
    ordering every trial that went on is more extreme than every trial that stopped, and within a
    stage more responses are.

    Args:
        design: the design.
        null_rate: from 0 to 1.

    Returns:
        P values, shape (n + 1,), falling from 1.

    Raises:
        ValueError: the null rate is not a probability.

    Source: Koyama and Chen, Stat Med 2008;27:3145-3154.
    """
    return _upper_tails(design, _checked_rates(_single(null_rate, "null_rate")), 0)


def confidence_limits(design: TwoStageDesign, level: float = 0.95) -> Floats:
    """Return the exact two-sided confidence limits for each total of responses.

    As Clopper and Pearson's, with the stagewise ordering of outcomes: at each limit an outcome so
    extreme or more has a probability of (1 - level) / 2. The interval covers the true rate in at
    least ``level`` of trials. For the limit that goes with a one-sided test at alpha, take
    level = 1 - 2 alpha.

    Args:
        design: the design.
        level: above 0 and below 1.

    Returns:
        Lower and upper limits, shape (n + 1, 2).

    Raises:
        ValueError: the level is not between 0 and 1.

    Source: Koyama and Chen, Stat Med 2008;27:3145-3154.
    """
    _check_between(level=level)
    tail = (1 - level) / 2
    at_least = _root(lambda rates: _upper_tails(design, rates, 0), tail, design.n + 1)
    more_than = _root(lambda rates: _upper_tails(design, rates, 1), 1 - tail, design.n + 1)
    lower = np.where(np.arange(design.n + 1) == 0, 0.0, at_least)
    upper = np.where(np.arange(design.n + 1) == design.n, 1.0, more_than)
    return np.column_stack([lower, upper])


def estimate(
    design: TwoStageDesign, responses: int, null_rate: float, level: float = 0.95
) -> Estimate:
    """Return the estimates of a finished trial.

    Args:
        design: the design, followed to the letter.
        responses: total of responses, 0 to n; up to r1 the trial stopped after stage 1.
        null_rate: from 0 to 1, for the P value.
        level: confidence level, above 0 and below 1.

    Raises:
        ValueError: an argument breaks its rule.
    """
    _check_whole(responses=responses)
    if not 0 <= responses <= design.n:
        raise ValueError(f"responses must be from 0 to n = {design.n}, not {responses}.")
    lower, upper = confidence_limits(design, level)[responses]
    return Estimate(
        responses=int(responses),
        patients=int(design.patients[responses]),
        naive=float(naive_estimates(design)[responses]),
        unbiased=float(unbiased_estimates(design)[responses]),
        p_value=float(p_values(design, null_rate)[responses]),
        lower=float(lower),
        upper=float(upper),
        level=float(level),
    )


def simulate_trials(
    design: TwoStageDesign, rate: ArrayLike, rng: np.random.Generator, trials: int | None = None
) -> SimulatedTrials:
    """Simulate two-stage trials, of one treatment or of many treatments with rates of their own.

    Args:
        design: the design of every trial.
        rate: true rate of response, from 0 to 1: one for all trials, or one each, shape (trials,).
        rng: source of randomness.
        trials: number of trials, 1 or more; may be left out when each has its own rate.

    Raises:
        ValueError: a rate is not a probability, or trials does not fit the rates.
    """
    rates = _rates_of_trials(_checked_rates(rate), trials)
    first = rng.binomial(design.n1, rates)
    went_on = first > design.r1
    total = first + np.where(went_on, rng.binomial(design.n - design.n1, rates), 0)
    return SimulatedTrials(
        design=design,
        rate=rates,
        first_stage_responses=first,
        responses=total,
        patients=np.where(went_on, design.n, design.n1),
        passed=total > design.r,
    )


@dataclass(frozen=True)
class _BinomialTable:
    """Binomial probabilities at one rate, for 0 to m patients: row patients, column responses.

    ``tail[k, x + 1]`` is the probability of more than x responses, x from -1.
    """

    mass: Floats
    tail: Floats

    @classmethod
    def of(cls, rate: float, most: int) -> "_BinomialTable":
        size = np.arange(most + 1)[:, None]
        mass = binom.pmf(np.arange(most + 1), size, rate)
        return cls(mass, binom.sf(np.arange(-1, most + 1), size, rate))

    def promising(self, r1: int, n1: int, n: int) -> Floats:
        """Probability of going on and of more than r responses, for r = r1, ..., n - 1."""
        first = np.arange(r1 + 1, n1 + 1)
        needed = np.clip(np.arange(r1, n)[:, None] - first, -1, n - n1)
        return self.tail[n - n1, needed + 1] @ self.mass[n1, first]


def _stage_one_choices(
    null: _BinomialTable, target: _BinomialTable, n: int, beta: float
) -> tuple[Counts, Counts, Floats]:
    """Return n1, r1 and expected patients at the null rate, of what stage 1 alone allows."""
    n1, r1 = np.tril_indices(n, -1)
    power_left = target.tail[n1, r1 + 1] >= 1 - beta - _ROUNDING
    n1, r1 = n1[power_left], r1[power_left]
    return n1, r1, n1 + null.tail[n1, r1 + 1] * (n - n1)


def _final_count(
    null: _BinomialTable,
    target: _BinomialTable,
    stages: tuple[int, int, int],
    alpha: float,
    beta: float,
) -> int | None:
    """Return the largest r that the power allows for (r1, n1, n), None if alpha is then broken."""
    allowed = np.flatnonzero(target.promising(*stages) >= 1 - beta - _ROUNDING)
    if allowed.size == 0 or null.promising(*stages)[allowed[-1]] > alpha + _ROUNDING:
        return None
    return stages[0] + int(allowed[-1])


def _upper_tails(design: TwoStageDesign, rates: Floats, above: int) -> Floats:
    """Probability of each total plus ``above``, or more: n + 1 of them, at one rate or one each."""
    total = np.arange(design.n + 1)
    probabilities = design.outcome_probabilities(rates)
    reached = total >= total[:, None] + above
    return np.minimum((probabilities * reached).sum(axis=-1), 1.0)


def _root(rising: Callable[[Floats], Floats], value: float, size: int) -> Floats:
    """Rates at which each of ``size`` functions, rising from 0 to 1 with the rate, has a value."""
    low, high = np.zeros(size), np.ones(size)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = rising(middle) < value
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def _rates_of_trials(rates: Floats, trials: int | None) -> Floats:
    if trials is not None:
        _check_whole(trials=trials)
        if trials < 1:
            raise ValueError(f"trials must be 1 or more, not {trials}.")
    if rates.ndim > 1:
        raise ValueError(f"rate must be one rate or one per trial, not shape {rates.shape}.")
    if rates.ndim == 0:
        if trials is None:
            raise ValueError("trials must be given when rate is one for all.")
        return np.full(trials, float(rates))
    if rates.size == 0 or (trials is not None and trials != rates.size):
        raise ValueError(f"trials is {trials} but rate holds {rates.size} rates.")
    return rates


def _checked_rates(rate: ArrayLike) -> Floats:
    rates = np.asarray(rate, float)
    if not ((rates >= 0) & (rates <= 1)).all():
        raise ValueError(f"rate is a probability, from 0 to 1: {rates.tolist()}.")
    return rates


def _single(value: ArrayLike, name: str) -> Floats:
    number = np.asarray(value, float)
    if number.ndim or not 0 <= number <= 1:
        raise ValueError(f"{name} must be one probability, from 0 to 1: {number.tolist()}.")
    return number


def _check_whole(**counts: int) -> None:
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise ValueError(f"{name} must be a whole number, not {value!r}.")


def _check_between(**shares: float) -> None:
    for name, value in shares.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} must be above 0 and below 1, not {value}.")


def _check_aims(
    null_rate: float,
    target_rate: float,
    alpha: float,
    beta: float,
    max_patients: int,
    fewest: int,
) -> None:
    _check_between(null_rate=null_rate, target_rate=target_rate, alpha=alpha, beta=beta)
    if null_rate >= target_rate:
        raise ValueError(
            f"target_rate must be above null_rate: {target_rate} is not above {null_rate}."
        )
    _check_whole(max_patients=max_patients)
    if not fewest <= max_patients <= _MOST_PATIENTS:
        raise ValueError(
            f"max_patients must be from {fewest} to {_MOST_PATIENTS}, not {max_patients}."
        )
