"""What a trial sees of the patients' courses: visits, losses and two data cuts."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from inobook.illness_death import Courses, Days

WholeDays = NDArray[np.int64]
NOT_SEEN = -1
"""Stands for a day that was not observed in arrays of whole days."""

MARGIN_AFTER_EVENT_DAYS = 14.0
"""Nobody is lost within this time of a response or transplant that is known to have been seen."""


@dataclass(frozen=True)
class ObservationRates:
    """How much of the courses of one group is lost.

    Attributes:
        survival_loss_probability: share of patients lost to survival follow-up for good.
        survival_loss_mean_days: mean of the exponential day of that loss.
        assessment_loss_probability: share whose disease assessments end early.
        assessment_loss_mean_days: mean of the exponential day of that loss.
        stale_2016_probability: share whose last contact was old at the cut of 2016.
        stale_2016_days: earliest and latest day of that last contact (uniform).
        contact_gap_days: longest time from the last contact with a living patient to a data cut.
        visit_gap_days: longest time from the last disease assessment to the last contact.
    """

    survival_loss_probability: float
    assessment_loss_probability: float
    stale_2016_probability: float
    survival_loss_mean_days: float = 200.0
    assessment_loss_mean_days: float = 120.0
    stale_2016_days: tuple[float, float] = (5.0, 330.0)
    contact_gap_days: float = 60.0
    visit_gap_days: float = 60.0


@dataclass(frozen=True)
class Observation:
    """One draw of the losses of n patients, each array of shape (n,), days from randomisation.

    Attributes:
        survival_lost_day: end of survival follow-up (``inf``: not lost).
        assessment_lost_day: end of disease assessments (``inf``: not lost).
        stale_2016_day: last contact known in 2016 (``inf``: a recent one).
        contact_gap_final, contact_gap_2016: days from last contact to each cut.
        visit_gap: days from last assessment to last contact.
    """

    survival_lost_day: Days
    assessment_lost_day: Days
    stale_2016_day: Days
    contact_gap_final: Days
    contact_gap_2016: Days
    visit_gap: Days


@dataclass(frozen=True)
class Seen:
    """What the trial recorded, whole days from randomisation, NOT_SEEN where nothing was.

    Attributes:
        valid: False where the record would contradict a known fact (a transplant after the end of
            follow-up); such a draw is refused.
        response_day, hsct_day, relapse_day: days of the events that were seen.
        pfs_days, pfs_event, os_days, os_event: at the final cut.
        os_days_2016, os_event_2016: at the first cut.
    """

    valid: NDArray[np.bool_]
    response_day: WholeDays
    hsct_day: WholeDays
    relapse_day: WholeDays
    pfs_days: WholeDays
    pfs_event: WholeDays
    os_days: WholeDays
    os_event: WholeDays
    os_days_2016: WholeDays
    os_event_2016: WholeDays


RECORDS = tuple(field.name for field in fields(Seen))


def draw_observation(rates: ObservationRates, rng: np.random.Generator, size: int) -> Observation:
    """Draw the losses of n patients.

    Args:
        rates: how much is lost.
        rng: source of randomness.
        size: number of patients n.
    """
    return Observation(
        survival_lost_day=_loss(
            rng, size, rates.survival_loss_probability, rates.survival_loss_mean_days
        ),
        assessment_lost_day=_loss(
            rng, size, rates.assessment_loss_probability, rates.assessment_loss_mean_days
        ),
        stale_2016_day=np.where(
            rng.random(size) < rates.stale_2016_probability,
            rng.uniform(*rates.stale_2016_days, size),
            np.inf,
        ),
        contact_gap_final=rng.uniform(0.0, rates.contact_gap_days, size),
        contact_gap_2016=rng.uniform(0.0, rates.contact_gap_days, size),
        visit_gap=rng.uniform(0.0, rates.visit_gap_days, size),
    )


def observe(
    courses: Courses, observation: Observation, days_to_final: WholeDays, days_to_2016: WholeDays
) -> Seen:
    """Record courses as the trial would.

    PFS ends with a relapse or progression, or with death from any cause; a patient whose
    assessments were lost is censored at the last one, and what happens later is no PFS event.

    Args:
        courses: complete courses, shape (n,).
        observation: losses, shape (n,).
        days_to_final: days from randomisation to the final data cut, shape (n,).
        days_to_2016: days from randomisation to the data cut of 2016, shape (n,).
    """
    response = _whole(courses.response_day, 1.0)
    transplant = _whole(courses.transplant_day, np.where(np.isfinite(response), response + 1, 1.0))
    entered = np.where(courses.transplanted_in_remission, transplant, response)
    failure = _whole(courses.failure_day, np.where(np.isfinite(entered), entered + 1, 1.0))
    late = np.isfinite(transplant) & ~courses.transplanted_in_remission
    transplant = np.where(late, np.maximum(transplant, failure + 1), transplant)
    in_state_since = np.where(
        np.isfinite(transplant), transplant, np.where(np.isfinite(response), response, 0.0)
    )
    death = _whole(courses.death_day, np.maximum(in_state_since + 1, 1.0))
    death = np.where(np.isfinite(failure), np.maximum(death, failure), death)

    seen_until = np.where(in_state_since > 0, in_state_since + MARGIN_AFTER_EVENT_DAYS, 1.0)
    lost = np.maximum(np.ceil(observation.survival_lost_day), seen_until)
    followed = np.minimum(lost, days_to_final - np.floor(observation.contact_gap_final))
    os_event = death <= followed
    os_days = np.maximum(np.where(os_event, death, followed), 1.0)

    stale = np.maximum(np.ceil(observation.stale_2016_day), 1.0)
    until_2016 = np.minimum(stale, days_to_2016 - np.floor(observation.contact_gap_2016))
    until_2016 = np.minimum(followed, until_2016)
    os_event_2016 = death <= until_2016
    os_days_2016 = np.where(os_event_2016, death, until_2016)

    remission_seen = np.where(
        courses.transplanted_in_remission, transplant, np.where(courses.responded, response, 0.0)
    )
    assessment_lost = np.maximum(
        np.ceil(observation.assessment_lost_day),
        np.where(remission_seen > 0, remission_seen + MARGIN_AFTER_EVENT_DAYS, 1.0),
    )
    last_visit = np.where(os_event, os_days, os_days - np.floor(observation.visit_gap))
    last_visit = np.maximum(last_visit, remission_seen + 1)
    assessed = np.minimum(np.minimum(assessment_lost, last_visit), os_days)
    relapse_seen = failure <= assessed
    death_seen = ~relapse_seen & os_event & (assessment_lost >= death)
    pfs_days = np.where(relapse_seen, failure, np.where(death_seen, death, assessed))

    known_transplant = np.isfinite(transplant)
    return Seen(
        valid=(~known_transplant | (transplant <= os_days)) & (remission_seen < os_days),
        response_day=_recorded(response, courses.responded),
        hsct_day=_recorded(transplant, known_transplant),
        relapse_day=_recorded(failure, relapse_seen),
        pfs_days=np.maximum(pfs_days, 1).astype(np.int64),
        pfs_event=(relapse_seen | death_seen).astype(np.int64),
        os_days=os_days.astype(np.int64),
        os_event=os_event.astype(np.int64),
        os_days_2016=os_days_2016.astype(np.int64),
        os_event_2016=os_event_2016.astype(np.int64),
    )


def _loss(rng: np.random.Generator, size: int, probability: float, mean_days: float) -> Days:
    return np.where(rng.random(size) < probability, rng.exponential(mean_days, size), np.inf)


def _whole(days: Days, at_least: Days | float) -> Days:
    """Round up to whole days, not before a given day; ``inf`` stays."""
    return np.maximum(np.ceil(days), at_least)


def _recorded(days: Days, seen: NDArray[np.bool_]) -> WholeDays:
    return np.where(seen, np.where(np.isfinite(days), days, 0), NOT_SEEN).astype(np.int64)
