"""Conditioning by annealing: redraw one patient from the model until the estimates are published.

Every proposal is a fresh draw from the model for one patient (the course with its observation, or
the observation alone), accepted with probability exp(-increase of the loss / temperature). With
proposals from the prior the stationary law is the model weighted by exp(-loss / temperature); at
the end it is the model given that every target is met. No time is ever set by hand.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inobook.illness_death import ArmRates, Courses, simulate_courses
from inobook.synthesis import model
from inobook.synthesis.estimates import Estimates, FollowUp
from inobook.synthesis.observation import (
    NOT_SEEN,
    RECORDS,
    Observation,
    ObservationRates,
    Seen,
    draw_observation,
    observe,
)
from inobook.synthesis.targets import Targets

DRAWS_AT_ONCE = 40
FIRST_TEMPERATURE = 0.5
REHEATED_TEMPERATURE = 0.07
LAST_TEMPERATURE = 0.03
OBSERVATION_ONLY = 0.3
"""Share of proposals that keep the course and redraw what is seen of it."""


class OutOfReachError(RuntimeError):
    """The annealing ended before every target was met; the message names those that were not."""


@dataclass(frozen=True)
class Schedule:
    """How long the annealing lasts and how it cools.

    The temperature falls geometrically from FIRST_TEMPERATURE to LAST_TEMPERATURE, then again and
    again from REHEATED_TEMPERATURE: a cohort that is stuck one Kaplan-Meier step away gets loose.

    Attributes:
        steps: most proposals.
        cooling_steps: proposals of the first cooling.
        reheated_steps: proposals of each later cooling.
    """

    steps: int
    cooling_steps: int
    reheated_steps: int

    def temperature(self, step: int) -> float:
        """Return the temperature at a step."""
        if step < self.cooling_steps:
            highest, progress = FIRST_TEMPERATURE, step / self.cooling_steps
        else:
            later = (step - self.cooling_steps) % self.reheated_steps
            highest, progress = REHEATED_TEMPERATURE, later / self.reheated_steps
        return highest * (LAST_TEMPERATURE / highest) ** progress


@dataclass(frozen=True)
class Draws:
    """Draws of the model for n patients.

    Attributes:
        courses: the complete truth.
        seen: what the trial records of it.
    """

    courses: Courses
    seen: Seen


class PatientModel:
    """Draws courses and observations of given patients of study 1022 from the model."""

    def __init__(
        self,
        patients: pd.DataFrame,
        days_to_final: NDArray[np.int64],
        days_to_2016: NDArray[np.int64],
        rates: dict[tuple[str, int], ArmRates] | None = None,
    ) -> None:
        """Take the patients.

        Args:
            patients: rows of :mod:`inobook.synthesis.patients`, n of them.
            days_to_final: days from randomisation to the final data cut, shape (n,).
            days_to_2016: days from randomisation to the data cut of 2016, shape (n,).
            rates: rates by arm and Ph status, by default those of study 1022.
        """
        self.patients = patients.reset_index(drop=True)
        self.days_to_final, self.days_to_2016 = days_to_final, days_to_2016
        self.rates = rates or model.RATES
        self.prognosis = _hazard_ratios(self.patients, model.PROGNOSIS_LOG_HAZARD_RATIOS)
        self.toxicity = _hazard_ratios(self.patients, model.TOXICITY_LOG_HAZARD_RATIOS)
        arm, treated = self.patients["arm"], self.patients["treated"] == 1
        self._course_groups = list(self.patients.groupby(["arm", "ph_positive"]).indices.items())
        self._observation_groups = [
            (rates, np.flatnonzero(rows))
            for rates, rows in (
                (model.OBSERVATION_INO, arm == "InO"),
                (model.OBSERVATION_SC, (arm == "SC") & treated),
                (model.OBSERVATION_UNTREATED, (arm == "SC") & ~treated),
            )
            if rows.any()
        ]

    def observation_rates(self, patient: int) -> ObservationRates:
        """Return the observation rates that hold for one patient."""
        return next(rates for rates, rows in self._observation_groups if patient in rows)

    def draw(self, rng: np.random.Generator) -> Draws:
        """Draw the course and the observation of every patient once."""
        courses = self._draw_courses(rng)
        observation = self._draw_observation(rng)
        seen = observe(courses, observation, self.days_to_final, self.days_to_2016)
        return Draws(courses, seen)

    def draw_valid(self, rng: np.random.Generator) -> Draws:
        """Draw every patient, again and again where the record contradicts a known fact."""
        draws = self.draw(rng)
        while not draws.seen.valid.all():
            again = self.draw(rng)
            wrong = ~draws.seen.valid
            draws = Draws(
                _merged(draws.courses, again.courses, wrong),
                _merged(draws.seen, again.seen, wrong),
            )
        return draws

    def observe_again(self, course: Courses, patient: int, rng: np.random.Generator) -> Seen:
        """Draw another observation of one patient's course (all arrays of shape (1,))."""
        observation = draw_observation(self.observation_rates(patient), rng, 1)
        row = slice(patient, patient + 1)
        return observe(course, observation, self.days_to_final[row], self.days_to_2016[row])

    def _draw_courses(self, rng: np.random.Generator) -> Courses:
        parts = []
        for (arm, ph_positive), rows in self._course_groups:
            group = self.patients.iloc[rows]
            parts.append(
                (
                    rows,
                    simulate_courses(
                        self.rates[arm, ph_positive],
                        rng,
                        len(rows),
                        responded=(group["best_response"] != "none").to_numpy(),
                        mrd_negative=group["mrd_negative"].to_numpy(bool),
                        transplanted_in_remission=group["direct"].to_numpy(bool),
                        transplanted_after_failure=group["late"].to_numpy(bool),
                        prognosis=self.prognosis[rows],
                        transplant_toxicity=self.toxicity[rows],
                    ),
                )
            )
        return _assembled(Courses, parts, len(self.patients))

    def _draw_observation(self, rng: np.random.Generator) -> Observation:
        parts = [
            (rows, draw_observation(rates, rng, len(rows)))
            for rates, rows in self._observation_groups
        ]
        return _assembled(Observation, parts, len(self.patients))


def anneal(
    patients: PatientModel,
    fixed: Seen | None,
    groups: dict[str, NDArray[np.str_]],
    targets: Targets,
    schedule: Schedule,
    rng: np.random.Generator,
    report: Callable[[int, float], None] = lambda steps, loss: None,
) -> Seen:
    """Condition the patients on the targets.

    Args:
        patients: the patients that may be redrawn, n of them.
        fixed: records of m further patients that stay as they are, or None.
        groups: for each endpoint the group of every patient (the n first), as
            :class:`~inobook.synthesis.estimates.Estimates` wants them.
        targets: what must be met.
        schedule: length and cooling.
        rng: source of randomness.
        report: called now and then with the steps done and the loss.

    Returns:
        The records of the n patients, with every target met.

    Raises:
        OutOfReachError: the steps are used up and a target is still missed.
    """
    draws = patients.draw_valid(rng)
    current = {name: getattr(draws.seen, name).copy() for name in RECORDS}
    courses = draws.courses
    everyone = draws.seen if fixed is None else joined(draws.seen, fixed)
    estimates = Estimates(_follow_up(everyone), groups)
    loss = targets.loss(estimates)
    size = len(patients.patients)
    pool: list[Draws] = []
    used = np.zeros(size, int)
    for step in range(schedule.steps):
        if loss == 0:
            break
        if step % 1000 == 0:
            report(step, loss)
        patient = int(rng.integers(size))
        if rng.random() < OBSERVATION_ONLY:
            course = _row(courses, patient)
            seen = patients.observe_again(course, patient, rng)
            position = 0
        else:
            if used[patient] >= len(pool):
                pool = [patients.draw(rng) for _ in range(DRAWS_AT_ONCE)]
                used[:] = 0
            draw = pool[used[patient]]
            used[patient] += 1
            seen, position = draw.seen, patient
            course = None
        if not seen.valid[position]:
            continue
        new = {name: int(getattr(seen, name)[position]) for name in RECORDS}
        old = {name: int(current[name][patient]) for name in RECORDS}
        before, after = _one_follow_up(old), _one_follow_up(new)
        estimates.move(patient, {name: (before[name], after[name]) for name in before})
        highest = loss - schedule.temperature(step) * np.log(1.0 - rng.random())
        new_loss = targets.loss(estimates, highest)
        if new_loss > highest:
            estimates.undo()
            continue
        loss = new_loss
        for name in RECORDS:
            current[name][patient] = new[name]
        if course is None:
            _put(courses, patient, draw.courses)
    report(schedule.steps, loss)
    if loss > 0:
        raise OutOfReachError("; ".join(targets.missed(estimates)))
    return Seen(**current)


def joined(first: Seen, second: Seen) -> Seen:
    """Return the records of two sets of patients, one after the other."""
    return Seen(
        **{name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in RECORDS}
    )


def _follow_up(seen: Seen) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    since_transplant = np.where(seen.hsct_day == NOT_SEEN, 0, seen.os_days - seen.hsct_day)
    return {
        "os": (seen.os_days, seen.os_event),
        "os_2016": (seen.os_days_2016, seen.os_event_2016),
        "pfs": (seen.pfs_days, seen.pfs_event),
        "post_hsct": (since_transplant, seen.os_event),
        "os_by_mrd": (seen.os_days, seen.os_event),
    }


def _one_follow_up(record: dict[str, int]) -> dict[str, FollowUp]:
    transplanted = record["hsct_day"] != NOT_SEEN
    since_transplant = record["os_days"] - record["hsct_day"] if transplanted else 0
    return {
        "os": (record["os_days"], record["os_event"]),
        "os_2016": (record["os_days_2016"], record["os_event_2016"]),
        "pfs": (record["pfs_days"], record["pfs_event"]),
        "post_hsct": (since_transplant, record["os_event"]),
        "os_by_mrd": (record["os_days"], record["os_event"]),
    }


def _hazard_ratios(
    patients: pd.DataFrame, log_hazard_ratios: dict[str, float]
) -> NDArray[np.float64]:
    features = patients.assign(age_55=(patients["age"] >= 55).astype(int))
    log = sum(
        log_hazard_ratio * (features[name].astype(float) - features[name].astype(float).mean())
        for name, log_hazard_ratio in log_hazard_ratios.items()
    )
    return np.exp(log.to_numpy(float))


def _assembled(kind: type, parts: list, size: int) -> Courses | Observation:
    arrays = {}
    for part_field in fields(kind):
        name = part_field.name
        array = np.empty(size, dtype=getattr(parts[0][1], name).dtype)
        for rows, part in parts:
            array[rows] = getattr(part, name)
        arrays[name] = array
    return kind(**arrays)


def _merged(kept: Courses | Seen, new: Courses | Seen, where: NDArray[np.bool_]):
    return replace(
        kept,
        **{
            part.name: np.where(where, getattr(new, part.name), getattr(kept, part.name))
            for part in fields(kept)
        },
    )


def _row(courses: Courses, patient: int) -> Courses:
    return Courses(
        **{
            part.name: getattr(courses, part.name)[patient : patient + 1]
            for part in fields(courses)
        }
    )


def _put(courses: Courses, patient: int, source: Courses) -> None:
    for part in fields(courses):
        getattr(courses, part.name)[patient] = getattr(source, part.name)[patient]
