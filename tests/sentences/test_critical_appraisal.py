"""What the explorers of the chapter on critical appraisal say, by another route than the chapter's.

Intervals from the printed limits and a normal table; verdicts by asking which values of a fine grid
lie in the interval; Fisher's P by summing hypergeometric probabilities; the unconditional tests by
the chance of every pair of counts on a grid of common rates; Holm by the closed test: a claim
stands if every family of endpoints that contains it passes its own Bonferroni test.
"""

import itertools
import math
import re
from functools import lru_cache

import numpy as np
from chapters import namespace
from scipy.stats import binom, hypergeom, norm
from states import NUMBER, states_and_sentences

CHAPTER = "interpretation/critical_appraisal"
PRINTED = {  # estimate, printed limits, level of the limits, factor of precision
    "Ph+ patients: 1.17": (1.17, 0.64, 2.14, 0.95, 1),
    "all 326: 0.75": (0.751, 0.568, 0.993, 0.975, 1),
    "invented: 1.00, as precise as the 326": (1, 0.568, 0.993, 0.975, 1),
    "invented: 1.00, twice as precise": (1, 0.568, 0.993, 0.975, 2),
}
CONCLUSION = re.compile(
    rf"^.+ hazard ratio {NUMBER}(?:, .+)?: {NUMBER}% interval {NUMBER} to {NUMBER}, which "
    rf"(includes|excludes) 1\. Ratios from {NUMBER} to {NUMBER} count as no relevant difference\. "
    r"(.+)\.$"
)


def test_conclusions_are_those_of_a_grid_of_ratios():
    heard = set()
    for state, sentence in states_and_sentences(CHAPTER, "conclusion"):
        estimate, low, high, level, factor = PRINTED[state["result"]]
        error = (math.log(high) - math.log(low)) / 2 / norm.isf((1 - level) / 2) / factor
        reach = norm.isf((1 - state["level"] / 100) / 2) * error
        low, high = estimate * math.exp(-reach), estimate * math.exp(reach)
        said = CONCLUSION.match(sentence)
        assert said, sentence
        assert float(said[1]) == round(estimate, 2)
        assert float(said[2]) == state["level"]
        assert abs(float(said[3]) - low) < 0.00501 and abs(float(said[4]) - high) < 0.00501
        assert said[5] == ("includes" if low <= 1 <= high else "excludes")
        margin = state["margin"]
        assert float(said[7]) == margin and abs(float(said[6]) * margin - 1) < 0.012
        grid = [low * (high / low) ** (step / 4000) for step in range(4001)]
        benefit = sum(ratio < 1 / margin for ratio in grid)
        harm = sum(ratio > margin for ratio in grid)
        if benefit == len(grid):
            verdict = "A relevant benefit is shown"
        elif harm == len(grid):
            verdict = "A relevant harm is shown"
        elif benefit and harm:
            verdict = "Neither a relevant benefit nor a relevant harm is excluded"
        elif harm:
            verdict = "A relevant benefit is excluded, a relevant harm is not"
        elif benefit:
            verdict = "A relevant harm is excluded, a relevant benefit is not"
        else:
            verdict = (
                "A relevant benefit and a relevant harm are both excluded: "
                "no relevant difference is shown"
            )
            if not low <= 1 <= high:
                verdict += ", though a difference is"
        assert said[8] == verdict, sentence
        heard.add(verdict)
    assert len(heard) >= 5


def fisher(a: int, n: int, b: int, m: int, sides: str) -> float:
    tables = range(max(0, a + b - m), min(n, a + b) + 1)
    chance = {k: hypergeom.pmf(k, n + m, a + b, n) for k in tables}
    if sides == "one":
        return sum(p for k, p in chance.items() if k >= a)
    return sum(p for p in chance.values() if p <= chance[a] * (1 + 1e-7))


def distance(test: str, a: int, n: int, b: int, m: int) -> float:
    """How far a pair of counts lies from no difference: z squared, or minus Fisher's P."""
    if test == "Boschloo":
        return -fisher(a, n, b, m, "one")
    if a / n == b / m:
        return 0
    rate = (a + b) / (n + m)
    variance = (
        rate * (1 - rate) * (1 / n + 1 / m)
        if test == "Barnard, pooled"
        else a * (n - a) / n**3 + b * (m - b) / m**3
    )
    return (a / n - b / m) ** 2 / variance if variance else math.inf


@lru_cache
def unconditional(test: str, a: int, n: int, b: int, m: int) -> float:
    """Largest chance, over common rates, of counts as far apart; Boschloo's is doubled."""
    seen = distance(test, a, n, b, m)
    rates = np.linspace(0.0005, 0.9995, 1999)
    chance = sum(
        binom.pmf(i, n, rates) * binom.pmf(j, m, rates)
        for i in range(n + 1)
        for j in range(m + 1)
        if distance(test, i, n, j, m) >= seen - 1e-9
    )
    return chance.max() * (2 if test == "Boschloo" else 1)


def p_of_rates(counts: tuple[int, int, int, int], test: str) -> float:
    if test.startswith("Fisher"):
        return fisher(*counts, "one" if "one" in test else "two")
    return unconditional(test, *counts)


def p_values(endpoint: str, test: str) -> dict[str, float]:
    printed, chosen = "MRD of those in CR/CRi", "MRD of all randomised"
    mrd = (13, 22, 5, 27) if endpoint == chosen else (13, 16, 5, 15)
    z = math.log(1.17) / (math.log(2.14 / 0.64) / 2 / 1.959964)
    pfs, one = namespace(CHAPTER)["p_pfs"][0], "one" in test
    return {
        "CR/CRi": p_of_rates((16, 22, 15, 27), test),
        chosen if endpoint == chosen else printed: p_of_rates(mrd, test),
        "HSCT": p_of_rates((9, 22, 5, 27), test),
        "PFS at 12 months": pfs / 2 if one else pfs,
        "overall survival": norm.cdf(z) if one else 2 * norm.cdf(-abs(z)),
    }


def closed_test(p: dict[str, float], alpha: float) -> set[str]:
    """Claims whose every family of endpoints passes: its smallest P times its size <= alpha."""
    families = [
        family
        for size in range(1, 6)
        for family in itertools.combinations(p, size)
        if min(p[name] for name in family) * size > alpha
    ]
    return {name for name in p if not any(name in family for family in families)}


WORDS = {
    "Fisher, two-sided": "by Fisher's test",
    "Fisher, one-sided": "by Fisher's test",
    "Barnard, pooled": "by Barnard's test",
    "Barnard, unpooled": "by Barnard's test without pooling",
    "Boschloo": "by Boschloo's test",
}


def test_claims_are_those_of_five_tests_at_a_fifth():
    pattern = re.compile(
        r"(?P<how>.+): P is (?P<bound>at least )?(?P<p>[\d.]+), and the claim "
        r"(?P<verdict>stands|does not stand)"
        r"; (?:none of the other four is tested|of the five claims (?P<claims>.+) stands)\.$"
    )
    verdicts = set()
    for state, sentence in states_and_sentences(CHAPTER, "claims-that-stand"):
        name, rule, alpha = state["endpoint"], state["rule"], state["alpha"] / 100
        p = p_values(name, state["test"])
        said = pattern.match(sentence)
        assert said, sentence
        digits = len(said["p"].partition(".")[2])
        assert abs(float(said["p"]) - p[name]) <= 0.5001 * 10**-digits, sentence
        assert bool(said["bound"]) == (name == "PFS at 12 months")
        if rule == "planned alone":
            standing = {name} if p[name] <= alpha else set()
            assert said["claims"] is None and "if planned as the only endpoint" in said["how"]
        else:
            standing = {each for each in p if 5 * p[each] <= alpha}
            assert standing == closed_test(p, alpha)
            assert said["claims"] == ("only " + standing.pop() if standing else "none")
            standing = {each for each in p if 5 * p[each] <= alpha}
        assert (said["verdict"] == "stands") == (name in standing)
        sides = "one" if "one-sided" in state["test"] else "two"
        assert f"{sides}-sided at {state['alpha']:g}%" in said["how"]
        named = re.search(r"by (Fisher|Barnard|Boschloo)'s test( without pooling)?", said["how"])
        assert named and named[0] == WORDS[state["test"]], sentence
        verdicts.add((name, rule, state["alpha"], state["test"], said["verdict"]))
    printed = ("MRD of those in CR/CRi", "Bonferroni, five", 5)
    assert {verdict for *setting, _, verdict in verdicts if tuple(setting) == printed} == {
        "stands",
        "does not stand",
    }


def test_holm_leaves_what_the_closed_test_leaves():
    chapter = namespace(CHAPTER)
    standing = {
        name
        for name, passed in zip(chapter["p_five"], chapter["passed_holm"], strict=True)
        if passed
    }
    assert standing == closed_test(chapter["p_five"], 0.05) == {"MRD"}


def test_the_range_for_pfs_lies_in_the_bounds_of_the_chapter_on_pfs():
    """That chapter bounds P from outside; this one tries every pair of histories."""
    least, most = namespace("endpoints/progression_free_survival")["p_bounds"]
    first, last = namespace(CHAPTER)["p_pfs"]
    assert least <= first < last <= most
    assert (round(least, 2), round(most, 2)) == (round(first, 2), round(last, 2))
