"""EffTox against hand calculation, integration, every path of small trials, published output."""

from collections import Counter
from dataclasses import replace
from itertools import product
from time import perf_counter

import numpy as np
import pytest
from inobook.efftox import (
    EffToxDesign,
    Limits,
    Prior,
    TradeOff,
    best_level,
    next_level,
    posterior,
    selected_level,
    simulate_efftox,
)
from scipy.integrate import quad
from scipy.stats import binom, norm

TRADE_OFF = TradeOff.through(0.3, 0.6, (0.6, 0.35))
LIMITS = Limits(min_efficacy=0.4, max_toxicity=0.3)
PRIOR = Prior(means=(-2, 1.5, 0, 1.5, 0), sds=(1.5, 1, 1.5, 1, 0.3))
DESIGN = EffToxDesign((1.2, 1.6, 1.8, 2.4), PRIOR, TRADE_OFF, LIMITS)
# Two levels and few patients: every path of the trial can be walked.
SMALL = EffToxDesign((1, 2), PRIOR, TRADE_OFF, LIMITS, cohort_size=2, max_patients=6)
SMALL_RATES = (0.5, 0.7), (0.15, 0.4)

# The example of Thall, Herrick, Nguyen, Venier and Norris 2014, doi 10.1177/1740774514547397.
EXAMPLE = EffToxDesign(
    doses=(1, 2, 4, 6.6, 10),
    prior=Prior((-7.9593, 1.5482, 0.7367, 3.4181, 0), (3.5487, 3.5018, 2.5423, 2.4406, 0.2)),
    trade_off=TradeOff.through(0.5, 0.65, (0.7, 0.25)),
    limits=Limits(min_efficacy=0.5, max_toxicity=0.3),
)


def rng(seed: int = 10) -> np.random.Generator:
    return np.random.default_rng(seed)


# Trade-off


@pytest.mark.parametrize(
    ("efficacy_only", "toxicity_only", "middle"),
    [
        (0.3, 0.6, (0.6, 0.35)),
        (0.5, 0.65, (0.7, 0.25)),
        (0.0, 1.0, (0.1, 0.9)),
        (0.2, 0.4, (0.25, 0.39)),
        (0.2, 0.4, (0.95, 0.01)),
    ],
)
def test_the_three_points_are_of_desirability_0(efficacy_only, toxicity_only, middle):
    trade_off = TradeOff.through(efficacy_only, toxicity_only, middle)
    efficacy, toxicity = zip((efficacy_only, 0), middle, (1, toxicity_only), strict=True)
    assert trade_off.desirability(efficacy, toxicity) == pytest.approx([0, 0, 0], abs=1e-9)
    # Tiny to the power 1/exponent: only half of the digits survive at the first point.
    assert trade_off.contour(0, efficacy) == pytest.approx(np.array(toxicity), abs=1e-6)
    assert trade_off.desirability(1, 0) == 1


def test_desirability_by_hand():
    circle = TradeOff(efficacy_only=0.5, toxicity_only=0.5, exponent=2)
    # Losses 0.3/0.5 and 0.4/0.5: sqrt(0.36 + 0.64) = 1; and twice 1 on each side.
    assert circle.desirability(0.7, 0.4) == pytest.approx(0)
    assert circle.desirability(0.85, 0.2) == pytest.approx(0.5)
    assert circle.desirability(0.0, 1.0) == pytest.approx(1 - 2 * np.sqrt(2))


def test_a_middle_on_the_straight_line_gives_straight_contours():
    straight = TradeOff.through(0.2, 0.6, (0.6, 0.3))
    assert straight.exponent == pytest.approx(1)
    efficacy, toxicity = np.meshgrid(np.linspace(0, 1, 11), np.linspace(0, 1, 11))
    expected = 1 - (1 - efficacy) / 0.8 - toxicity / 0.6
    assert straight.desirability(efficacy, toxicity) == pytest.approx(expected)
    assert TradeOff.through(0.2, 0.6, (0.6, 0.4)).exponent > 1
    assert TradeOff.through(0.2, 0.6, (0.6, 0.2)).exponent < 1


def test_the_exponent_of_the_published_example():
    # 0.9773632 in the parameters of R package trialr (efftox_parameters_demo).
    assert EXAMPLE.trade_off.exponent == pytest.approx(0.9773632, abs=1e-5)


def test_contours_hold_the_rates_of_their_desirability():
    value, efficacy = np.meshgrid([-0.4, 0, 0.3, 1], np.linspace(0, 1, 41))
    toxicity = TRADE_OFF.contour(value, efficacy)
    there = ~np.isnan(toxicity)
    found = TRADE_OFF.desirability(efficacy[there], toxicity[there])
    assert found == pytest.approx(value[there], abs=1e-9)
    # Nowhere else is there a rate of that desirability: it is passed between toxicity 0 and 1.
    best, worst = TRADE_OFF.desirability(efficacy, 0), TRADE_OFF.desirability(efficacy, 1)
    assert (there == ((worst <= value) & (value <= best + 1e-12))).all()
    assert 0 < there.mean() < 1
    assert np.isnan(TRADE_OFF.contour(1.1, 1))


def test_desirability_rises_with_efficacy_and_falls_with_toxicity():
    grid = np.linspace(0, 1, 21)
    values = TRADE_OFF.desirability(grid[:, None], grid)
    assert (np.diff(values, axis=0)[:, :1] > 0).all() and (np.diff(values, axis=0) >= 0).all()
    assert (np.diff(values, axis=1)[-1] < 0).all() and (np.diff(values, axis=1) <= 0).all()


# Posterior


def integrated(design, patients, events, means, sds, powers):
    """Return posterior means and a function for tail probabilities, on a dense grid."""
    points = {1: 2001, 2: 401, 3: 101}[len(means)]
    axes = [mean + sd * np.linspace(-6, 6, points) for mean, sd in zip(means, sds, strict=True)]
    parameters = np.meshgrid(*axes, indexing="ij")
    weight = np.ones_like(parameters[0])
    for parameter, mean, sd in zip(parameters, means, sds, strict=True):
        weight = weight * norm.pdf(parameter, mean, sd)
    logs = np.log(design.doses) - np.mean(np.log(design.doses))
    rates = []
    for x, n, y in zip(logs, patients, events, strict=True):
        logit = sum(
            parameter * x**power for parameter, power in zip(parameters, powers, strict=True)
        )
        rate = 1 / (1 + np.exp(-logit))
        weight = weight * rate**y * (1 - rate) ** (n - y)
        rates.append(rate)
    weight = weight / weight.sum()
    return np.array([(weight * rate).sum() for rate in rates]), lambda limit: np.array(
        [weight[rate > limit].sum() for rate in rates]
    )


DATA = [
    ((0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)),
    ((3, 0, 0, 0), (1, 0, 0, 0), (0, 0, 0, 0)),
    ((3, 6, 3, 0), (1, 4, 1, 0), (0, 1, 2, 0)),
    ((3, 3, 9, 21), (0, 1, 5, 16), (0, 0, 2, 6)),
]


@pytest.mark.parametrize(("patients", "responses", "toxicities"), DATA)
def test_posterior_agrees_with_integration(patients, responses, toxicities):
    found = posterior(DESIGN, patients, responses, toxicities)
    means, sds = PRIOR.means, PRIOR.sds
    efficacy, above = integrated(DESIGN, patients, responses, means[2:], sds[2:], (0, 1, 2))
    toxicity, over = integrated(DESIGN, patients, toxicities, means[:2], sds[:2], (0, 1))
    assert found.mean_efficacy == pytest.approx(efficacy, abs=0.002)
    assert found.mean_toxicity == pytest.approx(toxicity, abs=0.002)
    assert found.enough_efficacy == pytest.approx(above(0.4), abs=0.01)
    assert found.tolerable == pytest.approx(1 - over(0.3), abs=0.01)
    expected = TRADE_OFF.desirability(found.mean_efficacy, found.mean_toxicity)
    assert (found.desirability == expected).all()
    assert (found.acceptable == ((above(0.4) > 0.1) & (1 - over(0.3) > 0.1))).all()


def test_likelihood_of_one_cohort_by_hand():
    # Doses 1 and e^2, so x is -1 and 1. Slopes are fixed: toxicity logit t + x, efficacy
    # logit e + 0.5 x - 0.25 x^2. One of three with toxicity, two of three with efficacy.
    design = EffToxDesign(
        (1, np.exp(2)), Prior((0, 1, 0.5, 0.5, -0.25), (2, 0, 1, 0, 0)), TRADE_OFF, LIMITS
    )
    assert design.log_doses == pytest.approx([-1, 1])

    def moment(power, events, shift, mean, sd):
        def integrand(intercept):
            p = 1 / (1 + np.exp(-intercept - shift))
            return p**power * p**events * (1 - p) ** (3 - events) * norm.pdf(intercept, mean, sd)

        return quad(integrand, -20, 20)[0]

    found = posterior(design, [3, 0], [2, 0], [1, 0])
    toxicity = moment(1, 1, -1, 0, 2) / moment(0, 1, -1, 0, 2)
    efficacy = moment(1, 2, -0.75, 0.5, 1) / moment(0, 2, -0.75, 0.5, 1)
    assert found.mean_toxicity[0] == pytest.approx(toxicity, abs=5e-4)
    assert found.mean_efficacy[0] == pytest.approx(efficacy, abs=5e-4)


def test_a_fixed_model_learns_nothing():
    sure = replace(SMALL, prior=Prior((-1, 1, 0.5, 1, -1), (0,) * 5))
    found = posterior(sure, [6, 6], [6, 0], [6, 0])
    x = np.array([-1, 1]) * np.log(2) / 2
    assert found.mean_toxicity == pytest.approx(1 / (1 + np.exp(1 - x)))
    assert found.mean_efficacy == pytest.approx(1 / (1 + np.exp(-0.5 - x + x**2)))
    assert found.effective_draws_efficacy == pytest.approx(found.effective_draws_toxicity)
    assert posterior(sure, [0, 0], [0, 0], [0, 0]).effective_draws_toxicity == pytest.approx(8192)


def test_effective_draws_shrink_with_data():
    draws = [
        posterior(DESIGN, [0, n, 0, 0], [0, n // 2, 0, 0], [0, n // 3, 0, 0]) for n in (0, 6, 36)
    ]
    for name in ("effective_draws_efficacy", "effective_draws_toxicity"):
        none, some, many = (float(getattr(known, name)) for known in draws)
        assert none == pytest.approx(8192) and none > 1.5 * some > 2 * many > 200


@pytest.mark.parametrize(
    ("toxicities", "data", "expected"),
    [
        (  # patients at levels 1 and 2, three each; one response at level 2
            (0, 0, 0, 0, 0),
            ((3, 3, 0, 0, 0), (0, 1, 0, 0, 0)),
            {
                "mean_efficacy": (0.05, 0.26, 0.72, 0.86, 0.91),
                "mean_toxicity": (0.01, 0.01, 0.02, 0.06, 0.12),
                "enough_efficacy": (0.01, 0.13, 0.80, 0.91, 0.94),
                "tolerable": (1.00, 1.00, 0.98, 0.93, 0.86),
                "desirability": (-0.91, -0.47, 0.42, 0.64, 0.64),
            },
        ),
        (
            (0, 0, 2, 0, 0),
            ((3, 3, 3, 0, 0), (0, 1, 2, 0, 0)),
            {
                "mean_efficacy": (0.06, 0.24, 0.71, 0.89, 0.94),
                "mean_toxicity": (0.02, 0.06, 0.41, 0.77, 0.87),
                "enough_efficacy": (0.01, 0.07, 0.85, 0.97, 0.98),
                "tolerable": (1.00, 0.98, 0.36, 0.08, 0.05),
                "desirability": (-0.92, -0.63, -0.24, -0.41, -0.47),
            },
        ),
    ],
)
def test_posterior_agrees_with_the_software_of_the_authors(toxicities, data, expected):
    # Output of MD Anderson's EffTox, with psi ~ N(0, 1), as it stands in the tests of R package
    # trialr (stan_efftox), which allows 0.03 for the software's numerical methods.
    found = posterior(EXAMPLE, *data, toxicities)
    for name, values in expected.items():
        assert getattr(found, name) == pytest.approx(np.array(values), abs=0.02), name


def test_any_leading_shape_and_repeated_rows():
    patients, responses, toxicities = (np.array(column) for column in zip(*DATA, strict=True))
    order = np.array([[0, 3, 1], [2, 3, 3]])
    found = posterior(DESIGN, patients[order], responses[order], toxicities[order])
    assert found.mean_efficacy.shape == found.acceptable.shape == (2, 3, 4)
    assert found.effective_draws_toxicity.shape == (2, 3)
    for place in np.ndindex(2, 3):
        alone = posterior(DESIGN, *DATA[order[place]])
        assert found.mean_efficacy[place] == pytest.approx(alone.mean_efficacy)
        assert found.tolerable[place] == pytest.approx(alone.tolerable)
        assert found.effective_draws_toxicity[place] == pytest.approx(
            alone.effective_draws_toxicity
        )


def test_admissibility_moves_one_way_with_data():
    events = np.arange(10)
    patients = np.tile([0, 9, 0, 0], (10, 1))
    counts = np.zeros((10, 4), int)
    counts[:, 1] = events
    more_toxic = posterior(DESIGN, patients, patients // 2, counts)
    assert (np.diff(more_toxic.tolerable[:, 1]) < 0).all()
    assert (np.diff(more_toxic.mean_toxicity[:, 1]) > 0).all()
    assert (np.diff(more_toxic.acceptable[:, 1].astype(int)) <= 0).all()
    assert more_toxic.acceptable[0, 1] and not more_toxic.acceptable[-1, 1]
    # The posteriors are separate: toxicity changes nothing about efficacy.
    assert (more_toxic.mean_efficacy == more_toxic.mean_efficacy[0]).all()
    more_responses = posterior(DESIGN, patients, counts, np.zeros_like(counts))
    assert (np.diff(more_responses.enough_efficacy[:, 1]) > 0).all()
    assert not more_responses.acceptable[0, 1] and more_responses.acceptable[-1, 1]


# Decisions


def test_the_start_level_comes_first_and_no_level_is_skipped():
    start = replace(DESIGN, start_level=2)
    assert next_level(start, [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]) == 2
    # Upwards: level 4 is the most desirable and acceptable, but none above 2 has been tried.
    eager = replace(start, prior=Prior((-6, 1, 0, 4, 0), (1, 1, 1, 1, 0.3)))
    data = [0, 3, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]
    known = posterior(eager, *data)
    assert known.acceptable[3] and known.desirability.argmax() == 3
    assert next_level(eager, *data) == selected_level(eager, *data) + 1 == 3
    # Downwards: level 1 is the most desirable and acceptable, but none below 4 has been tried.
    high = replace(start, start_level=4, prior=Prior((-1, 2, 3, 0, 0), (1, 1, 1, 0.5, 0.1)))
    data = [0, 0, 0, 3], [0, 0, 0, 3], [0, 0, 0, 2]
    known = posterior(high, *data)
    assert known.acceptable[0] and known.desirability.argmax() == 0
    assert next_level(high, *data) == 3


def test_every_simulated_trial_obeys_the_rule():
    design = replace(DESIGN, start_level=2, max_patients=20)
    trials = simulate_efftox(design, (0.3, 0.45, 0.5, 0.6), (0.1, 0.2, 0.35, 0.5), rng(), 400)
    for declared, patients in zip(trials.declared, trials.patients, strict=True):
        treated = np.flatnonzero(patients)
        assert 1 in treated and (np.diff(treated) == 1).all()
        # The last cohort of 20 patients in threes has two.
        assert patients.sum() == 20 or (declared == 0 and patients.sum() % 3 == 0)
        assert declared == 0 or patients[declared - 1] > 0
    assert (trials.responses <= trials.patients).all()
    assert {0, 2} < set(trials.declared.tolist())


def test_untried_levels_may_be_spared_the_efficacy_criterion():
    # No response in six at level 1, and a prior sure that the next level is no better.
    flat = replace(SMALL, prior=Prior((-2, 0.5, -2, 0, 0), (1, 0.3, 1, 0.1, 0.1)))
    data = [6, 0], [0, 0], [0, 0]
    assert next_level(flat, *data) == 0
    original = replace(flat, untried_on_toxicity_alone=True)
    assert next_level(original, *data) == 2
    assert selected_level(original, *data) == 0
    assert next_level(original, [6, 0], [0, 0], [6, 0]) == 0
    assert next_level(original, [6, 3], [0, 0], [0, 0]) == 0


# Simulation


def paths(design, efficacy, toxicity):
    """Return probability of each declared level and mean patients, over every path of a trial."""
    k = len(design.doses)
    declared, mean = Counter(), np.zeros(k)
    start = (0,) * k
    open_paths = [(start, start, start, 1.0)]
    while open_paths:
        n, r, t, probability = open_paths.pop()
        size = min(design.cohort_size, design.max_patients - sum(n))
        level = design.start_level
        if sum(n) > 0:
            known = posterior(design, n, r, t)
            highest = max(i for i in range(k) if n[i])
            candidates = []
            for i in range(k):
                neighbours = n[max(i - 1, 0) : i + 2]
                fine = known.acceptable[i]
                if design.untried_on_toxicity_alone and i == highest + 1:
                    fine = known.tolerable[i] > design.limits.certainty_toxicity
                if fine and (n[i] if size == 0 else any(neighbours)):
                    candidates.append((known.desirability[i], i + 1))
            level = max(candidates)[1] if candidates else 0
        if size == 0 or level == 0:
            declared[level] += probability
            mean += probability * np.array(n)
            continue
        i = level - 1
        for more_r, more_t in product(range(size + 1), repeat=2):
            likely = binom.pmf(more_r, size, efficacy[i]) * binom.pmf(more_t, size, toxicity[i])
            grown = (
                (*counts[:i], counts[i] + more, *counts[i + 1 :])
                for counts, more in ((n, size), (r, more_r), (t, more_t))
            )
            open_paths.append((*grown, probability * likely))
    return np.array([declared[level] for level in range(k + 1)]), mean


@pytest.mark.parametrize(
    "design",
    [
        SMALL,
        replace(SMALL, max_patients=5, start_level=2),
        replace(SMALL, untried_on_toxicity_alone=True, limits=Limits(0.5, 0.3, 0.3, 0.3)),
    ],
)
def test_simulated_trials_agree_with_every_path(design):
    declared, mean = paths(design, *SMALL_RATES)
    assert declared.sum() == pytest.approx(1)
    trials = simulate_efftox(design, *SMALL_RATES, rng(), trials=20_000)
    found = trials.operating_characteristics()
    shares = np.append(found.no_selection, found.selection)
    errors = np.append(found.error.no_selection, found.error.selection)
    assert (errors > 0).all()
    assert (np.abs(shares - declared) <= 4 * errors).all()
    assert (np.abs(found.mean_patients - mean) <= 4 * found.error.mean_patients).all()
    gap = np.abs(found.share_treated - mean / mean.sum())
    assert (gap <= 4 * found.error.share_treated).all()
    for rates, counted, error in zip(
        SMALL_RATES,
        (found.mean_responses, found.mean_toxicities),
        (found.error.mean_responses, found.error.mean_toxicities),
        strict=True,
    ):
        assert (np.abs(counted - mean * rates) <= 4 * error).all()


def test_standard_errors_are_the_spread_of_repeated_simulations():
    generator = rng(3)
    repeats = [
        simulate_efftox(SMALL, *SMALL_RATES, generator, 200).operating_characteristics()
        for _ in range(300)
    ]
    for name in ("selection", "mean_patients", "mean_responses", "share_treated"):
        spread = np.std([getattr(repeat, name) for repeat in repeats], axis=0)
        stated = np.mean([getattr(repeat.error, name) for repeat in repeats], axis=0)
        assert stated == pytest.approx(spread, rel=0.2), name


def test_extreme_scenarios():
    poison = simulate_efftox(DESIGN, (0.5, 0.6, 0.7, 0.8), (0.8, 0.85, 0.9, 0.95), rng(), 500)
    found = poison.operating_characteristics()
    assert (found.best_level, found.correct_selection) == (0, found.no_selection)
    assert found.no_selection > 0.98 and found.mean_patients.sum() < 12
    useless = simulate_efftox(DESIGN, (0.02,) * 4, (0.02,) * 4, rng(), 500)
    assert useless.operating_characteristics().no_selection > 0.9
    # The first level has enough efficacy and little toxicity; those above are too toxic.
    first = simulate_efftox(DESIGN, (0.8, 0.8, 0.8, 0.8), (0.05, 0.5, 0.6, 0.7), rng(), 500)
    found = first.operating_characteristics()
    assert found.best_level == 1
    assert found.correct_selection > 0.8 and found.share_treated[0] > 0.6
    # Harmless, and only the highest level works. Asked for efficacy before it has been tried, it
    # is often given up too soon; that is what the exception for an untried level is for.
    strict, original = (
        simulate_efftox(
            replace(DESIGN, untried_on_toxicity_alone=spared),
            (0.15, 0.25, 0.3, 0.8),
            (0.01, 0.01, 0.02, 0.03),
            rng(),
            500,
        ).operating_characteristics()
        for spared in (False, True)
    )
    assert strict.best_level == original.best_level == 4
    assert original.correct_selection > 0.9 and original.share_treated[3] > 0.6
    assert 0.6 < strict.correct_selection < original.correct_selection - 0.1


def test_sure_outcomes():
    trials = simulate_efftox(DESIGN, (1, 1, 1, 1), (1, 1, 1, 1), rng(), 20)
    assert (trials.declared == 0).all()
    assert (trials.patients == trials.toxicities).all()
    assert (trials.patients == trials.patients[0]).all() and trials.patients[0].sum() < 10


def test_best_level():
    efficacy, toxicity = (0.3, 0.5, 0.6, 0.9), (0.05, 0.1, 0.3, 0.5)
    # Desirable though it is, level 4 is too toxic; level 1 does too little.
    assert TRADE_OFF.desirability(efficacy, toxicity).argmax() == 1
    assert best_level(TRADE_OFF, LIMITS, efficacy, toxicity) == 2
    assert best_level(TRADE_OFF, Limits(0.55, 0.3), efficacy, toxicity) == 3
    assert best_level(TRADE_OFF, Limits(0.55, 0.29), efficacy, toxicity) == 0
    assert best_level(TRADE_OFF, LIMITS, (0.5, 0.5), (0.1, 0.1)) == 1
    daring = TradeOff.through(0.8, 0.9, (0.9, 0.45))
    assert best_level(daring, Limits(0.4, 0.6), efficacy, toxicity) == 4


def test_the_truth_may_be_judged_by_another_trade_off():
    trials = simulate_efftox(SMALL, *SMALL_RATES, rng(), 200)
    own = trials.operating_characteristics()
    assert own.best_level == 1
    assert own.correct_selection == own.selection[0]
    daring = TradeOff.through(0.6, 0.9, (0.8, 0.45))
    other = trials.operating_characteristics(daring, Limits(0.4, 0.5))
    assert other.best_level == 2
    assert other.correct_selection == own.selection[1]


def test_trials_are_repeatable_and_depend_on_the_generator_alone():
    def draw(seed):
        return simulate_efftox(DESIGN, (0.3, 0.5, 0.6, 0.7), (0.1, 0.1, 0.2, 0.3), rng(seed), 100)

    for name in ("declared", "patients", "responses", "toxicities"):
        assert (getattr(draw(1), name) == getattr(draw(1), name)).all()
    assert (draw(1).responses != draw(2).responses).any()


def test_a_thousand_trials_take_seconds_at_most():
    begin = perf_counter()
    simulate_efftox(DESIGN, (0.3, 0.5, 0.6, 0.7), (0.05, 0.1, 0.2, 0.3), rng())
    assert perf_counter() - begin < 10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TradeOff.through(0.3, 0.6, (0.3, 0.2)), "efficacy of middle .* dominates"),
        (lambda: TradeOff.through(0.3, 0.6, (1.0, 0.2)), "efficacy of middle"),
        (lambda: TradeOff.through(0.3, 0.6, (0.5, 0.6)), "toxicity of middle .* dominates"),
        (lambda: TradeOff.through(0.3, 0.6, (0.5, 0.0)), "toxicity of middle"),
        (lambda: TradeOff.through(1.0, 0.6, (0.5, 0.2)), "efficacy_only must be"),
        (lambda: TradeOff.through(0.3, 0.0, (0.5, 0.2)), "toxicity_only must be"),
        (lambda: TradeOff(0.3, 0.6, 0), "exponent must be"),
        (lambda: TRADE_OFF.desirability(1.2, 0), "efficacy must be from 0 to 1"),
        (lambda: TRADE_OFF.desirability(1, -0.1), "toxicity must be from 0 to 1"),
        (lambda: TRADE_OFF.contour(0, 2), "efficacy must be from 0 to 1"),
        (lambda: Limits(0, 0.3), "min_efficacy must be"),
        (lambda: Limits(0.4, 0.3, certainty_toxicity=1), "certainty_toxicity must be"),
        (lambda: Prior((0, 0, 0, 0), (1, 1, 1, 1, 1)), "means must be five"),
        (lambda: Prior((0, 0, 0, 0, np.nan), (1, 1, 1, 1, 1)), "means must be five"),
        (lambda: Prior((0, 0, 0, 0, 0), (1, 1, -1, 1, 1)), "sds must not be negative"),
        (lambda: replace(SMALL, doses=(1,)), "two or more doses"),
        (lambda: replace(SMALL, doses=(2, 1)), "above 0 and rise"),
        (lambda: replace(SMALL, doses=(0, 1)), "above 0 and rise"),
        (lambda: replace(SMALL, cohort_size=0), "cohort_size must be"),
        (lambda: replace(SMALL, max_patients=2.5), "max_patients must be"),
        (lambda: replace(SMALL, start_level=3), "start_level is 3"),
        (lambda: posterior(SMALL, [1, 2, 3], [0, 0, 0], [0, 0, 0]), "one column per dose"),
        (lambda: posterior(SMALL, [[1, 2]], [0, 0], [0, 0]), "responses must be of the shape"),
        (lambda: posterior(SMALL, [1, 2], [2, 0], [0, 0]), "responses must not exceed"),
        (lambda: posterior(SMALL, [1, 2], [0, 0], [0, 3]), "toxicities must not exceed"),
        (lambda: posterior(SMALL, [1, 2], [0.5, 0], [0, 0]), "responses must be whole"),
        (lambda: posterior(SMALL, [1, -2], [0, 0], [0, 0]), "patients must be whole"),
        (lambda: simulate_efftox(SMALL, [0.1], [0.1], rng()), "one rate per dose"),
        (lambda: simulate_efftox(SMALL, [0.1, 0.2], [0.1], rng()), "one rate per dose"),
        (lambda: simulate_efftox(SMALL, [0.1, 1.2], [0.1, 0.2], rng()), "true_efficacy must be"),
        (lambda: simulate_efftox(SMALL, [0.1, 0.2], [0.1, np.nan], rng()), "must not be nan"),
        (lambda: simulate_efftox(SMALL, *SMALL_RATES, rng(), 0), "trials must be"),
        (lambda: best_level(TRADE_OFF, LIMITS, [], []), "one rate per dose"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
