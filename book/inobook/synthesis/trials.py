"""The synthetic trials as tables: study 1022, further Ph-positive cohorts, and study 1010."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inobook.cohorts import COLUMNS, DATA_CUT_1010, DATA_CUT_2016, DATA_CUT_FINAL
from inobook.synthesis import model
from inobook.synthesis.annealing import PatientModel, Schedule, anneal, joined
from inobook.synthesis.observation import NOT_SEEN, Seen
from inobook.synthesis.patients import (
    FIRST_DOSE_1010,
    FIRST_RANDOMISED,
    draw_1010,
    draw_ph_negative,
    draw_ph_positive,
    randomised_on,
)
from inobook.synthesis.targets import ph_positive_targets, whole_trial_targets

PH_POSITIVE_SCHEDULE = Schedule(steps=40_000, cooling_steps=6_000, reheated_steps=4_000)
WHOLE_TRIAL_SCHEDULE = Schedule(steps=240_000, cooling_steps=45_000, reheated_steps=15_000)

Report = Callable[[int, float], None]
"""Called with the steps done and the current loss."""


def silent(steps: int, loss: float) -> None:
    """Report nothing."""


def ph_positive_trial(seed: int, report: Report = silent) -> pd.DataFrame:
    """Generate the 49 Ph-positive patients of study 1022 from a seed.

    Args:
        seed: seed of the random numbers.
        report: told of the progress.

    Returns:
        49 rows with the columns of a cohort file.

    Raises:
        OutOfReachError: this seed does not reach every target; another one may.
    """
    patients, seen = _ph_positive(seed, report)
    return cohort_table(patients, seen, 1022)


def whole_trial(ph_positive_seed: int, seed: int, report: Report = silent) -> pd.DataFrame:
    """Generate all 326 patients of study 1022: the 49 of one seed, then 277 around them.

    Args:
        ph_positive_seed: seed of the Ph-positive patients, as :func:`ph_positive_trial`.
        seed: seed of the Ph-negative patients.
        report: told of the progress.

    Returns:
        326 rows with the columns of a cohort file.

    Raises:
        OutOfReachError: the seeds do not reach every target.
        CountsOutOfReachError: the 49 patients leave no room for a published count.
    """
    ph_positive, ph_positive_seen = _ph_positive(ph_positive_seed, report)
    rng = np.random.default_rng(seed)
    ph_negative = draw_ph_negative(ph_positive, rng)
    everyone = pd.concat([ph_negative, ph_positive], ignore_index=True)
    seen = anneal(
        _patient_model(ph_negative),
        ph_positive_seen,
        whole_trial_groups(everyone),
        whole_trial_targets(),
        WHOLE_TRIAL_SCHEDULE,
        rng,
        report,
    )
    return cohort_table(everyone, joined(seen, ph_positive_seen), 1022)


def trial_1010(seed: int) -> pd.DataFrame:
    """Generate the 16 Ph-positive patients of study 1010 from a seed.

    Only their number, responses and MRD were published; all timings are free draws of the model.

    Args:
        seed: seed of the random numbers.

    Returns:
        16 rows with the columns of a cohort file, the columns of 2016 empty.
    """
    rng = np.random.default_rng(seed)
    patients = draw_1010(rng)
    followed = (DATA_CUT_1010 - FIRST_DOSE_1010).days - patients["enrolled_day"].to_numpy()
    rates = {("InO", 1): model.STUDY_1010}
    seen = PatientModel(patients, followed, followed, rates).draw_valid(rng).seen
    return cohort_table(patients, seen, 1010)


def whole_trial_groups(patients: pd.DataFrame) -> dict[str, NDArray[np.str_]]:
    """Return for each endpoint the group of every patient of the whole trial ("" for none).

    Args:
        patients: rows of :mod:`inobook.synthesis.patients`.
    """
    arm = patients["arm"].to_numpy(str)
    transplanted = (patients["direct"] | patients["late"]).to_numpy(bool)
    responder = ((patients["best_response"] != "none") & (patients["arm"] == "InO")).to_numpy(bool)
    depth = np.where(patients["mrd_negative"].to_numpy(bool), "negative", "positive")
    return {
        "os": arm,
        "os_2016": arm,
        "pfs": arm,
        "post_hsct": np.where(transplanted, arm, ""),
        "os_by_mrd": np.where(responder, depth, ""),
    }


def cohort_table(patients: pd.DataFrame, seen: Seen, study: int) -> pd.DataFrame:
    """Return patients and records with the columns of a cohort file, by date of randomisation.

    Args:
        patients: rows of :mod:`inobook.synthesis.patients`, n of them.
        seen: their records, shape (n,) each.
        study: 1022 or 1010.
    """
    responded = (patients["best_response"] != "none").to_numpy()
    first: date = FIRST_RANDOMISED if study == 1022 else FIRST_DOSE_1010
    table = patients.assign(
        study=study,
        randomised_on=randomised_on(patients["enrolled_day"], first),
        response_day=_or_empty(seen.response_day, responded),
        mrd_negative=_or_empty(patients["mrd_negative"].to_numpy(int), responded),
        hsct_day=_or_empty(seen.hsct_day, seen.hsct_day != NOT_SEEN),
        hsct_direct=patients["direct"].astype(int),
        vod=patients["vod"].astype(int),
        relapse_day=_or_empty(seen.relapse_day, seen.relapse_day != NOT_SEEN),
        pfs_days=seen.pfs_days,
        pfs_event=seen.pfs_event,
        os_days=seen.os_days,
        os_event=seen.os_event,
        os_days_2016=_or_empty(seen.os_days_2016, np.full(len(patients), study == 1022)),
        os_event_2016=_or_empty(seen.os_event_2016, np.full(len(patients), study == 1022)),
    )
    table = table.sort_values("enrolled_day", kind="stable", ignore_index=True)
    table["patient_id"] = [f"SYN-{study}-{number:03d}" for number in range(1, len(table) + 1)]
    return table[list(COLUMNS)]


def _ph_positive(seed: int, report: Report) -> tuple[pd.DataFrame, Seen]:
    rng = np.random.default_rng(seed)
    patients = draw_ph_positive(rng)
    arm = patients["arm"].to_numpy(str)
    seen = anneal(
        _patient_model(patients),
        None,
        {"os": arm, "pfs": arm},
        ph_positive_targets(),
        PH_POSITIVE_SCHEDULE,
        rng,
        report,
    )
    return patients, seen


def _patient_model(patients: pd.DataFrame) -> PatientModel:
    enrolled = patients["enrolled_day"].to_numpy()
    return PatientModel(
        patients,
        (DATA_CUT_FINAL - FIRST_RANDOMISED).days - enrolled,
        (DATA_CUT_2016 - FIRST_RANDOMISED).days - enrolled,
    )


def _or_empty(values: NDArray[np.int64], known: NDArray[np.bool_]) -> pd.Series:
    return pd.Series(values, dtype="Int64").where(pd.Series(known), pd.NA)
