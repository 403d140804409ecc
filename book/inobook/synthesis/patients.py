"""Patients at baseline, their responses, transplants and liver events, with the published counts.

Every number known from a publication is met exactly, by draws conditioned on it; the rest of this
module (covariate frequencies, effects of covariates, counts in Ph-positive patients that were
never published, everything in study 1010) is invented, and data/README.md says so.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inobook.synthesis.counts import draw_with_count

FIRST_RANDOMISED = date(2012, 8, 27)
LAST_RANDOMISED = date(2015, 1, 4)
ACCRUAL_DAYS = (LAST_RANDOMISED - FIRST_RANDOMISED).days
ACCRUAL_SHAPE = 0.8
"""Days of randomisation are ACCRUAL_DAYS x U^ACCRUAL_SHAPE: slower at first."""

FIRST_ANALYSED = 218
FIRST_ANALYSED_PER_ARM = 109

FIRST_DOSE_1010 = date(2012, 1, 9)
ACCRUAL_DAYS_1010 = 850


class CountsOutOfReachError(ValueError):
    """The patients drawn so far leave no room for a published count; another seed may."""


@dataclass(frozen=True)
class ArmCounts:
    """Numbers of one arm of study 1022, all 326 patients.

    Attributes:
        patients, ph_positive: patients, and those who are Ph-positive.
        salvage_2, ph_positive_salvage_2: patients in second salvage, and Ph-positive ones.
        ph_positive_responders, ph_positive_mrd_negative, ph_positive_direct: CR or CRi, MRD
            negativity and transplant straight from remission in Ph-positive patients.
        transplants_after_failure: transplants that were not direct (none in Ph-positive ones).
        vod_transplanted, vod_not_transplanted: liver events (VOD).
        untreated: patients never treated.
        ph_positive_vod_transplanted, ph_positive_vod_not_transplanted, ph_positive_untreated:
            the Ph-positive share of them (invented).
    """

    patients: int
    ph_positive: int
    salvage_2: int
    ph_positive_salvage_2: int
    ph_positive_responders: int
    ph_positive_mrd_negative: int
    ph_positive_direct: int
    transplants_after_failure: int
    vod_transplanted: int
    vod_not_transplanted: int
    untreated: int
    ph_positive_vod_transplanted: int
    ph_positive_vod_not_transplanted: int
    ph_positive_untreated: int


@dataclass(frozen=True)
class PeriodCounts:
    """Numbers of one arm among the first 218 randomised, or among the rest.

    Attributes:
        low_blasts: patients with less than 50% marrow blasts.
        responders_low_blasts: CR or CRi among these (None: not known).
        responders: CR or CRi.
        complete: CR among them.
        mrd_negative_complete, mrd_negative_incomplete: MRD-negative among CR and among CRi.
        direct: transplants straight from remission.
    """

    low_blasts: int
    responders_low_blasts: int | None
    responders: int
    complete: int
    mrd_negative_complete: int
    mrd_negative_incomplete: int
    direct: int


ARM_COUNTS = {
    "InO": ArmCounts(
        patients=164,
        ph_positive=22,
        salvage_2=56,
        ph_positive_salvage_2=11,
        ph_positive_responders=16,
        ph_positive_mrd_negative=13,
        ph_positive_direct=9,
        transplants_after_failure=12,
        vod_transplanted=17,
        vod_not_transplanted=6,
        untreated=0,
        ph_positive_vod_transplanted=2,
        ph_positive_vod_not_transplanted=1,
        ph_positive_untreated=0,
    ),
    "SC": ArmCounts(
        patients=162,
        ph_positive=27,
        salvage_2=55,
        ph_positive_salvage_2=13,
        ph_positive_responders=15,
        ph_positive_mrd_negative=5,
        ph_positive_direct=5,
        transplants_after_failure=16,
        vod_transplanted=2,
        vod_not_transplanted=1,
        untreated=19,
        ph_positive_vod_transplanted=0,
        ph_positive_vod_not_transplanted=0,
        ph_positive_untreated=2,
    ),
}

PERIOD_COUNTS = {
    ("InO", True): PeriodCounts(30, 26, 88, 39, 35, 34, 45),
    ("SC", True): PeriodCounts(29, 12, 32, 19, 6, 3, 12),
    ("InO", False): PeriodCounts(23, None, 33, 14, 12, 13, 20),
    ("SC", False): PeriodCounts(19, None, 18, 11, 4, 1, 5),
}
"""By arm and whether the patient is among the first 218. Published for these 218; of the rest the
responders and direct transplants follow from the totals, CR and MRD are invented."""

FEMALE = 0.44
LONG_FIRST_REMISSION = 0.36
PRIOR_HSCT = 0.18
HIGH_BLASTS_PH_POSITIVE = 0.70
MEDIAN_AGE = {0: 44.0, 1: 52.0}
AGE_SD = 15.5
TRANSPLANT_LOG_ODDS_OF_MRD_NEGATIVITY = {"InO": 0.2, "SC": 1.0}


def draw_ph_positive(rng: np.random.Generator) -> pd.DataFrame:
    """Draw the 49 Ph-positive patients of study 1022 with the counts of the Ph-positive paper.

    Args:
        rng: source of randomness.

    Returns:
        One row a patient: arm, covariates, ``enrolled_day`` (days from the first randomisation),
        treated, best_response, and Boolean mrd_negative, direct (transplant from remission),
        late (transplant after failure), vod.
    """
    arms = [_draw_ph_positive_arm(arm, rng) for arm in ARM_COUNTS]
    return pd.concat(arms, ignore_index=True)


def draw_ph_negative(ph_positive: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the 277 Ph-negative patients that complete study 1022 to its published counts.

    Args:
        ph_positive: the 49 patients of :func:`draw_ph_positive`.
        rng: source of randomness.

    Returns:
        277 rows with the same columns.

    Raises:
        CountsOutOfReachError: the 49 patients leave no room for a published count.
    """
    size = sum(counts.patients - counts.ph_positive for counts in ARM_COUNTS.values())
    enrolled = _draw_enrolled_days(ph_positive["enrolled_day"].to_numpy(), size, rng)
    until = first_analysed_until(np.append(ph_positive["enrolled_day"].to_numpy(), enrolled))
    early = enrolled < until
    ph_positive_early = ph_positive["enrolled_day"] < until
    arm = np.full(size, "SC", dtype=object)
    have = int((ph_positive_early & (ph_positive["arm"] == "InO")).sum())
    arm[early] = _arms(int(early.sum()), FIRST_ANALYSED_PER_ARM - have, rng)
    later_ino = ARM_COUNTS["InO"].patients - ARM_COUNTS["InO"].ph_positive
    arm[~early] = _arms(int((~early).sum()), later_ino - int((arm[early] == "InO").sum()), rng)
    drawn = [
        _draw_ph_negative_arm(
            name,
            enrolled[arm == name],
            early[arm == name],
            ph_positive[ph_positive["arm"] == name].assign(early=ph_positive_early),
            rng,
        )
        for name in ARM_COUNTS
    ]
    return pd.concat(drawn, ignore_index=True)


def draw_1010(rng: np.random.Generator) -> pd.DataFrame:
    """Draw the 16 Ph-positive patients of study 1010; only response and MRD were published.

    Args:
        rng: source of randomness.

    Returns:
        16 rows with the columns of :func:`draw_ph_positive`.
    """
    size = 16
    patients = _draw_covariates("InO", 1, size, 13, rng)
    patients["enrolled_day"] = np.sort(rng.integers(0, ACCRUAL_DAYS_1010 + 1, size))
    patients["blasts_50"] = (rng.random(size) < HIGH_BLASTS_PH_POSITIVE).astype(int)
    patients["treated"] = 1
    responded = draw_with_count(_response_log_odds(patients), 9, rng)
    patients["best_response"] = _best_response(responded, 4, rng)
    patients["mrd_negative"] = responded
    patients["direct"] = _draw_among(responded, _transplant_log_odds(patients), 5, rng)
    patients["late"] = False
    patients["vod"] = _draw_among(patients["direct"].to_numpy(), np.zeros(size), 1, rng)
    return patients


def first_analysed_until(enrolled_days: NDArray[np.int64]) -> int:
    """Return the day of enrolment before which exactly the first 218 patients were enrolled.

    Args:
        enrolled_days: days of enrolment of all 326 patients.

    Raises:
        CountsOutOfReachError: the 218th and the 219th patient were enrolled on the same day.
    """
    ordered = np.sort(enrolled_days)
    if ordered[FIRST_ANALYSED - 1] == ordered[FIRST_ANALYSED]:
        raise CountsOutOfReachError("The 218th and the 219th patient share a day of randomisation.")
    return int(ordered[FIRST_ANALYSED])


def _draw_ph_positive_arm(arm: str, rng: np.random.Generator) -> pd.DataFrame:
    counts = ARM_COUNTS[arm]
    size = counts.ph_positive
    patients = _draw_covariates(arm, 1, size, counts.ph_positive_salvage_2, rng)
    patients["enrolled_day"] = _accrual_days(size, rng)
    patients["blasts_50"] = (rng.random(size) < HIGH_BLASTS_PH_POSITIVE).astype(int)
    responded = draw_with_count(_response_log_odds(patients), counts.ph_positive_responders, rng)
    patients["best_response"] = _best_response(
        responded, round(0.5 * counts.ph_positive_responders), rng
    )
    patients["mrd_negative"] = _draw_among(
        responded, _mrd_log_odds(patients), counts.ph_positive_mrd_negative, rng
    )
    patients["direct"] = _draw_among(
        responded, _transplant_log_odds(patients), counts.ph_positive_direct, rng
    )
    patients["late"] = False
    untreated = _draw_among(~responded, np.zeros(size), counts.ph_positive_untreated, rng)
    patients["treated"] = (~untreated).astype(int)
    patients["vod"] = _draw_vod(
        patients,
        counts.ph_positive_vod_transplanted,
        counts.ph_positive_vod_not_transplanted,
        rng,
    )
    return patients


def _draw_ph_negative_arm(
    arm: str,
    enrolled: NDArray[np.int64],
    early: NDArray[np.bool_],
    ph_positive: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    counts, size = ARM_COUNTS[arm], enrolled.size
    salvage_2 = counts.salvage_2 - counts.ph_positive_salvage_2
    patients = _draw_covariates(arm, 0, size, salvage_2, rng)
    patients["enrolled_day"] = enrolled
    for column in ("blasts_50", "treated"):
        patients[column] = 1
    patients["best_response"] = "none"
    for column in ("mrd_negative", "direct", "late", "vod"):
        patients[column] = False
    for in_first_218 in (True, False):
        rows = np.flatnonzero(early == in_first_218)
        others = ph_positive[ph_positive["early"] == in_first_218]
        drawn = _draw_period(patients.iloc[rows], others, PERIOD_COUNTS[arm, in_first_218], rng)
        for column in ("blasts_50", "best_response", "mrd_negative", "direct"):
            patients.loc[rows, column] = drawn[column].to_numpy()
    responded = (patients["best_response"] != "none").to_numpy()
    eligible = ~patients["direct"].to_numpy()
    patients["late"] = _draw_among(
        eligible,
        _transplant_log_odds(patients) + 0.5 * responded,
        counts.transplants_after_failure,
        rng,
    )
    untreated = _draw_among(
        ~responded & ~patients["late"].to_numpy(),
        np.zeros(size),
        counts.untreated - counts.ph_positive_untreated,
        rng,
    )
    patients["treated"] = (~untreated).astype(int)
    patients["vod"] = _draw_vod(
        patients,
        counts.vod_transplanted - counts.ph_positive_vod_transplanted,
        counts.vod_not_transplanted - counts.ph_positive_vod_not_transplanted,
        rng,
    )
    return patients


def _draw_period(
    patients: pd.DataFrame,
    others: pd.DataFrame,
    counts: PeriodCounts,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw blasts, response, MRD and direct transplant of one arm in one period.

    Args:
        patients: Ph-negative patients of the arm and period.
        others: Ph-positive ones, whose features count towards the published numbers.
        counts: the numbers of both together.
        rng: source of randomness.
    """
    patients = patients.reset_index(drop=True).copy()
    low = _left("low blasts", counts.low_blasts, others["blasts_50"] == 0)
    patients["blasts_50"] = 1 - draw_with_count(np.zeros(len(patients)), low, rng).astype(int)
    responded = _draw_responders(patients, others, counts, rng)
    response = others["best_response"]
    complete = _left("CR", counts.complete, response == "CR")
    patients["best_response"] = _best_response(responded, complete, rng)
    negative = np.zeros(len(patients), bool)
    for kind, total in {
        "CR": counts.mrd_negative_complete,
        "CRi": counts.mrd_negative_incomplete,
    }.items():
        left = _left(f"MRD-negative {kind}", total, others["mrd_negative"] & (response == kind))
        among = (patients["best_response"] == kind).to_numpy()
        negative |= _draw_among(among, _mrd_log_odds(patients), left, rng)
    patients["mrd_negative"] = negative
    direct = _left("direct transplants", counts.direct, others["direct"])
    patients["direct"] = _draw_among(responded, _transplant_log_odds(patients), direct, rng)
    return patients


def _draw_responders(
    patients: pd.DataFrame,
    others: pd.DataFrame,
    counts: PeriodCounts,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    log_odds = _response_log_odds(patients)
    other_responded = others["best_response"] != "none"
    if counts.responders_low_blasts is None:
        left = _left("CR/CRi", counts.responders, other_responded)
        return draw_with_count(log_odds, left, rng)
    low = (patients["blasts_50"] == 0).to_numpy()
    other_low = others["blasts_50"] == 0
    left_low = _left("CR/CRi low", counts.responders_low_blasts, other_responded & other_low)
    high = counts.responders - counts.responders_low_blasts
    left_high = _left("CR/CRi high", high, other_responded & ~other_low)
    return _draw_among(low, log_odds, left_low, rng) | _draw_among(~low, log_odds, left_high, rng)


def _draw_covariates(
    arm: str, ph_positive: int, size: int, salvage_2: int, rng: np.random.Generator
) -> pd.DataFrame:
    age = np.clip(np.rint(rng.normal(MEDIAN_AGE[ph_positive], AGE_SD, 4 * size)), 0, 99)
    age = age[(age >= 18) & (age <= 78)][:size].astype(int)
    return pd.DataFrame(
        {
            "arm": arm,
            "ph_positive": ph_positive,
            "age": age,
            "female": (rng.random(size) < FEMALE).astype(int),
            "salvage_2": draw_with_count(np.zeros(size), salvage_2, rng).astype(int),
            "cr1_12_months": (rng.random(size) < LONG_FIRST_REMISSION).astype(int),
            "prior_hsct": (rng.random(size) < PRIOR_HSCT).astype(int),
        }
    )


def _draw_vod(
    patients: pd.DataFrame, transplanted: int, not_transplanted: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    had_transplant = (patients["direct"] | patients["late"]).to_numpy()
    treated = (patients["treated"] == 1).to_numpy()
    log_odds = 0.4 * (patients["age"] >= 55) + 0.6 * patients["prior_hsct"]
    with_transplant = _draw_among(had_transplant, log_odds.to_numpy(), transplanted, rng)
    without = _draw_among(~had_transplant & treated, log_odds.to_numpy(), not_transplanted, rng)
    return with_transplant | without


def _draw_among(
    among: NDArray[np.bool_], log_odds: NDArray[np.float64], count: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw exactly ``count`` patients among some of them."""
    if count > among.sum():
        raise CountsOutOfReachError(f"{count} patients needed among {int(among.sum())}.")
    drawn = np.zeros(among.size, bool)
    drawn[among] = draw_with_count(np.asarray(log_odds, float)[among], count, rng)
    return drawn


def _best_response(
    responded: NDArray[np.bool_], complete: int, rng: np.random.Generator
) -> NDArray[np.object_]:
    is_complete = _draw_among(responded, np.zeros(responded.size), complete, rng)
    return np.select([is_complete, responded], ["CR", "CRi"], "none").astype(object)


def _response_log_odds(patients: pd.DataFrame) -> NDArray[np.float64]:
    return (
        -0.5 * patients["blasts_50"] - 0.3 * patients["salvage_2"] + 0.4 * patients["cr1_12_months"]
    ).to_numpy(float)


def _mrd_log_odds(patients: pd.DataFrame) -> NDArray[np.float64]:
    complete = (patients["best_response"] == "CR").astype(float)
    return (1.0 * complete - 0.3 * patients["salvage_2"]).to_numpy(float)


def _transplant_log_odds(patients: pd.DataFrame) -> NDArray[np.float64]:
    depth = patients["arm"].map(TRANSPLANT_LOG_ODDS_OF_MRD_NEGATIVITY)
    return (
        depth * patients["mrd_negative"].astype(float)
        - 0.9 * (patients["age"] >= 55)
        - 0.9 * patients["prior_hsct"]
    ).to_numpy(float)


def _left(what: str, total: int, had: pd.Series) -> int:
    left = total - int(had.sum())
    if left < 0:
        raise CountsOutOfReachError(f"{what}: {-left} too many Ph-positive patients.")
    return left


def _accrual_days(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    days = 1 + np.floor((ACCRUAL_DAYS - 1) * rng.random(size) ** ACCRUAL_SHAPE)
    return days.astype(np.int64)


def _draw_enrolled_days(
    taken: NDArray[np.int64], size: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw days of enrolment that include the first and last day and part 218 from the rest."""
    for _ in range(100):
        days = np.concatenate([[0, ACCRUAL_DAYS], _accrual_days(size - 2, rng)])
        ordered = np.sort(np.concatenate([taken, days]))
        if ordered[FIRST_ANALYSED - 1] < ordered[FIRST_ANALYSED]:
            return days
    raise CountsOutOfReachError("No day parts the first 218 patients from the rest.")


def _arms(size: int, ino: int, rng: np.random.Generator) -> NDArray[np.object_]:
    if not 0 <= ino <= size:
        raise CountsOutOfReachError(f"{ino} of {size} patients cannot be in arm InO.")
    return np.where(draw_with_count(np.zeros(size), ino, rng), "InO", "SC").astype(object)


def randomised_on(enrolled_days: pd.Series, first: date) -> pd.Series:
    """Return dates from days of enrolment.

    Args:
        enrolled_days: whole days from the first enrolment.
        first: date of the first enrolment.
    """
    return enrolled_days.map(lambda days: first + timedelta(days=int(days)))
