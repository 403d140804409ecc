"""What the explorers of the chapter on response say, by another route than the chapter's.

scipy instead of statsmodels, enumeration and simulation instead of matrices.
"""

from functools import cache

import numpy as np
import pytest
from scipy import stats
from states import NUMBER, states_and_numbers


def test_intervals_are_those_of_scipy_in_every_state():
    pattern = (
        rf"^{NUMBER} of {NUMBER} is {NUMBER}%\. The exact 95% interval runs from {NUMBER}% to "
        rf"{NUMBER}%, {NUMBER} points from end to end; Wilson's from {NUMBER}% to {NUMBER}%; "
        rf"Wald's, cut at 0% and 100%, from {NUMBER}% to {NUMBER}%\.$"
    )
    checked = 0
    for state, said in states_and_numbers("endpoints/response", "interval-by-method", pattern):
        responders, patients = int(said[0]), int(said[1])
        assert patients == state["patients"]
        assert abs(responders - patients * state["observed"] / 100) <= 0.5, state
        test = stats.binomtest(responders, patients)
        exact, wilson = (test.proportion_ci(method=method) for method in ("exact", "wilson"))
        rate = responders / patients
        reach = stats.norm.ppf(0.975) * np.sqrt(rate * (1 - rate) / patients)
        wald = (max(rate - reach, 0), min(rate + reach, 1))
        expected = 100 * np.array([rate, *exact, exact.high - exact.low, *wilson, *wald])
        tolerance = np.array([0.05, 0.05, 0.05, 0.5, 0.05, 0.05, 0.05, 0.05]) + 1e-6
        assert np.all(np.abs(expected - said[2:]) <= tolerance), state
        checked += 1
    assert checked == 9 * 21


@cache
def fisher_p_value(first: int, first_arm: int, second: int, second_arm: int) -> float:
    table = [[first, first_arm - first], [second, second_arm - second]]
    return float(stats.fisher_exact(table).pvalue)


POWER = (
    rf"and true rates of {NUMBER}% with InO and {NUMBER}% with SC, Fisher's test finds P < 0.05 "
    rf"in {NUMBER} of 100 trials"
)
PH_POSITIVE = "22 and 27 (Ph+ in study 1022)"


def power_states(size: str):
    for state, said in states_and_numbers("endpoints/response", "visible-difference", POWER):
        assert said[:2] == [state["true_sc"] + state["gain"], state["true_sc"]]
        if state["size"] == size:
            yield state, said[2]


def test_power_of_the_ph_positive_trial_is_that_of_complete_enumeration():
    significant = np.array(
        [[fisher_p_value(a, 22, b, 27) < 0.05 for b in range(28)] for a in range(23)]
    )
    checked = 0
    for state, said in power_states(PH_POSITIVE):
        rate_sc = state["true_sc"] / 100
        chance_ino = stats.binom.pmf(range(23), 22, rate_sc + state["gain"] / 100)
        chance_sc = stats.binom.pmf(range(28), 27, rate_sc)
        power = 100 * np.sum(np.outer(chance_ino, chance_sc)[significant])
        assert abs(power - said) <= 0.5 + 1e-6, state
        checked += 1
    assert checked == 6 * 8


@pytest.mark.parametrize(
    ("size", "arms"),
    [("109 and 109 (first 218)", (109, 109)), ("164 and 162 (all 326)", (164, 162))],
)
def test_power_of_larger_trials_is_that_of_simulated_trials(size, arms):
    trials = 4000
    generator = np.random.default_rng(1022)
    for state, said in list(power_states(size))[2::9]:
        rate_sc = state["true_sc"] / 100
        ino = generator.binomial(arms[0], rate_sc + state["gain"] / 100, trials)
        sc = generator.binomial(arms[1], rate_sc, trials)
        found = [
            fisher_p_value(int(a), arms[0], int(b), arms[1]) < 0.05
            for a, b in zip(ino, sc, strict=True)
        ]
        share = float(np.mean(found))
        noise = 4 * np.sqrt(max(share * (1 - share), 0.01) / trials)
        assert abs(100 * share - said) <= 100 * noise + 0.5, state
