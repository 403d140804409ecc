"""Simulator of a patient's course as an illness-death model, in days.

Five states: randomised, in remission, transplanted, failed (relapse or progression), dead.
Each transition has a hazard that is constant or changes at given days after entry into the state
(a semi-Markov model: every clock starts anew on entry). A simulated course is the complete truth
about a patient; what a trial sees of it (visits, losses, data cuts) is somebody else's model.

::

    randomised -> in remission -> transplanted
        |    \\________  |  ________/    |
        |              failed <--------'      failed -> transplanted (with other therapy between)
        '-------------> dead <--- every state
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Days = NDArray[np.float64]
"""Days from randomisation, ``inf`` for what never happens."""


class State(IntEnum):
    """Where a patient stands."""

    RANDOMISED = 0
    IN_REMISSION = 1
    TRANSPLANTED = 2
    FAILED = 3
    DEAD = 4


@dataclass(frozen=True)
class Hazard:
    """A piecewise constant hazard on the clock of the state it leads out of.

    Attributes:
        per_day: rate in each piece, per day, zero or above.
        from_day: day after entry into the state on which each piece begins; the first is 0.

    Raises:
        ValueError: rates and days differ in number, a rate is negative or not finite, or the
            days do not rise from 0.
    """

    per_day: tuple[float, ...]
    from_day: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        if len(self.per_day) != len(self.from_day):
            raise ValueError(
                f"A hazard needs as many rates as starting days: "
                f"{len(self.per_day)} rates, {len(self.from_day)} days."
            )
        if not all(np.isfinite(rate) and rate >= 0 for rate in self.per_day):
            raise ValueError(f"Rates per day must be finite and not negative: {self.per_day}.")
        if self.from_day[0] != 0 or any(np.diff(self.from_day) <= 0):
            raise ValueError(f"Starting days must rise from 0: {self.from_day}.")

    @classmethod
    def constant(cls, per_day: float) -> "Hazard":
        """Return the hazard that is the same on every day.

        Args:
            per_day: the rate, per day.
        """
        return cls((per_day,))

    @property
    def in_words(self) -> str:
        """The rates per 1,000 days, each later one with the day on which it begins."""
        return ", ".join(
            f"{1000 * rate:.3g}" + (f" from {day:g}" if day else "")
            for rate, day in zip(self.per_day, self.from_day, strict=True)
        )

    def cumulative(self, days: ArrayLike) -> Days:
        """Return the cumulative hazard.

        Args:
            days: days since entry into the state, any shape.

        Returns:
            The integral of the rate up to each day, of the same shape.
        """
        starts = np.asarray(self.from_day)
        ends = np.append(starts[1:], np.inf)
        elapsed = np.clip(np.asarray(days, float)[..., None], starts, ends) - starts
        return (elapsed * np.asarray(self.per_day)).sum(axis=-1)

    def survival(self, days: ArrayLike) -> Days:
        """Return the probability that the transition has not happened by each day.

        Args:
            days: days since entry into the state, any shape.
        """
        return np.exp(-self.cumulative(days))

    def draw_days(self, rng: np.random.Generator, multiplier: ArrayLike) -> Days:
        """Draw waiting times by inverting the cumulative hazard.

        Args:
            rng: source of randomness.
            multiplier: factor on the rate for each patient (a hazard ratio), shape (n,).

        Returns:
            Days since entry, shape (n,); ``inf`` where the transition never happens.
        """
        multiplier = np.asarray(multiplier, float)
        exponential = rng.exponential(size=multiplier.shape)
        target = np.divide(
            exponential, multiplier, out=np.full(multiplier.shape, np.inf), where=multiplier > 0
        )
        starts, rates = np.asarray(self.from_day), np.asarray(self.per_day)
        reached = self.cumulative(starts)
        piece = np.searchsorted(reached, target, side="right") - 1
        beyond = target - reached[piece]
        rate = rates[piece]
        waiting = np.divide(beyond, rate, out=np.full(rate.shape, np.inf), where=rate > 0)
        return starts[piece] + waiting


@dataclass(frozen=True)
class LogNormalTiming:
    """A log-normal waiting time.

    Attributes:
        median_days: its median, in days.
        log_sd: standard deviation of its logarithm.
    """

    median_days: float
    log_sd: float

    def draw_days(self, rng: np.random.Generator, size: int) -> Days:
        """Draw waiting times, shape (size,), in days."""
        return self.median_days * np.exp(self.log_sd * rng.standard_normal(size))


NEVER = Hazard.constant(0.0)


@dataclass(frozen=True)
class ArmRates:
    """The rates of one arm: what a patient's course is drawn from.

    Probabilities are those of an arm whose course is left free; a caller who knows who responds
    or is transplanted hands that to :func:`simulate_courses`, which then does not use them.

    Attributes:
        response_probability: share of patients who would reach CR or CRi.
        mrd_negative_probability: share of responders without measurable residual disease.
        transplant_probability: share of responders meant for transplant in remission.
        transplant_after_failure_probability: share of failed patients meant for transplant.
        rescue_probability: share of failed patients whom later therapy rescues.
        time_to_response: from randomisation.
        time_to_transplant: from response, or (second) from failure.
        progression: randomised to failed, patients who do not respond.
        death_without_response: randomised to dead, patients who do not respond.
        relapse_mrd_negative, relapse_mrd_positive: in remission to failed.
        death_in_remission: in remission to dead.
        relapse_after_transplant_mrd_negative, relapse_after_transplant_mrd_positive:
            transplanted to failed; a transplant after failure counts as MRD-positive.
        death_after_transplant: transplanted to dead without relapse.
        death_after_failure: failed to dead.
        death_after_rescue: failed to dead, rescued patients.
    """

    response_probability: float
    mrd_negative_probability: float
    transplant_probability: float
    time_to_response: LogNormalTiming
    time_to_transplant: LogNormalTiming
    progression: Hazard
    death_without_response: Hazard
    relapse_mrd_negative: Hazard
    relapse_mrd_positive: Hazard
    death_in_remission: Hazard
    relapse_after_transplant_mrd_negative: Hazard
    relapse_after_transplant_mrd_positive: Hazard
    death_after_transplant: Hazard
    death_after_failure: Hazard
    transplant_after_failure_probability: float = 0.0
    time_to_transplant_after_failure: LogNormalTiming = field(
        default_factory=lambda: LogNormalTiming(90.0, 0.5)
    )
    rescue_probability: float = 0.0
    death_after_rescue: Hazard = NEVER

    def __post_init__(self) -> None:
        for name in (
            "response_probability",
            "mrd_negative_probability",
            "transplant_probability",
            "transplant_after_failure_probability",
            "rescue_probability",
        ):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is a probability, from 0 to 1, not {value}.")


@dataclass(frozen=True)
class Courses:
    """Complete courses of n patients, each array of shape (n,), days from randomisation.

    Attributes:
        responded: reached CR or CRi.
        mrd_negative: in remission without measurable residual disease (False without remission).
        response_day, transplant_day, failure_day, death_day: first entry into each state, ``inf``
            where it is never entered.
        transplanted_in_remission: the transplant came straight from remission.
    """

    responded: NDArray[np.bool_]
    mrd_negative: NDArray[np.bool_]
    response_day: Days
    transplant_day: Days
    failure_day: Days
    death_day: Days
    transplanted_in_remission: NDArray[np.bool_]

    @property
    def progression_free_day(self) -> Days:
        """Day of failure or death, whichever comes first."""
        return np.minimum(self.failure_day, self.death_day)

    def state_on(self, day: float) -> NDArray[np.int_]:
        """Return every patient's :class:`State` on a day from randomisation, shape (n,).

        A patient transplanted after failure counts as transplanted from that day on.
        """
        entries = {
            State.IN_REMISSION: self.response_day,
            State.TRANSPLANTED: self.transplant_day,
            State.FAILED: self.failure_day,
        }
        state = np.full(self.death_day.shape, int(State.RANDOMISED))
        entered_last = np.zeros(self.death_day.shape)
        for candidate, entry in entries.items():
            newer = (entry <= day) & (entry >= entered_last)
            state[newer] = candidate
            entered_last[newer] = entry[newer]
        state[self.death_day <= day] = State.DEAD
        return state


def simulate_courses(
    rates: ArmRates,
    rng: np.random.Generator,
    size: int,
    *,
    responded: ArrayLike | None = None,
    mrd_negative: ArrayLike | None = None,
    transplanted_in_remission: ArrayLike | None = None,
    transplanted_after_failure: ArrayLike | None = None,
    prognosis: ArrayLike = 1.0,
    transplant_toxicity: ArrayLike = 1.0,
) -> Courses:
    """Simulate complete courses of the patients of one arm.

    Left free, response, MRD and transplant are drawn with the arm's probabilities, and a patient
    meant for transplant is transplanted only if relapse and death leave the time for it. Handed
    in, they are taken as what happened: a patient known to be transplanted in remission neither
    relapses nor dies before it, and one known to respond reaches the response.

    Args:
        rates: the rates of the arm.
        rng: source of randomness.
        size: number of patients n.
        responded: who reaches CR or CRi, Boolean of shape (n,), or None to draw it.
        mrd_negative: who of them is MRD-negative, likewise.
        transplanted_in_remission: who is transplanted straight from remission, likewise.
        transplanted_after_failure: who is transplanted after failure, likewise.
        prognosis: factor on the hazards of failure and of death except after transplant without
            relapse, scalar or shape (n,).
        transplant_toxicity: factor on death after transplant without relapse, likewise.

    Returns:
        The courses, in the order of the inputs.

    Raises:
        ValueError: an input has another shape, MRD or transplant in remission is given to a
            patient known not to respond, or both kinds of transplant to one patient.
    """
    given = {
        "responded": responded,
        "mrd_negative": mrd_negative,
        "transplanted_in_remission": transplanted_in_remission,
        "transplanted_after_failure": transplanted_after_failure,
    }
    known = {name: _flags(name, values, size) for name, values in given.items()}
    _check_flags(known)
    prognosis = _factor("prognosis", prognosis, size)
    toxicity = _factor("transplant_toxicity", transplant_toxicity, size)

    responded = _given_or_drawn(known["responded"], rates.response_probability, rng, size)
    negative = _given_or_drawn(known["mrd_negative"], rates.mrd_negative_probability, rng, size)
    negative &= responded
    response_day = np.where(responded, rates.time_to_response.draw_days(rng, size), np.inf)

    exits = _Exits(np.where(responded, response_day, 0.0), prognosis)
    failure_day, death_day = _leave_first_state(
        rates, rng, exits, responded, negative, known["transplanted_after_failure"]
    )
    direct, transplant_day = _transplant_in_remission(
        rates,
        rng,
        known["transplanted_in_remission"],
        responded,
        response_day,
        np.minimum(failure_day, death_day),
    )
    after = _Exits(transplant_day, prognosis)
    relapse_day, treatment_death_day = _leave_transplant(rates, rng, after, negative, toxicity)
    failure_day = np.where(direct, relapse_day, failure_day)
    death_day = np.where(direct, treatment_death_day, death_day)

    failed = np.isfinite(failure_day)
    after = _Exits(failure_day, prognosis)
    death_after_failure_day = _death_after_failure(rates, rng, after)
    late, late_transplant_day = _transplant_after_failure(
        rates,
        rng,
        known["transplanted_after_failure"],
        failed & ~direct,
        failure_day,
        death_after_failure_day,
    )
    death_after_failure_day = np.where(
        late,
        _death_after_late_transplant(rates, rng, late_transplant_day, prognosis, toxicity),
        death_after_failure_day,
    )
    return Courses(
        responded=responded,
        mrd_negative=negative,
        response_day=response_day,
        transplant_day=np.where(
            late, late_transplant_day, np.where(direct, transplant_day, np.inf)
        ),
        failure_day=failure_day,
        death_day=np.where(failed, death_after_failure_day, death_day),
        transplanted_in_remission=direct,
    )


@dataclass(frozen=True)
class _Exits:
    """Exits from a state: day of entry (``inf`` if never entered) and prognosis, shape (n,)."""

    entry_day: Days
    prognosis: Days

    def draw(
        self, hazard: Hazard, rng: np.random.Generator, multiplier: Days | None = None
    ) -> Days:
        multiplier = self.prognosis if multiplier is None else multiplier
        return self.entry_day + hazard.draw_days(rng, multiplier)


def _earlier_only(first: Days, second: Days) -> tuple[Days, Days]:
    """Of two competing days keep the earlier and put ``inf`` for the other."""
    return np.where(first <= second, first, np.inf), np.where(second < first, second, np.inf)


def _leave_first_state(
    rates: ArmRates,
    rng: np.random.Generator,
    exits: _Exits,
    responded: NDArray[np.bool_],
    negative: NDArray[np.bool_],
    must_fail: NDArray[np.bool_] | None,
) -> tuple[Days, Days]:
    """Days of failure and of death without it, from remission or, without response, from day 0."""
    failure_day = np.select(
        [negative, responded],
        [exits.draw(rates.relapse_mrd_negative, rng), exits.draw(rates.relapse_mrd_positive, rng)],
        exits.draw(rates.progression, rng),
    )
    death_day = np.where(
        responded,
        exits.draw(rates.death_in_remission, rng),
        exits.draw(rates.death_without_response, rng),
    )
    if must_fail is not None:
        death_day = np.where(must_fail, np.inf, death_day)
    return _earlier_only(failure_day, death_day)


def _transplant_in_remission(
    rates: ArmRates,
    rng: np.random.Generator,
    known: NDArray[np.bool_] | None,
    responded: NDArray[np.bool_],
    response_day: Days,
    remission_ends_day: Days,
) -> tuple[NDArray[np.bool_], Days]:
    """Who is transplanted straight from remission, and on what day."""
    delay = rates.time_to_transplant.draw_days(rng, responded.size)
    planned_day = np.where(responded, response_day, 0.0) + delay
    if known is not None:
        transplanted = known & responded
    else:
        meant = rng.random(responded.size) < rates.transplant_probability
        transplanted = meant & responded & (planned_day < remission_ends_day)
    return transplanted, np.where(transplanted, planned_day, 0.0)


def _leave_transplant(
    rates: ArmRates,
    rng: np.random.Generator,
    exits: _Exits,
    negative: NDArray[np.bool_],
    toxicity: Days,
) -> tuple[Days, Days]:
    """Days of relapse after transplant and of death without relapse."""
    relapse_day = np.where(
        negative,
        exits.draw(rates.relapse_after_transplant_mrd_negative, rng),
        exits.draw(rates.relapse_after_transplant_mrd_positive, rng),
    )
    return _earlier_only(relapse_day, exits.draw(rates.death_after_transplant, rng, toxicity))


def _death_after_failure(rates: ArmRates, rng: np.random.Generator, exits: _Exits) -> Days:
    """Day of death of failed patients who are not transplanted afterwards."""
    rescued = rng.random(exits.entry_day.size) < rates.rescue_probability
    return np.where(
        rescued,
        exits.draw(rates.death_after_rescue, rng),
        exits.draw(rates.death_after_failure, rng),
    )


def _transplant_after_failure(
    rates: ArmRates,
    rng: np.random.Generator,
    known: NDArray[np.bool_] | None,
    eligible: NDArray[np.bool_],
    failure_day: Days,
    death_day: Days,
) -> tuple[NDArray[np.bool_], Days]:
    """Who is transplanted after failure, and on what day."""
    delay = rates.time_to_transplant_after_failure.draw_days(rng, eligible.size)
    planned_day = np.where(eligible, failure_day, 0.0) + delay
    if known is not None:
        transplanted = known & eligible
    else:
        meant = rng.random(eligible.size) < rates.transplant_after_failure_probability
        transplanted = meant & eligible & (planned_day < death_day)
    return transplanted, np.where(transplanted, planned_day, 0.0)


def _death_after_late_transplant(
    rates: ArmRates,
    rng: np.random.Generator,
    transplant_day: Days,
    prognosis: Days,
    toxicity: Days,
) -> Days:
    """Day of death after a transplant that followed failure."""
    not_negative = np.zeros(transplant_day.size, bool)
    after = _Exits(transplant_day, prognosis)
    relapse_day, treatment_death_day = _leave_transplant(rates, rng, after, not_negative, toxicity)
    relapsed = _Exits(relapse_day, prognosis)
    return np.minimum(treatment_death_day, relapsed.draw(rates.death_after_failure, rng))


def _flags(name: str, values: ArrayLike | None, size: int) -> NDArray[np.bool_] | None:
    if values is None:
        return None
    flags = np.asarray(values)
    if flags.shape != (size,) or flags.dtype != bool:
        raise ValueError(
            f"{name} must be Boolean of shape ({size},), not {flags.dtype} of shape {flags.shape}."
        )
    return flags


def _factor(name: str, values: ArrayLike, size: int) -> Days:
    factor = np.asarray(values, float)
    if factor.shape not in ((), (size,)):
        raise ValueError(f"{name} must be a scalar or of shape ({size},), not {factor.shape}.")
    if not np.all(np.isfinite(factor) & (factor >= 0)):
        raise ValueError(f"{name} is a factor on a hazard: finite and not negative.")
    return np.broadcast_to(factor, (size,))


def _check_flags(known: dict[str, NDArray[np.bool_] | None]) -> None:
    responded = known["responded"]
    for name in ("mrd_negative", "transplanted_in_remission"):
        flags = known[name]
        if responded is not None and flags is not None and np.any(flags & ~responded):
            patient = int(np.flatnonzero(flags & ~responded)[0])
            raise ValueError(f"{name} is true for patient {patient}, who is known not to respond.")
    direct, late = known["transplanted_in_remission"], known["transplanted_after_failure"]
    if direct is not None and late is not None and np.any(direct & late):
        patient = int(np.flatnonzero(direct & late)[0])
        raise ValueError(
            f"Patient {patient} cannot be transplanted both in remission and after it."
        )


def _given_or_drawn(
    known: NDArray[np.bool_] | None, probability: float, rng: np.random.Generator, size: int
) -> NDArray[np.bool_]:
    return known.copy() if known is not None else rng.random(size) < probability
