"""What the explorers of the chapter on the next trial say, by another route than the chapter's.

Courses come straight from the illness-death model with other random numbers; entry, data cut, test
and looks are written out here, trial by trial, instead of the module's arrays of all trials. MRD is
also checked against the exact power over all tables. Both sides are simulated, so that the
tolerance is a number of standard errors of their difference, plus the rounding of the sentence.
"""

import re
from functools import cache

import chapters
import numpy as np
import pytest
from inobook.group_sequential import boundaries, obrien_fleming_spending
from inobook.illness_death import simulate_courses
from inobook.next_trial import long_run
from scipy import stats
from states import NUMBER, states_and_sentences

CHAPTER = "interpretation/next_trial"
DAYS = 30.4375
TRIALS = 200
ERRORS = 4.5
SHARE = rf"(fewer than 1|more than 99|{NUMBER})"


def setting(name: str):
    return chapters.namespace(CHAPTER)[name]


def as_number(words: str) -> float:
    return {"fewer than 1": 0.25, "more than 99": 99.75}.get(words) or float(words)


@cache
def people(population: str, pattern: str, size: str) -> dict[str, np.ndarray]:
    """Months of 200 trials of 360 patients, each (trials, 360), arms by turns: control, new."""
    true = setting("scenario")(population, pattern, size)
    rng = np.random.default_rng(11)
    columns: dict[str, list[np.ndarray]] = {"negative": [], "efs": [], "os": []}
    for arm, rates in enumerate((true.control, true.experimental)):
        courses = simulate_courses(rates, rng, TRIALS * 180)
        negative = courses.mrd_negative
        if arm:
            cleared = rng.random(negative.size) < true.cleared_in_name
            negative = np.where(courses.responded & ~negative, cleared, negative)
        columns["negative"].append(negative & (courses.response_day <= 90))
        columns["efs"].append(np.minimum(courses.failure_day, courses.death_day) / DAYS)
        columns["os"].append(courses.death_day / DAYS)
    shape = (TRIALS, 180)
    return {
        name: np.stack([each.reshape(shape) for each in arms], axis=2).reshape(TRIALS, 360)
        for name, arms in columns.items()
    }


def entries(patients: int, per_month: float) -> np.ndarray:
    """Months of entry of one shared set of trials, (trials, patients), not in order."""
    rng = np.random.default_rng(patients)
    return rng.random((TRIALS, patients)) * patients / per_month


def log_rank_z(months: np.ndarray, seen: np.ndarray, new: np.ndarray) -> float:
    """Above 0 if fewer events than expected on the new arm."""
    order = np.argsort(months)
    seen, new = seen[order], new[order].astype(float)
    at_risk = np.arange(len(new), 0, -1)
    share = new[::-1].cumsum()[::-1] / at_risk
    variance = (share * (1 - share))[seen].sum()
    return (share[seen].sum() - new[seen].sum()) / np.sqrt(variance)


@cache
def edges_of(looks: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(boundaries(looks, 0.025, obrien_fleming_spending))


def ends(
    months: np.ndarray, entry: np.ndarray, looks: tuple[float, ...], latest: float
) -> tuple[bool, bool, float, int]:
    """Success, at an early look, month of the end and patients by then, of one trial."""
    patients = len(months)
    new = np.arange(patients) % 2 == 1
    total = int(0.7 * patients)
    calendar = np.sort(entry + months)
    for number, (look, edge) in enumerate(zip(looks, edges_of(looks), strict=True)):
        cut = calendar[int(np.ceil(look * total - 1e-9)) - 1]
        last = number == len(looks) - 1
        if cut > latest and not last:
            continue
        cut = min(cut, latest)
        inside = entry <= cut
        watched = np.minimum(months, cut - entry)[inside]
        seen = (entry + months <= cut)[inside]
        z = log_rank_z(watched, seen, new[inside])
        if z >= edge or last:
            return z >= edge, z >= edge and not last, cut, int(inside.sum())
    raise AssertionError("the last look ends every trial")


@cache
def course(
    endpoint: str, patients: int, per_month: float, looks: tuple[float, ...], *state: str
) -> tuple[float, float, float, float]:
    """Shares of success and of early success, mean month and mean patients."""
    months = people(*state)[endpoint][:, :patients]
    latest = patients / per_month + 36
    starts = entries(patients, per_month)
    every = [ends(each, entry, looks, latest) for each, entry in zip(months, starts, strict=True)]
    return tuple(np.mean(every, axis=0))


def far(share: float, said: float, trials: float = 400) -> float:
    """How far apart two simulated shares may be, in points."""
    middle = np.clip((share + said) / 2, 0.01, 0.99)
    return 100 * ERRORS * np.sqrt(middle * (1 - middle) * (1 / TRIALS + 1 / trials)) + 0.6


VERDICT = re.compile(
    rf"^If the truth is '(.+)'(?: at (full|half) size)?, patients (.+) live (?:(about as long)|"
    rf"{NUMBER} months (longer|shorter)) within three years (?:as|than) control\. Of 100 "
    rf"trials of up to {NUMBER} patients the test is positive on MRD in {SHARE} "
    rf"\(month {NUMBER}, \d+ randomised\), "
    rf"positive on EFS in {SHARE} "
    rf"\(month {NUMBER}, \d+ randomised\), positive on OS in {SHARE} "
    rf"\(month {NUMBER}, \d+ randomised\)\. (.+)$"
)


def test_endpoints_are_as_often_positive_as_in_trials_run_one_by_one():
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "endpoint-verdicts"):
        found = VERDICT.match(sentence)
        assert found, sentence
        pattern, size, population, _, _, _, patients = found.groups()[:7]
        assert (pattern, population) == (state["pattern"], state["population"])
        assert int(patients) == state["patients"]
        assert size == (None if pattern == "no effect" else state["size"])
        key = (population, pattern, "full" if pattern == "no effect" else state["size"])
        said = found.groups()[7:]
        for endpoint, words, month in zip(("efs", "os"), said[3::3], said[5::3], strict=False):
            share, _, end, _ = course(endpoint, state["patients"], 8, (1.0,), *key)
            assert 100 * share == pytest.approx(
                as_number(words), abs=far(share, as_number(words) / 100)
            ), sentence
            assert end == pytest.approx(float(month), abs=1.2), sentence
        checked += 1
    assert checked == 84


def exact_mrd_power(patients: int, control: float, new: float) -> float:
    """Chance that z with the pooled variance reaches 1.96, over all tables."""
    half = patients // 2
    x, y = np.meshgrid(np.arange(half + 1), np.arange(half + 1), indexing="ij")
    pooled = (x + y) / patients
    spread = np.sqrt(pooled * (1 - pooled) * 2 / half)
    z = np.divide((x - y) / half, spread, out=np.zeros(x.shape), where=spread > 0)
    weight = stats.binom.pmf(x, half, new) * stats.binom.pmf(y, half, control)
    return float(weight[z >= stats.norm.isf(0.025)].sum())


@cache
def negative_shares(*key: str) -> tuple[float, float]:
    negative = people(*key)["negative"]
    return float(negative[:, ::2].mean()), float(negative[:, 1::2].mean())


def test_mrd_is_as_often_positive_as_all_tables_say():
    for state, sentence in states_and_sentences(CHAPTER, "endpoint-verdicts"):
        found = VERDICT.match(sentence)
        size = "full" if state["pattern"] == "no effect" else state["size"]
        shares = negative_shares(state["population"], state["pattern"], size)
        power = exact_mrd_power(state["patients"], *shares)
        said = as_number(found[8])
        # The shares themselves come from 36,000 patients an arm, which moves the power a little.
        assert 100 * power == pytest.approx(said, abs=far(power, said / 100) + 1), sentence
        last_entry = state["patients"] / 8 * state["patients"] / (state["patients"] + 1)
        assert float(found[10]) == pytest.approx(last_entry + 90 / DAYS, abs=0.6)


def test_life_is_longer_or_shorter_as_the_sentence_says():
    for state, sentence in states_and_sentences(CHAPTER, "endpoint-verdicts"):
        found = VERDICT.match(sentence)
        size = "full" if state["pattern"] == "no effect" else state["size"]
        lived = np.minimum(people(state["population"], state["pattern"], size)["os"], 36)
        gain = lived[:, 1::2].mean() - lived[:, ::2].mean()
        if found[4]:
            assert abs(gain) < 0.75
            assert found.groups()[-1] == "A positive test misleads about survival."
            continue
        said = float(found[5]) * (1 if found[6] == "longer" else -1)
        assert abs(said) >= 0.5
        assert gain == pytest.approx(said, abs=0.45), sentence
        assert ("right about survival" in sentence) == (said > 0)
        assert ("misleads about survival" in sentence) == (said < 0)


LENGTH = re.compile(
    rf"^If the truth is (no effect|half the hope|the hope), with patients (.+), {NUMBER} a month "
    rf"and (no|one|two) interim looks?, a trial of up to {NUMBER} patients ends after {NUMBER} "
    rf"months on average, when {NUMBER} have been randomised\. Longer survival is found in {SHARE} "
    rf"of 100 trials(?: \({SHARE} at a look\))?\.$"
)
TRUTHS = {
    "no effect": ("no effect", "full"),
    "half the hope": ("deeper, longer remissions", "half"),
    "the hope": ("deeper, longer remissions", "full"),
}
LOOKS = {
    "none": ("no", (1.0,)),
    "one, half-way": ("one", (0.5, 1.0)),
    "two, at thirds": ("two", (1 / 3, 2 / 3, 1.0)),
}


def test_length_and_power_are_those_of_trials_run_one_by_one():
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "length-and-power"):
        found = LENGTH.match(sentence)
        assert found, sentence
        truth, population, pace, watched, patients, months, randomised, share, _, early, _ = (
            found.groups()
        )
        assert (truth, population) == (state["truth"], state["population"])
        assert (int(pace), int(patients)) == (state["pace"], state["patients"])
        word, looks = LOOKS[state["looks"]]
        assert watched == word
        ours = course("os", state["patients"], state["pace"], looks, population, *TRUTHS[truth])
        said = as_number(share)
        assert 100 * ours[0] == pytest.approx(said, abs=far(ours[0], said / 100)), sentence
        assert (early is None) == (state["looks"] == "none")
        if early is not None:
            at_look = as_number(early)
            assert 100 * ours[1] == pytest.approx(at_look, abs=far(ours[1], at_look / 100)), (
                sentence
            )
        assert ours[2] == pytest.approx(float(months), abs=0.06 * float(months) + 1), sentence
        assert ours[3] == pytest.approx(float(randomised), abs=0.06 * float(randomised) + 1)
        checked += 1
    assert checked == 162


def test_the_truth_of_the_hope_is_that_of_the_long_run():
    hope = setting("scenario")("in relapse", "deeper, longer remissions", "full")
    other = long_run(hope, np.random.default_rng(99), patients=100_000)
    assert setting("truth").months_gained == pytest.approx(other.months_gained, abs=0.4)
    assert hope == setting("hope")
