"""What the explorers of the chapter on randomisation say, by another route than the chapter's.

Patients are allocated one by one with ``inobook.allocation`` instead of drawing the last blocks, or
the answer is exact; Cox's equation is solved by Newton steps at Gauss-Legendre points.
"""

import itertools
import re

import numpy as np
from inobook import allocation
from scipy import stats
from states import NUMBER, states_and_numbers, states_and_sentences

CHAPTER = "design/randomisation"
BLOCKS = (
    rf"the arms of {NUMBER} patients end (?:even \()?within {NUMBER} of each other\)? in at least "
    rf"95 of 100 trials\. The {NUMBER} split {NUMBER} to {NUMBER}, or more unevenly, "
    rf"in (?:fewer than )?{NUMBER} of 100\. "
    rf"One who sees it all guesses the next arm right {NUMBER} times in 100\.$"
)
MEMBERS = {80: 12, 326: 49}
SIMULATED = 6_000


def guessed_right(block_size: int) -> float:
    """Share of right guesses over all orders of a block, each place guessed in turn."""
    orders = set(itertools.permutations("I" * (block_size // 2) + "S" * (block_size // 2)))
    right = 0.0
    for order in orders:
        for place, arm in enumerate(order):
            so_far = order[:place]
            lead = so_far.count("I") - so_far.count("S")
            right += 0.5 if lead == 0 else float(arm == ("S" if lead > 0 else "I"))
    return right / len(orders) / block_size


GUESSED = {"coin": 0.5, **{str(size): guessed_right(size) for size in (2, 4, 6, 8)}}


def test_numbers_of_patients_and_guesses_are_those_of_the_controls():
    checked = 0
    for state, said in states_and_numbers(CHAPTER, "blocks-and-lists", BLOCKS):
        patients, _, members, fewer, more, _, guess = said
        assert (patients, members) == (state["patients"], MEMBERS[state["patients"]])
        assert (fewer, more) == ((22, 27) if patients == 326 else (5, 7))
        if state["block"] in GUESSED:
            assert abs(guess - 100 * GUESSED[state["block"]]) <= 0.5 + 1e-9
        checked += 1
    assert checked == 2 * 6 * 6 * 2


def test_method_is_named_in_every_state():
    for state, sentence in states_and_sentences(CHAPTER, "blocks-and-lists"):
        if state["block"] == "coin":
            assert sentence.startswith("A coin for each patient, which needs no lists: ")
        else:
            word = "list" if state["lists"] == 1 else "lists"
            own = state["own"] == "lists of its own"
            rest = "each also split by the subgroup" if own else "with the subgroup left to chance"
            start = f"Blocks of {state['block']} in {state['lists']} {word}, {rest}: "
            assert sentence.startswith(start), state


def close(said: float, values: np.ndarray, gap: int) -> bool:
    """Whether a percentage said (of 6,000 trials) fits trials simulated here."""
    share = float(np.mean(np.abs(values) >= gap))
    noise = np.sqrt(max(share * (1 - share), 0.002) * (1 / len(values) + 1 / SIMULATED))
    return abs(said - 100 * share) <= 500 * noise + 1


def within(usual: float, values: np.ndarray) -> bool:
    """Whether 'usual' is a 95% point of the values, give or take 1.5 points of the percentage."""
    inside = np.mean(np.abs(values) <= usual)
    below = np.mean(np.abs(values) <= usual - 2)
    return inside >= 0.935 and below < 0.965


def test_coins_are_binomial():
    for state, said in states_and_numbers(CHAPTER, "blocks-and-lists", BLOCKS):
        if state["block"] != "coin":
            continue
        patients, usual, members, fewer, _, uneven, _ = said
        tail = 200 * stats.binom.cdf(fewer, members, 0.5)
        assert abs(tail - uneven) <= 3.5, state
        beyond = 2 * stats.binom.cdf((patients - usual) // 2 - 1, patients, 0.5)
        at_or_beyond = 2 * stats.binom.cdf((patients - usual) // 2, patients, 0.5)
        assert beyond <= 0.065 and at_or_beyond >= 0.035, state


def test_blocks_are_those_of_patients_allocated_one_by_one():
    trials = 1_500
    rng = np.random.default_rng(164)
    chosen = [
        (state, said)
        for state, said in states_and_numbers(CHAPTER, "blocks-and-lists", BLOCKS)
        if state["block"] != "coin"
    ][::7]
    assert len(chosen) >= 17
    for state, said in chosen:
        patients, usual, members, _, _, uneven, _ = said
        factors = rng.integers(0, state["lists"], (trials, int(patients), 1))
        flags = rng.permuted(np.tile(np.arange(int(patients)) < members, (trials, 1)), axis=1)
        if state["own"] == "lists of its own":
            factors = np.concatenate([factors, flags[:, :, None].astype(int)], axis=2)
        strata = allocation.strata_from(factors)
        arms = allocation.permuted_blocks(strata, int(state["block"]), rng, trials)
        assert within(usual, allocation.imbalance(arms)), state
        assert close(uneven, allocation.imbalance(arms, flags), 5 if patients == 326 else 2), state


UNTREATED = (
    rf"^On SC {NUMBER}% are never treated; they die (.+?) as the others, and their like on InO "
    rf"too\. With a true hazard ratio of {NUMBER}, a very large trial followed for 24 months puts "
    rf"the ratio (as randomised|in treated patients only|of like with like) at {NUMBER}\."
)
SPEED = {
    "a quarter as fast": 0.25,
    "half as fast": 0.5,
    "as fast": 1.0,
    "twice as fast": 2.0,
    "four times as fast": 4.0,
}
COMPARED = {
    "as randomised": "as randomised",
    "treated patients only": "in treated patients only",
    "like with like": "of like with like",
}
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(80)
TIMES, WEIGHTS = 12 * (POINTS + 1), 12 * WEIGHTS


def limit(untreated: float, relative: float, true_ratio: float, drop: bool) -> float:
    """The hazard ratio at which Cox's score is zero in an endless trial, by Newton steps."""
    hazard = np.log(2) / 6.5
    fast, slow = relative * hazard, hazard
    sc_parts = [(1 - untreated, slow)] + ([] if drop else [(untreated, fast)])
    ino_parts = [(1 - untreated, true_ratio * slow), (untreated, true_ratio * fast)]
    at_risk = [sum(n * np.exp(-h * TIMES) for n, h in parts) for parts in (sc_parts, ino_parts)]
    deaths = [sum(n * h * np.exp(-h * TIMES) for n, h in parts) for parts in (sc_parts, ino_parts)]
    log_ratio = 0.0
    for _ in range(60):
        on_ino = at_risk[1] * np.exp(log_ratio)
        share = on_ino / (on_ino + at_risk[0])
        score = WEIGHTS @ (deaths[1] - (deaths[0] + deaths[1]) * share)
        log_ratio += score / (WEIGHTS @ ((deaths[0] + deaths[1]) * share * (1 - share)))
    return float(np.exp(log_ratio))


def test_ratios_without_the_untreated_in_every_state():
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "dropping-the-untreated"):
        found = re.search(UNTREATED, sentence)
        assert found, sentence
        assert float(found[1]) == state["untreated"]
        assert SPEED[found[2]] == state["relative"]
        assert float(found[3]) == state["true_ratio"]
        assert found[4] == COMPARED[state["analysis"]]
        setting = (state["untreated"] / 100, state["relative"], state["true_ratio"])
        as_randomised = limit(*setting, drop=False)
        expected = {
            "as randomised": as_randomised,
            "treated patients only": limit(*setting, drop=True),
            "like with like": state["true_ratio"],
        }[state["analysis"]]
        assert abs(float(found[5]) - expected) <= 0.005 + 1e-4, state
        if state["analysis"] != "as randomised":
            also = sentence.partition(" As randomised it is ")[2]
            assert abs(float(also[:4]) - as_randomised) <= 0.005 + 1e-4, state
        assert ("Nobody can make" in sentence) == (state["analysis"] == "like with like")
        checked += 1
    assert checked == 5 * 5 * 5 * 3
