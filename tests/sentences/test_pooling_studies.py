"""What the explorers of the chapter on pooling say, by another route than the chapter's.

Weighted least squares and a two-dimensional grid instead of the module's formulas; lists of all
outcomes of two studies, one by one, instead of arrays of expectations.
"""

import math
import re
from functools import cache

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from states import NUMBER, states_and_numbers, states_and_sentences

CHAPTER = "interpretation/pooling_studies"
COUNTS = {
    "Ph+": ((9, 16), (16, 22)),
    "all": ((49, 72), (121, 164)),
    "mad": ((90, 160), (160, 220)),
}
UNLIKE = (
    rf"Pooled mean {NUMBER}%, 95% interval {NUMBER}% to {NUMBER}% \({NUMBER} points wide\)\. With"
)


def rate(log_odds: float) -> float:
    return 100 * math.exp(log_odds) / (1 + math.exp(log_odds))


def studies(name: str) -> tuple[list[float], list[float]]:
    pairs = COUNTS[name[:3]]
    return (
        [math.log(k) - math.log(n - k) for k, n in pairs],
        [1 / k + 1 / (n - k) for k, n in pairs],
    )


def by_least_squares(name: str, method: str, tau: float) -> tuple[float, float, float]:
    """Mean and limits; the intercept of a weighted regression is the pooled mean."""
    y, v = studies(name)
    weights = [1 / (each + tau**2) for each in v]
    fit = sm.WLS(y, np.ones((2, 1)), weights=weights).fit()
    normal = sum(weights) ** -0.5
    error, factor = normal, stats.norm.ppf(0.975)
    if method != "normal, tau known":
        error, factor = float(fit.bse[0]), math.tan(math.pi * 0.475)
    mean = float(fit.params[0])
    return mean, mean - factor * error, mean + factor * error


@cache
def by_grid(name: str, tau: float) -> tuple[float, float, float]:
    """Posterior mean and limits from a grid over the mean and tau together."""
    y, v = studies(name)
    means = np.linspace(-9, 10, 3801)[:, None]
    taus = np.linspace(0, 6 * tau, 801)
    joint = stats.halfnorm.pdf(taus, scale=tau) * np.ones_like(means)
    for estimate, variance in zip(y, v, strict=True):
        joint = joint * stats.norm.pdf(estimate, means, np.sqrt(variance + taus**2))
    margin = np.trapezoid(joint, taus, axis=1)
    margin /= margin.sum()
    below = np.cumsum(margin) - margin / 2
    low, high = np.interp([0.025, 0.975], below, means[:, 0])
    return float(margin @ means[:, 0]), low, high


def test_pooled_means_are_those_of_least_squares_and_of_a_grid():
    checked = 0
    for state, said in states_and_numbers(CHAPTER, "how-unlike", UNLIKE):
        *shown, width = said
        tau = state["tau"]
        bayes = state["method"].startswith("Bayes")
        if bayes and tau:
            expected = by_grid(state["studies"], tau)
        else:
            method = "normal, tau known" if bayes else state["method"]
            expected = by_least_squares(state["studies"], method, tau)
        assert [rate(each) for each in expected] == pytest.approx(shown, abs=0.06), state
        assert rate(expected[2]) - rate(expected[1]) == pytest.approx(width, abs=0.51)
        checked += 1
    assert checked == 3 * 7 * 3


def test_true_rates_are_those_that_tau_implies():
    pattern = (
        rf"Pooled mean {NUMBER}%, 95% interval {NUMBER}% to {NUMBER}%.*With a tau of {NUMBER}"
        rf",.* true rates of 95 of 100 studies would lie from {NUMBER}% to {NUMBER}%"
    )
    spread = 0
    for state, sentence in states_and_sentences(CHAPTER, "how-unlike"):
        if state["tau"] == 0:
            continue
        found = re.search(pattern, sentence)
        middle, lower, upper, tau, low, high = (float(text) for text in found.groups())
        bayes = state["method"].startswith("Bayes")
        meant = state["tau"] * (stats.norm.ppf(0.75) if bayes else 1)
        assert tau == pytest.approx(meant, abs=0.0051)
        assert ("the median of the prior" in sentence) == bayes
        centre = math.log(middle / (100 - middle))
        alike = "nearly the same here is chance" in sentence
        ends = rate(centre - 1.96 * meant), rate(centre + 1.96 * meant)
        assert ends == pytest.approx((low, high), abs=0.55)
        assert alike == (max(abs(ends[0] - lower), abs(ends[1] - upper)) < 1.5), state
        spread += 1
    assert spread == 3 * 6 * 3


def test_at_tau_zero_the_sentence_says_whether_the_two_disagree():
    for state, sentence in states_and_sentences(CHAPTER, "how-unlike"):
        if state["tau"]:
            assert "(Q " not in sentence
            continue
        (one, two), (v_one, v_two) = studies(state["studies"])
        z = (two - one) / math.sqrt(v_one + v_two)
        p = 2 * stats.norm.sf(abs(z))
        shown = "below 0.001" if p < 0.001 else f"{p:.2f}"
        verdict = "disagree with that" if p < 0.05 else "do not exclude that"
        assert sentence.endswith(
            f"With tau 0 all studies have one true rate; the two results {verdict} "
            f"(Q {z * z:.1f}, P {shown})."
        )
        assert state["studies"].startswith("made-up") == (p < 0.05)


BORROW = (
    rf"^True rate {NUMBER}% in study 1022; outside, .*\. "
    rf"The {NUMBER}(?: made-up)? outside patients are .*\. "
    rf"The estimate is on average .*, its typical error {NUMBER} points \({NUMBER} from the 22 "
    rf"alone\), and the 95% interval holds the truth in (?:fewer than )?{NUMBER} of 100 trials\.$"
)


@cache
def one_by_one(outside: int, weight: float, percent: int, drift: int) -> tuple[float, ...]:
    """Bias, error and coverage from a list of all pairs of outcomes; the interval by its tails."""
    truth, other = percent / 100, (percent + drift) / 100
    mean = square = covered = 0.0
    for k in range(23):
        own = math.comb(22, k) * truth**k * (1 - truth) ** (22 - k)
        for j in range(outside + 1):
            chance = own * math.comb(outside, j) * other**j * (1 - other) ** (outside - j)
            if chance < 1e-14:
                continue
            estimate = (k + weight * j) / (22 + weight * outside)
            mean += chance * estimate
            square += chance * (estimate - truth) ** 2
            yes, no = k + weight * j + 0.5, 22 - k + weight * (outside - j) + 0.5
            covered += chance * (0.025 <= tail(yes, no, truth) <= 0.975)
    return 100 * (mean - truth), 100 * math.sqrt(square), 100 * covered


@cache
def tail(yes: float, no: float, truth: float) -> float:
    return float(stats.beta.cdf(truth, yes, no))


def test_borrowing_is_what_a_list_of_all_outcomes_gives():
    """All states with 16 outside patients; with 160, the extreme and middle differences."""
    checked = 0
    for state, said in states_and_numbers(CHAPTER, "borrowing", BORROW):
        percent, outside, error, alone, cover = said
        assert (percent, outside) == (state["rate"], patients(state["outside"]))
        if outside == 160 and state["drift"] not in (-30, 0, 20):
            continue
        expected = one_by_one(int(outside), state["weight"], int(percent), state["drift"])
        assert expected[1] == pytest.approx(error, abs=0.051), state
        assert expected[2] == pytest.approx(cover, abs=1 if expected[2] < 1 else 0.51), state
        assert alone == pytest.approx(100 * math.sqrt(truth_variance(int(percent))), abs=0.051)
        checked += 1
    assert checked == 6 * 10 * 3 + 6 * 3 * 3


def patients(choice: str) -> int:
    return int(choice.split(",")[0])


def truth_variance(percent: int) -> float:
    return percent / 100 * (1 - percent / 100) / 22


def test_the_bias_is_weight_times_difference_over_all_that_counts():
    for state, sentence in states_and_sentences(CHAPTER, "borrowing"):
        counted = state["weight"] * patients(state["outside"])
        assert ("made-up" in sentence) == ("made up" in state["outside"])
        bias = counted * state["drift"] / (22 + counted)
        if abs(bias) < 0.05:
            assert "neither too high nor too low" in sentence
        else:
            size, side = re.search(rf"{NUMBER} points too (high|low)", sentence).groups()
            assert abs(bias) == pytest.approx(float(size), abs=0.0501)
            assert side == ("high" if bias > 0 else "low")
