"""One-stage and two-stage designs against Simon's tables, slow enumeration and hand calculation."""

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from inobook.two_stage import (
    OneStageDesign,
    TwoStageDesign,
    confidence_limits,
    estimate,
    estimate_bias,
    naive_estimates,
    one_stage_design,
    p_values,
    simulate_trials,
    two_stage_designs,
    unbiased_estimates,
)
from scipy.stats import binom, binomtest

RATES = np.linspace(0, 1, 41)
TINY = TwoStageDesign(r1=0, n1=2, r=1, n=3)
SIMON = TwoStageDesign(r1=3, n1=13, r=12, n=43)
DESIGNS = [
    TINY,
    SIMON,
    TwoStageDesign(r1=4, n1=18, r=10, n=33),
    TwoStageDesign(r1=19, n1=23, r=21, n=26),
    TwoStageDesign(r1=2, n1=6, r=2, n=7),
]
TRIALS = 40_000


def rng(seed: int = 1989) -> np.random.Generator:
    return np.random.default_rng(seed)


def mass(responses: int, patients: int, rate):
    return comb(patients, responses) * rate**responses * (1 - rate) ** (patients - responses)


def paths(design: TwoStageDesign, rate):
    """Every course of a trial: responses of stage 1, total, patients, probability; one by one."""
    for first in range(design.n1 + 1):
        chance = mass(first, design.n1, rate)
        if first <= design.r1:
            yield first, first, design.n1, chance
            continue
        rest = design.n - design.n1
        for second in range(rest + 1):
            yield first, first + second, design.n, chance * mass(second, rest, rate)


# Simon 1989, tables of designs for target rate - null rate = 0.20: null rate, alpha, beta,
# optimal design with its mean size, minimax design with its mean size.
SIMON_1989 = [
    (0.05, 0.05, 0.20, (0, 9, 2, 17), 12.0, (0, 12, 2, 16), 13.8),
    (0.05, 0.05, 0.10, (0, 9, 3, 30), 16.8, (0, 15, 3, 25), 20.4),
    (0.10, 0.10, 0.10, (1, 12, 5, 35), 19.8, (1, 16, 4, 25), 20.4),
    (0.10, 0.05, 0.20, (1, 10, 5, 29), 15.0, (1, 15, 5, 25), 19.5),
    (0.10, 0.05, 0.10, (2, 18, 6, 35), 22.5, (2, 22, 6, 33), 26.2),
    (0.20, 0.10, 0.10, (3, 17, 10, 37), 26.0, (3, 19, 10, 36), 28.3),
    (0.20, 0.05, 0.20, (3, 13, 12, 43), 20.6, (4, 18, 10, 33), 22.3),
    (0.20, 0.05, 0.10, (4, 19, 15, 54), 30.4, (5, 24, 13, 45), 31.2),
    (0.30, 0.05, 0.20, (5, 15, 18, 46), 23.6, (6, 19, 16, 39), 25.7),
    (0.30, 0.05, 0.10, (8, 24, 24, 63), 34.7, (7, 24, 21, 53), 36.6),
    (0.40, 0.05, 0.20, (7, 16, 23, 46), 24.5, (17, 34, 20, 39), 34.4),
]


@pytest.mark.parametrize(
    ("null_rate", "alpha", "beta", "optimal", "mean_optimal", "minimax", "mean_minimax"),
    SIMON_1989,
)
def test_the_search_finds_the_designs_of_simons_tables(
    null_rate, alpha, beta, optimal, mean_optimal, minimax, mean_minimax
):
    found = two_stage_designs(null_rate, null_rate + 0.20, alpha, beta)
    assert found.optimal == TwoStageDesign(*optimal)
    assert found.minimax == TwoStageDesign(*minimax)
    assert found.exhaustive
    for design, mean in [(found.optimal, mean_optimal), (found.minimax, mean_minimax)]:
        at_null = design.operating_characteristics(null_rate)
        assert float(at_null.expected_patients) == pytest.approx(mean, abs=0.0501)
        assert at_null.promising <= alpha
        assert design.operating_characteristics(null_rate + 0.20).promising >= 1 - beta


@pytest.mark.parametrize(
    ("design", "null_rate", "early"),
    [
        ((0, 9, 2, 17), 0.05, 0.63),
        ((1, 10, 5, 29), 0.10, 0.74),
        ((3, 13, 12, 43), 0.20, 0.75),
        ((5, 15, 18, 46), 0.30, 0.72),
    ],
)
def test_early_stopping_is_that_of_simons_tables(design, null_rate, early):
    found = TwoStageDesign(*design).operating_characteristics(null_rate)
    assert float(found.early_stopping) == pytest.approx(early, abs=0.00501)


def slow_two_stage_search(null_rate, target_rate, alpha, beta, most):
    """All designs, each from its own double sum: smallest mean size, and smallest size."""
    keep = []
    for n in range(2, most + 1):
        for n1, r1 in [(first, low) for first in range(1, n) for low in range(first)]:
            ends = {}
            for rate in (null_rate, target_rate):
                ends[rate] = np.zeros(n + 1)
                for first, second in product(range(r1 + 1, n1 + 1), range(n - n1 + 1)):
                    ends[rate][first + second] += mass(first, n1, rate) * mass(second, n - n1, rate)
            early = sum(mass(first, n1, null_rate) for first in range(r1 + 1))
            mean = n1 + (1 - early) * (n - n1)
            keep += [
                (mean, n, n1, r1)
                for r in range(r1, n)
                if ends[null_rate][r + 1 :].sum() <= alpha
                and ends[target_rate][r + 1 :].sum() >= 1 - beta
            ]
    return min(keep), min(keep, key=lambda design: (design[1], design[0]))


@pytest.mark.parametrize(
    ("null_rate", "target_rate", "alpha", "beta"),
    [(0.1, 0.5, 0.1, 0.1), (0.3, 0.7, 0.1, 0.2), (0.2, 0.7, 0.05, 0.1), (0.05, 0.35, 0.1, 0.2)],
)
def test_the_search_agrees_with_slow_enumeration(null_rate, target_rate, alpha, beta):
    found = two_stage_designs(null_rate, target_rate, alpha, beta, max_patients=15)
    slow = slow_two_stage_search(null_rate, target_rate, alpha, beta, most=15)
    for design, (mean, n, n1, r1) in zip((found.optimal, found.minimax), slow, strict=True):
        assert (design.n, design.n1, design.r1) == (n, n1, r1)
        at_null = design.operating_characteristics(null_rate)
        assert float(at_null.expected_patients) == pytest.approx(mean)
        assert at_null.promising <= alpha
        assert design.operating_characteristics(target_rate).promising >= 1 - beta


def test_a_search_cut_short_says_so():
    cut = two_stage_designs(0.20, 0.40, 0.05, 0.20, max_patients=40)
    assert not cut.exhaustive
    assert cut.minimax == TwoStageDesign(4, 18, 10, 33)
    assert cut.optimal.n <= 40
    means = [
        float(design.operating_characteristics(0.20).expected_patients)
        for design in (SIMON, cut.optimal, cut.minimax)
    ]
    assert means[0] < means[1] <= means[2]


def totals_after_going_on(r1, n1, n, rate):
    """Probability of each total of trials that went on, by convolving the two stages."""
    first = binom.pmf(np.arange(n1 + 1), n1, rate) * (np.arange(n1 + 1) > r1)
    return np.convolve(first, binom.pmf(np.arange(n - n1 + 1), n - n1, rate))


def test_a_search_that_ends_early_misses_nothing_in_larger_trials():
    # Every trial of up to 45 patients that would expect fewer than 0/9, 2/17 breaks a limit.
    best = 17 - 8 * mass(0, 9, 0.05)
    tried = 0
    for n in range(2, 46):
        for n1, r1 in [(first, low) for first in range(1, n) for low in range(first)]:
            early = binom.cdf(r1, n1, 0.05)
            if n1 + (1 - early) * (n - n1) >= best - 1e-9:
                continue
            tried += 1
            error = totals_after_going_on(r1, n1, n, 0.05)[::-1].cumsum()
            power = totals_after_going_on(r1, n1, n, 0.25)[::-1].cumsum()
            assert not ((error <= 0.05) & (power >= 0.80)).any()
    assert tried > 100
    assert two_stage_designs(0.05, 0.25, 0.05, 0.20).optimal == TwoStageDesign(0, 9, 2, 17)


@pytest.mark.parametrize(
    ("null_rate", "target_rate", "alpha", "beta"),
    [
        ("1/20", "1/4", "1/20", "1/5"),
        ("1/5", "2/5", "1/20", "1/5"),
        ("1/10", "3/10", "1/10", "1/10"),
    ],
)
def test_the_one_stage_design_is_the_smallest_by_exact_fractions(
    null_rate, target_rate, alpha, beta
):
    null, target, a, b = (Fraction(text) for text in (null_rate, target_rate, alpha, beta))

    def kept(r, n):
        error = sum(mass(x, n, null) for x in range(r + 1, n + 1))
        power = sum(mass(x, n, target) for x in range(r + 1, n + 1))
        return error <= a and power >= 1 - b

    found = one_stage_design(float(null), float(target), float(a), float(b))
    assert kept(found.r, found.n)
    assert not any(kept(r, n) for n in range(1, found.n) for r in range(n))
    assert [r for r in range(found.n) if kept(r, found.n)] == [found.r]
    error = sum(mass(x, found.n, null) for x in range(found.r + 1, found.n + 1))
    assert float(found.promising_probability(float(null))) == pytest.approx(float(error))


def test_an_error_that_meets_its_limit_exactly_is_kept():
    # One patient: type I error 0.1, power 0.9.
    assert one_stage_design(0.1, 0.9, 0.1, 0.1) == OneStageDesign(r=0, n=1)


def test_the_count_follows_the_error_that_is_held_tighter():
    # Two patients: r = 0 has errors 0.0199 and 0.0001, r = 1 has 0.0001 and 0.0199.
    assert one_stage_design(0.01, 0.99, 0.009, 0.02) == OneStageDesign(r=1, n=2)
    assert one_stage_design(0.01, 0.99, 0.02, 0.009) == OneStageDesign(r=0, n=2)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("rate", [0.0, 0.07, 0.35, 0.8, 1.0])
def test_operating_characteristics_are_sums_over_every_course(design, rate):
    found = design.operating_characteristics(rate)
    courses = list(paths(design, rate))
    early = sum(p for first, _, _, p in courses if first <= design.r1)
    assert float(found.early_stopping) == pytest.approx(early)
    assert float(found.expected_patients) == pytest.approx(sum(n * p for _, _, n, p in courses))
    passed = sum(p for _, total, n, p in courses if n == design.n and total > design.r)
    assert float(found.promising) == pytest.approx(passed)
    by_total = np.zeros(design.n + 1)
    for _, total, _, chance in courses:
        by_total[total] += chance
    assert design.outcome_probabilities(rate) == pytest.approx(by_total, abs=1e-12)


def test_operating_characteristics_keep_the_shape_of_the_rates():
    rates = RATES[:40].reshape(4, 10)
    found = SIMON.operating_characteristics(rates)
    assert found.promising.shape == found.early_stopping.shape == (4, 10)
    assert SIMON.outcome_probabilities(rates).shape == (4, 10, 44)
    assert found.promising[1, 3] == SIMON.operating_characteristics(rates[1, 3]).promising


def test_the_tiny_design_by_hand():
    # 0/2, 1/3 at rate 1/2: stops with no response of 2 (1/4). Two or more of 3 after going on:
    # 2 of 2 (1/4), or 1 of 2 (1/2) and the third responds (1/2).
    found = TINY.operating_characteristics(0.5)
    assert float(found.early_stopping) == pytest.approx(0.25)
    assert float(found.expected_patients) == pytest.approx(2.75)
    assert float(found.promising) == pytest.approx(0.5)
    # A total of 2 comes about in 2 ways with 1 of the first 2, in 1 way with 2: (2 x 1/2 + 1) / 3.
    assert unbiased_estimates(TINY) == pytest.approx([0, 1 / 2, 2 / 3, 1])
    assert naive_estimates(TINY) == pytest.approx([0, 1 / 3, 2 / 3, 1])
    # Mean of the naive: 1/4 x 0 + 1/4 x 1/3 + 3/8 x 2/3 + 1/8 x 1 = 11/24, 1/24 too low.
    assert float(estimate_bias(TINY, 0.5, naive_estimates(TINY))) == pytest.approx(-1 / 24)
    assert p_values(TINY, 0.5) == pytest.approx([1, 0.75, 0.5, 0.125])


def jung_and_kim(design: TwoStageDesign, total: int) -> float:
    """The formula as printed: ratio of sums of products of binomial coefficients."""
    if total <= design.r1:
        return total / design.n1
    rest = design.n - design.n1
    first = range(max(design.r1 + 1, total - rest), min(total, design.n1) + 1)
    above = sum(comb(design.n1 - 1, x - 1) * comb(rest, total - x) for x in first)
    return above / sum(comb(design.n1, x) * comb(rest, total - x) for x in first)


@pytest.mark.parametrize("design", DESIGNS)
def test_the_unbiased_estimate_is_that_of_binomial_coefficients(design):
    slow = [jung_and_kim(design, total) for total in range(design.n + 1)]
    assert unbiased_estimates(design) == pytest.approx(slow)


@pytest.mark.parametrize("design", DESIGNS)
def test_the_unbiased_estimate_has_no_bias_over_every_course(design):
    values = unbiased_estimates(design)
    for rate in RATES:
        mean = sum(chance * values[total] for _, total, _, chance in paths(design, rate))
        assert mean == pytest.approx(rate, abs=1e-12)
    assert estimate_bias(design, RATES, values) == pytest.approx(np.zeros(41), abs=1e-12)


def test_the_unbiased_estimate_varies_less_than_the_first_stage_alone():
    # Both are unbiased; Rao and Blackwell: averaging given the total cannot add variance.
    values = unbiased_estimates(SIMON)
    for rate in (0.2, 0.4, 0.6):
        courses = list(paths(SIMON, rate))
        variance = sum(p * (values[total] - rate) ** 2 for _, total, _, p in courses)
        assert variance < rate * (1 - rate) / SIMON.n1


@pytest.mark.parametrize("design", DESIGNS)
def test_the_naive_bias_is_the_mean_over_every_course(design):
    found = estimate_bias(design, RATES, naive_estimates(design))
    slow = [sum(p * s / n for _, s, n, p in paths(design, rate)) - rate for rate in RATES]
    assert found == pytest.approx(slow, abs=1e-12)
    assert found.max() < 1e-12
    assert found.min() < -0.003


def test_those_that_passed_are_too_high_on_average():
    rates = np.array([0.1, 0.2, 0.3, 0.4])
    found = estimate_bias(SIMON, rates, naive_estimates(SIMON), passed_only=True)
    for bias, rate in zip(found, rates, strict=True):
        passed = [(s / n, p) for _, s, n, p in paths(SIMON, rate) if s > SIMON.r]
        mean = sum(x * p for x, p in passed) / sum(p for _, p in passed)
        assert bias == pytest.approx(mean - rate)
    assert (found > 0).all()
    assert (np.diff(found) < 0).all()


def test_no_bias_among_the_passed_where_none_can_pass():
    found = estimate_bias(SIMON, [0.0, 1.0], naive_estimates(SIMON), passed_only=True)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(0)


@pytest.mark.parametrize("design", DESIGNS)
def test_p_values_add_up_the_courses_at_least_as_extreme(design):
    for null_rate in (0.05, 0.3, 0.6):
        found = p_values(design, null_rate)
        courses = list(paths(design, null_rate))
        for total in range(design.n + 1):
            stage = 1 if total <= design.r1 else 2
            extreme = sum(
                p
                for first, s, _, p in courses
                if (1 if first <= design.r1 else 2, s) >= (stage, total)
            )
            assert found[total] == pytest.approx(extreme)
        error = design.operating_characteristics(null_rate).promising
        assert found[design.r + 1] == pytest.approx(float(error))


def test_a_trial_that_stopped_has_the_clopper_pearson_interval_of_its_stage():
    limits = confidence_limits(SIMON, 0.90)
    for responses in range(SIMON.r1 + 1):
        interval = binomtest(responses, SIMON.n1).proportion_ci(0.90, method="exact")
        assert limits[responses] == pytest.approx([interval.low, interval.high], abs=1e-9)


@pytest.mark.parametrize("design", DESIGNS)
def test_at_each_limit_the_courses_so_extreme_have_half_of_the_rest(design):
    limits = confidence_limits(design, 0.95)
    for total in range(design.n + 1):
        lower, upper = limits[total]
        if total > 0:
            as_high = sum(p for _, s, _, p in paths(design, lower) if s >= total)
            assert as_high == pytest.approx(0.025, abs=1e-9)
        if total < design.n:
            as_low = sum(p for _, s, _, p in paths(design, upper) if s <= total)
            assert as_low == pytest.approx(0.025, abs=1e-9)
    assert limits[0, 0] == 0
    assert limits[-1, 1] == 1


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("level", [0.80, 0.95])
def test_the_interval_covers_as_often_as_it_says(design, level):
    lower, upper = confidence_limits(design, level).T
    assert (np.diff(lower) > 0).all()
    rates = np.linspace(0.001, 0.999, 333)
    covers = (lower <= rates[:, None]) & (rates[:, None] <= upper)
    coverage = (design.outcome_probabilities(rates) * covers).sum(axis=1)
    assert coverage.min() >= level - 1e-9


def test_the_limit_goes_with_the_test():
    # A lower limit of a 90 % interval above the null rate is a P value below 0.05, and reverse.
    for design, null_rate in [(SIMON, 0.2), (TwoStageDesign(4, 18, 10, 33), 0.2)]:
        significant = p_values(design, null_rate) < 0.05
        assert (significant == (confidence_limits(design, 0.90)[:, 0] > null_rate)).all()
        assert significant[design.r + 1]


def test_an_estimate_gathers_what_the_arrays_hold():
    found = estimate(SIMON, 15, null_rate=0.2, level=0.9)
    assert (found.responses, found.patients, found.level) == (15, 43, 0.9)
    assert found.naive == pytest.approx(15 / 43)
    assert found.unbiased == unbiased_estimates(SIMON)[15]
    assert found.p_value == p_values(SIMON, 0.2)[15]
    assert (found.lower, found.upper) == tuple(confidence_limits(SIMON, 0.9)[15])
    assert estimate(SIMON, 3, null_rate=0.2).patients == 13
    assert estimate(SIMON, 4, null_rate=0.2).patients == 43


def test_simulated_trials_do_what_the_exact_numbers_say():
    trials = simulate_trials(SIMON, 0.3, rng(), TRIALS)
    exact = SIMON.operating_characteristics(0.3)
    early, promising = float(exact.early_stopping), float(exact.promising)
    error = np.sqrt(early * (1 - early) / TRIALS)
    assert (trials.patients == 13).mean() == pytest.approx(early, abs=4 * error)
    assert trials.patients.mean() == pytest.approx(
        float(exact.expected_patients), abs=4 * 30 * error
    )
    error = np.sqrt(promising * (1 - promising) / TRIALS)
    assert trials.passed.mean() == pytest.approx(promising, abs=4 * error)


@pytest.mark.parametrize("passed_only", [False, True])
def test_the_simulated_overestimate_is_the_exact_bias(passed_only):
    trials = simulate_trials(SIMON, 0.25, rng(2), TRIALS)
    for simulated, values in [
        (trials.naive, naive_estimates(SIMON)),
        (trials.unbiased, unbiased_estimates(SIMON)),
    ]:
        mean, error = trials.mean_overestimate(simulated, passed_only=passed_only)
        exact = float(estimate_bias(SIMON, 0.25, values, passed_only=passed_only))
        assert mean == pytest.approx(exact, abs=4 * error)
        assert 0 < error < 0.002


def test_the_overestimate_of_few_trials_by_hand():
    trials = simulate_trials(TINY, [0.0, 1.0, 1.0], rng())
    assert trials.passed.tolist() == [False, True, True]
    mean, error = trials.mean_overestimate([0.3, 0.9, 1.2], passed_only=True)
    assert mean == pytest.approx(0.05)
    assert error == pytest.approx(0.15)
    assert trials.mean_overestimate([0.3, 0.9, 1.2], passed_only=False)[0] == pytest.approx(0.4 / 3)


def test_an_overestimate_of_no_trial_is_not_a_number():
    trials = simulate_trials(SIMON, [0.0, 0.0], rng())
    assert np.isnan(trials.mean_overestimate(trials.naive, passed_only=True)).all()


def test_each_trial_has_its_own_rate():
    rates = np.repeat([0.2, 0.4], TRIALS // 2)
    trials = simulate_trials(SIMON, rates, rng(3))
    for rate in (0.2, 0.4):
        promising = float(SIMON.operating_characteristics(rate).promising)
        error = np.sqrt(promising * (1 - promising) / (TRIALS // 2))
        assert trials.passed[rates == rate].mean() == pytest.approx(promising, abs=4 * error)


def test_a_stopped_trial_has_no_second_stage():
    trials = simulate_trials(SIMON, 0.3, rng(4), 2_000)
    stopped = trials.first_stage_responses <= SIMON.r1
    assert (trials.responses[stopped] == trials.first_stage_responses[stopped]).all()
    assert (trials.patients == np.where(stopped, 13, 43)).all()
    assert (trials.responses[~stopped] > trials.first_stage_responses[~stopped]).any()
    assert (trials.passed == (trials.responses > SIMON.r)).all()


def test_the_same_generator_draws_the_same_trials():
    first, second = (simulate_trials(SIMON, 0.3, rng(5), 200) for _ in range(2))
    other = simulate_trials(SIMON, 0.3, rng(6), 200)
    assert (first.responses == second.responses).all()
    assert (first.responses != other.responses).any()


@pytest.mark.parametrize("numbers", [(3, 3, 5, 10), (1, 10, 5, 10), (3, 9, 2, 20), (-1, 9, 2, 20)])
def test_an_impossible_two_stage_design_is_refused(numbers):
    with pytest.raises(ValueError, match="0 <= r1 < n1 < n and r1 <= r < n"):
        TwoStageDesign(*numbers)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: TwoStageDesign(1.5, 9, 2, 20), "r1 must be a whole number"),
        (lambda: TwoStageDesign(True, 9, 2, 20), "r1 must be a whole number"),
        (lambda: OneStageDesign(5, 5), "0 <= r < n"),
        (lambda: OneStageDesign(5, 5.5), "n must be a whole number"),
        (lambda: OneStageDesign(1, 5).promising_probability(1.1), "rate is a probability"),
        (lambda: SIMON.operating_characteristics([0.1, np.nan]), "rate is a probability"),
        (lambda: one_stage_design(0.4, 0.4, 0.05, 0.2), "target_rate must be above null_rate"),
        (lambda: one_stage_design(0.2, 0.4, 0.0, 0.2), "alpha must be above 0 and below 1"),
        (lambda: one_stage_design(0.2, 0.4, 0.05, 0.2, 34), "max_patients = 34 or fewer"),
        (lambda: one_stage_design(0.2, 0.4, 0.05, 0.2, 0), "max_patients must be from 1"),
        (lambda: two_stage_designs(0.2, 0.4, 0.05, 1.2), "beta must be above 0 and below 1"),
        (lambda: two_stage_designs(0.2, 1.0, 0.05, 0.2), "target_rate must be above 0 and below"),
        (lambda: two_stage_designs(0.2, 0.4, 0.05, 0.2, 32), "max_patients = 32 or fewer"),
        (lambda: two_stage_designs(0.2, 0.4, 0.05, 0.2, 2000), "max_patients must be from 2"),
        (lambda: estimate_bias(SIMON, 0.2, [0.1, 0.2]), r"estimates must have shape \(44,\)"),
        (lambda: p_values(SIMON, -0.1), "null_rate must be one probability"),
        (lambda: p_values(SIMON, [0.1, 0.2]), "null_rate must be one probability"),
        (lambda: confidence_limits(SIMON, 95), "level must be above 0 and below 1"),
        (lambda: estimate(SIMON, 44, 0.2), "responses must be from 0 to n = 43"),
        (lambda: estimate(SIMON, 4.0, 0.2), "responses must be a whole number"),
        (lambda: simulate_trials(SIMON, 0.2, rng()), "trials must be given"),
        (lambda: simulate_trials(SIMON, 0.2, rng(), 0), "trials must be 1 or more"),
        (lambda: simulate_trials(SIMON, [0.2, 0.3], rng(), 3), "rate holds 2 rates"),
        (lambda: simulate_trials(SIMON, [], rng()), "rate holds 0 rates"),
        (lambda: simulate_trials(SIMON, [[0.2]], rng()), "rate must be one rate or one per trial"),
        (
            lambda: simulate_trials(SIMON, 0.2, rng(), 5).mean_overestimate([1], passed_only=True),
            "estimates must be one per trial",
        ),
    ],
)
def test_bad_input_is_named(call, told):
    with pytest.raises(ValueError, match=told):
        call()
