"""What the explorers of the chapter on MRD say, by another route than the chapter's.

scipy's binomial intervals and conditional odds instead of statsmodels, Poisson sums and root
finding instead of chi-squared quantiles, linear programming instead of formulas for bounds.
"""

import math
import re

import numpy as np
import pytest
from chapters import namespace
from scipy import optimize, stats
from states import states_and_sentences

CHAPTER = "endpoints/mrd"
NUMBER = r"(−?[\d,]+(?:\.\d+)?)"


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


# --- which denominator -------------------------------------------------------------------


def arm(negative: int, responders: int, randomised: int, missing: int, state: dict):
    """Counts of one arm, patient by patient: N negative, P positive, U unassessed, X no CR."""
    patients = ["N"] * negative + ["U"] * missing + ["P"] * (responders - negative - missing)
    share = negative / (responders - missing)
    fate = {
        "MRD-positive": 0,
        "MRD-negative": missing,
        "split like the assessed": math.floor(missing * share + 0.5),
    }[state["taken_as"]]
    if state["denominator"] == "only those assessed":
        patients = [each for each in patients if each != "U"]
    else:
        patients = (
            [each for each in patients if each != "U"] + ["N"] * fate + ["P"] * (missing - fate)
        )
    if state["denominator"] == "everyone randomised":
        patients += ["X"] * (randomised - responders)
    return patients.count("N"), len(patients)


def newcombe(a: int, n: int, b: int, m: int) -> tuple[float, float]:
    first, second = (
        stats.binomtest(x, size).proportion_ci(method="wilson") for x, size in [(a, n), (b, m)]
    )
    p, q = a / n, b / m
    return (
        p - q - math.hypot(p - first.low, second.high - q),
        p - q + math.hypot(first.high - p, q - second.low),
    )


def fisher(a: int, n: int, b: int, m: int) -> float:
    chance = {
        x: math.comb(n, x) * math.comb(m, a + b - x) / math.comb(n + m, a + b)
        for x in range(max(0, a + b - m), min(n, a + b) + 1)
    }
    return sum(each for each in chance.values() if each <= chance[a] * (1 + 1e-7))


def test_rates_difference_and_p_value_in_every_state():
    pattern = re.compile(
        rf": {NUMBER} of {NUMBER} \({NUMBER}%\) with InO and {NUMBER} of {NUMBER} \({NUMBER}%\) "
        rf"with SC are MRD-negative, a difference of {NUMBER} points \(95% interval {NUMBER} to "
        rf"{NUMBER}\); Fisher's two-sided P is (below )?{NUMBER}\. "
    )
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "who-is-counted"):
        found = pattern.search(sentence)
        assert found, sentence
        *said, below, p_said = found.groups()
        a, n, a_percent, b, m, b_percent, gap, low, high = map(number, said)
        assert (a, n) == arm(13, 16, 22, state["missing_ino"], state), state
        assert (b, m) == arm(5, 15, 27, state["missing_sc"], state), state
        a, n, b, m = map(int, (a, n, b, m))
        expected = [100 * a / n, 100 * b / m, 100 * (a / n - b / m)]
        expected += [100 * each for each in newcombe(a, n, b, m)]
        assert np.allclose([a_percent, b_percent, gap, low, high], expected, atol=0.5 + 1e-6)
        for words, exact in zip(said[-2:], expected[-2:], strict=True):
            assert number(words) == 0 or (number(words) > 0) == (exact > 0), sentence
            assert "−0" not in words or "." in words, sentence
        p_value = fisher(a, n, b, m)
        if below:
            assert p_value < number(p_said) == 0.001
        else:
            assert p_said == (f"{p_value:.3f}" if p_value < 0.1 else f"{p_value:.2f}"), state
        checked += 1
    assert checked == 3 * 4 * 6 * 3


def test_sentence_of_the_denominator_names_its_setting():
    for state, sentence in states_and_sentences(CHAPTER, "who-is-counted"):
        assert sentence.startswith(f"Counting {state['denominator']}. ")
        who = sentence.split(". ")[1].split(":")[0]
        missing = {"InO": state["missing_ino"], "SC": state["missing_sc"]}
        for name, count in missing.items():
            assert (f"{count} {name}" in who) == (count > 0), sentence
        total = sum(missing.values())
        if total == 0:
            assert who == "Suppose that every responder was assessed"
            continue
        left_out = state["denominator"] == "only those assessed"
        assert who.endswith("left out" if left_out else state["taken_as"])
        verbs = (" responder was ", " is ") if total == 1 else (" responders were ", " are ")
        assert all(verb in who for verb in verbs), sentence


def test_sentence_says_when_a_choice_changes_nothing_and_which_reading_a_setting_needs():
    """By trying: another 'taken as' must change the counts unless the sentence says it does not."""
    told = {
        tuple(state.values()): sentence
        for state, sentence in states_and_sentences(CHAPTER, "who-is-counted")
    }
    by_taken_as: dict[tuple, set[str]] = {}
    for (denominator, ino, sc, _), sentence in told.items():
        counts = sentence.split(": ")[1].split(", a difference")[0]
        by_taken_as.setdefault((denominator, ino, sc), set()).add(counts)
    for (denominator, ino, sc, _), sentence in told.items():
        nothing = len(by_taken_as[denominator, ino, sc]) == 1
        assert ("changes nothing" in sentence) == nothing, sentence
        # 13 of 16 - ino and 5 of 15 - sc round to the printed 81% and 33% only if all were assessed
        both_readings = (round(1300 / (16 - ino)), round(500 / (15 - sc))) == (81, 33)
        assert ("only in the first reading" in sentence) != both_readings, sentence


# --- what a negative call means ----------------------------------------------------------


def chance_of_fewer(needed: int, expected: float) -> float:
    return sum(
        math.exp(-expected + x * math.log(expected) - math.lgamma(x + 1)) for x in range(needed)
    )


def test_negative_calls_in_every_state():
    pattern = re.compile(
        rf"^True burden {NUMBER} per million, {NUMBER} cells analysed, {NUMBER} needed: {NUMBER} "
        r"leukaemia cells? (?:is|are) expected in the sample, and (.+) of such samples are called "
        rf"negative\. At this setting a negative call excludes, with 95% confidence, burdens of "
        rf"{NUMBER} per million or more( \(beyond the figure\))?\.$"
    )
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "negative-call"):
        found = pattern.search(sentence)
        assert found, sentence
        burden, analysed, needed, expected = map(number, found.groups()[:4])
        assert [burden, analysed, needed] == list(state.values())
        true_mean = state["burden"] * state["analysed"] / 1e6
        assert expected == pytest.approx(true_mean, rel=0.05, abs=0.005)
        missed = chance_of_fewer(state["needed"], true_mean)
        share = found[5]
        if share == "fewer than 1 in 2,000":
            assert missed < 1 / 2000
        elif share == "more than 99.9%":
            assert missed > 0.999
        else:
            decimals = len(share.rstrip("%").partition(".")[2])
            assert 100 * missed == pytest.approx(
                float(share.rstrip("%")), abs=0.5 * 10**-decimals + 1e-9
            )
        limit = optimize.brentq(
            lambda b, state=state: (
                chance_of_fewer(state["needed"], b * state["analysed"] / 1e6) - 0.05
            ),
            1e-3,
            1e5,
        )
        assert number(found[6]) == pytest.approx(limit, rel=0.05, abs=0.005)
        assert (found[7] is None) == (10**-0.15 <= limit <= 10**3.65), sentence
        if limit >= 10:
            assert number(found[6]) == pytest.approx(limit, abs=0.5 + 1e-6)
        checked += 1
    assert checked == 8 * 6 * 5


def test_poisson_is_near_the_cell_by_cell_binomial():
    """The chapter replaces the binomial by the Poisson: for burdens below 1 in 300 it may."""
    for state, _ in states_and_sentences(CHAPTER, "negative-call"):
        exact = stats.binom.cdf(state["needed"] - 1, state["analysed"], state["burden"] / 1e6)
        mean = state["burden"] * state["analysed"] / 1e6
        assert abs(exact - stats.poisson.cdf(state["needed"] - 1, mean)) < 0.002


# --- the bounds --------------------------------------------------------------------------


def test_bounds_are_those_of_linear_programming():
    """Probabilities of (CR on InO, CR on SC, negative on InO, negative on SC), one a cell."""
    limits = namespace(CHAPTER)["limits_of_true_gain"]
    cells = [(i, s, x, y) for i in (0, 1) for s in (0, 1) for x in (0, 1) for y in (0, 1)]

    def row(rule) -> list[float]:
        return [float(rule(*cell)) for cell in cells]

    for both in np.linspace(16 / 22 + 15 / 27 - 1, 15 / 27, 9):
        held = {
            1.0: row(lambda i, s, x, y: 1),
            16 / 22: row(lambda i, s, x, y: i),
            15 / 27: row(lambda i, s, x, y: s),
            13 / 22: row(lambda i, s, x, y: i and x),
            5 / 27: row(lambda i, s, x, y: s and y),
            both: row(lambda i, s, x, y: i and s),
        }
        gain = np.array(row(lambda i, s, x, y: i and s and x - y)) / both
        # Without this, both = 15/27 would replace the row of SC's remissions.
        rates, rules = list(held), list(held.values())
        if both in (16 / 22, 15 / 27):
            rates.append(15 / 27)
            rules.append(row(lambda i, s, x, y: s))
        least, most = (
            optimize.linprog(sign * gain, A_eq=rules, b_eq=rates, bounds=(0, 1)).fun * sign
            for sign in (1, -1)
        )
        assert limits(both) == pytest.approx((least, most), abs=1e-6)


def draws(n: int, counts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """All outcomes of drawing n patients with replacement, and the chance of each."""
    outcomes = np.array([(a, b, n - a - b) for a in range(n + 1) for b in range(n - a + 1)])
    return outcomes, stats.multinomial.pmf(outcomes, n, np.array(counts) / n)


def test_bootstrap_of_the_lower_limit_is_near_its_exact_distribution():
    chapter = namespace(CHAPTER)
    ino, chance_ino = draws(22, [13, 3, 6])
    sc, chance_sc = draws(27, [5, 10, 12])
    sc, chance_sc = sc[sc[:, 2] < 27], chance_sc[sc[:, 2] < 27]
    negative, positive = sc[:, 0] / 27, sc[:, 1] / 27
    in_stratum = np.maximum(0, negative + positive - ino[:, [1]] / 22) / (negative + positive)
    limit = in_stratum - negative / (negative + positive)
    chance = np.outer(chance_ino, chance_sc)
    order = np.argsort(limit, axis=None)
    reached = np.cumsum(chance.ravel()[order])
    exact = [100 * limit.ravel()[order][np.searchsorted(reached, p)] for p in (0.025, 0.975)]
    assert [chapter["boot_low"], chapter["boot_high"]] == pytest.approx(exact, abs=1.0)
    assert chance[limit <= 0].sum() == pytest.approx(0.026, abs=0.001)
    contradicts = (ino[:, :2].sum(axis=1) / 22)[:, None] < negative + positive
    assert chance[contradicts].sum() == pytest.approx(0.10, abs=0.01)  # 'about one draw in ten'


def test_ten_invented_patients_add_up_as_the_text_says():
    chapter = namespace(CHAPTER)
    ten = chapter["ten"]
    for name, expected in {"CR on SC": 4, "CR on InO": 5}.items():
        assert (ten[name] * ten["negative if in CR"]).sum() == expected
    assert (ten["CR on SC"] <= ten["CR on InO"]).all()
