"""Effects in subgroups: closed forms, another library, and estimates from simulated patients."""

import numpy as np
import pytest
from inobook.subgroup_effects import (
    RatioEstimate,
    between_group_sd,
    chance_of_a_false_signal,
    common_ratio,
    complement,
    gail_simon,
    heterogeneity,
    ratio_of_ratios,
    shrunken,
)
from lifelines import CoxPHFitter
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

GROUPS = [RatioEstimate(0.64, 0.23), RatioEstimate(0.81, 0.17), RatioEstimate(1.3, 0.28)]


def test_an_interval_returns_to_itself():
    low, high = RatioEstimate.from_interval(np.sqrt(0.5 * 1.8), 0.5, 1.8, 0.975).interval(0.975)
    assert (low, high) == pytest.approx((0.5, 1.8))


@pytest.mark.parametrize("sides", [1, 2])
def test_a_p_value_returns_to_itself(sides):
    estimate = RatioEstimate.from_p_value(0.81, 0.1109, sides)
    assert estimate.p_value(sides) == pytest.approx(0.1109)


def test_one_sided_is_towards_benefit():
    assert RatioEstimate(1.2, 0.2).p_value(1) > 0.5
    assert RatioEstimate(1.2, 0.2).p_value(2) == pytest.approx(2 * stats.norm.sf(np.log(1.2) / 0.2))


def test_complement_undoes_the_common_ratio():
    rest = complement(common_ratio(GROUPS), GROUPS[0])
    both = common_ratio(GROUPS[1:])
    assert (rest.ratio, rest.log_se) == pytest.approx((both.ratio, both.log_se))


def test_subgroup_against_rest_is_subgroup_against_whole():
    whole, part = common_ratio(GROUPS), GROUPS[2]
    against_rest = ratio_of_ratios(part, complement(whole, part))
    gap = part.log_ratio - whole.log_ratio
    z = gap / np.sqrt(part.log_se**2 - whole.log_se**2)
    assert against_rest.log_ratio / against_rest.log_se == pytest.approx(z)


def test_heterogeneity_and_common_ratio_as_statsmodels_has_them():
    effects = np.array([group.log_ratio for group in GROUPS])
    variances = np.array([group.log_se**2 for group in GROUPS])
    pooled = combine_effects(effects, variances, method_re="chi2")
    q, p = heterogeneity(GROUPS)
    assert q == pytest.approx(pooled.q)
    assert p == pytest.approx(stats.chi2.sf(pooled.q, 2))
    assert common_ratio(GROUPS).log_ratio == pytest.approx(pooled.mean_effect_fe)
    assert between_group_sd(GROUPS) == pytest.approx(np.sqrt(pooled.tau2))


def test_of_two_groups_q_is_the_squared_z():
    gap = ratio_of_ratios(*GROUPS[:2])
    assert heterogeneity(GROUPS[:2])[0] == pytest.approx((gap.log_ratio / gap.log_se) ** 2)


def test_no_more_spread_than_chance_is_a_between_group_sd_of_zero():
    assert between_group_sd([RatioEstimate(0.7, 0.2), RatioEstimate(0.71, 0.2)]) == 0


def test_gail_simon_of_two_groups_is_a_one_sided_test_of_the_weaker():
    statistic, p = gail_simon([RatioEstimate(0.6, 0.1), RatioEstimate(1.3, 0.28)])
    assert statistic == pytest.approx((np.log(1.3) / 0.28) ** 2)
    assert p == pytest.approx(stats.norm.sf(np.log(1.3) / 0.28))


def test_gail_simon_holds_its_level_where_it_is_largest():
    """Three groups, one with a very large effect and two with none."""
    rng = np.random.default_rng(11)
    z = rng.normal([-9, 0, 0], 1, (40_000, 3))
    statistic = np.minimum((np.maximum(z, 0) ** 2).sum(1), (np.minimum(z, 0) ** 2).sum(1))
    levels = [0.25 * stats.chi2.sf(c, 2) + 0.5 * stats.chi2.sf(c, 1) for c in (4.23, 2.95)]
    assert levels == pytest.approx([0.05, 0.1], abs=0.001)  # critical values of the paper, k = 3
    for critical, level in zip((4.23, 2.95), levels, strict=True):
        assert (statistic > critical).mean() == pytest.approx(level, abs=0.005)


def test_gail_simon_on_one_side_is_no_evidence():
    assert gail_simon([RatioEstimate(0.6, 0.1), RatioEstimate(0.9, 0.2)]) == (0, 1)


def test_posterior_against_a_grid():
    log_ratios = np.linspace(-4, 4, 80_001)
    density = stats.norm.pdf(np.log(1.17), log_ratios, 0.308)
    density *= stats.norm.pdf(log_ratios, np.log(0.7), 0.2)
    density /= density.sum()
    mean = (density * log_ratios).sum()
    sd = np.sqrt((density * (log_ratios - mean) ** 2).sum())
    posterior = shrunken(RatioEstimate(1.17, 0.308), 0.7, 0.2)
    assert (posterior.log_ratio, posterior.log_se) == pytest.approx((mean, sd), abs=1e-6)


def test_separate_subgroups_miss_the_line_independently():
    one = stats.norm.sf(np.log(1.17 / 0.75) / 0.308)
    several = chance_of_a_false_signal(6, 0.308, 0.75, 1.17)
    assert several == pytest.approx(1 - (1 - one) ** 6)


@pytest.mark.parametrize("subgroups", [1, 4, 20])
def test_shared_patients_against_a_multivariate_normal(subgroups):
    rng = np.random.default_rng(5)
    common, own = rng.normal(size=(200_000, 1)), rng.normal(size=(200_000, subgroups))
    z = np.sqrt(0.3) * common + np.sqrt(0.7) * own
    seen = (z >= np.log(1.17 / 0.75) / 0.308).any(axis=1).mean()
    found = chance_of_a_false_signal(subgroups, 0.308, 0.75, 1.17, shared=0.3)
    assert found == pytest.approx(seen, abs=0.005)


def test_the_rest_by_subtraction_is_near_the_rest_by_cox():
    """20,000 simulated patients: subtraction from two Cox fits against a fit to the rest.

    Not equal even then: with two ratios in it, the whole is not proportional.
    """
    import pandas as pd

    rng = np.random.default_rng(3)
    patients = pd.DataFrame({"ino": rng.integers(0, 2, 20_000), "part": rng.random(20_000) < 0.2})
    hazard = 0.1 * np.where(patients.part, 1.2, 0.7) ** patients.ino
    patients["months"] = rng.exponential(1 / hazard)

    def cox(group):
        fit = CoxPHFitter().fit(group[["months", "ino"]], "months")
        return RatioEstimate(fit.hazard_ratios_["ino"], fit.standard_errors_["ino"])

    whole, part = cox(patients), cox(patients[patients.part])
    rest = complement(whole, part)
    fitted = cox(patients[~patients.part])
    assert rest.log_ratio == pytest.approx(fitted.log_ratio, abs=0.03)
    assert rest.log_se == pytest.approx(fitted.log_se, rel=0.02)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: RatioEstimate(0, 1), "ratio"),
        (lambda: RatioEstimate(1, np.nan), "log_se"),
        (lambda: RatioEstimate.from_interval(1.2, 1.3, 1.4), "low < ratio < high"),
        (lambda: RatioEstimate.from_interval(1.2, 1, 1.4, 95), "level"),
        (lambda: RatioEstimate.from_p_value(0.8, 0.1, 3), "sides"),
        (lambda: RatioEstimate.from_p_value(1, 0.1, 1), "ratio"),
        (lambda: RatioEstimate.from_p_value(0.8, 0.6, 1), "p_value"),
        (lambda: RatioEstimate(0.8, 0.1).interval(1), "level"),
        (lambda: RatioEstimate(0.8, 0.1).p_value(0), "sides"),
        (lambda: complement(RatioEstimate(0.8, 0.2), RatioEstimate(0.8, 0.1)), "information"),
        (lambda: common_ratio([]), "groups"),
        (lambda: heterogeneity(GROUPS[:1]), "groups"),
        (lambda: between_group_sd(GROUPS[:1]), "groups"),
        (lambda: gail_simon(GROUPS[:1]), "groups"),
        (lambda: shrunken(GROUPS[0], 1, 0), "log_se"),
        (lambda: chance_of_a_false_signal(0, 0.3, 1, 1.2), "subgroups"),
        (lambda: chance_of_a_false_signal(2, 0.3, 1, -1), "line"),
        (lambda: chance_of_a_false_signal(2, 0.3, 1, 1.2, shared=1), "shared"),
    ],
)
def test_a_wrong_argument_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
