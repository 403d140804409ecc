"""Dose-finding designs against hand calculation, full enumeration of paths and published tables."""

from collections import Counter
from itertools import pairwise
from math import comb

import numpy as np
import pytest
from inobook.dose_finding import (
    IntervalDesign,
    isotonic_rates,
    simulate_interval_design,
    simulate_three_plus_three,
    three_plus_three_exact,
    true_mtd,
)
from scipy.optimize import minimize
from scipy.stats import binom

RATES = (0.05, 0.12, 0.28, 0.45, 0.6)
UNORDERED = (0.3, 0.1, 0.5)
TARGET = 0.30
TRIALS = 40_000


def rng(seed: int = 15) -> np.random.Generator:
    return np.random.default_rng(seed)


# An independent 3+3: the rule as a flow chart for one trial, walked along every path.


def next_step(results: dict[int, tuple[int, int]], levels: int, six_at_mtd: bool):
    """Return ("treat", level) or ("declare", level) from (patients, toxicities) per level."""

    def too_toxic(level):
        return results[level][1] >= 2

    top = max(results, default=0)
    if top == 0:
        return "treat", 1
    if results[top] == (3, 1):
        return "treat", top
    if not too_toxic(top) and top < levels:
        return "treat", top + 1
    candidate = top
    while candidate > 0 and too_toxic(candidate):
        candidate -= 1
    if candidate > 0 and six_at_mtd and results[candidate][0] == 3:
        return "treat", candidate
    return "declare", candidate


def enumerated(rates, six_at_mtd):
    """Return probability of each declared level (0 first), mean patients and mean toxicities."""
    declared = np.zeros(len(rates) + 1)
    patients, toxicities = np.zeros(len(rates)), np.zeros(len(rates))
    open_paths = [({}, 1.0)]
    while open_paths:
        results, probability = open_paths.pop()
        what, level = next_step(results, len(rates), six_at_mtd)
        if what == "declare":
            declared[level] += probability
            for treated, (number, toxic) in results.items():
                patients[treated - 1] += probability * number
                toxicities[treated - 1] += probability * toxic
            continue
        number, toxic = results.get(level, (0, 0))
        for more in range(4):
            grown = results | {level: (number + 3, toxic + more)}
            open_paths.append((grown, probability * binom.pmf(more, 3, rates[level - 1])))
    return declared, patients, toxicities


@pytest.mark.parametrize("six_at_mtd", [False, True])
@pytest.mark.parametrize("rates", [(0.25,), (0.1, 0.4), UNORDERED, RATES, (0.0, 1.0), (0.0, 0.0)])
def test_exact_three_plus_three_agrees_with_every_path(rates, six_at_mtd):
    declared, patients, toxicities = enumerated(rates, six_at_mtd)
    exact = three_plus_three_exact(rates, TARGET, six_at_mtd=six_at_mtd)
    assert exact.no_selection == pytest.approx(declared[0], abs=1e-12)
    assert exact.selection == pytest.approx(declared[1:], abs=1e-12)
    assert exact.mean_patients == pytest.approx(patients, abs=1e-12)
    assert exact.mean_toxicities == pytest.approx(toxicities, abs=1e-12)
    assert exact.error is None


def test_one_level_by_hand():
    # Rate 1/2: passed with 0/3 (1/8) or 1/3 then 0/3 (3/8 * 1/8 = 3/64), together 11/64.
    free = three_plus_three_exact([0.5], TARGET, six_at_mtd=False)
    assert free.selection == pytest.approx([11 / 64])
    assert free.mean_patients == pytest.approx([3 * (1 + 3 / 8)])
    # With six: after 0/3 at most one of three more (1/2), so 1/16 + 3/64 = 7/64.
    six = three_plus_three_exact([0.5], TARGET, six_at_mtd=True)
    assert six.selection == pytest.approx([7 / 64])
    assert six.mean_patients == pytest.approx([3 * (1 + 3 / 8 + 1 / 8)])


def test_three_plus_three_gives_the_published_mean_numbers_of_patients():
    # Chow, Shao and Wang, Sample Size Calculations in Clinical Research, examples 11.6.1 (without
    # de-escalation, level 1: 3.1) and 11.6.2 (with it, level 7: 0.2), as in R package TrialSize.
    rates = (0.01, 0.014, 0.025, 0.056, 0.177, 0.594, 0.963)
    without = three_plus_three_exact(rates, TARGET, six_at_mtd=False)
    with_de_escalation = three_plus_three_exact(rates, TARGET, six_at_mtd=True)
    assert without.mean_patients[0] == pytest.approx(3.1, abs=0.05)
    assert with_de_escalation.mean_patients[6] == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("six_at_mtd", [False, True])
def test_three_plus_three_at_the_limits(six_at_mtd):
    harmless = three_plus_three_exact([0, 0, 0], TARGET, six_at_mtd=six_at_mtd)
    assert harmless.selection == pytest.approx([0, 0, 1])
    assert harmless.mean_patients == pytest.approx([3, 3, 6 if six_at_mtd else 3])
    assert (harmless.true_mtd, harmless.share_above_mtd) == (3, 0)
    poison = three_plus_three_exact([1, 1, 1], TARGET, six_at_mtd=six_at_mtd)
    assert (poison.no_selection, poison.correct_selection) == (1, 1)
    assert poison.mean_patients == pytest.approx([3, 0, 0])
    assert (poison.true_mtd, poison.share_above_mtd) == (0, 1)


def assert_within_error(simulated, exact):
    for name in ("selection", "no_selection", "mean_patients", "mean_toxicities"):
        error = getattr(simulated.error, name)
        gap = np.abs(np.subtract(getattr(simulated, name), getattr(exact, name)))
        assert (np.asarray(error) > 0).all(), name
        assert (gap <= 4 * np.asarray(error)).all(), name
    gap = abs(simulated.share_above_mtd - exact.share_above_mtd)
    assert simulated.error.share_above_mtd > 0
    assert gap <= 4 * simulated.error.share_above_mtd


@pytest.mark.parametrize("six_at_mtd", [False, True])
@pytest.mark.parametrize("rates", [RATES, UNORDERED])
def test_simulated_three_plus_three_agrees_with_exact(rates, six_at_mtd):
    trials = simulate_three_plus_three(rates, TRIALS, rng(), six_at_mtd=six_at_mtd)
    exact = three_plus_three_exact(rates, TARGET, six_at_mtd=six_at_mtd)
    assert_within_error(trials.operating_characteristics(TARGET), exact)


def test_every_simulated_three_plus_three_obeys_the_rule():
    trials = simulate_three_plus_three(RATES, 2_000, rng())
    for declared, patients, toxicities in zip(
        trials.declared, trials.patients, trials.toxicities, strict=True
    ):
        treated = patients > 0
        results = {
            int(level): (int(patients[level - 1]), int(toxicities[level - 1]))
            for level in np.flatnonzero(treated) + 1
        }
        assert next_step(results, len(RATES), six_at_mtd=True) == ("declare", declared)
        assert declared == 0 or patients[declared - 1] == 6


def test_standard_errors_are_the_spread_of_repeated_simulations():
    generator = rng(3)
    repeats = [
        simulate_three_plus_three(RATES, 400, generator).operating_characteristics(TARGET)
        for _ in range(400)
    ]
    for name in ("selection", "mean_patients", "mean_toxicities", "share_above_mtd"):
        spread = np.std([getattr(repeat, name) for repeat in repeats], axis=0)
        stated = np.mean([getattr(repeat.error, name) for repeat in repeats], axis=0)
        assert stated == pytest.approx(spread, rel=0.2), name


def test_the_true_maximum_tolerated_dose():
    assert true_mtd(RATES, 0.30) == 3
    assert true_mtd(RATES, 0.28) == 3
    assert true_mtd(RATES, 0.04) == 0
    assert true_mtd(RATES, 0.9) == 5
    assert true_mtd((0.1, 0.4, 0.2), 0.3) == 1
    assert true_mtd((0.1 + 0.2,), 0.3) == 1


# BOIN


@pytest.mark.parametrize(
    ("target", "escalate", "de_escalate"),
    [  # to three places; the design of Liu and Yuan 2015, doi 10.1111/rssc.12089
        (0.20, 0.157, 0.238),
        (0.25, 0.197, 0.298),
        (0.30, 0.236, 0.358),
        (0.35, 0.276, 0.419),
        (0.40, 0.316, 0.479),
    ],
)
def test_boundaries_of_usual_targets(target, escalate, de_escalate):
    design = IntervalDesign(target, cohorts=10)
    # Given to three places, not always rounded: 0.35852 stands as 0.358.
    assert design.escalation_boundary == pytest.approx(escalate, abs=0.001)
    assert design.de_escalation_boundary == pytest.approx(de_escalate, abs=0.001)


def test_at_a_boundary_both_rates_are_as_likely():
    design = IntervalDesign(0.3, cohorts=10, too_low=0.15, too_high=0.5)
    for boundary, rates in (
        (design.escalation_boundary, (0.15, 0.3)),
        (design.de_escalation_boundary, (0.3, 0.5)),
    ):
        one, other = (boundary * np.log(p) + (1 - boundary) * np.log(1 - p) for p in rates)
        assert one == pytest.approx(other)


def test_boundaries_make_wrong_decisions_rarest():
    counts = range(13)

    def wrong(boundaries):
        up, down = boundaries
        moved_wrongly = binom.cdf(up, 12, 0.3) + binom.sf(down - 1, 12, 0.3)
        return moved_wrongly + binom.sf(up, 12, 0.18) + binom.cdf(down - 1, 12, 0.42)

    best = min(((up, down) for up in counts for down in counts if up < down), key=wrong)
    up, down, _ = IntervalDesign(0.3, cohorts=10).decision_table([12])
    assert (up[0], down[0]) == best


def test_decision_table_for_target_030():
    up, down, out = IntervalDesign(0.3, cohorts=10).decision_table(range(1, 11))
    # Multiples of 0.2365 rounded down, of 0.3585 rounded up.
    assert up.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    assert down.tolist() == [1, 1, 2, 2, 2, 3, 3, 3, 4, 4]
    assert out.tolist() == [-1, -1, *(eliminating_number(n) for n in range(3, 11))]


def eliminating_number(patients):
    """Return the fewest toxicities with Pr(p > 0.3) above 0.95, in whole numbers.

    With a uniform prior Pr(p > t) after y of n is the probability of at most y of n + 1 at rate t.
    """
    draws = patients + 1
    for toxic in range(draws):
        ways = sum(comb(draws, i) * 3**i * 7 ** (draws - i) for i in range(toxic + 1))
        if 100 * ways > 95 * 10**draws:
            return toxic
    return -1


def test_elimination_by_a_hand_integral():
    # Three of three: posterior density 4 p^3, Pr(p > 0.3) = 1 - 0.3^4 = 0.9919.
    strict = IntervalDesign(0.3, cohorts=10, elimination_probability=0.9918)
    lenient = IntervalDesign(0.3, cohorts=10, elimination_probability=0.9920)
    assert strict.eliminates(3, 3) and not lenient.eliminates(3, 3)
    assert not IntervalDesign(0.3, cohorts=10).eliminates(2, 2)
    assert IntervalDesign(0.3, cohorts=10, elimination_patients=2).eliminates(2, 2)


def test_isotonic_rates_are_the_least_squares_fit():
    generator = rng(4)
    shares, weights = generator.random((20, 5)), generator.uniform(0.5, 4, (20, 5))
    fitted = isotonic_rates(shares, weights)
    assert (np.diff(fitted, axis=1) >= -1e-12).all()
    for share, weight, fit in zip(shares, weights, fitted, strict=True):
        best = minimize(
            lambda x, share=share, weight=weight: weight @ (x - share) ** 2,
            np.sort(share),
            constraints={"type": "ineq", "fun": np.diff},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert fit == pytest.approx(best.x, abs=1e-5)


def test_isotonic_rates_by_hand():
    fitted = isotonic_rates([[0.1, 0.5, 0.2, 0.9]], [[1, 1, 2, 1]])
    assert fitted == pytest.approx(np.array([[0.1, 0.3, 0.3, 0.9]]))
    left_out = isotonic_rates([[0.9, 0.5, 0.7, 0.1]], [[0, 1, 0, 1]])
    assert left_out == pytest.approx(np.array([[np.nan, 0.3, np.nan, 0.3]]), nan_ok=True)


def test_selected_level():
    design = IntervalDesign(0.3, cohorts=10)
    # The example of select.mtd in R package BOIN: 4/15 is closer to 0.3 than 4/9.
    assert design.selected_level([3, 3, 15, 9, 0], [0, 0, 4, 4, 0]) == [3]
    # Pooled estimates tie: below the target the highest level, above it the lowest.
    assert design.selected_level([6, 6], [1, 1]) == [2]
    assert design.selected_level([6, 6], [3, 2]) == [1]
    assert design.selected_level([6, 6, 6], [0, 2, 3]) == [2]
    # Level 2 is eliminated by 5 of 6 patients, and level 3 with it.
    assert design.selected_level([3, 6, 3], [0, 5, 1]) == [1]
    assert design.selected_level([3, 0, 0], [3, 0, 0]) == [0]
    assert design.selected_level([[3, 3], [3, 0]], [[0, 1], [3, 0]]).tolist() == [2, 0]


def pooled(shares, weights):
    """Pool adjacent violators, one block at a time."""
    blocks = []
    for share, weight in zip(shares, weights, strict=True):
        blocks.append([share, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (s1, w1, n1), (s2, w2, n2) = blocks[-2:]
            blocks[-2:] = [[(s1 * w1 + s2 * w2) / (w1 + w2), w1 + w2, n1 + n2]]
    return [share for share, _, number in blocks for _ in range(number)]


def declared_slowly(design, patients, toxicities):
    levels = []
    for n, y in zip(patients, toxicities, strict=True):
        if design.eliminates(n, y):
            break
        if n > 0:
            levels.append((n, y))
    first = next((i for i, n in enumerate(patients) if n > 0), 0)
    if not levels:
        return 0
    a = np.array([y + 0.05 for _, y in levels])
    b = np.array([n - y + 0.05 for n, y in levels])
    estimate = np.array(pooled(a / (a + b), (a + b) ** 2 * (a + b + 1) / (a * b)))
    estimate += 1e-10 * np.arange(len(levels))
    return first + 1 + int(np.argmin(np.abs(estimate - design.target)))


def boin_paths(design, rates):
    """Return declared levels, mean patients and mean toxicities over every path of the trial."""
    k = len(rates)
    declared, patients, toxicities = Counter(), np.zeros(k), np.zeros(k)
    open_paths = [(design.first_level - 1, k - 1, (0,) * k, (0,) * k, 1.0)]
    while open_paths:
        d, ceiling, n, y, probability = open_paths.pop()
        if ceiling < 0 or sum(n) == design.cohorts * design.cohort_size:
            declared[declared_slowly(design, n, y)] += probability
            patients += probability * np.array(n)
            toxicities += probability * np.array(y)
            continue
        for more in range(design.cohort_size + 1):
            n2 = (*n[:d], n[d] + design.cohort_size, *n[d + 1 :])
            y2 = (*y[:d], y[d] + more, *y[d + 1 :])
            top, share = ceiling, y2[d] / n2[d]
            if design.eliminates(n2[d], y2[d]):
                top = d - 1
            step = d
            if share <= design.escalation_boundary:
                step = d + 1
            elif share >= design.de_escalation_boundary:
                step = max(d - 1, 0)
            likely = binom.pmf(more, design.cohort_size, rates[d])
            open_paths.append((min(step, top), top, n2, y2, probability * likely))
    return np.array([declared[level] for level in range(k + 1)]), patients, toxicities


@pytest.mark.parametrize(
    ("design", "rates"),
    [
        (IntervalDesign(0.3, cohorts=5), (0.15, 0.3, 0.55)),
        (IntervalDesign(0.25, cohorts=5, cohort_size=2, first_level=2), (0.1, 0.3, 0.6)),
        (IntervalDesign(0.2, cohorts=5, elimination_probability=0.7), (0.3, 0.5)),
        (IntervalDesign(0.3, cohorts=8, cohort_size=1, elimination_probability=1), (0.3, 0.1)),
    ],
)
def test_simulated_boin_agrees_with_every_path(design, rates):
    declared, patients, toxicities = boin_paths(design, rates)
    assert declared.sum() == pytest.approx(1)
    trials = simulate_interval_design(design, rates, TRIALS, rng())
    found = trials.operating_characteristics(design.target)
    shares = np.append(found.no_selection, found.selection)
    errors = np.append(found.error.no_selection, found.error.selection)
    assert (np.abs(shares - declared) <= 4 * errors + 1e-4).all()
    assert (np.abs(found.mean_patients - patients) <= 4 * found.error.mean_patients).all()
    assert (np.abs(found.mean_toxicities - toxicities) <= 4 * found.error.mean_toxicities).all()


def test_boin_at_the_limits():
    design = IntervalDesign(0.3, cohorts=6)
    harmless = simulate_interval_design(design, [0, 0, 0], 50, rng())
    assert (harmless.patients == [3, 3, 12]).all()
    assert (harmless.declared == 3).all()
    poison = simulate_interval_design(design, [1, 1, 1], 50, rng())
    assert (poison.patients == [3, 0, 0]).all()
    assert (poison.declared == 0).all()
    cliff = simulate_interval_design(design, [0, 1, 1], 50, rng())
    assert (cliff.patients == [15, 3, 0]).all()
    assert (cliff.declared == 1).all()


def test_boin_finds_the_dose_more_often_with_more_patients():
    found = [
        simulate_interval_design(IntervalDesign(0.28, cohorts=cohorts), RATES, 4_000, rng())
        .operating_characteristics(0.28)
        .correct_selection
        for cohorts in (5, 15, 60)
    ]
    assert all(fewer + 0.05 < more for fewer, more in pairwise(found))


def test_trials_are_repeatable_and_depend_on_the_generator_alone():
    def draw(seed):
        return simulate_interval_design(IntervalDesign(0.3, cohorts=8), RATES, 200, rng(seed))

    assert (draw(1).toxicities == draw(1).toxicities).all()
    assert (draw(1).toxicities != draw(2).toxicities).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: three_plus_three_exact([0.1, 1.2], 0.3), "rates are probabilities"),
        (lambda: three_plus_three_exact([np.nan], 0.3), "rates are probabilities"),
        (lambda: three_plus_three_exact([], 0.3), "one rate per dose level"),
        (lambda: three_plus_three_exact([[0.1]], 0.3), "one rate per dose level"),
        (lambda: true_mtd([0.1], 0), "target must be"),
        (lambda: simulate_three_plus_three([0.1], 0, rng()), "trials must be"),
        (lambda: simulate_three_plus_three([0.1], 2.5, rng()), "trials must be"),
        (lambda: IntervalDesign(1.0, cohorts=5), "target must be"),
        (lambda: IntervalDesign(0.8, cohorts=5), "too_low, target and too_high"),
        (lambda: IntervalDesign(0.3, cohorts=5, too_low=0.3), "too_low, target and too_high"),
        (lambda: IntervalDesign(0.3, cohorts=0), "cohorts must be"),
        (lambda: IntervalDesign(0.3, cohorts=5, cohort_size=0), "cohort_size must be"),
        (lambda: IntervalDesign(0.3, cohorts=5, elimination_probability=0), "elimination_prob"),
        (lambda: IntervalDesign(0.3, cohorts=5).eliminates(3, 4), "toxicities must be"),
        (lambda: IntervalDesign(0.3, cohorts=5).decision_table([0]), "patients must be"),
        (
            lambda: simulate_interval_design(
                IntervalDesign(0.3, cohorts=5, first_level=3), [0.1, 0.2], 5, rng()
            ),
            "first_level is 3",
        ),
        (lambda: isotonic_rates([[0.1, 0.2]], [[1]]), "same shape"),
        (lambda: isotonic_rates([[0.1]], [[-1]]), "not negative"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
