"""What the explorers of the chapter on single-arm trials say, by another route than the chapter's.

Double sums over the two stages instead of the module's table of totals; a search of its own for the
smallest trials; statsmodels' interval and a count of its own instead of the chapter's function.
"""

from functools import cache

import numpy as np
import pytest
from scipy import stats
from states import NUMBER, states_and_numbers, states_and_sentences
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

CHAPTER = "design/single_arm"
STAGES = (
    rf"^Null {NUMBER}%, target {NUMBER}%, error {NUMBER}%, power {NUMBER}%, "
    rf"(?:optimal|minimax) design: stop if "
    rf"{NUMBER} or fewer of the first {NUMBER} respond; promising if {NUMBER} or more of {NUMBER} "
    rf"do \(one stage would need {NUMBER} patients\)\. With a true rate of {NUMBER}%, {NUMBER} of "
    rf"100 trials stop early, {NUMBER} of 100 call the drug promising, and a trial treats {NUMBER} "
    r"patients on average\.$"
)


@cache
def long_run(r1: int, n1: int, r: int, n: int, percent: int) -> tuple[float, float, float]:
    """Early stopping, promising and mean patients, course by course."""
    rate = percent / 100
    first = stats.binom.pmf(np.arange(n1 + 1), n1, rate)
    second = stats.binom.pmf(np.arange(n - n1 + 1), n - n1, rate)
    courses = first[:, None] * second
    total = np.arange(n1 + 1)[:, None] + np.arange(n - n1 + 1)
    early = first[: r1 + 1].sum()
    promising = courses[r1 + 1 :][total[r1 + 1 :] > r].sum()
    return early, promising, early * n1 + (1 - early) * n


@cache
def smallest_one_stage(null: int, target: int, alpha: int, power: int) -> int:
    for patients in range(1, 200):
        needed = 0
        while stats.binom.sf(needed - 1, patients, null / 100) > alpha / 100 + 1e-12:
            needed += 1
        if stats.binom.sf(needed - 1, patients, target / 100) >= power / 100 - 1e-12:
            return patients
    raise AssertionError("no one-stage design of fewer than 200 patients")


def test_two_stages_say_what_a_sum_over_all_courses_gives():
    checked = 0
    for state, said in states_and_numbers(CHAPTER, "two-stages", STAGES):
        null, target, alpha, power, r1, n1, needed, n, one, rate, early, promising, mean = said
        assert (null, alpha, power) == (state["null_rate"], state["alpha"], state["power"])
        assert target == null + state["gain"]
        truths = {
            "the null rate": null,
            "5 points above the null rate": null + 5,
            "the target rate": target,
        }
        assert rate == truths[state["truth"]]
        design = (int(r1), int(n1), int(needed) - 1, int(n))
        at_rate, at_null, at_target = (
            long_run(*design, int(each)) for each in (rate, null, target)
        )
        assert 100 * at_rate[0] == pytest.approx(early, abs=0.5 + 1e-6)
        assert 100 * at_rate[1] == pytest.approx(promising, abs=0.05 + 1e-6)
        assert at_rate[2] == pytest.approx(mean, abs=0.05 + 1e-6)
        assert at_null[1] <= alpha / 100 + 1e-9
        assert at_target[1] >= power / 100 - 1e-9
        assert one == smallest_one_stage(int(null), int(target), int(alpha), int(power))
        checked += 1
    assert checked == 360


def test_optimal_treats_fewer_on_average_and_minimax_fewer_in_all():
    sizes: dict[tuple[int, ...], dict[str, tuple[float, float]]] = {}
    for state, said in states_and_numbers(CHAPTER, "two-stages", STAGES):
        if state["truth"] == "the null rate":
            goal = tuple(state[name] for name in ("null_rate", "gain", "alpha", "power"))
            kind = state["kind"].split(" ")[0]
            sizes.setdefault(goal, {})[kind] = (said[7], said[12])
    assert len(sizes) == 60
    for pair in sizes.values():
        assert pair["minimax"][0] <= pair["optimal"][0]
        assert pair["optimal"][1] <= pair["minimax"][1]
    assert any(pair["minimax"][0] < pair["optimal"][0] for pair in sizes.values())


SHIFTS = {
    "10 points worse": -10,
    "as well": 0,
    "10 points better": 10,
}
GAIN = (
    rf"^With InO {NUMBER} of {NUMBER} reached CR(?:/CRi)?, {NUMBER}%\. Control, taken to count the "
    r"same: .*\. The difference is (−?\d+\.\d) points, "
    r"95% interval (−?\d+\.\d) to (−?\d+\.\d): (?:above zero|below zero|zero is inside)\.$"
)


def test_the_gain_is_newcombes_in_every_state():
    checked = 0
    for state, said in states_and_numbers(CHAPTER, "missing-control", GAIN):
        k, n, percent, *interval = said
        k, n = int(k), int(n)
        assert f"{k} of {n} C" in state["result"]
        assert percent == pytest.approx(100 * k / n, abs=0.05 + 1e-6)
        if state["known"] == "exactly":
            control = state["control_rate"] / 100
            low, high = proportion_confint(k, n, method="wilson")
            expected = np.array([k / n, low, high]) - control
        else:
            size = int(state["known"].split()[1])
            count = round(size * state["control_rate"] / 100)
            low, high = confint_proportions_2indep(
                k, n, count, size, method="newcomb", compare="diff"
            )
            expected = np.array([k / n - count / size, low, high])
        shifted = 100 * expected - SHIFTS[state["prognosis"]]
        assert shifted == pytest.approx(interval, abs=0.05 + 1e-6), state
        checked += 1
    assert checked == 288


def test_the_verdict_and_the_shift_are_those_of_the_state():
    verdicts = set()
    numbers = {
        tuple(state.values()): said
        for state, said in states_and_numbers(CHAPTER, "missing-control", GAIN)
    }
    for state, sentence in states_and_sentences(CHAPTER, "missing-control"):
        low, high = numbers[tuple(state.values())][-2:]
        verdict = "above zero" if low > 0 else "below zero" if high < 0 else "zero is inside"
        if 0 not in (low, high):
            assert sentence.endswith(f": {verdict}.")
        verdicts.add(sentence.rpartition(": ")[2])
        words = state["prognosis"]
        alike = SHIFTS[state["prognosis"]] == 0
        assert ("in such patients" not in sentence) if alike else (words in sentence)
    assert verdicts == {"above zero.", "zero is inside.", "below zero."}
