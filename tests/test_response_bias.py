"""Survival by response: limits against closed forms, large samples and lifelines; bad input."""

import numpy as np
import pandas as pd
import pytest
from inobook.response_bias import (
    Prognosis,
    ResponseWorld,
    hazard_ratio_limit,
    hazard_ratio_of_curves,
    mantel_byar,
    time_dependent_ratio,
    time_dependent_rows,
)
from lifelines import CoxPHFitter, CoxTimeVaryingFitter
from lifelines.statistics import logrank_test

HAZARD = np.log(2) / 270
NOTHING = ResponseWorld([Prognosis(1, 0.6, HAZARD)], 40, 0.4, 1.0, 730)
HALVES = ResponseWorld([Prognosis(1, 0.6, HAZARD)], 60, 0.4, 0.5, 730)
MIXED = ResponseWorld(
    [Prognosis(0.3, 0.8, HAZARD / 2), Prognosis(0.7, 0.2, HAZARD * 2)], 60, 0.4, 1.0, 730
)
WORLDS = {"nothing": NOTHING, "halves": HALVES, "mixed": MIXED}
PATIENTS = 60_000


def cox(days, died, group) -> tuple[float, float]:
    table = pd.DataFrame({"days": days, "died": died, "group": group}).astype(float)
    fitted = CoxPHFitter().fit(table, "days", "died")
    return fitted.params_.iloc[0], fitted.standard_errors_.iloc[0]


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.7])
def test_time_dependent_limit_is_the_factor_of_the_response(ratio):
    world = ResponseWorld([Prognosis(1, 0.6, HAZARD)], 40, 0.4, ratio, 730)
    assert world.time_dependent_ratio() == pytest.approx(ratio, rel=1e-4)


@pytest.mark.parametrize("day", [20, 60, 200])
def test_without_an_effect_the_landmark_limit_is_one_and_the_naive_one_below(day):
    assert NOTHING.landmark_ratio(day) == pytest.approx(1, abs=1e-6)
    assert NOTHING.naive_ratio() < 0.9


def test_alive_without_an_effect_is_the_exponential():
    assert NOTHING.alive_on(100) == pytest.approx(np.exp(-HAZARD * 100), rel=1e-9)
    assert NOTHING.alive_on(0) == 1


def test_half_of_the_responses_come_after_the_median_if_hardly_anybody_dies():
    world = ResponseWorld([Prognosis(1, 0.6, 1e-9)], 40, 0.4, 1.0, 730)
    assert world.responses_after(40) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("name", WORLDS)
def test_limits_are_those_of_a_large_sample(name):
    world = WORLDS[name]
    drawn = world.simulate(np.random.default_rng(7), PATIENTS)
    log, error = cox(drawn.exit_day, drawn.died, np.isfinite(drawn.response_day))
    assert np.log(world.naive_ratio()) == pytest.approx(log, abs=4 * error)
    alive = drawn.exit_day > 60
    log, error = cox(drawn.exit_day[alive] - 60, drawn.died[alive], drawn.response_day[alive] <= 60)
    assert np.log(world.landmark_ratio(60)) == pytest.approx(log, abs=4 * error)
    found = time_dependent_ratio(drawn.response_day, drawn.exit_day, drawn.died)
    assert np.log(world.time_dependent_ratio()) == pytest.approx(np.log(found), abs=4 * error)
    assert world.alive_on(60) == pytest.approx(alive.mean(), abs=0.01)
    late = drawn.response_day[np.isfinite(drawn.response_day)] > 60
    assert world.responses_after(60) == pytest.approx(late.mean(), abs=0.012)


def test_groups_are_drawn_with_their_shares():
    drawn = MIXED.simulate(np.random.default_rng(8), PATIENTS)
    assert (drawn.group == 1).mean() == pytest.approx(0.7, abs=0.01)
    assert not np.any(np.isfinite(drawn.response_day) & (drawn.response_day >= drawn.exit_day))


def test_time_dependent_ratio_and_rows_agree_with_lifelines():
    drawn = HALVES.simulate(np.random.default_rng(3), 400)
    columns = (drawn.response_day, drawn.exit_day, drawn.died)
    rows = pd.DataFrame(time_dependent_rows(*columns))
    fitted = CoxTimeVaryingFitter().fit(
        rows, "died", start_col="start", stop_col="stop", id_col="patient"
    )
    assert time_dependent_ratio(*columns) == pytest.approx(
        fitted.hazard_ratios_["responded"], rel=1e-5
    )
    followed = (rows.stop - rows.start).groupby(rows.patient).sum()
    assert followed.to_numpy() == pytest.approx(drawn.exit_day)
    assert rows.died.sum() == drawn.died.sum()


def test_mantel_byar_with_groups_fixed_at_the_start_is_the_log_rank_test():
    rng = np.random.default_rng(5)
    exit_day = np.ceil(rng.exponential(100, 150))
    died, group = rng.random(150) < 0.8, rng.random(150) < 0.4
    ours = mantel_byar(np.where(group, 0, np.inf), exit_day, died)
    theirs = logrank_test(exit_day[group], exit_day[~group], died[group], died[~group])
    assert ours.z**2 == pytest.approx(theirs.test_statistic, rel=1e-9)


def test_mantel_byar_counts_a_response_on_the_day_of_a_death_as_not_yet_one():
    test = mantel_byar([10, np.nan, 5], [20, 10, 30], [1, 1, 1])
    assert (test.observed, test.expected) == (2, pytest.approx(1 / 3 + 1 + 1))


def test_limit_of_proportional_curves_is_their_ratio():
    days = np.arange(0, 800.0)
    survival = np.exp(-0.004 * days)
    followed = np.clip((799 - days) / 400, 0, 1)
    assert hazard_ratio_of_curves(survival**0.6, survival, followed) == pytest.approx(0.6, rel=1e-4)


def test_limit_of_one_death_in_each_group_by_hand():
    """exp(x) solves 2 e / (2 e + 1) + e / (e + 1) = 1: 2 e^2 = 1."""
    assert hazard_ratio_limit([1, 0], [2, 1], [0, 1], [1, 1]) == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Prognosis(0, 0.5, 0.1), "share"),
        (lambda: Prognosis(1, 1.5, 0.1), "response_probability"),
        (lambda: Prognosis(1, 0.5, 0), "death_per_day"),
        (lambda: ResponseWorld([Prognosis(0.5, 0.5, 0.1)], 30, 0.4, 1, 700), "add up to 1"),
        (lambda: ResponseWorld([Prognosis(1, 0.5, 0.1)], 0, 0.4, 1, 700), "median_response_days"),
        (lambda: NOTHING.landmark_ratio(0), "landmark_day"),
        (lambda: NOTHING.landmark_ratio(730), "landmark_day"),
        (lambda: NOTHING.landmark_ratio(30.5), "landmark_day"),
        (lambda: NOTHING.alive_on(731), "day must"),
        (lambda: hazard_ratio_limit([1], [1, 2], [1], [1]), "at_risk"),
        (lambda: hazard_ratio_limit([-1], [1], [1], [1]), "deaths"),
        (lambda: hazard_ratio_limit([0], [1], [1], [1]), "both groups"),
        (lambda: hazard_ratio_of_curves([1, 0.5], [1], [1, 1]), "other_survival"),
        (lambda: hazard_ratio_of_curves([1, 0.5], [0.5, 1], [1, 1]), "not rise"),
        (lambda: mantel_byar([30], [20], [1]), "patient 0"),
        (lambda: mantel_byar([np.nan, np.nan], [20, 0], [1, 1]), "exit_day"),
        (lambda: mantel_byar([np.nan, np.nan], [20, 30], [1, 1]), "both groups"),
        (lambda: time_dependent_rows([1, 2], [3], [1]), "exit_day"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
