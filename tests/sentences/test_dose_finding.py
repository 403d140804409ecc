"""What the explorers of the chapter on dose finding say, by another route than the chapter's.

A walk along every path of a 3+3 instead of products; single BOIN trials in a plain loop, with
pooled adjacent violators, and single EffTox trials on a grid of parameters, instead of all trials
at once; bisection for the contours.
"""

import re
from functools import cache

import chapters
import numpy as np
import pytest
from scipy import stats
from states import NUMBER, states_and_sentences

CHAPTER = "design/dose_finding"
DOSES = (1.2, 1.6, 1.8, 2.0)
STEEPNESS = {"gentle": 2, "middle": 5, "steep": 10}
FEW = r"(\d+|fewer than 1)"
ABOVE = r"[\d.]+ of them above it|all at too high a dose|none of them above it"
CHOSEN = (
    rf"^(?:3\+3|(?:BOIN|EffTox), \d+ patients), "
    rf"true rates {NUMBER}, {NUMBER}, {NUMBER}, {NUMBER}% .* With {NUMBER}% as the limit "
    rf"(?:no dose is tolerable: rightly none is declared in {FEW} of 100 trials|"
    rf"the MTD is ([\d.]+ mg/m²): found in {FEW} of 100 trials)\. "
    rf"On average {NUMBER} patients are treated, ({ABOVE})"
    rf"(?:; no dose is declared in {FEW} of 100)?\.$"
)


def rates(at_1_8: float, steepness: str) -> list[float]:
    """Odds of toxicity as a power of the dose."""
    odds = [at_1_8 / (100 - at_1_8) * (dose / 1.8) ** STEEPNESS[steepness] for dose in DOSES]
    return [each / (1 + each) for each in odds]


def parts(sentence: str) -> tuple[str, ...]:
    """What the sentence says, words turned into numbers."""
    *first, rightly_none, right, correct, treated, above, none = re.search(
        CHOSEN, sentence
    ).groups()
    if right is None:
        right, correct, none = "no dose", rightly_none, rightly_none
    correct, none = ("0" if each == "fewer than 1" else each for each in (correct, none))
    above = {"all": treated, "none": "0"}.get(above.split()[0], above.split()[0])
    return *first, right, correct, treated, above, none


def right_level(true: list[float], target: float) -> int:
    level = 0
    for rate in true:
        if 100 * rate > target + 1e-9:
            break
        level += 1
    return level


@cache
def walked(at_1_8: float, steepness: str) -> tuple[np.ndarray, np.ndarray]:
    """Chance of each declared level (0 first) and mean patients, along every path of a 3+3."""
    true = rates(at_1_8, steepness)
    declared, patients = np.zeros(5), np.zeros(4)
    three = [[stats.binom.pmf(count, 3, rate) for count in range(4)] for rate in true]

    def settle(level: int, treated: dict[int, int], chance: float) -> None:
        """The choice has fallen to ``level``: three more where there were only three."""
        if level == 0 or treated[level] == 6:
            finish(level, treated, chance)
            return
        for toxic, share in enumerate(three[level - 1]):
            now = {**treated, level: 6}
            if toxic <= 1:
                finish(level, now, chance * share)
            else:
                settle(level - 1, now, chance * share)

    def finish(level: int, treated: dict[int, int], chance: float) -> None:
        declared[level] += chance
        for at, count in treated.items():
            patients[at - 1] += chance * count

    def climb(level: int, treated: dict[int, int], chance: float) -> None:
        if level > 4:
            settle(4, treated, chance)
            return
        for first, share in enumerate(three[level - 1]):
            if first == 0:
                climb(level + 1, {**treated, level: 3}, chance * share)
            elif first == 1:
                for second, again in enumerate(three[level - 1]):
                    now = {**treated, level: 6}
                    follow = climb if second == 0 else settle
                    follow(level + 1 if second == 0 else level - 1, now, chance * share * again)
            else:
                settle(level - 1, {**treated, level: 3}, chance * share)

    climb(1, {}, 1.0)
    assert declared.sum() == pytest.approx(1)
    return declared, patients


def test_three_plus_three_is_that_of_a_walk_along_every_path():
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "chosen-dose"):
        if state["design"] != "3+3":
            continue
        *true, target, right, correct, treated, above, none = parts(sentence)
        declared, patients = walked(state["at_1_8"], state["steepness"])
        level = right_level(rates(state["at_1_8"], state["steepness"]), state["target"])
        assert right == ("no dose" if level == 0 else f"{DOSES[level - 1]} mg/m²")
        assert float(target) == state["target"]
        for said, rate in zip(true, rates(state["at_1_8"], state["steepness"]), strict=True):
            assert abs(float(said) - 100 * rate) <= 0.5 + 1e-9
        assert abs(float(correct) - 100 * declared[level]) <= 0.5 + 1e-9, state
        assert abs(float(none) - 100 * declared[0]) <= 0.5 + 1e-9, state
        assert abs(float(treated) - patients.sum()) <= 0.05 + 1e-9, state
        assert abs(float(above) - patients[level:].sum()) <= 0.05 + 1e-9, state
        checked += 1
    assert checked == 6 * 3 * 4


def pooled(shares: list[float], weights: list[float]) -> list[float]:
    """Pool adjacent violators, one block at a time."""
    blocks: list[list[float]] = []
    for share, weight in zip(shares, weights, strict=True):
        blocks.append([share, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            last, before = blocks.pop(), blocks.pop()
            total = last[1] + before[1]
            mean = (last[0] * last[1] + before[0] * before[1]) / total
            blocks.append([mean, total, last[2] + before[2]])
    return [mean for mean, _, count in blocks for _ in range(int(count))]


def one_boin_trial(
    true: list[float], target: float, cohorts: int, rng: np.random.Generator
) -> tuple[int, list[int]]:
    """Declared level (0 for none) and patients at each level, the design as its paper tells it."""
    low, high = 0.6 * target, 1.4 * target
    up = np.log((1 - low) / (1 - target)) / np.log(target * (1 - low) / (low * (1 - target)))
    down = np.log((1 - target) / (1 - high)) / np.log(high * (1 - target) / (target * (1 - high)))
    treated, toxic, level, top = [0] * 4, [0] * 4, 0, 3
    for _ in range(cohorts):
        treated[level] += 3
        toxic[level] += int((rng.random(3) < true[level]).sum())
        if closed(treated[level], toxic[level], target):
            top = level - 1
            if top < 0:
                return 0, treated
        share = toxic[level] / treated[level]
        step = 1 if share <= up else -1 if share >= down else 0
        level = min(max(level + step, 0), top)
    open_levels = [
        at for at in range(top + 1) if treated[at] and not closed(treated[at], toxic[at], target)
    ]
    a = [toxic[at] + 0.05 for at in open_levels]
    b = [treated[at] - toxic[at] + 0.05 for at in open_levels]
    weights = [
        (each + other) ** 2 * (each + other + 1) / (each * other)
        for each, other in zip(a, b, strict=True)
    ]
    shares = [each / (each + other) for each, other in zip(a, b, strict=True)]
    fitted = pooled(shares, weights)
    # The authors' way with ties: a little more for each level below, a little less above.
    nudged = [value + 1e-10 * place for place, value in enumerate(fitted)]
    return open_levels[int(np.argmin([abs(value - target) for value in nudged]))] + 1, treated


@cache
def closing_count(treated: int, target: float) -> int:
    return next(
        (
            count
            for count in range(treated + 1)
            if stats.beta.sf(target, 1 + count, 1 + treated - count) > 0.95
        ),
        treated + 1,
    )


def closed(treated: int, toxic: int, target: float) -> bool:
    return toxic >= closing_count(treated, target)


@pytest.mark.parametrize(
    ("at_1_8", "steepness", "target", "patients"),
    [
        (30, "middle", 30, 24),
        (30, "gentle", 20, 24),
        (10, "steep", 25, 36),
        (50, "middle", 33, 36),
        (60, "gentle", 25, 24),
        (40, "steep", 30, 36),
        (20, "middle", 20, 24),
    ],
)
def test_boin_is_that_of_single_trials_in_a_loop(at_1_8, steepness, target, patients):
    number = 3000
    rng = np.random.default_rng(3)
    true = rates(at_1_8, steepness)
    level = right_level(true, target)
    trials = [one_boin_trial(true, target / 100, patients // 3, rng) for _ in range(number)]
    declared = np.bincount([each for each, _ in trials], minlength=5) / number
    treated = np.array([each for _, each in trials])
    explorer = chapters.explorers(CHAPTER)["chosen-dose"]
    _, sentence = explorer(
        design=f"BOIN, {patients} patients", at_1_8=at_1_8, steepness=steepness, target=target
    )
    *_, right, correct, total, above, none = parts(sentence)
    assert right == ("no dose" if level == 0 else f"{DOSES[level - 1]} mg/m²")
    both = np.sqrt(1 / number + 1 / 4000)
    for said, share in ((correct, declared[level]), (none, declared[0])):
        spread = max(np.sqrt(share * (1 - share)), 0.03) * both
        assert abs(float(said) - 100 * share) <= 0.5 + 100 * 4 * spread, (said, share)
    for said, counts in ((total, treated.sum(axis=1)), (above, treated[:, level:].sum(axis=1))):
        spread = max(counts.std(), 0.3) * both
        assert abs(float(said) - counts.mean()) <= 0.05 + 4 * spread, (said, counts.mean())


def test_every_simulated_state_treats_at_most_its_patients_and_says_a_possible_answer():
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "chosen-dose"):
        if state["design"] == "3+3":
            continue
        *_, right, correct, total, above, none = parts(sentence)
        level = right_level(rates(state["at_1_8"], state["steepness"]), state["target"])
        assert right == ("no dose" if level == 0 else f"{DOSES[level - 1]} mg/m²")
        assert float(above) <= float(total) <= int(state["design"].split()[1])
        assert ("all at too high a dose" in sentence) == (level == 0)
        assert ("none of them above it" in sentence) == (level == 4)
        assert level > 0 or correct == none
        checked += 1
    assert checked == 3 * 6 * 3 * 4


@pytest.mark.parametrize(
    ("at_1_8", "steepness", "target"), [(30, "middle", 30), (10, "gentle", 25), (50, "steep", 20)]
)
def test_efftox_is_that_of_single_trials_on_a_grid(at_1_8, steepness, target):
    """The posterior by summing over a grid of parameters, trial by trial."""
    number = 300
    rng = np.random.default_rng(4)
    true = rates(at_1_8, steepness)
    level = right_level(true, target)
    trials = [one_efftox_trial(true, target / 100, rng) for _ in range(number)]
    declared = np.bincount([each for each, _ in trials], minlength=5) / number
    treated = np.array([each for _, each in trials])
    explorer = chapters.explorers(CHAPTER)["chosen-dose"]
    state = {"at_1_8": at_1_8, "steepness": steepness, "target": target}
    *_, correct, total, above, none = parts(explorer(design="EffTox, 24 patients", **state)[1])
    both = np.sqrt(1 / number + 1 / 500)
    for said, share in ((correct, declared[level]), (none, declared[0])):
        spread = max(np.sqrt(share * (1 - share)), 0.1) * both
        assert abs(float(said) - 100 * share) <= 0.5 + 100 * 4 * spread, (said, share)
    for said, counts in ((total, treated.sum(axis=1)), (above, treated[:, level:].sum(axis=1))):
        spread = max(counts.std(), 0.3) * both
        assert abs(float(said) - counts.mean()) <= 0.05 + 4 * spread, (said, counts.mean())


X = np.log(DOSES) - np.log(DOSES).mean()


@cache
def grid(*mean_and_sd: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Rates at each dose, one row a point of the grid, and the prior weight of each point."""
    steps = [np.linspace(mean - 3.6 * sd, mean + 3.6 * sd, 25) for mean, sd in mean_and_sd]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*steps, indexing="ij")], axis=1)
    weight = np.prod(
        [
            stats.norm.pdf(points[:, place], mean, sd)
            for place, (mean, sd) in enumerate(mean_and_sd)
        ],
        axis=0,
    )
    powers = np.array([X**power for power in range(len(mean_and_sd))])
    return 1 / (1 + np.exp(-points @ powers)), weight


def updated(table: tuple[np.ndarray, np.ndarray], treated, events) -> tuple[np.ndarray, np.ndarray]:
    """Rates of the grid and the posterior weights, which sum to one."""
    rate, weight = table
    likelihood = np.prod(rate**events * (1 - rate) ** (treated - events), axis=1)
    return rate, weight * likelihood / (weight * likelihood).sum()


def one_efftox_trial(
    true: list[float], limit: float, rng: np.random.Generator
) -> tuple[int, np.ndarray]:
    """Declared level (0 for none) and patients at each level, as the chapter tells the rule."""
    response = [0.35, 0.55, 0.70, 0.74]
    treated, toxic, responded = np.zeros(4), np.zeros(4), np.zeros(4)
    level = 0
    for _ in range(8):
        treated[level] += 3
        toxic[level] += (rng.random(3) < true[level]).sum()
        responded[level] += (rng.random(3) < response[level]).sum()
        dlt, dlt_weight = updated(grid((-1.8, 1.5), (4, 3)), treated, toxic)
        good, good_weight = updated(grid((0.2, 1.5), (4, 3), (0, 3)), treated, responded)
        accepted = (dlt_weight @ (dlt < limit) > 0.1) & (good_weight @ (good > 0.4) > 0.1)
        scores = np.array(
            [
                desirability(float(e), float(t), 0.6, exponent_through(0.30, 0.60))
                for e, t in zip(good_weight @ good, dlt_weight @ dlt, strict=True)
            ]
        )
        tried = np.flatnonzero(treated)
        near = (np.arange(4) >= tried.min() - 1) & (np.arange(4) <= tried.max() + 1)
        if not (accepted & near).any():
            return 0, treated
        level = int(np.where(accepted & near, scores, -np.inf).argmax())
    last = accepted & (treated > 0)
    return (int(np.where(last, scores, -np.inf).argmax()) + 1 if last.any() else 0), treated


SIGNED = r"([+−]\d\.\d{3})"
TRADE = (
    rf"60% with {NUMBER}% DLT and certain response with {NUMBER}% DLT are equally good has r = "
    rf"{NUMBER}\. With {NUMBER}% response at 1\.8 mg/m², the best dose is {NUMBER} "
    rf"\(desirability {SIGNED}\), ahead of {NUMBER} \({SIGNED}\)\.$"
)


def bisected(function, low: float, high: float) -> float:
    """Root of a falling function."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


@cache
def exponent_through(middle: float, certain: float) -> float:
    return bisected(lambda r: (2 / 3) ** r + (middle / certain) ** r - 1, 0.01, 50)


def desirability(response: float, toxicity: float, certain: float, exponent: float) -> float:
    """The v that solves (a / (1 - v))^r + (b / (1 - v))^r = 1."""
    pair = ((1 - response) / 0.6, toxicity / certain)
    return 1 - bisected(lambda c: sum((x / c) ** exponent for x in pair) - 1, 1e-6, 50)


def test_best_dose_lies_on_the_best_contour():
    seen = set()
    for state, sentence in states_and_sentences(CHAPTER, "best-dose"):
        groups = [text.replace("−", "-") for text in re.search(TRADE, sentence).groups()]
        middle, certain, r, at, best, first, second, runner_up = map(float, groups)
        assert (middle, certain, at) == (state["middle"], state["certain"], state["at_1_8"])
        exponent = exponent_through(middle, certain)
        assert abs(r - exponent) <= 0.005 + 1e-9
        responses = [0.45, 0.58, at / 100, at / 100 + 0.02]
        scores = {
            dose: desirability(response, toxicity, certain / 100, exponent)
            for dose, response, toxicity in zip(DOSES, responses, rates(25, "middle"), strict=True)
        }
        ranked = sorted(scores, key=scores.get, reverse=True)
        assert [best, second] == ranked[:2], state
        assert abs(first - scores[ranked[0]]) <= 5e-4 + 1e-6
        assert abs(runner_up - scores[ranked[1]]) <= 5e-4 + 1e-6
        seen.add(best)
    assert seen == {1.2, 1.6, 1.8}
