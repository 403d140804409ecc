"""What the explorers of the chapter on survival say, by another route than the chapter's.

lifelines instead of a loop over eight patients, and a loop instead of a matrix of trials.
"""

import chapters
import numpy as np
from lifelines import KaplanMeierFitter
from states import NUMBER, states_and_numbers


def test_curve_built_patient_by_patient_is_that_of_lifelines():
    pattern = (
        rf"^After {NUMBER} months? {NUMBER} of 8 .*"
        rf"The curve (?:stands|ended at month 15,) at {NUMBER}%\.$"
    )
    months = np.array([1, 3, 4, 6, 8, 10, 12, 15])
    checked = 0
    for state, said in states_and_numbers(
        "endpoints/overall_survival", "curve-patient-by-patient", pattern
    ):
        now = state["now"]
        died = np.array([1, 1, 0, 1, 1, 0, 1, 0])
        died[[2, 5]] = state["fate_c"] == "died", state["fate_f"] == "died"
        seen = KaplanMeierFitter().fit(np.minimum(months, now), died * (months <= now))
        assert said[:2] == [now, np.sum(months > now)], state
        assert abs(100 * float(seen.predict(min(now, 15))) - said[2]) <= 0.05 + 1e-6, state
        checked += 1
    assert checked == 17 * 2 * 2


def product_limit_median(time: np.ndarray, dead: np.ndarray) -> float:
    """First time at which the product-limit estimate is at or below one half.

    The slack is for floating point: 163 deaths among 326 may multiply up to 0.5000000001.
    """
    alive = 1.0
    for moment in np.sort(time[dead]):
        alive *= 1 - np.sum(dead & (time == moment)) / np.sum(time >= moment)
        if alive <= 0.5 + 1e-9:
            return float(moment)
    return np.inf


def test_data_cut_reports_the_medians_of_its_trials():
    """Every trial anew, by the product-limit estimate written as a loop, in 35 of the states."""
    pattern = (
        rf"^200 trials of {NUMBER} patients, cut {NUMBER} months after the last entered, {NUMBER}% "
        rf"a year lost; the true median is 8 months\. Kaplan-Meier gives {NUMBER} in the middle "
        rf"trial, and {NUMBER} to {NUMBER} in 95 of 100; leaving out the living {NUMBER}, counting "
        rf"them dead {NUMBER}\.$"
    )
    followed = chapters.namespace("endpoints/overall_survival")["followed"]
    checked = 0
    for state, said in states_and_numbers("endpoints/overall_survival", "data-cut", pattern):
        assert said[:3] == [state["patients"], state["cut"], state["dropout"]]
        if state["patients"] != 49:
            continue
        times, deaths = followed(
            (200, 49), state["cut"], state["dropout"] / 100, np.random.default_rng(7)
        )
        kaplan_meier = sorted(map(product_limit_median, times, deaths))
        left_out = [np.median(time[dead]) for time, dead in zip(times, deaths, strict=True)]
        expected = [
            np.median(kaplan_meier),
            kaplan_meier[5],
            kaplan_meier[194],
            np.median(left_out),
            np.median(np.median(times, axis=1)),
        ]
        assert np.all(np.abs(np.array(expected) - said[3:]) <= 0.2), (state, expected)
        checked += 1
    assert checked == 7 * 5


def test_kaplan_meier_is_unbiased_where_the_wrong_answers_are_not():
    pattern = rf"gives {NUMBER} in the .*living {NUMBER}, counting them dead {NUMBER}"
    for state, said in states_and_numbers("endpoints/overall_survival", "data-cut", pattern):
        if state["patients"] == 2000:
            assert abs(said[0] - 8) <= 0.2, state
            if state["cut"] <= 3:
                assert said[1] <= 6.6 and said[2] <= 7.5, state


def test_simulated_follow_up_has_the_shape_that_the_chapter_says():
    """Exponential lifetimes with the stated median, even accrual, and the stated yearly loss."""
    followed = chapters.namespace("endpoints/overall_survival")["followed"]
    time, dead = followed(200_000, 60, 0, np.random.default_rng(1))
    assert abs(np.median(time) - 8) < 0.1 and dead.mean() > 0.99
    time, dead = followed(200_000, 3, 0, np.random.default_rng(2), median=1e9)
    assert not dead.any() and 3 <= time.min() < 3.01 and 30.99 < time.max() <= 31
    time, _ = followed(200_000, 100, 0.2, np.random.default_rng(3), median=1e9)
    assert abs(np.mean(time > 12) - 0.8) < 0.005
