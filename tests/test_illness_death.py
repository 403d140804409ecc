"""The illness-death simulator against closed forms and against lifelines on large samples."""

from dataclasses import replace

import numpy as np
import pytest
from inobook.illness_death import (
    NEVER,
    ArmRates,
    Hazard,
    LogNormalTiming,
    State,
    simulate_courses,
)
from lifelines import AalenJohansenFitter, CoxPHFitter, ExponentialFitter, KaplanMeierFitter
from pandas import DataFrame

SIZE = 60_000
FOUR_SIGMA = 4 * 0.5 / np.sqrt(SIZE)

CONSTANT = ArmRates(
    response_probability=0.6,
    mrd_negative_probability=0.5,
    transplant_probability=0.4,
    time_to_response=LogNormalTiming(35.0, 0.3),
    time_to_transplant=LogNormalTiming(45.0, 0.4),
    progression=Hazard.constant(0.020),
    death_without_response=Hazard.constant(0.005),
    relapse_mrd_negative=Hazard.constant(0.004),
    relapse_mrd_positive=Hazard.constant(0.008),
    death_in_remission=Hazard.constant(0.001),
    relapse_after_transplant_mrd_negative=Hazard.constant(0.001),
    relapse_after_transplant_mrd_positive=Hazard.constant(0.002),
    death_after_transplant=Hazard.constant(0.0015),
    death_after_failure=Hazard.constant(0.007),
)
NO_RESPONSE = replace(CONSTANT, response_probability=0.0)


def rng(seed: int = 20) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_constant_hazard_has_an_exponential_survival():
    hazard = Hazard.constant(0.01)
    assert hazard.survival([0, 50, 100]) == pytest.approx(np.exp([0, -0.5, -1.0]))


def test_a_piecewise_hazard_adds_up_its_pieces():
    hazard = Hazard((0.003, 0.0, 0.001), (0.0, 100.0, 300.0))
    assert hazard.cumulative([50, 100, 200, 400]) == pytest.approx([0.15, 0.3, 0.3, 0.4])


def test_a_hazard_in_words_gives_rates_per_1000_days_and_where_each_begins():
    assert Hazard.constant(0.008).in_words == "8"
    assert Hazard((0.003, 0.0, 0.0125), (0.0, 100.0, 300.0)).in_words == (
        "3, 0 from 100, 12.5 from 300"
    )


def test_draws_follow_the_survival_of_a_piecewise_hazard():
    hazard = Hazard((0.003, 0.0005, 0.002), (0.0, 100.0, 365.0))
    waiting = hazard.draw_days(rng(), np.ones(SIZE))
    days = np.array([20, 99, 150, 365, 700])
    simulated = (waiting[:, None] > days).mean(axis=0)
    assert simulated == pytest.approx(hazard.survival(days), abs=FOUR_SIGMA)


def test_a_multiplier_is_a_hazard_ratio():
    waiting = Hazard.constant(0.01).draw_days(rng(), np.full(SIZE, 2.0))
    assert waiting.mean() == pytest.approx(50.0, rel=0.01)


def test_a_hazard_of_zero_never_happens():
    assert np.isinf(NEVER.draw_days(rng(), np.ones(10))).all()
    assert np.isinf(Hazard.constant(0.1).draw_days(rng(), np.zeros(10))).all()


def test_a_hazard_that_stops_leaves_the_right_share_untouched():
    waiting = Hazard((0.01, 0.0), (0.0, 100.0)).draw_days(rng(), np.ones(SIZE))
    assert np.isinf(waiting).mean() == pytest.approx(np.exp(-1), abs=FOUR_SIGMA)
    assert waiting[np.isfinite(waiting)].max() <= 100.0


@pytest.mark.parametrize(
    ("per_day", "from_day", "told"),
    [
        ((0.1, 0.2), (0.0,), "as many rates"),
        ((-0.1,), (0.0,), "not negative"),
        ((np.inf,), (0.0,), "finite"),
        ((0.1, 0.2), (0.0, 0.0), "rise from 0"),
        ((0.1,), (5.0,), "rise from 0"),
    ],
)
def test_an_impossible_hazard_is_refused(per_day, from_day, told):
    with pytest.raises(ValueError, match=told):
        Hazard(per_day, from_day)


def test_an_impossible_probability_is_refused():
    with pytest.raises(ValueError, match="rescue_probability is a probability"):
        replace(CONSTANT, rescue_probability=1.2)


def test_pfs_without_response_is_exponential():
    courses = simulate_courses(NO_RESPONSE, rng(), SIZE)
    days = np.array([10, 30, 60, 120])
    simulated = (courses.progression_free_day[:, None] > days).mean(axis=0)
    assert simulated == pytest.approx(np.exp(-0.025 * days), abs=FOUR_SIGMA)


def test_failure_takes_its_share_of_the_first_events():
    courses = simulate_courses(NO_RESPONSE, rng(), SIZE)
    assert np.isfinite(courses.failure_day).mean() == pytest.approx(0.8, abs=FOUR_SIGMA)


def test_os_without_response_has_the_closed_form_of_the_illness_death_model():
    courses = simulate_courses(NO_RESPONSE, rng(), SIZE)
    days = np.array([15, 60, 150, 400])
    leave, fail, after = 0.025, 0.020, 0.007
    alive_failed = fail / (leave - after) * (np.exp(-after * days) - np.exp(-leave * days))
    expected = np.exp(-leave * days) + alive_failed
    simulated = (courses.death_day[:, None] > days).mean(axis=0)
    assert simulated == pytest.approx(expected, abs=FOUR_SIGMA)


def test_occupied_states_have_their_closed_form():
    courses = simulate_courses(NO_RESPONSE, rng(), SIZE)
    state = courses.state_on(60)
    failed = 0.020 / 0.018 * (np.exp(-0.007 * 60) - np.exp(-0.025 * 60))
    assert (state == State.RANDOMISED).mean() == pytest.approx(np.exp(-1.5), abs=FOUR_SIGMA)
    assert (state == State.FAILED).mean() == pytest.approx(failed, abs=FOUR_SIGMA)
    assert (state == State.DEAD).mean() == pytest.approx(1 - failed - np.exp(-1.5), abs=FOUR_SIGMA)


def test_states_follow_each_other_in_a_single_course():
    courses = simulate_courses(
        CONSTANT,
        rng(),
        1,
        responded=np.array([True]),
        mrd_negative=np.array([True]),
        transplanted_in_remission=np.array([True]),
    )
    response, transplant = courses.response_day[0], courses.transplant_day[0]
    assert courses.state_on(response - 1)[0] == State.RANDOMISED
    assert courses.state_on((response + transplant) / 2)[0] == State.IN_REMISSION
    assert courses.state_on(transplant + 0.01)[0] == State.TRANSPLANTED
    assert courses.state_on(courses.death_day[0])[0] == State.DEAD


def test_remission_without_transplant_is_left_at_the_summed_rate():
    rates = replace(CONSTANT, response_probability=1.0, transplant_probability=0.0)
    courses = simulate_courses(rates, rng(), SIZE)
    lasting = courses.progression_free_day - courses.response_day
    for negative, rate in ((True, 0.005), (False, 0.009)):
        group = lasting[courses.mrd_negative == negative]
        assert group.mean() == pytest.approx(1 / rate, rel=0.02)


def test_lifelines_finds_the_rates_again_in_a_censored_sample():
    courses = simulate_courses(NO_RESPONSE, rng(), 20_000)
    censored = rng(3).uniform(20, 200, 20_000)
    days = np.minimum(courses.progression_free_day, censored)
    event = courses.progression_free_day <= censored
    fitted = ExponentialFitter().fit(days, event)
    assert 1 / fitted.lambda_ == pytest.approx(0.025, rel=0.04)


def test_lifelines_aalen_johansen_agrees_with_the_cumulative_incidence():
    courses = simulate_courses(NO_RESPONSE, rng(), 5_000)
    failed_first = np.isfinite(courses.failure_day)
    fitter = AalenJohansenFitter(calculate_variance=False)
    fitter.fit(courses.progression_free_day, np.where(failed_first, 1, 2), event_of_interest=1)
    incidence = fitter.cumulative_density_
    at_40 = incidence[incidence.index <= 40].iloc[-1, 0]
    assert at_40 == pytest.approx(0.8 * (1 - np.exp(-1.0)), abs=4 * 0.5 / np.sqrt(5_000))


def test_lifelines_kaplan_meier_agrees_after_transplant():
    rates = replace(CONSTANT, response_probability=1.0, mrd_negative_probability=1.0)
    everyone = np.ones(20_000, bool)
    courses = simulate_courses(rates, rng(), 20_000, transplanted_in_remission=everyone)
    since = courses.progression_free_day - courses.transplant_day
    fitted = KaplanMeierFitter().fit(since, np.ones(20_000))
    assert float(fitted.predict(365)) == pytest.approx(
        np.exp(-0.0025 * 365), abs=4 * 0.5 / np.sqrt(20_000)
    )


def test_lifelines_cox_finds_the_prognosis_again():
    size = 10_000
    worse = rng(4).integers(0, 2, size)
    courses = simulate_courses(NO_RESPONSE, rng(), size, prognosis=np.where(worse, 1.5, 1.0))
    sample = DataFrame({"days": courses.progression_free_day, "event": 1, "worse": worse})
    fitted = CoxPHFitter().fit(sample, "days", "event")
    assert float(fitted.hazard_ratios_["worse"]) == pytest.approx(1.5, rel=0.08)


def test_free_transplants_happen_in_remission_only_and_less_often_than_meant():
    courses = simulate_courses(CONSTANT, rng(), SIZE)
    direct = courses.transplanted_in_remission
    assert direct[~courses.responded].sum() == 0
    share = direct[courses.responded].mean()
    assert 0.25 < share < 0.40
    assert (courses.transplant_day[direct] > courses.response_day[direct]).all()
    assert (courses.progression_free_day[direct] > courses.transplant_day[direct]).all()


def test_switching_transplant_off_leaves_none():
    courses = simulate_courses(replace(CONSTANT, transplant_probability=0.0), rng(), 1_000)
    assert np.isinf(courses.transplant_day).all()


def test_toxicity_touches_only_death_after_transplant():
    rates = replace(
        CONSTANT,
        response_probability=1.0,
        relapse_after_transplant_mrd_negative=NEVER,
        relapse_after_transplant_mrd_positive=NEVER,
    )
    known = {"transplanted_in_remission": np.ones(SIZE, bool), "transplant_toxicity": 3.0}
    courses = simulate_courses(rates, rng(), SIZE, **known)
    since = courses.death_day - courses.transplant_day
    assert since.mean() == pytest.approx(1 / 0.0045, rel=0.02)


def test_rescue_gives_long_survivors_after_failure():
    rates = replace(NO_RESPONSE, rescue_probability=0.25, death_without_response=NEVER)
    courses = simulate_courses(rates, rng(), SIZE)
    assert np.isinf(courses.death_day).mean() == pytest.approx(0.25, abs=FOUR_SIGMA)
    assert np.isfinite(courses.failure_day).all()


def test_known_features_come_out_as_given():
    size = 3_000
    responded = np.arange(size) % 3 != 0
    negative = responded & (np.arange(size) % 2 == 0)
    direct = responded & (np.arange(size) % 5 == 0)
    late = ~direct & (np.arange(size) % 7 == 0)
    courses = simulate_courses(
        CONSTANT,
        rng(),
        size,
        responded=responded,
        mrd_negative=negative,
        transplanted_in_remission=direct,
        transplanted_after_failure=late,
    )
    assert (courses.responded == responded).all()
    assert (courses.mrd_negative == negative).all()
    assert (courses.transplanted_in_remission == direct).all()
    assert (np.isfinite(courses.transplant_day) == (direct | late)).all()
    assert (np.isfinite(courses.response_day) == responded).all()
    assert (courses.failure_day[late] < courses.transplant_day[late]).all()
    assert (courses.death_day > courses.transplant_day)[direct | late].all()
    failed = np.isfinite(courses.failure_day)
    assert (courses.death_day[failed] > courses.failure_day[failed]).all()


def test_the_same_seed_gives_the_same_courses_and_another_seed_others():
    first = simulate_courses(CONSTANT, rng(1), 50)
    again = simulate_courses(CONSTANT, rng(1), 50)
    other = simulate_courses(CONSTANT, rng(2), 50)
    assert (first.death_day == again.death_day).all()
    assert (first.death_day != other.death_day).any()


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"responded": np.ones(3, bool)}, "shape"),
        ({"responded": np.ones(5)}, "must be Boolean"),
        ({"prognosis": np.ones(3)}, "prognosis must be a scalar"),
        ({"transplant_toxicity": -1.0}, "finite and not negative"),
        (
            {"responded": np.zeros(5, bool), "mrd_negative": np.ones(5, bool)},
            "mrd_negative is true for patient 0",
        ),
        (
            {
                "transplanted_in_remission": np.ones(5, bool),
                "transplanted_after_failure": np.ones(5, bool),
            },
            "both in remission and after",
        ),
    ],
)
def test_contradicting_inputs_are_refused(known, told):
    with pytest.raises(ValueError, match=told):
        simulate_courses(CONSTANT, rng(), 5, **known)
