"""The rates of the synthetic trials, tuned so that their free courses lie near the publication.

Nothing here was published. The rates were chosen until large free samples came close to the
published curves; the conditioning in :mod:`inobook.synthesis.annealing` does the rest.
"""

from dataclasses import replace

from inobook.illness_death import ArmRates, Hazard, LogNormalTiming
from inobook.synthesis.observation import ObservationRates

RESPONSE_INO = LogNormalTiming(median_days=33.0, log_sd=0.40)
RESPONSE_SC = LogNormalTiming(median_days=36.0, log_sd=0.35)
TRANSPLANT = LogNormalTiming(median_days=45.0, log_sd=0.50)
TRANSPLANT_AFTER_FAILURE = LogNormalTiming(median_days=75.0, log_sd=0.50)

AFTER_TRANSPLANT_DAYS = (0.0, 100.0, 365.0)

INO_PH_NEGATIVE = ArmRates(
    response_probability=105 / 142,
    mrd_negative_probability=0.77,
    transplant_probability=56 / 105,
    transplant_after_failure_probability=0.14,
    rescue_probability=0.16,
    time_to_response=RESPONSE_INO,
    time_to_transplant=TRANSPLANT,
    time_to_transplant_after_failure=TRANSPLANT_AFTER_FAILURE,
    progression=Hazard((0.006, 0.017), (0.0, 18.0)),
    death_without_response=Hazard.constant(0.011),
    relapse_mrd_negative=Hazard((0.0015, 0.0115), (0.0, 75.0)),
    relapse_mrd_positive=Hazard((0.010, 0.022), (0.0, 75.0)),
    death_in_remission=Hazard.constant(0.001),
    relapse_after_transplant_mrd_negative=Hazard((0.0010, 0.0013, 0.0001), AFTER_TRANSPLANT_DAYS),
    relapse_after_transplant_mrd_positive=Hazard((0.0030, 0.0030, 0.0005), AFTER_TRANSPLANT_DAYS),
    death_after_transplant=Hazard((0.0028, 0.0007, 0.0001), AFTER_TRANSPLANT_DAYS),
    death_after_failure=Hazard((0.013, 0.003), (0.0, 240.0)),
    death_after_rescue=Hazard.constant(0.0003),
)
SC_PH_NEGATIVE = ArmRates(
    response_probability=35 / 135,
    mrd_negative_probability=0.26,
    transplant_probability=12 / 35,
    transplant_after_failure_probability=0.14,
    rescue_probability=0.01,
    time_to_response=RESPONSE_SC,
    time_to_transplant=TRANSPLANT,
    time_to_transplant_after_failure=TRANSPLANT_AFTER_FAILURE,
    progression=Hazard((0.008, 0.022), (0.0, 18.0)),
    death_without_response=Hazard.constant(0.004),
    relapse_mrd_negative=Hazard.constant(0.0065),
    relapse_mrd_positive=Hazard.constant(0.013),
    death_in_remission=Hazard.constant(0.001),
    relapse_after_transplant_mrd_negative=Hazard((0.0010, 0.0015, 0.0026), AFTER_TRANSPLANT_DAYS),
    relapse_after_transplant_mrd_positive=Hazard((0.0010, 0.0015, 0.0026), AFTER_TRANSPLANT_DAYS),
    death_after_transplant=Hazard((0.0006, 0.0007, 0.0006), AFTER_TRANSPLANT_DAYS),
    death_after_failure=Hazard((0.0085, 0.0040, 0.0090), (0.0, 90.0, 270.0)),
    death_after_rescue=Hazard.constant(0.0003),
)
INO_PH_POSITIVE = replace(
    INO_PH_NEGATIVE,
    response_probability=16 / 22,
    mrd_negative_probability=13 / 16,
    transplant_probability=9 / 16,
    transplant_after_failure_probability=0.0,
    rescue_probability=0.02,
    death_without_response=Hazard.constant(0.006),
    relapse_after_transplant_mrd_negative=Hazard((0.0010, 0.0015, 0.0006), AFTER_TRANSPLANT_DAYS),
    death_after_transplant=Hazard((0.0028, 0.0007, 0.0003), AFTER_TRANSPLANT_DAYS),
    death_after_failure=Hazard.constant(0.0080),
)
SC_PH_POSITIVE = replace(
    SC_PH_NEGATIVE,
    response_probability=15 / 27,
    mrd_negative_probability=5 / 15,
    transplant_probability=5 / 15,
    transplant_after_failure_probability=0.0,
    rescue_probability=0.16,
    relapse_mrd_negative=Hazard.constant(0.009),
    relapse_after_transplant_mrd_negative=Hazard.constant(0.0025),
    relapse_after_transplant_mrd_positive=Hazard.constant(0.0030),
    death_after_failure=Hazard((0.0060, 0.0050), (0.0, 90.0)),
    death_after_rescue=Hazard.constant(0.0008),
)
STUDY_1010 = replace(INO_PH_POSITIVE, response_probability=9 / 16, transplant_probability=5 / 9)

RATES = {
    ("InO", 0): INO_PH_NEGATIVE,
    ("SC", 0): SC_PH_NEGATIVE,
    ("InO", 1): INO_PH_POSITIVE,
    ("SC", 1): SC_PH_POSITIVE,
}
"""Rates by arm and Ph status."""

OBSERVATION_INO = ObservationRates(
    survival_loss_probability=0.04,
    assessment_loss_probability=0.12,
    stale_2016_probability=0.05,
)
OBSERVATION_SC = ObservationRates(
    survival_loss_probability=0.06,
    assessment_loss_probability=0.15,
    stale_2016_probability=0.10,
)
OBSERVATION_UNTREATED = ObservationRates(
    survival_loss_probability=0.30,
    assessment_loss_probability=0.60,
    stale_2016_probability=0.15,
    assessment_loss_mean_days=15.0,
)

PROGNOSIS_LOG_HAZARD_RATIOS = {
    "age_55": 0.15,
    "salvage_2": 0.20,
    "cr1_12_months": -0.30,
    "prior_hsct": 0.10,
    "blasts_50": 0.20,
}
"""Log hazard ratios of the covariates on failure and on death, except after transplant."""

TOXICITY_LOG_HAZARD_RATIOS = {"age_55": 0.30, "prior_hsct": 0.30, "vod": 1.0}
"""Log hazard ratios on death after transplant without relapse."""
