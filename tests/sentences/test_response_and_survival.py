"""What the explorers of the chapter on response and survival say, by another route.

Immortal time and landmark: large samples drawn here, patient by patient, with plain numpy, and the
score of Cox's likelihood solved by bisection; three settings in each corner and the defaults, for
all other states the rules that must hold. Switches: one course of the whole simulator in each of
several states, with its own seeds, and lifelines' Cox fit on patients who enter evenly.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from chapters import namespace
from inobook.illness_death import Hazard, simulate_courses
from inobook.synthesis.model import RATES
from lifelines import CoxPHFitter
from states import NUMBER, states_and_numbers, states_and_sentences

CHAPTER = "interpretation/response_and_survival"
MONTH = 30.4375
DRAWS = 20_000
IMMORTAL = (
    rf"^Response does nothing, {NUMBER}% would respond, half of them by day {NUMBER}, and median "
    rf"survival is {NUMBER} months: the naive comparison gives a hazard ratio of "
    rf"{NUMBER}, with however many patients\.$"
)
THREE = (
    rf"^A response .+; {NUMBER}% would respond, half of them by day {NUMBER}\. The hazard "
    rf"ratio of responders to others is {NUMBER} naively, {NUMBER} by landmark on day {NUMBER} and "
    rf"{NUMBER} time-dependent\. By the landmark {NUMBER}% of the patients have died and are left "
    rf"out, and (?:fewer than |more than )?{NUMBER}% of the responses are still to come\."
    r"(?: Almost nobody is in the responders' group\.)?$"
)
SWITCHES = (
    rf"The hazard ratio is {NUMBER} for PFS and {NUMBER} for OS; at 24 months {NUMBER}% \(InO\) "
    rf"and {NUMBER}% \(SC\) are alive\.$"
)


def switches_set(state) -> str:
    """What the sentence must say of the controls, word by word."""
    rescue, meant = state["rescue"], state["meant"]
    times = {0: "no", 1: "the"}.get(state["toxicity"], f"{state['toxicity']:g} times the")
    deaths = (
        "no non-relapse death after it"
        if times == "no"
        else f"non-relapse death after it at {times} synthetic cohort's rate"
    )
    on_ino = (
        f"{meant}% of the responders are meant for transplant, with {deaths}"
        if meant
        else "no responder is meant for transplant, so that death after it plays no part"
    )
    later = {
        "neither arm": "Later therapy halves the hazard in neither arm.",
        "SC only": "Later therapy halves the hazard after failure on SC only.",
        "both arms": "Later therapy halves the hazard after failure in both arms.",
    }[state["later"]]
    rescued = f"{rescue}% are" if rescue else "nobody is"
    return f"On SC {rescued} rescued after failure; on InO {on_ino}. {later} The hazard"


def cox(days, died, group) -> float:
    table = pd.DataFrame({"days": days, "died": died, "group": group}).astype(float)
    return float(np.exp(CoxPHFitter().fit(table, "days", "died").params_.iloc[0]))


def four_errors(died, group) -> float:
    """Four standard errors of a log hazard ratio, from the deaths, and half a printed unit."""
    deaths = [np.sum(died & group), np.sum(died & ~group)]
    return 4 * np.sqrt(1 / deaths[0] + 1 / deaths[1]) + 0.01


def patients(hazards, shares, median_days, ratio, rng):
    """Response and death days of half of the patients in each group given, both in days."""
    kind = np.arange(DRAWS) % len(hazards)
    hazard, share = np.asarray(hazards)[kind], np.asarray(shares)[kind]
    response = median_days * np.exp(0.4 * rng.standard_normal(DRAWS))
    response[rng.random(DRAWS) >= share] = np.inf
    clock = rng.exponential(size=DRAWS)
    with np.errstate(invalid="ignore"):
        late = response + (clock - hazard * response) / (hazard * ratio)
    death = np.where(clock < hazard * response, clock / hazard, late)
    exit_day = np.minimum(death, 730)
    return np.where(response < exit_day, response, np.inf), exit_day, death < 730


def test_immortal_time_says_what_a_large_sample_gives():
    corners, ratios = 0, {}
    for state, (share, delay, months, ratio) in states_and_numbers(
        CHAPTER, "immortal-bias", IMMORTAL
    ):
        assert (share, delay, months) == (state["share"], state["delay"], state["median_months"])
        ratios[delay, months, share] = ratio
        if delay in (30, 180) and months in (3, 9, 36) and share == 50:
            rng = np.random.default_rng(int(delay + months))
            response, days, died = patients(
                [np.log(2) / (months * MONTH)], [share / 100], delay, 1, rng
            )
            ever = np.isfinite(response)
            assert ratio == pytest.approx(cox(days, died, ever), rel=four_errors(died, ever))
            corners += 1
    assert corners == 6 and len(ratios) == 126
    assert all(ratio < 1 for ratio in ratios.values())
    for (delay, months, share), ratio in ratios.items():
        for slower in (each for each in (15, 30, 45, 60, 90, 120, 180) if each > delay):
            assert ratios[slower, months, share] <= ratio


def test_three_comparisons_say_what_large_samples_give():
    hazard = np.log(2) / (9 * MONTH)
    chosen = {(60, 33, 50), (180, 90, 60), (30, 33, 40), (90, 60, 50)}
    checked = 0
    for state, said in states_and_numbers(CHAPTER, "three-comparisons", THREE):
        share, delay, naive, landmark, day, changing, dead, late = said
        assert (share, delay, day) == (state["share"], state["delay"], state["landmark_day"])
        truth = state["truth"]
        if truth == "nothing":
            assert landmark == changing == 1
            assert dead == round(100 * (1 - np.exp(-hazard * day)))
        if truth.startswith("halves"):
            assert changing == 0.5 and landmark >= 0.5
        assert naive < changing
        if (day, delay, share) not in chosen:
            continue
        spread, ratio = 30 if "prognosis" in truth else 0, 0.5 if truth.startswith("halves") else 1
        factors = (0.5, 2) if spread else (1, 1)
        response, days, died = patients(
            [hazard * factor for factor in factors],
            [(share + spread) / 100, (share - spread) / 100],
            delay, ratio, np.random.default_rng(int(day)),
        )  # fmt: skip
        reached = days > day
        found = cox(days[reached] - day, died[reached], response[reached] <= day)
        assert naive == pytest.approx(cox(days, died, np.isfinite(response)), rel=0.08)
        assert landmark == pytest.approx(found, rel=0.15)
        assert dead == pytest.approx(100 * (1 - reached.mean()), abs=1.2)
        assert late == pytest.approx(100 * (response[np.isfinite(response)] > day).mean(), abs=1.8)
        checked += 1
    assert checked == 12


def simulated(state, seed):
    """PFS and OS days of 20,000 patients an arm, whole courses with shares as probabilities."""
    after = {
        arm: Hazard.constant(0.004 if halved else 0.008)
        for arm, halved in (
            ("SC", state["later"] != "neither arm"),
            ("InO", state["later"] == "both arms"),
        )
    }
    ino = RATES["InO", 1]
    toxic = tuple(rate * state["toxicity"] for rate in ino.death_after_transplant.per_day)
    rates = {
        "InO": replace(
            ino, rescue_probability=0, death_after_failure=after["InO"],
            transplant_probability=state["meant"] / 100,
            death_after_transplant=Hazard(toxic, ino.death_after_transplant.from_day),
        ),
        "SC": replace(
            RATES["SC", 1], rescue_probability=state["rescue"] / 100,
            death_after_failure=after["SC"],
        ),
    }  # fmt: skip
    rng = np.random.default_rng(seed)
    return {arm: simulate_courses(rates[arm], rng, 20_000) for arm in rates}, rng


def test_switches_say_what_courses_with_those_settings_give():
    chosen = [
        (0, 1, 56, "neither arm"), (32, 1, 56, "neither arm"), (24, 1.5, 84, "SC only"),
        (16, 2, 28, "both arms"), (8, 0, 0, "SC only"), (0, 0, 84, "neither arm"),
    ]  # fmt: skip
    seen, count = {}, 0
    for state, sentence in states_and_sentences(CHAPTER, "switches"):
        assert sentence.startswith(switches_set(state))
    for state, said in states_and_numbers(CHAPTER, "switches", SWITCHES):
        seen[tuple(state.values())] = said
        count += 1
    assert count == 300
    for number, key in enumerate(chosen):
        state = dict(zip(("rescue", "toxicity", "meant", "later"), key, strict=True))
        courses, rng = simulated(state, number)
        follow = rng.uniform(731, 1592, 40_000)
        group = np.repeat([1, 0], 20_000)
        pfs, os_ratio, alive_ino, alive_sc = seen[key]
        for said, name in ((pfs, "progression_free_day"), (os_ratio, "death_day")):
            days = np.concatenate([getattr(courses[arm], name) for arm in ("InO", "SC")])
            found = cox(np.minimum(days, follow), days <= follow, group)
            assert said == pytest.approx(found, rel=0.04), key
        for said, arm in ((alive_ino, "InO"), (alive_sc, "SC")):
            assert said == pytest.approx(100 * (courses[arm].death_day > 730).mean(), abs=1.6)


def test_pfs_is_not_moved_by_what_happens_after_failure():
    table = namespace(CHAPTER)["SCENARIOS"]
    for (_, toxicity, meant, _), (pfs, *_) in table.items():
        assert pfs == pytest.approx(table[0, toxicity, meant, "neither arm"][0], rel=0.02)


def test_the_six_ways_are_settings_of_the_explorer():
    chapter = namespace(CHAPTER)
    assert {tuple(way) for way in chapter["ways"]} <= set(chapter["SCENARIOS"])
