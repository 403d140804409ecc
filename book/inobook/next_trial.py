"""A randomised trial that is still to be run: its scenario, its design, and what would come of it.

A :class:`Scenario` says what each arm does to every transition of the illness-death model in
:mod:`inobook.illness_death`; a :class:`Design` says how many patients are asked, how fast, and what
is tested when. Neither holds anything that was observed. Patients of many trials are simulated at
once, and one set of them can be run through several designs.

::

    Effects.applied_to(ArmRates) -> ArmRates;  control, experimental -> Scenario
    simulate_patients(Scenario) -> Patients;   conduct(Patients, Design) -> Outcome
    simulate(Scenario, Design) -> Outcome;     Outcome.characteristics -> Characteristics
    long_run(Scenario) -> LongRun

Months throughout, calendar months from the first day of accrual. Every comparison is experimental
against control and a z above zero is in favour of experimental, as in
:mod:`inobook.group_sequential`. Equal arms.

Endpoints: ``"mrd"`` is a remission without measurable residual disease by a fixed day, of all
patients randomised; ``"efs"`` is the time to failure or death; ``"os"`` the time to death.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from inobook.cohorts import DAYS_PER_MONTH
from inobook.group_sequential import (
    Spending,
    boundaries,
    obrien_fleming_spending,
    pocock_spending,
)
from inobook.illness_death import ArmRates, Courses, Hazard, simulate_courses
from inobook.trials import Accrual, DataCut, Trials, log_rank

Numbers = NDArray[np.float64]
Counts = NDArray[np.int_]
Flags = NDArray[np.bool_]

ENDPOINTS = ("mrd", "efs", "os")
ENDPOINT_WORDS: Mapping[str, str] = {
    "mrd": "remission without measurable residual disease, of all randomised",
    "efs": "event-free survival (failure or death)",
    "os": "overall survival",
}
SPENDING: Mapping[str, Spending] = {
    "O'Brien-Fleming type": obrien_fleming_spending,
    "Pocock type": pocock_spending,
}
NOT_A_PROTOCOL = "Exercise of a teaching book; not a protocol."
"""First line of every synopsis."""
_PATIENTS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Effects:
    """What a treatment does to each transition, as a factor on what control does; 1 is nothing.

    Attributes:
        response_odds: on the odds of CR or CRi.
        mrd_negative_odds: on the odds of being MRD-negative among responders.
        transplant_odds: on the odds that a responder is meant for transplant.
        progression: on the hazard of failure without response.
        relapse: on the hazard of relapse in remission without transplant.
        relapse_after_transplant: on the hazard of relapse after transplant.
        death_without_response: on the hazard of death without response or failure.
        death_in_remission: on the hazard of death in remission without transplant.
        death_after_transplant: on the hazard of death after transplant without relapse.
        death_after_failure: on the hazard of death after failure, rescued or not.
        rescue_odds: on the odds that a failed patient is rescued by later therapy.

    Raises:
        ValueError: a factor is not above 0 and finite.
    """

    response_odds: float = 1.0
    mrd_negative_odds: float = 1.0
    transplant_odds: float = 1.0
    progression: float = 1.0
    relapse: float = 1.0
    relapse_after_transplant: float = 1.0
    death_without_response: float = 1.0
    death_in_remission: float = 1.0
    death_after_transplant: float = 1.0
    death_after_failure: float = 1.0
    rescue_odds: float = 1.0

    def __post_init__(self) -> None:
        for name, factor in vars(self).items():
            if not (np.isfinite(factor) and factor > 0):
                raise ValueError(f"{name} must be a factor above 0 and finite, not {factor}.")

    def applied_to(self, control: ArmRates) -> ArmRates:
        """Return the rates of an arm that differs from ``control`` by these factors.

        Args:
            control: rates of the arm to start from.
        """
        return replace(
            control,
            response_probability=_times_odds(control.response_probability, self.response_odds),
            mrd_negative_probability=_times_odds(
                control.mrd_negative_probability, self.mrd_negative_odds
            ),
            transplant_probability=_times_odds(
                control.transplant_probability, self.transplant_odds
            ),
            rescue_probability=_times_odds(control.rescue_probability, self.rescue_odds),
            progression=_times(control.progression, self.progression),
            relapse_mrd_negative=_times(control.relapse_mrd_negative, self.relapse),
            relapse_mrd_positive=_times(control.relapse_mrd_positive, self.relapse),
            relapse_after_transplant_mrd_negative=_times(
                control.relapse_after_transplant_mrd_negative, self.relapse_after_transplant
            ),
            relapse_after_transplant_mrd_positive=_times(
                control.relapse_after_transplant_mrd_positive, self.relapse_after_transplant
            ),
            death_without_response=_times(
                control.death_without_response, self.death_without_response
            ),
            death_in_remission=_times(control.death_in_remission, self.death_in_remission),
            death_after_transplant=_times(
                control.death_after_transplant, self.death_after_transplant
            ),
            death_after_failure=_times(control.death_after_failure, self.death_after_failure),
            death_after_rescue=_times(control.death_after_rescue, self.death_after_failure),
        )

    @property
    def in_words(self) -> str:
        """The factors that are not 1, such as ``"relapse x 0.5"``; ``"none"`` if there are none."""
        told = [
            f"{name.replace('_', ' ').replace('mrd ', 'MRD-')} \N{MULTIPLICATION SIGN} {factor:g}"
            for name, factor in vars(self).items()
            if factor != 1
        ]
        return ", ".join(told) or "none"

    def to_the_power(self, share: float) -> "Effects":
        """Return every factor raised to a power: 0.5 is half of the effect on the log scale.

        Args:
            share: the power, 0 (no effect) or above.

        Raises:
            ValueError: the power is negative or not finite.
        """
        if not (np.isfinite(share) and share >= 0):
            raise ValueError(f"share must be finite and not negative, not {share}.")
        return Effects(**{name: float(factor**share) for name, factor in vars(self).items()})


@dataclass(frozen=True)
class Scenario:
    """What would be true: the rates of both arms.

    Attributes:
        control, experimental: rates of the arms, per day.
        cleared_in_name: share, 0 to 1, of the experimental arm's MRD-positive responders whose
            test turns negative while nothing else about them changes: an effect on the marker
            alone.

    Raises:
        ValueError: the share is outside 0 to 1.
    """

    control: ArmRates
    experimental: ArmRates
    cleared_in_name: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.cleared_in_name <= 1:
            raise ValueError(
                f"cleared_in_name is a share, from 0 to 1, not {self.cleared_in_name}."
            )


@dataclass(frozen=True)
class Design:
    """How the trial is run and tested; 1:1, one-sided towards benefit.

    Attributes:
        patients: number randomised in both arms together, even.
        accrual_per_month: patients randomised a month, in all.
        endpoint: what is tested; one of ``ENDPOINTS``.
        events: events at the final analysis (``"efs"``, ``"os"``); None for ``"mrd"``.
        one_sided_alpha: level of the test in all looks together, between 0 and 0.5.
        looks: information fractions (of events; of patients for ``"mrd"``), rising, ending at 1.
        spending: how alpha is spent over the looks; a name in ``SPENDING``.
        follow_up_months: from the last entry to the month at which data are cut though fewer
            events have been seen; the last boundary is used then.
        mrd_day: day from randomisation by which MRD negativity counts.
        loss_per_month: exponential rate of loss to follow-up, in both arms.

    Raises:
        ValueError: a field breaks its rule; the message names it.
    """

    patients: int
    accrual_per_month: float
    endpoint: str
    events: int | None = None
    one_sided_alpha: float = 0.025
    looks: tuple[float, ...] = (1.0,)
    spending: str = "O'Brien-Fleming type"
    follow_up_months: float = 24.0
    mrd_day: float = 90.0
    loss_per_month: float = 0.0

    def __post_init__(self) -> None:
        _require_count("patients", self.patients)
        if self.patients % 2:
            raise ValueError(f"patients must be even for equal arms, not {self.patients}.")
        if self.endpoint not in ENDPOINTS:
            raise ValueError(f"endpoint must be one of {ENDPOINTS}, not {self.endpoint!r}.")
        if self.endpoint == "mrd":
            if self.events is not None:
                raise ValueError("events must be None for mrd, which is tested in all patients.")
        else:
            _require_count("events", self.events)
            if not 2 <= self.events <= self.patients:
                raise ValueError(
                    f"events must be from 2 to the {self.patients} patients, not {self.events}."
                )
        for name in ("accrual_per_month", "mrd_day"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be above 0 and finite, not {value}.")
        for name in ("follow_up_months", "loss_per_month"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and not negative, not {value}.")
        if self.spending not in SPENDING:
            raise ValueError(f"spending must be one of {tuple(SPENDING)}, not {self.spending!r}.")
        if not 0 < self.one_sided_alpha < 0.5:
            raise ValueError(
                f"one_sided_alpha must be between 0 and 0.5, not {self.one_sided_alpha}."
            )
        looks = np.asarray(self.looks, float)
        if looks.ndim != 1 or not looks.size or looks[-1] != 1 or looks[0] <= 0:
            raise ValueError(f"looks must rise from above 0 to 1, not {self.looks}.")
        if len(set(self.counts_at_looks)) < looks.size or (np.diff(looks) <= 0).any():
            raise ValueError(
                f"looks must rise, each by at least one patient or event: {self.looks}."
            )

    @property
    def accrual_months(self) -> float:
        """Length of accrual, in months."""
        return self.patients / self.accrual_per_month

    @property
    def latest_month(self) -> float:
        """Calendar month by which the data are cut in any case (``"efs"``, ``"os"``)."""
        return self.accrual_months + self.follow_up_months

    @property
    def counts_at_looks(self) -> tuple[int, ...]:
        """Patients (``"mrd"``) or events at each look, rounded up."""
        total = self.patients if self.endpoint == "mrd" else self.events
        return tuple(int(np.ceil(look * total - 1e-9)) for look in self.looks)

    @property
    def boundaries(self) -> Numbers:
        """Boundary for z at each look, shape (looks,)."""
        counts = np.asarray(self.counts_at_looks)
        return boundaries(counts / counts[-1], self.one_sided_alpha, SPENDING[self.spending])


@dataclass(frozen=True)
class Patients:
    """The complete truth about the patients of many trials, each of shape (trials, patients).

    Attributes:
        arm: 0 control, 1 experimental; in order of entry, equal numbers in each trial.
        negative_month: months from randomisation to MRD-negative remission, ``inf`` for never.
        efs_months: to failure or death.
        os_months: to death.
        transplant_months: to the first transplant, ``inf`` for never.
    """

    arm: Counts
    negative_month: Numbers
    efs_months: Numbers
    os_months: Numbers
    transplant_months: Numbers

    def first(self, patients: int) -> "Patients":
        """Return smaller trials made of the first patients of each arm.

        Args:
            patients: number in both arms together, even, at most those there are.

        Raises:
            ValueError: the number is not even or too large.
        """
        _require_count("patients", patients)
        if patients % 2 or patients > self.arm.shape[1]:
            raise ValueError(
                f"patients must be even and at most {self.arm.shape[1]}, not {patients}."
            )
        place = np.where(
            self.arm == 1, np.cumsum(self.arm, axis=1), np.cumsum(1 - self.arm, axis=1)
        )
        kept = place <= patients // 2
        trials = len(self.arm)
        return Patients(**{name: each[kept].reshape(trials, -1) for name, each in _fields(self)})


@dataclass(frozen=True)
class Characteristics:
    """What a design does in the long run, with the standard errors of the simulation.

    Attributes:
        trials: number of simulated trials.
        success, success_error: share of trials that reach a boundary.
        early, early_error: share that do so before the last look.
        months, months_error: mean calendar month of the analysis at which a trial ends.
        patients: mean number randomised by then.
        events: mean number of events, or of MRD-negative patients, by then.
        short: share of trials cut at the latest month with fewer events than planned.
    """

    trials: int
    success: float
    success_error: float
    early: float
    early_error: float
    months: float
    months_error: float
    patients: float
    events: float
    short: float


@dataclass(frozen=True)
class Outcome:
    """How each trial ended, arrays of shape (trials,).

    Attributes:
        z: test statistic at the analysis that ended the trial; above 0 favours experimental.
        success: z reached the boundary of that analysis.
        look: number of that analysis, 0 for the first.
        last_look: number of the last planned analysis.
        month: its calendar month.
        patients: randomised by then.
        events: events seen by then (``"mrd"``: MRD-negative remissions among those analysed).
        short: fewer events than planned at the latest month.
    """

    z: Numbers
    success: Flags
    look: Counts
    last_look: int
    month: Numbers
    patients: Counts
    events: Counts
    short: Flags

    @property
    def characteristics(self) -> Characteristics:
        """Shares and means over the trials."""
        trials = len(self.z)
        early = self.success & (self.look < self.last_look)
        spread = self.month.std(ddof=1) if trials > 1 else np.nan
        return Characteristics(
            trials=trials,
            success=float(self.success.mean()),
            success_error=_share_error(self.success),
            early=float(early.mean()),
            early_error=_share_error(early),
            months=float(self.month.mean()),
            months_error=float(spread / np.sqrt(trials)),
            patients=float(self.patients.mean()),
            events=float(self.events.mean()),
            short=float(self.short.mean()),
        )


@dataclass(frozen=True)
class LongRun:
    """A scenario's truth in a very large sample; index 0 control, 1 experimental.

    Attributes:
        mrd_negative: share of all randomised with MRD-negative remission by the day asked for.
        transplanted: share ever transplanted by the horizon.
        efs, os: shares free of an event, alive, at the horizon.
        os_mean_months: mean months alive up to the horizon (restricted mean survival time).
        os_mean_error: standard error of the difference of those means.
        patients: number simulated in each arm.
    """

    mrd_negative: tuple[float, float]
    transplanted: tuple[float, float]
    efs: tuple[float, float]
    os: tuple[float, float]
    os_mean_months: tuple[float, float]
    os_mean_error: float
    patients: int

    @property
    def months_gained(self) -> float:
        """Difference of the mean months alive up to the horizon, experimental minus control."""
        return self.os_mean_months[1] - self.os_mean_months[0]


@dataclass(frozen=True)
class Synopsis:
    """A protocol's synopsis as Markdown text; the last line of a cell shows it.

    Attributes:
        text: the Markdown.
    """

    text: str

    def save(self, path: str | Path) -> None:
        """Write the text to a file, in UTF-8.

        Args:
            path: name of the file; an existing one is refused.

        Raises:
            FileExistsError: there is such a file.
        """
        with Path(path).open("x", encoding="utf-8") as file:
            file.write(self.text)

    def __str__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text


def simulate_patients(
    scenario: Scenario,
    trials: int,
    patients: int,
    rng: np.random.Generator,
    progress: bool = False,
) -> Patients:
    """Simulate the patients of many trials.

    Args:
        scenario: the rates of both arms.
        trials: number of trials.
        patients: number in each trial, even; half of them on each arm, in random order.
        rng: source of randomness.
        progress: show a bar.

    Raises:
        ValueError: a number is not whole and above 0, or the patients are odd.
    """
    _require_count("trials", trials)
    _require_count("patients", patients)
    if patients % 2:
        raise ValueError(f"patients must be even for equal arms, not {patients}.")
    chunk = max(_PATIENTS_AT_ONCE // patients, 1)
    starts = range(0, trials, chunk)
    parts = [
        _patients_of(scenario, min(chunk, trials - start), patients, rng)
        for start in tqdm(starts, desc="patients", unit="batch", disable=not progress)
    ]
    names = [name for name, _ in _fields(parts[0])]
    return Patients(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


def conduct(patients: Patients, design: Design, rng: np.random.Generator) -> Outcome:
    """Run trials by a design: entry, loss, looks, tests.

    Entries are uniform over the accrual; the test is the log-rank test for ``"efs"`` and ``"os"``
    and the test of two proportions with the pooled variance for ``"mrd"``.

    Args:
        patients: of the trials, as many in each as the design wants.
        design: how they are run.
        rng: source of randomness, for entries and losses.

    Raises:
        ValueError: the trials have another number of patients than the design.
    """
    if patients.arm.shape[1] != design.patients:
        raise ValueError(
            f"patients must be {design.patients} in each trial, not {patients.arm.shape[1]}."
        )
    shape = patients.arm.shape
    entry = Accrual.uniform(design.accrual_months).draw(rng, *shape)
    rate = design.loss_per_month
    loss = rng.exponential(size=shape) / rate if rate > 0 else np.full(shape, np.inf)
    analyse = _analyse_mrd if design.endpoint == "mrd" else _analyse_times
    return analyse(patients, design, entry, loss)


def simulate(
    scenario: Scenario,
    design: Design,
    trials: int,
    rng: np.random.Generator,
    progress: bool = False,
) -> Outcome:
    """Simulate trials of a scenario run by a design.

    Args:
        scenario: what is true.
        design: how the trials are run.
        trials: number of trials.
        rng: source of randomness.
        progress: show a bar.

    Raises:
        ValueError: the number of trials is not whole and above 0.
    """
    _require_count("trials", trials)
    chunk = max(_PATIENTS_AT_ONCE // design.patients, 1)
    outcomes = []
    with tqdm(total=trials, desc="trials", unit="trial", disable=not progress) as bar:
        for start in range(0, trials, chunk):
            number = min(chunk, trials - start)
            people = simulate_patients(scenario, number, design.patients, rng)
            outcomes.append(conduct(people, design, rng))
            bar.update(number)
    joined = {
        name: np.concatenate([getattr(each, name) for each in outcomes])
        for name, _ in _fields(outcomes[0])
        if name != "last_look"
    }
    return Outcome(**joined, last_look=outcomes[0].last_look)


def long_run(
    scenario: Scenario,
    rng: np.random.Generator,
    *,
    patients: int = 100_000,
    horizon_months: float = 36.0,
    mrd_day: float = 90.0,
) -> LongRun:
    """Return what is true of a scenario, from very large arms followed to the horizon.

    Args:
        scenario: the rates of both arms.
        rng: source of randomness.
        patients: number in each arm.
        horizon_months: months from randomisation.
        mrd_day: day from randomisation by which MRD negativity counts.

    Raises:
        ValueError: a number is not above 0.
    """
    _require_count("patients", patients)
    for name, value in (("horizon_months", horizon_months), ("mrd_day", mrd_day)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be above 0 and finite, not {value}.")
    arms = [_arm(scenario, arm, patients, rng) for arm in (0, 1)]
    alive = [np.minimum(arm["os_months"], horizon_months) for arm in arms]
    variance = sum(each.var(ddof=1) / patients for each in alive)

    def share(flags_of: Callable[[dict[str, Numbers]], Flags]) -> tuple[float, float]:
        return float(flags_of(arms[0]).mean()), float(flags_of(arms[1]).mean())

    return LongRun(
        mrd_negative=share(lambda arm: arm["negative_month"] <= mrd_day / DAYS_PER_MONTH),
        transplanted=share(lambda arm: arm["transplant_months"] <= horizon_months),
        efs=share(lambda arm: arm["efs_months"] > horizon_months),
        os=share(lambda arm: arm["os_months"] > horizon_months),
        os_mean_months=(float(alive[0].mean()), float(alive[1].mean())),
        os_mean_error=float(np.sqrt(variance)),
        patients=patients,
    )


def protocol_synopsis(
    *,
    title: str,
    population: str,
    control_arm: str,
    experimental_arm: str,
    design: Design,
    assumed: Mapping[str, str],
    found: Mapping[str, Characteristics],
) -> Synopsis:
    """Return a synopsis of one page, built from the design and from what it was found to do.

    Args:
        title: name of the trial.
        population: who is asked to take part.
        control_arm, experimental_arm: what the arms are given.
        design: how the trial is run and tested.
        assumed: what is assumed, by heading, in the reader's words.
        found: characteristics of the design, by the truth they hold for.

    Raises:
        ValueError: nothing was assumed or nothing found.
    """
    for name, given in (("assumed", assumed), ("found", found)):
        if not given:
            raise ValueError(f"{name} must hold at least one line.")
    lines = [
        f"*{NOT_A_PROTOCOL}*",
        "",
        f"**{title}**",
        "",
        f"- **Population.** {population}",
        f"- **Arms, 1:1.** {control_arm} against {experimental_arm}",
        f"- **Primary endpoint.** {_capital(ENDPOINT_WORDS[design.endpoint])}",
        f"- **Test.** {_test_in_words(design)}",
        f"- **Size.** {_size_in_words(design)}",
        *(f"- **{heading}.** {words}" for heading, words in assumed.items()),
        *(f"- **If {truth}.** {_found_in_words(each)}" for truth, each in found.items()),
        "- **Not known.** Every rate and effect above is assumed; none is a result. "
        "The percentages come from simulated trials and are given with their standard errors, or "
        "with an upper limit where none succeeds.",
    ]
    return Synopsis("\n".join(lines) + "\n")


def _test_in_words(design: Design) -> str:
    kind = "two proportions, pooled variance" if design.endpoint == "mrd" else "log-rank"
    words = f"{kind}, one-sided {100 * design.one_sided_alpha:g}%"
    counts, bounds = design.counts_at_looks, design.boundaries
    unit = "patients" if design.endpoint == "mrd" else "events"
    looks = "; ".join(
        f"{count} {unit}, z at least {bound:.2f}"
        for count, bound in zip(counts, bounds, strict=True)
    )
    budget = f", {design.spending}" if len(counts) > 1 else ""
    return f"{words}{budget}. Analyses: {looks}."


def _size_in_words(design: Design) -> str:
    words = (
        f"{design.patients} patients at {design.accrual_per_month:g} a month, "
        f"{design.accrual_months:.0f} months of accrual"
    )
    if design.endpoint == "mrd":
        return f"{words}; MRD by day {design.mrd_day:g}."
    return f"{words}; data cut by month {design.latest_month:.0f} at the latest."


def _found_in_words(found: Characteristics) -> str:
    succeeded = round(found.success * found.trials)
    if succeeded == 0:
        limit = 100 * (1 - 0.05 ** (1 / found.trials))
        share = f"None of {found.trials} trials succeeds (one-sided upper 95% limit {limit:.1f}%)"
    elif succeeded == found.trials:
        share = f"All of {found.trials} trials succeed"
    else:
        share = (
            f"{100 * found.success:.0f}% of {found.trials} trials succeed "
            f"(error {100 * found.success_error:.1f} points)"
        )
    return f"{share}; they end after {found.months:.0f} months on average."


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _fields(record: object) -> list[tuple[str, NDArray]]:
    return list(vars(record).items())


def _patients_of(
    scenario: Scenario, trials: int, patients: int, rng: np.random.Generator
) -> Patients:
    ordered = np.tile((np.arange(patients) % 2), (trials, 1))
    arm = rng.permuted(ordered, axis=1)
    half = trials * (patients // 2)
    courses = [_arm(scenario, number, half, rng) for number in (0, 1)]
    columns = {}
    for name in courses[0]:
        values = np.empty(arm.shape)
        for number in (0, 1):
            values[arm == number] = courses[number][name]
        columns[name] = values
    return Patients(arm=arm, **columns)


def _arm(scenario: Scenario, arm: int, size: int, rng: np.random.Generator) -> dict[str, Numbers]:
    """Months of the courses of one arm, each of shape (size,)."""
    rates = scenario.experimental if arm else scenario.control
    courses: Courses = simulate_courses(rates, rng, size)
    negative = courses.mrd_negative
    if arm and scenario.cleared_in_name > 0:
        cleared = rng.random(size) < scenario.cleared_in_name
        negative = negative | (courses.responded & cleared)
    return {
        "negative_month": np.where(negative, courses.response_day, np.inf) / DAYS_PER_MONTH,
        "efs_months": courses.progression_free_day / DAYS_PER_MONTH,
        "os_months": courses.death_day / DAYS_PER_MONTH,
        "transplant_months": courses.transplant_day / DAYS_PER_MONTH,
    }


def _analyse_mrd(patients: Patients, design: Design, entry: Numbers, loss: Numbers) -> Outcome:
    last_day = design.mrd_day / DAYS_PER_MONTH
    negative = patients.negative_month <= np.minimum(loss, last_day)
    on_experimental = patients.arm == 1
    ending = _Ending(len(entry), design.boundaries)
    for look, count in enumerate(design.counts_at_looks):
        arm, seen = on_experimental[:, :count], negative[:, :count]
        size_1 = arm.sum(axis=1)
        size_0 = count - size_1
        hits_1, hits = (seen & arm).sum(axis=1), seen.sum(axis=1)
        pooled = hits / count
        gap = hits_1 / np.maximum(size_1, 1) - (hits - hits_1) / np.maximum(size_0, 1)
        spread = np.sqrt(pooled * (1 - pooled) * count / np.maximum(size_0 * size_1, 1))
        z = np.divide(gap, spread, out=np.zeros(gap.shape), where=spread > 0)
        month = entry[:, count - 1] + last_day
        ending.take(look, z, month, hits)
    return ending.outcome(entry, short=np.zeros(len(entry), bool))


def _analyse_times(patients: Patients, design: Design, entry: Numbers, loss: Numbers) -> Outcome:
    months = patients.efs_months if design.endpoint == "efs" else patients.os_months
    trials = Trials(entry, patients.arm, months, loss)
    latest = design.latest_month
    ending = _Ending(len(entry), design.boundaries)
    last = len(design.looks) - 1
    month = np.zeros(len(entry))
    for look, count in enumerate(design.counts_at_looks):
        reached = trials.month_of_death(count)
        month = np.minimum(reached, latest)
        due = ending.running & ((reached <= latest) | (look == last))
        if not due.any():
            continue
        rows = np.flatnonzero(due)
        some = Trials(entry[rows], patients.arm[rows], months[rows], loss[rows])
        cut = some.cut_at_month(month[rows])
        z, events = np.zeros(len(entry)), np.zeros(len(entry), int)
        z[rows], events[rows] = _log_rank_z(cut), cut.deaths
        ending.take(look, z, month, events, due)
    return ending.outcome(entry, short=ending.events < _planned(design, ending.look))


def _planned(design: Design, look: Counts) -> Counts:
    return np.asarray(design.counts_at_looks)[look]


def _log_rank_z(cut: DataCut) -> Numbers:
    score = log_rank(cut)
    spread = np.sqrt(score.variance)
    return np.divide(
        -score.observed_minus_expected, spread, out=np.zeros(spread.shape), where=spread > 0
    )


class _Ending:
    """Trials that stop at the first look where z reaches the boundary."""

    def __init__(self, trials: int, bounds: Numbers) -> None:
        self.bounds = bounds
        self.running = np.ones(trials, bool)
        self.success = np.zeros(trials, bool)
        self.z, self.month = np.zeros(trials), np.zeros(trials)
        self.look, self.events = np.zeros(trials, int), np.zeros(trials, int)

    def take(
        self, look: int, z: Numbers, month: Numbers, events: Counts, due: Flags | None = None
    ) -> None:
        """Analyse the running trials that are due at a look."""
        now = self.running if due is None else self.running & due
        crossed = now & (z >= self.bounds[look])
        ends = crossed | (now & (look == len(self.bounds) - 1))
        self.success |= crossed
        for kept, new in ((self.z, z), (self.month, month), (self.events, events)):
            kept[ends] = new[ends]
        self.look[ends] = look
        self.running &= ~ends

    def outcome(self, entry: Numbers, short: Flags) -> Outcome:
        """Return the ends of all trials."""
        randomised = (entry <= self.month[:, None]).sum(axis=1)
        return Outcome(
            z=self.z,
            success=self.success,
            look=self.look,
            last_look=len(self.bounds) - 1,
            month=self.month,
            patients=randomised,
            events=self.events,
            short=short,
        )


def _times(hazard: Hazard, factor: float) -> Hazard:
    return Hazard(tuple(rate * factor for rate in hazard.per_day), hazard.from_day)


def _times_odds(probability: float, factor: float) -> float:
    return factor * probability / (1 - probability + factor * probability)


def _share_error(flags: Flags) -> float:
    share = flags.mean()
    return float(np.sqrt(share * (1 - share) / len(flags)))


def _require_count(name: str, number: object) -> None:
    whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if not (whole and number >= 1):
        raise ValueError(f"{name} must be a whole number above 0, not {number}.")
