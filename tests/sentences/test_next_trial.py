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
    rf"^If the truth is '(?P<pattern>.+)'(?: at (?P<size>full|half) size| \(which has no size\)), "
    rf"patients (?P<population>.+) live (?:(?P<same>about as long)|(?P<gain>{NUMBER}) months "
    rf"(?P<way>longer|shorter)) within (?P<both>three and within five|three) years (?:as|than) "
    rf"control(?:, but (?P<later>{NUMBER}) months (?P<later_way>longer|shorter) within five)?\. "
    rf"Of 100 trials of up to "
    rf"(?P<patients>{NUMBER}) patients the test is positive in (?P<mrd>{SHARE}) on MRD, "
    rf"(?P<efs>{SHARE}) on EFS, (?P<os>{SHARE}) on OS; MRD is tested at month "
    rf"(?P<mrd_month>{NUMBER}), EFS at (?P<efs_month>{NUMBER}) and OS at (?P<os_month>{NUMBER}), "
    rf"with \d+, \d+ and \d+ randomised\. (?P<closing>.+)$"
)


def verdicts():
    """State, what its sentence says by name, the sentence, and the key of its patients."""
    for state, sentence in states_and_sentences(CHAPTER, "endpoint-verdicts"):
        found = VERDICT.match(sentence)
        assert found, sentence
        size = "full" if state["pattern"] == "no effect" else state["size"]
        yield state, found, sentence, (state["population"], state["pattern"], size)


def test_endpoints_are_as_often_positive_as_in_trials_run_one_by_one():
    checked = 0
    for state, found, sentence, key in verdicts():
        assert (found["pattern"], found["population"]) == (state["pattern"], state["population"])
        assert int(found["patients"]) == state["patients"]
        assert found["size"] == (None if state["pattern"] == "no effect" else state["size"])
        for endpoint in ("efs", "os"):
            share, _, end, _ = course(endpoint, state["patients"], 8, (1.0,), *key)
            said = as_number(found[endpoint])
            assert 100 * share == pytest.approx(said, abs=far(share, said / 100)), sentence
            assert end == pytest.approx(float(found[f"{endpoint}_month"]), abs=1.2), sentence
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
    for state, found, sentence, key in verdicts():
        power = exact_mrd_power(state["patients"], *negative_shares(*key))
        said = as_number(found["mrd"])
        # The shares themselves come from 36,000 patients an arm, which moves the power a little.
        assert 100 * power == pytest.approx(said, abs=far(power, said / 100) + 1), sentence
        last_entry = state["patients"] / 8 * state["patients"] / (state["patients"] + 1)
        assert float(found["mrd_month"]) == pytest.approx(last_entry + 90 / DAYS, abs=0.6)


def test_life_is_longer_or_shorter_as_the_sentence_says():
    for _, found, sentence, key in verdicts():
        lived = np.minimum(people(*key)["os"], 36)
        gain = lived[:, 1::2].mean() - lived[:, ::2].mean()
        if found["pattern"] == "no effect":
            assert found["closing"].endswith("every positive test is a false positive.")
            assert "right" not in sentence
            assert "misleads" not in sentence
            continue
        assert ("is right about survival" in sentence) == (found["way"] == "longer")
        assert ("misleads about survival" in sentence) == (
            found["way"] != "longer" and found["later_way"] != "longer"
        )
        if found["same"]:
            assert abs(gain) < 0.75
            continue
        said = float(found["gain"]) * (1 if found["way"] == "longer" else -1)
        assert abs(said) >= 0.5
        assert gain == pytest.approx(said, abs=0.45), sentence


@cache
def gain_by_five_years(*key: str) -> tuple[float, float]:
    """Months of 60 gained, and their error, from 200,000 patients of each arm."""
    true = setting("scenario")(*key)
    rng = np.random.default_rng(60)
    arms = [
        np.minimum(simulate_courses(rates, rng, 200_000).death_day / DAYS, 60)
        for rates in (true.control, true.experimental)
    ]
    error = np.sqrt(sum(each.var() / each.size for each in arms))
    return float(arms[1].mean() - arms[0].mean()), float(error)


def test_life_that_is_as_long_by_three_years_is_followed_to_five():
    later, as_long = set(), set()
    for _, found, sentence, key in verdicts():
        assert bool(found["same"]) == ("as control" in sentence)
        if not found["same"]:
            assert found["later"] is None
            assert found["both"] == "three", sentence
            continue
        gain, error = gain_by_five_years(*key)
        assert (found["both"] == "three") == (found["later"] is not None), sentence
        if found["later"] is None:
            # No more than the book's own simulation can tell from nothing: error at most 0.1.
            assert abs(gain) < 0.3, sentence
            as_long.add(key)
            continue
        said = float(found["later"]) * (1 if found["later_way"] == "longer" else -1)
        assert gain == pytest.approx(said, abs=0.35), sentence
        assert abs(gain) > 3 * error
        later.add(key)
    assert later == {("at first diagnosis", "later failure, worse rescue", "full")}
    assert len(as_long) == 8


def test_no_positive_test_of_survival_misleads_where_life_by_five_years_is_longer():
    checked = 0
    for _, found, sentence, key in verdicts():
        if "misleads" in sentence:
            assert gain_by_five_years(*key)[0] < 0.3, sentence
        if found["later_way"] == "longer":
            assert found["closing"] == (
                f"A positive test on OS, at month {found['os_month']}, does not mislead about "
                "survival; one on EFS is right about five years, not about three. On MRD this "
                "truth changes nothing: a positive test there is a false positive."
            )
            assert float(found["os_month"]) > 36, sentence
            checked += 1
    assert checked == 3


def moved(rates) -> dict[str, bool]:
    """Which endpoints a scenario's rates move: what comes after failure is in OS alone."""
    differ = {
        name
        for name, value in vars(rates.control).items()
        if value != getattr(rates.experimental, name)
    }
    after = {"death_after_failure", "death_after_rescue", "rescue_probability"}
    early = {"response_probability", "mrd_negative_probability"}
    return {
        "MRD": bool(differ & early) or rates.cleared_in_name > 0,
        "EFS": bool(differ - after),
        "OS": bool(differ),
    }


def test_a_test_that_nothing_moves_is_called_false_and_never_right():
    for _, found, sentence, key in verdicts():
        if found["pattern"] == "no effect":
            continue
        moves = moved(setting("scenario")(*key))
        if found["later"]:
            named = "EFS or OS"  # each with a verdict of its own, tested above
        else:
            closing = found["closing"]
            named = re.match(r"A positive test on (.+?) (?:is right|misleads)", closing)[1]
        assert re.split(", | or ", named) == [name for name in moves if moves[name]], sentence
        still = re.search(r"On (.+) this truth changes nothing", found["closing"])
        assert (still[1].split(" and ") if still else []) == [
            name for name in moves if not moves[name]
        ], sentence


LENGTH = re.compile(
    rf"^If the truth is '(?P<pattern>no effect|deeper, longer remissions)'"
    rf"(?: at (?P<size>full|half) size)?, with patients (?P<population>.+), (?P<pace>{NUMBER}) a "
    rf"month and (?P<looks>no|one|two) interim looks?, a trial of up to (?P<patients>{NUMBER}) "
    rf"patients ends after (?P<months>{NUMBER}) months on average, (?:before the "
    rf"(?P<planned>{NUMBER}) months of planned accrual are over: the deaths have come )?when "
    rf"(?P<randomised>{NUMBER}) have been randomised\. Longer survival is (?P<found>wrongly found|"
    rf"found) in (?P<share>{SHARE}) of 100 trials(?: \((?P<early>{SHARE}) at a look\))?\.$"
)
LOOKS = {
    "none": ("no", (1.0,)),
    "one, half-way": ("one", (0.5, 1.0)),
    "two, at thirds": ("two", (1 / 3, 2 / 3, 1.0)),
}


def test_length_and_power_are_those_of_trials_run_one_by_one():
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "length-and-power"):
        said = LENGTH.match(sentence)
        assert said, sentence
        truth = said["pattern"] + (f", {said['size']}" if said["size"] else "")
        assert (truth, said["population"]) == (state["truth"], state["population"])
        assert (int(said["pace"]), int(said["patients"])) == (state["pace"], state["patients"])
        assert (said["found"] == "wrongly found") == (truth == "no effect")
        word, looks = LOOKS[state["looks"]]
        assert said["looks"] == word
        key = (state["population"], said["pattern"], said["size"] or "full")
        ours = course("os", state["patients"], state["pace"], looks, *key)
        share = as_number(said["share"])
        assert 100 * ours[0] == pytest.approx(share, abs=far(ours[0], share / 100)), sentence
        assert (said["early"] is None) == (state["looks"] == "none")
        if said["early"] is not None:
            at_look = as_number(said["early"])
            assert 100 * ours[1] == pytest.approx(at_look, abs=far(ours[1], at_look / 100)), (
                sentence
            )
        months, randomised = float(said["months"]), float(said["randomised"])
        assert ours[2] == pytest.approx(months, abs=0.06 * months + 1), sentence
        assert ours[3] == pytest.approx(randomised, abs=0.06 * randomised + 1)
        accrual = state["patients"] / state["pace"]
        if said["planned"]:
            assert float(said["planned"]) == accrual > months
        else:
            assert months >= accrual - 0.5
        checked += 1
    assert checked == 162


def test_the_truth_of_the_hope_is_that_of_the_long_run():
    hope = setting("scenario")("in relapse", "deeper, longer remissions", "full")
    other = long_run(hope, np.random.default_rng(99), patients=100_000)
    assert setting("truth").months_gained == pytest.approx(other.months_gained, abs=0.4)
    assert hope == setting("hope")
