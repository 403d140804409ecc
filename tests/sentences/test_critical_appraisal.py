"""What the explorers of the chapter on critical appraisal say, by another route than the chapter's.

Intervals from the printed limits and a normal table; verdicts by asking which values of a fine grid
lie in the interval; Fisher's P by summing hypergeometric probabilities; Holm by the closed test:
a claim stands if every family of endpoints that contains it passes its own Bonferroni test.
"""

import itertools
import math
import re

from chapters import namespace
from scipy.stats import hypergeom, norm
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
            verdict = "Both are excluded: no relevant difference is shown"
        assert said[8] == verdict, sentence
        heard.add(verdict)
    assert len(heard) >= 5


def fisher(a: int, n: int, b: int, m: int, sides: str) -> float:
    tables = range(max(0, a + b - m), min(n, a + b) + 1)
    chance = {k: hypergeom.pmf(k, n + m, a + b, n) for k in tables}
    if sides == "one":
        return sum(p for k, p in chance.items() if k >= a)
    return sum(p for p in chance.values() if p <= chance[a] * (1 + 1e-7))


def p_values(base: str, sides: str) -> dict[str, float]:
    depth = (13, 16, 5, 15) if base == "those in CR/CRi" else (13, 22, 5, 27)
    z = math.log(1.17) / (math.log(2.14 / 0.64) / 2 / 1.959964)
    pfs = namespace(CHAPTER)["p_pfs"][0]
    return {
        "CR/CRi": fisher(16, 22, 15, 27, sides),
        "MRD-negative": fisher(*depth, sides),
        "HSCT": fisher(9, 22, 5, 27, sides),
        "PFS at 12 months": pfs / (2 if sides == "one" else 1),
        "overall survival": norm.cdf(z) if sides == "one" else 2 * norm.cdf(-abs(z)),
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


def test_claims_are_those_of_the_closed_test():
    pattern = re.compile(
        r"P is (?P<bound>at least )?(?P<p>[\d.]+), and the claim (?P<verdict>stands|does not stand)"
        r"; (?:none of the other four is tested|of the five claims (?P<claims>.+) stands?)\.$"
    )
    verdicts = set()
    for state, sentence in states_and_sentences(CHAPTER, "claims-that-stand"):
        p, alpha = p_values(state["base"], state["sides"]), state["alpha"] / 100
        name, rule = state["endpoint"], state["rule"]
        said = pattern.search(sentence)
        assert said, sentence
        digits = len(said["p"].partition(".")[2])
        assert abs(float(said["p"]) - p[name]) <= 0.5001 * 10**-digits
        assert bool(said["bound"]) == (name == "PFS at 12 months")
        if rule == "planned alone":
            standing = {name} if p[name] <= alpha else set()
            assert said["claims"] is None
        else:
            by_rule = {each for each in p if 5 * p[each] <= alpha}
            standing = closed_test(p, alpha) if rule.startswith("Holm") else by_rule
            listed = set() if said["claims"] == "none" else set(said["claims"].split(", "))
            assert listed == standing
        assert (said["verdict"] == "stands") == (name in standing)
        sides = "one" if "one-sided" in sentence else "two"
        assert sides == state["sides"] and f"at {state['alpha']:g}%" in sentence
        assert f"MRD counted in {state['base']}:" in sentence
        verdicts.add((name, said["verdict"]))
    assert ("MRD-negative", "stands") in verdicts and ("MRD-negative", "does not stand") in verdicts


def test_the_range_for_pfs_lies_in_the_bounds_of_the_chapter_on_pfs():
    """That chapter bounds P from outside; this one tries every pair of histories."""
    least, most = namespace("endpoints/progression_free_survival")["p_bounds"]
    first, last = namespace(CHAPTER)["p_pfs"]
    assert least <= first < last <= most
    assert (round(least, 2), round(most, 2)) == (round(first, 2), round(last, 2))
