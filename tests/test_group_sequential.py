"""Group-sequential trials against rpact, the bivariate normal, classical tables and simulation."""

import numpy as np
import pytest
from inobook import group_sequential as gs
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

FIVE = [0.2, 0.4, 0.6, 0.8, 1]
TWO = [0.5, 1]
UNEVEN = [0.3, 0.55, 1]
OF, POCOCK = gs.obrien_fleming_spending, gs.pocock_spending
TRIALS = 200_000

# rpact 3.3.4: getDesignGroupSequential(sided = 1, typeOfDesign = "asOF", "asP" or "asKD") and
# getDesignCharacteristics(beta = 0.2): looks, alpha, spending, critical values, inflation.
RPACT = [
    (TWO, 0.0125, OF, [3.344618630, 2.245744623], 1.0017845),
    (TWO, 0.0125, POCOCK, [2.420413605, 2.480918683], 1.1177705),
    (TWO, 0.025, OF, [2.962588043, 1.968595646], 1.003725),
    (TWO, 0.025, POCOCK, [2.156999218, 2.200976975], 1.1225502),
    (UNEVEN, 0.0125, OF, [4.412409194, 3.172543250, 2.249265097], 1.0031535),
    (UNEVEN, 0.025, POCOCK, [2.311835304, 2.357309230, 2.247975625], 1.1560553),
    (FIVE, 0.0125, OF, [5.4633261, 3.7800530, 3.0269591, 2.5879225, 2.2959670], 1.0181017),
    (FIVE, 0.025, OF, [4.8768849, 3.3570119, 2.6802801, 2.2898168, 2.0310321], 1.0247199),
    (FIVE, 0.025, POCOCK, [2.4379767, 2.4268139, 2.4101941, 2.3966493, 2.3859997], 1.2126131),
]  # fmt: skip


def rng(seed: int = 1983) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("looks", "alpha", "spending", "critical", "inflation"), RPACT)
def test_boundaries_and_inflation_are_those_of_rpact(looks, alpha, spending, critical, inflation):
    assert gs.boundaries(looks, alpha, spending) == pytest.approx(critical, abs=1e-6)
    assert gs.inflation_factor(looks, alpha, 0.8, spending) == pytest.approx(inflation, abs=1e-6)


def test_power_spending_is_that_of_kim_and_demets_in_rpact():
    upper = gs.boundaries(UNEVEN, 0.025, gs.power_spending(2))
    assert upper == pytest.approx([2.840803718, 2.500617869, 2.033633642], abs=1e-6)


@pytest.mark.parametrize("spending", [OF, POCOCK, gs.power_spending(1), gs.power_spending(3)])
@pytest.mark.parametrize("alpha", [0.005, 0.0125, 0.025, 0.1])
def test_spending_ends_at_alpha_and_boundaries_spend_as_planned(spending, alpha):
    looks = np.array([0.1, 0.35, 0.5, 0.9, 1])
    spent = spending(looks, alpha)
    assert spent[-1] == pytest.approx(alpha, abs=1e-15)
    assert (np.diff(spent) > 0).all()
    crossing = gs.crossing_probabilities(looks, gs.boundaries(looks, alpha, spending))
    assert crossing.upper.cumsum() == pytest.approx(spent, abs=1e-8)


def test_spending_by_hand():
    assert OF(0.25, 0.025) == pytest.approx(2 * norm.sf(2 * norm.isf(0.0125)))
    assert POCOCK(0.5, 0.025) == pytest.approx(0.025 * np.log((np.e + 1) / 2))
    assert gs.power_spending(2)([0.5, 1], 0.02) == pytest.approx([0.005, 0.02])


@pytest.mark.parametrize(("looks", "constant"), [(2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413)])
def test_pococks_constants_keep_five_per_cent_two_sided(looks, constant):
    """Pocock 1977: equal looks, the same two-sided test at each; printed to three decimals."""
    bound = np.full(looks, constant)
    crossing = gs.crossing_probabilities(np.arange(1, looks + 1) / looks, bound, lower=-bound)
    assert crossing.total + crossing.lower.sum() == pytest.approx(0.05, abs=1.5e-4)


@pytest.mark.parametrize(("looks", "error"), [(1, 0.05), (2, 0.083), (3, 0.107), (5, 0.142)])
def test_repeated_tests_at_five_per_cent_err_as_in_the_classical_table(looks, error):
    """Armitage, McPherson and Rowe's table, to three decimals."""
    bound = np.full(looks, norm.isf(0.025))
    crossing = gs.crossing_probabilities(np.arange(1, looks + 1) / looks, bound, lower=-bound)
    assert crossing.total + crossing.lower.sum() == pytest.approx(error, abs=5e-4)


@pytest.mark.parametrize("first", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("drift", [-1.0, 0.0, 2.5, 6.0])
def test_two_looks_are_a_bivariate_normal(first, drift):
    upper, lower = np.array([2.5, 2.0]), np.array([-0.5, -1.0])
    means, correlation = drift * np.sqrt([first, 1]), np.sqrt(first)
    law = multivariate_normal(means, [[1, correlation], [correlation, 1]])
    crossing = gs.crossing_probabilities([first, 1], upper, drift, lower)
    both = law.cdf([upper[0], np.inf], lower_limit=[lower[0], upper[1]])
    low = law.cdf([upper[0], lower[1]], lower_limit=[lower[0], -np.inf])
    assert crossing.upper == pytest.approx([norm.sf(upper[0] - means[0]), both], abs=1e-6)
    assert crossing.lower == pytest.approx([norm.cdf(lower[0] - means[0]), low], abs=1e-6)


def test_one_look_is_the_fixed_test():
    assert gs.boundaries([1], 0.025) == pytest.approx([norm.isf(0.025)])
    assert gs.inflation_factor([1], 0.025, 0.9) == pytest.approx(1)
    assert gs.expected_information([1], [2]) == pytest.approx(1)
    assert gs.required_drift([1], [norm.isf(0.025)], 0.9) == pytest.approx(
        norm.isf(0.025) + norm.ppf(0.9)
    )


def test_crossing_is_computed_for_each_drift():
    upper = gs.boundaries(FIVE, 0.025)
    drifts = np.array([[0.0, 1.0], [2.0, 3.0]])
    crossing = gs.crossing_probabilities(FIVE, upper, drifts)
    assert crossing.upper.shape == crossing.lower.shape == (2, 2, 5)
    assert crossing.total.shape == gs.expected_information(FIVE, upper, drifts).shape == (2, 2)
    for place, drift in np.ndenumerate(drifts):
        alone = gs.crossing_probabilities(FIVE, upper, drift)
        assert crossing.upper[place] == pytest.approx(alone.upper)
    assert (np.diff(crossing.total.ravel()) > 0).all()


def test_a_look_that_spends_nothing_never_stops():
    def late(information, alpha):
        return np.where(np.asarray(information) < 0.6, 0, alpha)

    assert gs.boundaries([0.5, 1], 0.025, late) == pytest.approx([np.inf, norm.isf(0.025)])


@pytest.mark.parametrize("drift", [0.0, 2.8])
def test_simulated_trials_stop_as_computed(drift):
    upper = gs.boundaries(FIVE, 0.025, POCOCK)
    lower = np.array([-1, -0.5, 0, 0.5, 1])
    trials = gs.simulate_trials(FIVE, upper, drift, TRIALS, rng(), lower)
    crossing = gs.crossing_probabilities(FIVE, upper, drift, lower)
    ends = crossing.upper + crossing.lower
    ends[-1] = 1 - ends[:-1].sum()
    stopped = np.bincount(trials.look, minlength=5) / TRIALS
    error = np.sqrt(ends * (1 - ends) / TRIALS)
    assert (np.abs(stopped - ends) < 4.5 * error).all()
    power = float(crossing.total)
    assert abs(trials.crossed.mean() - power) < 4.5 * np.sqrt(power * (1 - power) / TRIALS)
    mean = float(gs.expected_information(FIVE, upper, drift, lower))
    spread = trials.information.std() / np.sqrt(TRIALS)
    assert abs(trials.information.mean() - mean) < 4.5 * spread


def test_naive_bias_is_that_of_a_numerical_integral():
    """Two looks: the mean of the estimate over the stopped (truncated normal) and the rest."""
    first, drift = 0.5, 2.0
    upper = gs.boundaries([first, 1], 0.025, POCOCK)
    root = np.sqrt(first)

    def gone_on(z):
        return (z * root + drift * (1 - first)) * norm.pdf(z - drift * root)

    chance = norm.sf(upper[0] - drift * root)
    early = drift + norm.pdf(upper[0] - drift * root) / chance / root
    overall = early * chance + quad(gone_on, -12, upper[0])[0]
    trials = gs.simulate_trials([first, 1], upper, drift, TRIALS, rng())
    for exact, among in [(early, trials.look == 0), (overall, None)]:
        bias, error = trials.mean_overestimate(among)
        assert abs(bias - (exact - drift)) < 4.5 * error
        assert error < 0.01


def test_trials_of_one_seed_are_equal_and_may_have_a_drift_each():
    drifts = np.linspace(0, 5, 1000)
    first, again = (gs.simulate_trials(TWO, [3, 2], drifts, 1000, rng(7)) for _ in range(2))
    assert (first.z == again.z).all()
    assert (first.drift == drifts).all()
    assert np.isnan(first.mean_overestimate(np.zeros(1000, bool))).all()
    one = np.zeros(1000, bool)
    one[3] = True
    assert np.isfinite(first.mean_overestimate(one)[0])
    assert np.isnan(first.mean_overestimate(one)[1])


def test_conditional_power_is_the_share_of_simulated_ends():
    z, t, drift, bound = 1.4, 0.6, 2.5, 2.0
    ends = z * np.sqrt(t) + drift * (1 - t) + np.sqrt(1 - t) * rng().standard_normal(TRIALS)
    power = float(gs.conditional_power(z, t, drift, bound))
    assert abs(np.mean(ends >= bound) - power) < 4.5 * np.sqrt(power * (1 - power) / TRIALS)


def test_conditional_power_by_hand():
    """At half the information with z = 1.96 and no further effect: 0.83 over root one half."""
    assert gs.conditional_power(1.96, 0.5, 0, 1.96) == pytest.approx(
        norm.sf((1.96 - 1.96 * np.sqrt(0.5)) / np.sqrt(0.5))
    )
    trend = gs.current_trend(2.0, 0.25)
    assert trend == pytest.approx(4.0)
    assert gs.conditional_power(2.0, 0.25, trend, 4.0) == pytest.approx(0.5)


@pytest.mark.parametrize("sd", [0.3, 1.0, 5.0])
def test_predictive_power_is_conditional_power_averaged_over_the_posterior(sd):
    z, t, bound, centre = 1.2, 0.4, 2.1, 2.0
    precision = t + 1 / sd**2
    mean = (z * np.sqrt(t) + centre / sd**2) / precision

    def weighted(drift):
        return gs.conditional_power(z, t, drift, bound) * norm.pdf(drift, mean, precision**-0.5)

    average = quad(weighted, mean - 12 * precision**-0.5, mean + 12 * precision**-0.5)[0]
    assert gs.predictive_power(z, t, bound, centre, sd) == pytest.approx(average, abs=1e-8)


def test_predictive_power_has_its_limits():
    z, t, bound = np.array([-1.0, 0.5, 2.5]), 0.4, 2.0
    flat = gs.predictive_power(z, t, bound)
    assert flat == pytest.approx(norm.cdf((z / np.sqrt(t) - bound) / np.sqrt((1 - t) / t)))
    assert gs.predictive_power(z, t, bound, 3.0, 1e6) == pytest.approx(flat, abs=1e-6)
    certain = gs.predictive_power(z, t, bound, 3.0, 1e-6)
    assert certain == pytest.approx(gs.conditional_power(z, t, 3.0, bound), abs=1e-6)


def test_estimate_at_the_first_look_is_naive_and_later_is_drawn_down():
    upper = gs.boundaries(TWO, 0.025, POCOCK)
    early, late = gs.estimate(TWO, upper, 0, 2.4), gs.estimate(TWO, upper, 1, 2.4)
    assert early.median_unbiased == pytest.approx(early.naive)
    assert early.p_value == pytest.approx(norm.sf(2.4))
    assert late.median_unbiased < late.naive == pytest.approx(2.4)
    assert late.p_value > norm.sf(2.4)
    for each in (early, late):
        assert each.lower < each.median_unbiased < each.upper


def test_final_outcome_on_the_boundary_has_the_whole_alpha_as_its_p_value():
    upper = gs.boundaries(FIVE, 0.025, POCOCK)
    assert gs.stagewise_p_value(FIVE, upper, 4, upper[-1]) == pytest.approx(0.025, abs=1e-8)
    found = gs.estimate(FIVE, upper, 4, upper[-1])
    assert found.lower == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("drift", [0.0, 1.5, 3.0])
def test_stagewise_limits_cover_as_they_promise(drift):
    """The limits cover exactly if the P value is uniform at the true drift."""
    upper = gs.boundaries(UNEVEN, 0.025, POCOCK)
    trials = gs.simulate_trials(UNEVEN, upper, drift, 4000, rng(11))
    p_values = np.array(
        [
            gs.stagewise_p_value(UNEVEN, upper, int(look), float(z), drift)
            for look, z in zip(trials.look, trials.z, strict=True)
        ]
    )
    for part in (0.025, 0.5, 0.975):
        assert abs(np.mean(p_values <= part) - part) < 4.5 * np.sqrt(part * (1 - part) / 4000)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: OF([0.0], 0.025), "information must lie above 0"),
        (lambda: POCOCK([1.1], 0.025), "information must lie above 0"),
        (lambda: OF([0.5], 0.6), "alpha must lie between"),
        (lambda: gs.power_spending(0), "exponent must be above 0"),
        (lambda: gs.power_spending(1)([0.5], 0), "alpha must lie between"),
        (lambda: gs.boundaries([0.5, 0.9], 0.025), "information must be a list that increases to"),
        (lambda: gs.boundaries([0.6, 0.5, 1], 0.025), "information must be a list that increases"),
        (lambda: gs.boundaries([], 0.025), "information must be a list that increases"),
        (lambda: gs.boundaries([0.5, 1], 1), "alpha must lie between"),
        (lambda: gs.boundaries([0.5, 1], 0.025, lambda t, a: a * (1 - t)), "spending must rise"),
        (lambda: gs.boundaries([0.5, 1], 0.025, lambda t, a: a * t / 2), "spending must rise"),
        (lambda: gs.crossing_probabilities(TWO, [2]), "upper must be 2 numbers"),
        (lambda: gs.crossing_probabilities(TWO, [2, np.nan]), "upper must be 2 numbers"),
        (lambda: gs.crossing_probabilities(TWO, [2, 2], np.inf), "drift must be finite"),
        (lambda: gs.crossing_probabilities(TWO, [2, 2], 0, [2, 1]), "lower must be below upper"),
        (lambda: gs.required_drift(TWO, [2, 2], 0.01), "power must lie between"),
        (lambda: gs.inflation_factor(TWO, 0.025, 1), "power must lie between"),
        (lambda: gs.current_trend(np.nan, 0.5), "z must be finite"),
        (lambda: gs.conditional_power(1, 1, 2, 2), "information must be below 1"),
        (lambda: gs.conditional_power(1, 0.5, 2, np.inf), "final_boundary must be finite"),
        (lambda: gs.predictive_power(1, 0.5, 2, 0, 0), "prior_sd must be above 0"),
        (lambda: gs.simulate_trials(TWO, [2, 2], 0, 0, rng()), "trials must be a whole number"),
        (lambda: gs.simulate_trials(TWO, [2, 2], [0, 1], 3, rng()), "drift must be one number"),
        (
            lambda: gs.simulate_trials(TWO, [2, 2], 0, 3, rng()).mean_overestimate([1, 0, 1]),
            "among must be Booleans",
        ),
        (lambda: gs.estimate(TWO, [2, 2], 2, 2.5), "look must lie from 0 to 1"),
        (lambda: gs.estimate(TWO, [2, 2], 0.5, 2.5), "look must be a whole number"),
        (lambda: gs.estimate(TWO, [2, 2], 0, 1.5), "z must be at least the boundary"),
        (lambda: gs.estimate(TWO, [2, 2], 0, 2.5, 1), "level must lie between"),
    ],
)
def test_errors_name_the_argument_and_the_rule(call, words):
    with pytest.raises(ValueError, match=words):
        call()
