"""Pooling and borrowing: closed forms, statsmodels, simulation, and input that must be refused."""

import numpy as np
import pytest
from inobook import pooling
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

FOUR = ([0.1, 0.5, -0.4, 0.9], [0.2, 0.3, 0.25, 0.5])


def test_log_odds_by_hand_and_with_a_correction():
    found = pooling.log_odds([2, 6], [4, 8])
    assert found.estimates == pytest.approx([0, np.log(3)])
    assert found.errors == pytest.approx([1, np.sqrt(2 / 3)])
    corrected = pooling.log_odds([9], [9], correction=0.5)
    assert corrected.estimates == pytest.approx([np.log(19)])


def test_pool_and_tau_are_those_of_statsmodels():
    estimates, errors = map(np.array, FOUR)
    fixed = combine_effects(estimates, errors**2)
    assert pooling.pool(*FOUR).mean == pytest.approx(fixed.mean_effect_fe)
    assert pooling.pool(*FOUR).error == pytest.approx(fixed.sd_eff_w_fe)
    assert pooling.heterogeneity(*FOUR)[0] == pytest.approx(fixed.q)
    moments = combine_effects(estimates, errors**2, method_re="chi2", use_t=True)
    tau = pooling.tau_by_moments(*FOUR)
    assert tau**2 == pytest.approx(moments.tau2)
    assert pooling.pool(*FOUR, tau).mean == pytest.approx(moments.mean_effect_re)
    knapp = pooling.pool_hartung_knapp(*FOUR, tau)
    assert knapp.error == pytest.approx(moments.sd_eff_w_re_hksj)
    assert knapp.upper == pytest.approx(
        moments.mean_effect_re + stats.t.ppf(0.975, 3) * moments.sd_eff_w_re_hksj
    )


@pytest.mark.parametrize("gap", [0.2, 0.9, 2.0])
def test_with_two_studies_moments_and_reml_are_one_formula(gap):
    errors = np.array([0.5, 0.3])
    expected = np.sqrt(max(0, (gap**2 - (errors**2).sum()) / 2))
    assert pooling.tau_by_moments([0, gap], errors) == pytest.approx(expected)
    assert pooling.tau_by_reml([0, gap], errors) == pytest.approx(expected, abs=1e-5)


def test_reml_solves_its_equation_with_equal_errors():
    """With equal standard errors REML is the sample variance minus the squared error."""
    estimates = np.array([0.0, 0.7, 1.5, -0.6, 0.2])
    expected = np.sqrt(estimates.var(ddof=1) - 0.04)
    assert pooling.tau_by_reml(estimates, np.full(5, 0.2)) == pytest.approx(expected, abs=1e-5)


def test_modified_hartung_knapp_is_never_more_certain_than_normal():
    alike = ([0.3, 0.31], [0.2, 0.3])
    plain = pooling.pool_hartung_knapp(*alike)
    modified = pooling.pool_hartung_knapp(*alike, modified=True)
    assert plain.error < pooling.pool(*alike).error == pytest.approx(modified.error)


def test_hartung_knapp_covers_at_its_level_with_equal_errors():
    rng = np.random.default_rng(7)
    truth, tau, errors = 0.4, 0.5, np.array([0.3, 0.3])
    drawn = rng.normal(truth, np.hypot(tau, errors), (4000, 2))
    limits = [pooling.pool_hartung_knapp(each, errors, tau) for each in drawn]
    share = np.mean([each.lower <= truth <= each.upper for each in limits])
    assert share == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 4000))


def test_a_narrow_prior_gives_one_value_and_a_wide_one_a_wider_interval():
    narrow = pooling.half_normal_posterior(*FOUR, scale=1e-4).mean
    assert narrow == pytest.approx(pooling.pool(*FOUR), abs=1e-4)
    widths = [
        np.subtract(*pooling.half_normal_posterior(*FOUR, scale=scale).mean[2:0:-1])
        for scale in (0.1, 0.5, 2)
    ]
    assert widths == sorted(widths)


def test_posterior_is_that_of_sampling_from_the_prior():
    """Importance sampling: tau from its prior, weighted with its likelihood."""
    rng = np.random.default_rng(3)
    tau = np.abs(rng.normal(0, 0.5, 400_000))
    log_weight = pooling.restricted_log_likelihood(tau, *FOUR)
    weight = np.exp(log_weight - log_weight.max())
    posterior = pooling.half_normal_posterior(*FOUR, scale=0.5)
    order = np.argsort(tau)
    below = np.cumsum(weight[order]) / weight.sum()
    for level, found in [
        (0.5, posterior.tau_median),
        (0.025, posterior.tau_lower),
        (0.975, posterior.tau_upper),
    ]:
        assert tau[order][np.searchsorted(below, level)] == pytest.approx(found, abs=0.01)


def test_borrowing_nothing_is_the_plain_binomial_estimate():
    run = pooling.borrow(22, 16, 0, 0.7, [0.2, 0.9])
    assert run.bias == pytest.approx(0, abs=1e-12)
    assert run.root_mean_square_error == pytest.approx(np.sqrt(0.7 * 0.3 / 22))
    assert run.coverage[0] == pytest.approx(run.coverage[1])


def test_borrowing_has_the_bias_and_variance_of_a_weighted_mean():
    run = pooling.borrow(22, 16, 0.5, 0.7, 0.5)
    bias = 8 * (0.5 - 0.7) / 30
    variance = (22 * 0.21 + 0.25 * 16 * 0.25) / 30**2
    assert float(run.bias) == pytest.approx(bias)
    assert float(run.root_mean_square_error) == pytest.approx(np.sqrt(bias**2 + variance))


def test_coverage_of_borrowing_is_that_of_simulated_pairs_of_studies():
    rng = np.random.default_rng(11)
    own, other = rng.binomial(22, 0.73, 40_000), rng.binomial(16, 0.53, 40_000)
    yes, total = own + 0.5 * other, 30
    low, high = (stats.beta.ppf(p, yes + 0.5, total - yes + 0.5) for p in (0.025, 0.975))
    expected = float(pooling.borrow(22, 16, 0.5, 0.73, 0.53).coverage)
    error = np.sqrt(expected * (1 - expected) / 40_000)
    assert np.mean((low <= 0.73) & (high >= 0.73)) == pytest.approx(expected, abs=4 * error)
    assert float(pooling.borrow(22, 16, 0.5, 0.73, 0.53).width) == pytest.approx(
        (high - low).mean(), abs=0.001
    )


def test_tilting_reaches_its_targets_with_weights_that_are_exponential():
    rng = np.random.default_rng(5)
    covariates = rng.normal(size=(60, 2))
    weights = pooling.tilting_weights(covariates, [0.3, -0.2])
    assert weights @ covariates / weights.sum() == pytest.approx([0.3, -0.2], abs=1e-5)
    assert weights.sum() == pytest.approx(60)
    design = np.column_stack([np.ones(60), covariates])
    fitted = design @ np.linalg.lstsq(design, np.log(weights), rcond=None)[0]
    assert np.log(weights) == pytest.approx(fitted, abs=1e-8)
    assert 1 < pooling.effective_sample_size(weights) < 60


def test_equal_weights_keep_every_patient():
    assert pooling.effective_sample_size(np.full(16, 0.3)) == pytest.approx(16)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pooling.log_odds([9], [9]), "correction above 0"),
        (lambda: pooling.log_odds([10], [9]), "events must lie"),
        (lambda: pooling.log_odds([1, 2], [9]), "differ in shape"),
        (lambda: pooling.log_odds([1], [9], -1), "correction must not"),
        (lambda: pooling.pool([0.1], [0.2]), "two studies or more"),
        (lambda: pooling.pool([0.1, 0.2], [0.2, 0]), "errors above 0"),
        (lambda: pooling.pool([0.1, 0.2], [0.2, 0.1], -1), "tau must not"),
        (lambda: pooling.pool([0.1, 0.2], [0.2, 0.1], level=95), "level must lie"),
        (lambda: pooling.half_normal_posterior(*FOUR, scale=0), "scale must be"),
        (lambda: pooling.borrow(22, 16, 1.5, 0.7, 0.5), "weight must lie"),
        (lambda: pooling.borrow(22, 16, 0.5, 0.7, 50), "rates must lie"),
        (lambda: pooling.borrow(0, 16, 0.5, 0.7, 0.5), "need a patient"),
        (lambda: pooling.tilting_weights([[1], [0]], [2.0]), "cannot be reached"),
        (lambda: pooling.tilting_weights([1, 0], [0.5]), "one column a target"),
        (lambda: pooling.effective_sample_size([-1, 2]), "must not be negative"),
    ],
)
def test_input_that_makes_no_sense_is_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()
