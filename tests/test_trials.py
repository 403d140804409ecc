"""Simulated trials against closed forms, hand calculation, lifelines and numerical integration."""

import numpy as np
import pytest
from inobook.trials import (
    Accrual,
    DataCut,
    HazardRatio,
    PiecewiseHazard,
    Trials,
    cox_hazard_ratio,
    expected_deaths,
    freedman_events,
    kaplan_meier_medians,
    log_rank,
    log_rank_power,
    peto_hazard_ratio,
    schoenfeld_events,
    simulate_trials,
)
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from pandas import DataFrame
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

CONTROL = PiecewiseHazard.from_median(7.0)
EXPERIMENTAL = PiecewiseHazard.from_median(7.0, hazard_ratio=0.6)
ACCRUAL = Accrual.uniform(24.0)
HIGH_PRECISION = {"precision": 1e-14, "r_precision": 1e-16}


def rng(seed: int = 326) -> np.random.Generator:
    return np.random.default_rng(seed)


def trials_of(number: int = 8, patients: int = 90, seed: int = 326, **changes) -> Trials:
    settings = {
        "accrual": ACCRUAL,
        "control": CONTROL,
        "experimental": EXPERIMENTAL,
        "loss_per_month": 0.02,
    } | changes
    return simulate_trials(rng(seed), number, patients, **settings)


def one_trial(death, arm, *, entry=None, loss=None) -> Trials:
    death = np.array([death], float)
    entry = np.zeros(death.shape) if entry is None else np.array([entry], float)
    loss = np.full(death.shape, np.inf) if loss is None else np.array([loss], float)
    return Trials(entry, np.array([arm]), death, loss)


# Time to death


def test_survival_of_a_piecewise_hazard_is_that_of_its_added_pieces():
    hazard = PiecewiseHazard((0.1, 0.0, 0.3), (6.0, 12.0))
    assert hazard.cumulative_hazard([-1, 0, 3, 6, 9, 12, 14]) == pytest.approx(
        [0, 0, 0.3, 0.6, 0.6, 0.6, 1.2]
    )
    assert hazard.survival(14.0) == pytest.approx(np.exp(-1.2))


def test_a_hazard_that_stops_has_a_finite_cumulative_hazard_for_ever():
    assert PiecewiseHazard((0.1, 0.0), (6.0,)).cumulative_hazard(np.inf) == pytest.approx(0.6)


@pytest.mark.parametrize("cured_share", [0.0, 0.2])
def test_quantiles_invert_the_survival(cured_share):
    hazard = PiecewiseHazard((0.1, 0.02, 0.3), (6.0, 12.0), cured_share)
    probability = np.array([[0.0, 0.1, 0.3], [0.45, 0.5, 0.7]])
    assert 1 - hazard.survival(hazard.quantile(probability)) == pytest.approx(probability)


def test_a_quantile_is_the_first_month_of_a_level_stretch():
    hazard = PiecewiseHazard((0.1, 0.0, 0.1), (6.0, 12.0))
    assert hazard.quantile(-np.expm1(-0.6)) == pytest.approx(6.0)
    assert hazard.quantile(-np.expm1(-0.6 - 1e-9)) == pytest.approx(12.0)
    assert PiecewiseHazard((0.0, 0.1), (6.0,)).quantile(0.0) == 0.0


def test_the_share_who_never_die_have_no_quantile():
    assert np.isinf(PiecewiseHazard.from_median(5.0, cured_share=0.3).quantile([0.7, 0.71])).all()
    assert np.isinf(PiecewiseHazard((0.1, 0.0), (6.0,)).quantile(0.5))


@pytest.mark.parametrize("cured_share", [0.0, 0.3])
def test_the_median_is_that_of_all_patients(cured_share):
    hazard = PiecewiseHazard.from_median(6.7, cured_share=cured_share)
    assert hazard.survival(6.7) == pytest.approx(0.5)
    assert hazard.survival(1e6) == pytest.approx(cured_share)


def test_a_hazard_ratio_is_a_power_of_the_survival():
    months = np.linspace(0, 40, 9)
    assert EXPERIMENTAL.survival(months) == pytest.approx(CONTROL.survival(months) ** 0.6)


def test_a_delayed_effect_starts_at_its_month():
    delayed = PiecewiseHazard.from_median(7.0, hazard_ratio=0.4, from_month=3.0)
    assert delayed.survival(3.0) == pytest.approx(CONTROL.survival(3.0))
    after = delayed.survival(10.0) / delayed.survival(3.0)
    assert after == pytest.approx((CONTROL.survival(10.0) / CONTROL.survival(3.0)) ** 0.4)


def test_a_ratio_from_a_month_keeps_the_changes_of_the_hazard():
    hazard = PiecewiseHazard((0.1, 0.2, 0.3), (6.0, 12.0), 0.1)
    assert hazard.times(0.5, 6.0) == PiecewiseHazard((0.1, 0.1, 0.15), (6.0, 12.0), 0.1)
    assert hazard.times(0.5, 8.0) == PiecewiseHazard((0.1, 0.2, 0.1, 0.15), (6.0, 8.0, 12.0), 0.1)
    assert hazard.times(0.5) == PiecewiseHazard((0.05, 0.1, 0.15), (6.0, 12.0), 0.1)


def test_draws_follow_the_survival():
    hazard = PiecewiseHazard((0.1, 0.02), (6.0,), 0.2)
    draws = hazard.draw(rng(), (200, 200))
    months = np.array([1.0, 6.0, 12.0, 50.0, 1e9])
    simulated = (draws.ravel()[:, None] > months).mean(axis=0)
    assert draws.shape == (200, 200)
    assert simulated == pytest.approx(hazard.survival(months), abs=4 * 0.5 / 200)


# Accrual


def test_entries_are_sorted_and_follow_their_rates():
    accrual = Accrual((2.0, 6.0, 10.0, 20.0), (1.0, 0.0, 3.0))
    assert accrual.entered_share([0, 2, 4, 6, 10, 15, 20, 30]) == pytest.approx(
        [0, 0, 2 / 34, 4 / 34, 4 / 34, 19 / 34, 1, 1]
    )
    entry = accrual.draw(rng(), 400, 100)
    assert (np.diff(entry, axis=1) >= 0).all()
    months = np.array([2, 4, 6, 9.99, 15, 20])
    simulated = (entry.ravel()[:, None] <= months).mean(axis=0)
    assert simulated == pytest.approx(accrual.entered_share(months), abs=4 * 0.5 / 200)
    assert not ((entry > 6.0) & (entry < 10.0)).any()


def test_uniform_accrual_has_the_moments_of_its_order_statistics():
    entry = Accrual.uniform(24.0).draw(rng(), 4000, 11)
    expected = 24 * np.arange(1, 12) / 12
    assert entry.mean(axis=0) == pytest.approx(expected, abs=4 * 24 * 0.15 / np.sqrt(4000))


# Trials and cuts


def test_arms_are_of_exact_size_and_every_place_is_as_likely():
    trials = trials_of(4000, 10)
    assert (trials.arm.sum(axis=1) == 5).all()
    assert trials.arm.mean(axis=0) == pytest.approx(np.full(10, 0.5), abs=4 * 0.5 / np.sqrt(4000))
    assert (trials_of(20, 326, experimental_patients=164).arm.sum(axis=1) == 164).all()


def test_the_same_generator_gives_the_same_patients_under_other_hazards():
    null = trials_of(experimental=CONTROL)
    effect = trials_of()
    control = effect.arm == 0
    assert (null.entry == effect.entry).all() and (null.loss == effect.loss).all()
    assert (null.death[control] == effect.death[control]).all()
    assert effect.death[~control] == pytest.approx(null.death[~control] / 0.6)


def test_losses_follow_the_rate_of_each_arm():
    trials = trials_of(400, 100, loss_per_month=(0.1, 0.0))
    assert np.isinf(trials.loss[trials.arm == 1]).all()
    lost = trials.loss[trials.arm == 0]
    assert lost.mean() == pytest.approx(10.0, abs=4 * 10 / np.sqrt(lost.size))


def test_a_cut_at_a_month_shows_what_had_happened_by_then():
    trials = one_trial(
        death=[5, 5, 9, 9, 1, 3],
        arm=[0, 1, 0, 1, 0, 1],
        entry=[0, 2, 2, 3, 8, 4],
        loss=[9, 1, 9, 9, 9, 9],
    )
    cut = trials.cut_at_month(7.0)
    assert cut.time.tolist() == [[5, 1, 5, 4, 0, 3]]
    assert cut.event.tolist() == [[True, False, False, False, False, True]]
    assert cut.entered.tolist() == [[True, True, True, True, False, True]]
    assert cut.deaths.tolist() == [2] and cut.deaths_by_arm.tolist() == [[1, 1]]


def test_cuts_may_differ_by_trial_and_complete_follow_up_sees_every_death():
    trials = trials_of(3, loss_per_month=0.0)
    cut = trials.cut_at_month([5.0, 20.0, np.inf])
    assert cut.month.tolist() == [5.0, 20.0, np.inf]
    last_seen = np.where(cut.entered, cut.time + trials.entry, 0.0).max(axis=1)
    assert last_seen[:2] == pytest.approx([5.0, 20.0])
    assert not cut.event[0][~cut.entered[0]].any() and not cut.entered[0].all()
    assert cut.event[2].all() and cut.time[2] == pytest.approx(trials.death[2])


def test_a_cut_at_the_dth_death_shows_exactly_so_many():
    trials = trials_of(200)
    cut = trials.cut_at_death(40)
    assert (cut.deaths == 40).all()
    just_before = trials.cut_at_month(np.nextafter(cut.month, 0.0))
    assert (just_before.deaths == 39).all()
    slow = [
        sorted(e + d for e, d, lost in zip(*rows, strict=True) if d <= lost)[39]
        for rows in zip(trials.entry, trials.death, trials.loss, strict=True)
    ]
    assert cut.month == pytest.approx(slow, abs=0)


def test_the_latest_month_ends_trials_that_wait_too_long():
    trials = trials_of(50)
    months = trials.month_of_death(60)
    latest = float(np.median(months))
    cut = trials.cut_at_death(60, latest_month=latest)
    assert cut.month == pytest.approx(np.minimum(months, latest))
    assert (cut.deaths[months > latest] < 60).all() and (cut.deaths[months <= latest] == 60).all()


def test_deaths_that_are_never_seen_are_refused_and_told():
    trials = one_trial(death=[1, 2, np.inf, 5], arm=[0, 1, 0, 1], loss=[9, 9, 9, 4])
    assert trials.month_of_death(2) == [2.0] and np.isinf(trials.month_of_death(3)).all()
    with pytest.raises(ValueError, match="1 of 1 trials never see 3 deaths"):
        trials.cut_at_death(3)


def test_patients_level_with_the_last_death_are_in_its_risk_set():
    death = rng().exponential(9.0, (300, 6))
    arm = np.tile([0, 1], (300, 3))
    trials = Trials(np.full(death.shape, 0.7), arm, death, np.full(death.shape, np.inf))
    assert log_rank(trials.cut_at_death(1)).variance == pytest.approx(np.full(300, 0.25))


def test_patients_who_have_not_entered_are_at_no_risk():
    cut = one_trial([0, 3, 9, 9], [0, 1, 1, 1], entry=[0, 0, 0, 6]).cut_at_month(4.0)
    assert log_rank(cut).observed_minus_expected == pytest.approx([1 - 2 / 3 - 1])


# Statistics


def test_log_rank_by_hand():
    # Deaths at 1 (experimental), 2 (control), 4 (control); loss at 3 (experimental).
    cut = one_trial([1, 2, 9, 4, 9], [1, 0, 1, 0, 0], loss=[9, 9, 3, 9, 5]).cut_at_month(20.0)
    expected, variance = 2 / 5 + 1 / 4 + 0 / 2, 6 / 25 + 3 / 16
    assert log_rank(cut).observed_minus_expected == pytest.approx([1 - expected])
    assert log_rank(cut).variance == pytest.approx([variance])
    assert log_rank(cut).z == pytest.approx([(1 - expected) / np.sqrt(variance)])
    assert peto_hazard_ratio(cut).log == pytest.approx([(1 - expected) / variance])
    assert peto_hazard_ratio(cut).standard_error == pytest.approx([1 / np.sqrt(variance)])


def test_cox_by_hand():
    # Risk sets of 2 + 2 (experimental dies) and 2 control + 1 experimental (control dies): the
    # score 1 - r/(1 + r) - r/(2 + r) is 0 at a ratio r of the square root of 2.
    cut = one_trial([1, 2, 9, 9], [1, 0, 0, 1], loss=[9, 9, 3, 3]).cut_at_month(20.0)
    ratio = np.sqrt(2)
    information = ratio / (1 + ratio) ** 2 + 2 * ratio / (2 + ratio) ** 2
    fit = cox_hazard_ratio(cut)
    assert fit.ratio == pytest.approx([ratio], rel=1e-12)
    assert fit.standard_error == pytest.approx([1 / np.sqrt(information)], rel=1e-12)


@pytest.fixture(scope="module", params=["early", "late"])
def cut_and_frames(request):
    trials = trials_of(8, 90, experimental_patients=30, control=CONTROL)
    cut = trials.cut_at_month(14.0 if request.param == "early" else 60.0)
    frames = [
        DataFrame({"arm": cut.arm[i], "time": cut.time[i], "event": cut.event[i]})[cut.entered[i]]
        for i in range(8)
    ]
    assert (request.param == "early") == (len(frames[0]) < 90)
    return cut, frames


def test_log_rank_equals_lifelines(cut_and_frames):
    cut, frames = cut_and_frames
    for z, frame in zip(log_rank(cut).z, frames, strict=True):
        one, other = frame[frame.arm == 1], frame[frame.arm == 0]
        test = logrank_test(one.time, other.time, one.event, other.event)
        assert z**2 == pytest.approx(test.test_statistic, rel=1e-9)


def test_cox_equals_lifelines(cut_and_frames):
    cut, frames = cut_and_frames
    fit = cox_hazard_ratio(cut)
    for i, frame in enumerate(frames):
        model = CoxPHFitter().fit(frame, "time", "event", fit_options=HIGH_PRECISION)
        assert fit.log[i] == pytest.approx(model.params_["arm"], rel=1e-7)
        assert fit.standard_error[i] == pytest.approx(model.standard_errors_["arm"], rel=1e-7)
        assert fit.interval()[i] == pytest.approx(
            np.exp(model.confidence_intervals_.to_numpy()[0]), rel=1e-7
        )


def test_medians_equal_lifelines(cut_and_frames):
    cut, frames = cut_and_frames
    for medians, frame in zip(kaplan_meier_medians(cut), frames, strict=True):
        for arm in (0, 1):
            group = frame[frame.arm == arm]
            curve = KaplanMeierFitter().fit(group.time, group.event)
            assert medians[arm] == pytest.approx(curve.median_survival_time_)


def test_cox_is_the_maximum_of_the_written_out_likelihood_for_extreme_effects():
    hazard = PiecewiseHazard.from_median(7.0, hazard_ratio=40.0)
    cut = trials_of(6, 40, experimental=hazard, experimental_patients=20).cut_at_month(60.0)
    fit = cox_hazard_ratio(cut)
    reached = 0
    for i in np.flatnonzero(np.isfinite(fit.log)):

        def minus_log_likelihood(log, i=i):
            total = 0.0
            for j in np.flatnonzero(cut.event[i]):
                at_risk = cut.time[i] >= cut.time[i, j]
                total += np.log(np.exp(log * cut.arm[i, at_risk]).sum()) - log * cut.arm[i, j]
            return total

        best = minimize_scalar(minus_log_likelihood, bounds=(-10, 10), method="bounded")
        assert fit.log[i] == pytest.approx(best.x, abs=1e-4)
        reached += fit.log[i] > 2.5
    assert reached >= 3


def test_deaths_in_one_arm_alone_give_an_infinite_ratio():
    worse = one_trial([1, 2, 9, 9], [1, 1, 0, 0]).cut_at_month(5.0)
    better = one_trial([1, 2, 9, 9], [0, 0, 1, 1]).cut_at_month(5.0)
    assert cox_hazard_ratio(worse).log == [np.inf]
    assert cox_hazard_ratio(better).log == [-np.inf]
    assert np.isinf(cox_hazard_ratio(worse).standard_error).all()
    assert np.isnan(cox_hazard_ratio(worse).interval()).all()
    assert np.isfinite(peto_hazard_ratio(worse).log).all()


def test_later_deaths_in_an_arm_alone_do_not_save_the_estimate():
    # The only deaths while both arms are at risk are experimental.
    cut = one_trial([1, 2, 6, 7], [1, 1, 0, 0]).cut_at_month(20.0)
    assert cox_hazard_ratio(cut).log == [np.inf]


def test_without_deaths_nothing_is_known():
    cut = one_trial([5, 5.5], [0, 1]).cut_at_month(1.0)
    assert np.isnan(log_rank(cut).z).all()
    assert np.isnan(cox_hazard_ratio(cut).log).all()
    assert np.isnan(cox_hazard_ratio(cut).standard_error).all()
    assert np.isnan(peto_hazard_ratio(cut).log).all()
    assert np.isinf(kaplan_meier_medians(cut)).all()


def test_swapping_the_arms_turns_the_sign():
    cut = trials_of().cut_at_death(50)
    swapped = DataCut(cut.month, 1 - cut.arm, cut.time, cut.event, cut.entered)
    assert log_rank(swapped).z == pytest.approx(-log_rank(cut).z)
    assert cox_hazard_ratio(swapped).log == pytest.approx(-cox_hazard_ratio(cut).log)
    assert kaplan_meier_medians(swapped) == pytest.approx(kaplan_meier_medians(cut)[:, ::-1])


def test_a_median_is_reached_when_half_have_died():
    death = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    cut = one_trial(death, [0] * 7 + [1] * 3).cut_at_month(8.0)
    assert kaplan_meier_medians(cut).tolist() == [[4.0, np.inf]]
    for half in range(1, 60):
        even = one_trial(np.arange(1, 2 * half + 1), [0] * 2 * half).cut_at_month(np.inf)
        assert kaplan_meier_medians(even)[0, 0] == half


def test_tied_deaths_are_refused():
    cut = one_trial([1, 2, 2, 4], [0, 1, 0, 1]).cut_at_month(9.0)
    for statistic in (log_rank, peto_hazard_ratio, cox_hazard_ratio, kaplan_meier_medians):
        with pytest.raises(ValueError, match="tied deaths: trial 0"):
            statistic(cut)


# Closed forms


@pytest.mark.parametrize("month", [3.0, 24.0, 40.0])
@pytest.mark.parametrize("loss", [0.0, 0.03])
def test_expected_deaths_equal_the_integral(month, loss):
    death = 0.1

    def seen(entry):
        # The density of death at t, times the chance of not being lost before it.
        return quad(lambda t: death * np.exp(-(death + loss) * t), 0, month - entry)[0]

    integral = quad(seen, 0, min(month, 24.0))[0] * 163 / 24
    found = expected_deaths(
        month, patients=163, accrual_months=24.0, death_per_month=death, loss_per_month=loss
    )
    assert found == pytest.approx(integral, rel=1e-9)


def test_expected_deaths_equal_rpact():
    # rpact 3.3.4, getEventProbabilities(accrualTime = c(0, 28), accrualIntensity = 326/28,
    # lambda2 = log(2)/6.7, hazardRatio = 0.7, dropoutRate1 = dropoutRate2 = 0.1,
    # dropoutTime = 12): probabilities of the treatment arm and overall at months 10, 28, 40.
    hazard = np.log(2) / 6.7 * np.array([[0.7], [1.0]])
    share = expected_deaths(
        [10, 28, 40],
        patients=1,
        accrual_months=28,
        death_per_month=hazard,
        loss_per_month=-np.log(0.9) / 12,
    )
    # rpact takes the share of all patients to be entered by each month.
    assert share[0] == pytest.approx([0.1004080194, 0.5399731407, 0.7590545344], rel=1e-8)
    assert share.mean(axis=0) == pytest.approx([0.1158869049, 0.5905449405, 0.8039183140], rel=1e-8)


def test_expected_deaths_equal_simulated_ones():
    trials = trials_of(2000, 100)
    for month in (10.0, 40.0):
        simulated = trials.cut_at_month(month).deaths_by_arm
        hazards = np.log(2) / 7.0 * np.array([1.0, 0.6])
        expected = expected_deaths(
            month, patients=50, accrual_months=24, death_per_month=hazards, loss_per_month=0.02
        )
        error = simulated.std(axis=0) / np.sqrt(2000)
        assert (np.abs(simulated.mean(axis=0) - expected) < 4 * error).all()


def test_limits_of_the_expected_deaths():
    settings = {"patients": 100, "accrual_months": 12.0}
    assert expected_deaths(0.0, death_per_month=0.1, **settings) == 0
    assert expected_deaths(50.0, death_per_month=0.0, **settings) == 0
    assert expected_deaths(1e5, death_per_month=0.1, **settings) == pytest.approx(100)
    assert expected_deaths(
        1e5, death_per_month=0.1, loss_per_month=0.3, **settings
    ) == pytest.approx(25)


@pytest.mark.parametrize(
    ("formula", "share", "deaths"),
    [
        # rpact 3.3.4, getSampleSizeSurvival(typeOfComputation, sided = 1, alpha = 0.025,
        # beta = 0.1, hazardRatio = 0.7, allocationRatioPlanned = 1 or 2)$eventsFixed.
        (schoenfeld_events, 1 / 2, 330.377914),
        (schoenfeld_events, 2 / 3, 371.6751532),
        (freedman_events, 1 / 2, 337.4050294),
        (freedman_events, 2 / 3, 336.237538),
    ],
)
def test_deaths_needed_equal_rpact(formula, share, deaths):
    found = formula(0.7, one_sided_alpha=0.025, power=0.9, experimental_share=share)
    assert found == pytest.approx(deaths, rel=1e-8)


def test_deaths_needed_by_hand():
    # (1.959964 + 0.841621)^2 = 7.848880 for a one-sided 0.025 and a power of 0.8.
    settings = {"one_sided_alpha": 0.025, "power": 0.8}
    assert freedman_events(0.5, **settings) == pytest.approx(9 * 7.848880, rel=1e-6)
    assert schoenfeld_events(0.5, **settings) == pytest.approx(4 * 7.848880 / 0.480453, rel=1e-6)


def test_the_two_formulas_meet_near_no_effect_and_prefer_equal_arms_there():
    for share in (0.5, 0.3):
        settings = {"one_sided_alpha": 0.025, "power": 0.9, "experimental_share": share}
        assert freedman_events(0.999, **settings) / schoenfeld_events(0.999, **settings) == (
            pytest.approx(1, abs=1e-3)
        )


def test_power_inverts_schoenfeld_and_is_the_level_without_effect():
    deaths = schoenfeld_events(0.7, one_sided_alpha=0.01, power=0.85, experimental_share=0.4)
    power = log_rank_power(deaths, [0.7, 1.0], one_sided_alpha=0.01, experimental_share=0.4)
    assert power == pytest.approx([0.85, 0.01])
    assert log_rank_power(200, 1.4, one_sided_alpha=0.025) < 0.001
    assert log_rank_power([0, 50, 500], 0.7, one_sided_alpha=0.025)[0] == pytest.approx(0.025)


def test_simulated_tests_keep_their_level_and_power():
    trials, deaths = 4000, 130
    null = trials_of(trials, 200, experimental=CONTROL).cut_at_death(deaths)
    rejected = (log_rank(null).z < -1.959964).mean()
    assert rejected == pytest.approx(0.025, abs=4 * np.sqrt(0.025 * 0.975 / trials))
    alternative = PiecewiseHazard.from_median(7.0, hazard_ratio=0.7)
    effect = trials_of(trials, 200, experimental=alternative).cut_at_death(deaths)
    power = log_rank_power(deaths, 0.7, one_sided_alpha=0.025)
    # 0.015 for the normal approximation, the rest for the simulation.
    assert (log_rank(effect).z < -1.959964).mean() == pytest.approx(
        power, abs=0.015 + 4 * np.sqrt(0.25 / trials)
    )


def test_simulated_cox_intervals_cover_the_true_ratio():
    cut = trials_of(2000, 200, seed=7).cut_at_death(120)
    fit = cox_hazard_ratio(cut)
    lower, upper = fit.interval(0.9).T
    covered = ((lower < 0.6) & (upper > 0.6)).mean()
    assert covered == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 2000))
    assert fit.standard_error.mean() == pytest.approx(fit.log.std(), rel=0.08)


# Bad input


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: PiecewiseHazard((0.1, 0.2)), "hazards must be one more than change_months"),
        (lambda: PiecewiseHazard((-0.1,)), "hazards must be finite and not negative"),
        (lambda: PiecewiseHazard((np.nan,)), "hazards must be finite and not negative"),
        (lambda: PiecewiseHazard((0.1, 0.2), (0.0,)), "change_months must rise"),
        (lambda: PiecewiseHazard((0.1, 0.2), (np.inf,)), "change_months must rise"),
        (lambda: PiecewiseHazard((0.1,), (), 1.0), "cured_share must be from 0 to below 1"),
        (lambda: PiecewiseHazard.from_median(0.0), "median_months must be above 0"),
        (lambda: PiecewiseHazard.from_median(7.0, cured_share=0.5), "below 0.5 for a median"),
        (lambda: CONTROL.times(0.0), "hazard_ratio must be above 0"),
        (lambda: CONTROL.times(0.5, -1.0), "from_month must be finite and not negative"),
        (lambda: CONTROL.quantile([0.5, 1.1]), "probability must be from 0 to 1"),
        (lambda: Accrual((0.0, 5.0), (1.0, 1.0)), "months must be one more than rates"),
        (lambda: Accrual((0.0, 0.0)), "months must rise"),
        (lambda: Accrual((-1.0, 5.0)), "months must rise"),
        (lambda: Accrual((0.0, 5.0), (0.0,)), "rates must not be negative, nor all 0"),
        (lambda: trials_of(0), "trials must be a whole number above 0"),
        (lambda: trials_of(2, 9), "experimental_patients must be given, as 9"),
        (lambda: trials_of(2, 9, experimental_patients=9), "whole number from 1 to 8"),
        (lambda: trials_of(loss_per_month=-0.1), "loss_per_month must be finite"),
        (lambda: trials_of(loss_per_month=(0.1, 0.1, 0.1)), "loss_per_month must be one rate"),
        (lambda: one_trial([1, 2], [0, 2]), "arm must be 0 .control. or 1"),
        (lambda: one_trial([1, 2], [0, 1, 1]), r"arm must be of shape .* \(1, 3\), not \(1, 2\)"),
        (lambda: one_trial([1, np.nan], [0, 1]), "death must not be negative or missing"),
        (lambda: one_trial([1, 2], [0, 1], entry=[0, np.inf]), "entry must be finite"),
        (lambda: trials_of(3).cut_at_month([1.0, 2.0]), "month must be a scalar or of shape"),
        (lambda: trials_of(3).cut_at_month(-1.0), "month must not be negative"),
        (lambda: trials_of(3).cut_at_death(0), "number must be a whole number from 1 to 90"),
        (lambda: trials_of(3).cut_at_death(4.5), "number must be a whole number"),
        (lambda: HazardRatio(np.zeros(1), np.ones(1)).interval(95), "level must be between 0"),
        (lambda: schoenfeld_events(1.0, one_sided_alpha=0.025, power=0.9), "hazard_ratio must be"),
        (lambda: freedman_events(0.7, one_sided_alpha=0.9, power=0.8), "power must be above"),
        (lambda: log_rank_power(-1, 0.7, one_sided_alpha=0.025), "deaths must be finite"),
        (lambda: log_rank_power(9, 0.0, one_sided_alpha=0.025), "hazard_ratio must be above 0"),
        (
            lambda: expected_deaths(9, patients=9, accrual_months=0, death_per_month=0.1),
            "accrual_months must be above 0",
        ),
        (
            lambda: expected_deaths(9, patients=9, accrual_months=5, death_per_month=-0.1),
            "death_per_month must be finite and not negative",
        ),
    ],
)
def test_bad_input_names_the_argument_and_the_rule(make, told):
    with pytest.raises(ValueError, match=told):
        make()
