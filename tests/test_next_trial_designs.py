"""The simulated next trial against closed forms, all tables, theory of looks and lifelines."""

from dataclasses import replace

import numpy as np
import pytest
from inobook.cohorts import DAYS_PER_MONTH
from inobook.group_sequential import crossing_probabilities
from inobook.illness_death import NEVER, ArmRates, Hazard, LogNormalTiming
from inobook.next_trial import (
    Design,
    Effects,
    Patients,
    Scenario,
    Synopsis,
    conduct,
    long_run,
    protocol_synopsis,
    simulate,
    simulate_patients,
)
from inobook.synthesis.model import INO_PH_POSITIVE, SC_PH_POSITIVE
from inobook.trials import expected_deaths, log_rank_power
from lifelines.statistics import logrank_test
from scipy import stats

DEATHS_A_MONTH = 0.08
ONLY_DEATH = ArmRates(
    response_probability=0.0,
    mrd_negative_probability=0.0,
    transplant_probability=0.0,
    time_to_response=LogNormalTiming(30.0, 0.3),
    time_to_transplant=LogNormalTiming(45.0, 0.5),
    progression=NEVER,
    death_without_response=Hazard.constant(DEATHS_A_MONTH / DAYS_PER_MONTH),
    relapse_mrd_negative=NEVER,
    relapse_mrd_positive=NEVER,
    death_in_remission=NEVER,
    relapse_after_transplant_mrd_negative=NEVER,
    relapse_after_transplant_mrd_positive=NEVER,
    death_after_transplant=NEVER,
    death_after_failure=NEVER,
)
NOTHING = Scenario(INO_PH_POSITIVE, INO_PH_POSITIVE)
SURVIVAL = Design(200, 10.0, "os", events=120, follow_up_months=60.0)
MRD = Design(200, 10.0, "mrd")


def rng(seed: int = 49) -> np.random.Generator:
    return np.random.default_rng(seed)


def only_death(hazard_ratio: float) -> Scenario:
    effects = Effects(death_without_response=hazard_ratio)
    return Scenario(ONLY_DEATH, effects.applied_to(ONLY_DEATH))


# Effects


def test_no_effect_leaves_the_rates_as_they_are():
    same = Effects().applied_to(SC_PH_POSITIVE)
    for name, value in vars(SC_PH_POSITIVE).items():
        if isinstance(value, float):
            assert getattr(same, name) == pytest.approx(value)
        else:
            assert getattr(same, name) == value


@pytest.mark.parametrize(
    ("effect", "fields"),
    [
        ("progression", ["progression"]),
        ("relapse", ["relapse_mrd_negative", "relapse_mrd_positive"]),
        (
            "relapse_after_transplant",
            ["relapse_after_transplant_mrd_negative", "relapse_after_transplant_mrd_positive"],
        ),
        ("death_without_response", ["death_without_response"]),
        ("death_in_remission", ["death_in_remission"]),
        ("death_after_transplant", ["death_after_transplant"]),
        ("death_after_failure", ["death_after_failure", "death_after_rescue"]),
    ],
)
def test_a_factor_moves_its_own_hazards_and_no_other(effect, fields):
    moved = Effects(**{effect: 0.5}).applied_to(SC_PH_POSITIVE)
    for name, value in vars(SC_PH_POSITIVE).items():
        if isinstance(value, Hazard):
            factor = 0.5 if name in fields else 1.0
            assert getattr(moved, name).per_day == pytest.approx(
                [factor * rate for rate in value.per_day]
            )
            assert getattr(moved, name).from_day == value.from_day


@pytest.mark.parametrize(
    ("effect", "field"),
    [
        ("response_odds", "response_probability"),
        ("mrd_negative_odds", "mrd_negative_probability"),
        ("transplant_odds", "transplant_probability"),
        ("rescue_odds", "rescue_probability"),
    ],
)
def test_odds_are_multiplied(effect, field):
    def odds(rates):
        return getattr(rates, field) / (1 - getattr(rates, field))

    moved = Effects(**{effect: 3.0}).applied_to(SC_PH_POSITIVE)
    assert odds(moved) == pytest.approx(3 * odds(SC_PH_POSITIVE))


def test_half_an_effect_twice_is_the_effect():
    half = Effects(relapse=0.6, response_odds=2.0).to_the_power(0.5)
    twice = half.applied_to(half.applied_to(SC_PH_POSITIVE))
    once = Effects(relapse=0.6, response_odds=2.0).applied_to(SC_PH_POSITIVE)
    assert twice.response_probability == pytest.approx(once.response_probability)
    assert twice.relapse_mrd_negative.per_day == pytest.approx(once.relapse_mrd_negative.per_day)


# Nothing true: false alarms


@pytest.mark.parametrize("endpoint", ["mrd", "efs", "os"])
@pytest.mark.parametrize("looks", [(1.0,), (0.5, 1.0)])
def test_without_an_effect_alarms_are_as_rare_as_alpha(endpoint, looks):
    design = Design(
        160,
        10.0,
        endpoint,
        events=None if endpoint == "mrd" else 100,
        one_sided_alpha=0.05,
        looks=looks,
        spending="Pocock type",
        follow_up_months=60,
    )
    found = simulate(NOTHING, design, 6000, rng()).characteristics
    assert found.success == pytest.approx(0.05, abs=4 * 0.0028 + 0.003)
    assert found.success_error == pytest.approx(0.0028, abs=0.0006)


def test_loss_without_an_effect_makes_no_alarms():
    found = simulate(NOTHING, replace(SURVIVAL, loss_per_month=0.03), 4000, rng()).characteristics
    assert found.success == pytest.approx(0.025, abs=4 * 0.0025)


def test_a_marker_cleared_in_name_moves_mrd_and_nothing_else():
    scenario = replace(NOTHING, cleared_in_name=0.8)
    mrd, efs, os = (
        simulate(scenario, design, 3000, rng()).characteristics.success
        for design in (MRD, replace(SURVIVAL, endpoint="efs"), SURVIVAL)
    )
    assert mrd > 0.15
    assert efs == pytest.approx(0.025, abs=4 * 0.0029)
    assert os == pytest.approx(0.025, abs=4 * 0.0029)


# Survival alone: Schoenfeld, expected deaths, looks, lifelines


@pytest.mark.parametrize("hazard_ratio", [0.8, 0.6, 1.2])
@pytest.mark.parametrize("endpoint", ["efs", "os"])
def test_power_of_a_pure_effect_on_death_is_schoenfelds(hazard_ratio, endpoint):
    design = replace(SURVIVAL, endpoint=endpoint)
    found = simulate(only_death(hazard_ratio), design, 4000, rng()).characteristics
    expected = float(log_rank_power(120, hazard_ratio, one_sided_alpha=0.025))
    assert found.success == pytest.approx(expected, abs=4 * found.success_error + 0.012)
    assert found.events == 120
    assert found.short == 0


def test_looks_cross_as_often_as_theory_has_it():
    design = replace(SURVIVAL, looks=(1 / 3, 2 / 3, 1.0), spending="Pocock type")
    ended = simulate(only_death(0.7), design, 6000, rng())
    drift = -np.log(0.7) * np.sqrt(120) / 2
    theory = crossing_probabilities([1 / 3, 2 / 3, 1], design.boundaries, drift)
    seen = [(ended.success & (ended.look == look)).mean() for look in range(3)]
    assert seen == pytest.approx(list(theory.upper), abs=0.03)
    assert ended.success.mean() == pytest.approx(float(theory.total), abs=0.03)
    assert ended.characteristics.early == pytest.approx(sum(seen[:2]))
    at_looks = np.array(design.counts_at_looks)[ended.look]
    assert (ended.events == at_looks).all()


def test_length_is_that_at_which_the_deaths_are_expected():
    found = simulate(only_death(1.0), SURVIVAL, 2000, rng()).characteristics
    arm = {"patients": 100, "accrual_months": 20.0, "death_per_month": DEATHS_A_MONTH}
    assert 2 * expected_deaths(found.months, **arm) == pytest.approx(120, abs=1.0)


def test_loss_lengthens_the_trial_as_expected():
    design = replace(SURVIVAL, loss_per_month=0.02)
    found = simulate(only_death(1.0), design, 2000, rng()).characteristics
    arm = {"patients": 100, "accrual_months": 20.0, "death_per_month": DEATHS_A_MONTH}
    deaths = 2 * expected_deaths(found.months, **arm, loss_per_month=0.02)
    assert deaths == pytest.approx(120, abs=1.0)


def test_a_trial_with_too_few_deaths_is_cut_at_the_latest_month():
    design = Design(100, 10.0, "os", events=100, follow_up_months=3.0, looks=(0.9, 1.0))
    ended = simulate(only_death(1.0), design, 50, rng())
    assert ended.short.all()
    assert ended.month == pytest.approx(np.full(50, 13.0))
    assert (ended.look == 1).all()
    assert (ended.events < 90).all()


def test_z_of_one_large_trial_is_that_of_lifelines():
    scenario = Scenario(SC_PH_POSITIVE, INO_PH_POSITIVE)
    patients = simulate_patients(scenario, 1, 3000, rng())
    design = Design(3000, 100.0, "os", events=3000, follow_up_months=1e6)
    ended = conduct(patients, design, rng())
    theirs = logrank_test(
        patients.os_months[0][patients.arm[0] == 1], patients.os_months[0][patients.arm[0] == 0]
    )
    assert abs(ended.z[0]) == pytest.approx(np.sqrt(theirs.test_statistic), rel=1e-6)
    mean = [patients.os_months[0][patients.arm[0] == arm].mean() for arm in (0, 1)]
    assert (ended.z[0] > 0) == (mean[1] > mean[0])


# MRD


def test_power_on_mrd_is_that_of_all_tables():
    scenario = Scenario(SC_PH_POSITIVE, Effects(mrd_negative_odds=3.0).applied_to(SC_PH_POSITIVE))
    truth = long_run(scenario, rng(7), patients=400_000)
    design = Design(80, 10.0, "mrd")
    x, y = np.meshgrid(np.arange(41), np.arange(41), indexing="ij")
    pooled = (x + y) / 80
    spread = np.sqrt(pooled * (1 - pooled) / 20)
    z = np.divide((x - y) / 40, spread, out=np.zeros(x.shape), where=spread > 0)
    weight = stats.binom.pmf(x, 40, truth.mrd_negative[1]) * stats.binom.pmf(
        y, 40, truth.mrd_negative[0]
    )
    expected = weight[z >= stats.norm.isf(0.025)].sum()
    found = simulate(scenario, design, 8000, rng()).characteristics
    assert found.success == pytest.approx(expected, abs=4 * found.success_error + 0.005)
    assert found.months == pytest.approx(8 * 80 / 81 + 90 / DAYS_PER_MONTH, abs=0.05)
    assert found.events / 80 == pytest.approx(np.mean(truth.mrd_negative), abs=0.005)


def test_a_later_day_counts_more_negative_patients_and_loss_fewer():
    early, late, lost = (
        simulate(NOTHING, replace(MRD, **change), 200, rng()).characteristics.events
        for change in ({"mrd_day": 30.0}, {"mrd_day": 120.0}, {"loss_per_month": 0.3})
    )
    assert early < lost < late


def test_z_of_a_table_by_hand():
    negative = np.where([[1, 1, 1, 0, 1, 0, 0, 0]], 1.0, np.inf)
    arm = np.array([[1, 1, 1, 1, 0, 0, 0, 0]])
    people = Patients(arm, negative, negative, negative, negative)
    ended = conduct(people, Design(8, 4.0, "mrd"), rng())
    assert ended.z[0] == pytest.approx((3 / 4 - 1 / 4) / np.sqrt(0.5 * 0.5 * (1 / 4 + 1 / 4)))
    assert not ended.success[0]
    assert ended.events[0] == 4


# Truth in the long run


def test_the_long_run_of_constant_hazards_is_exponential():
    truth = long_run(only_death(0.5), rng(), patients=200_000, horizon_months=24.0)
    for arm, hazard in enumerate((DEATHS_A_MONTH, DEATHS_A_MONTH / 2)):
        assert truth.os[arm] == pytest.approx(np.exp(-24 * hazard), abs=0.005)
        assert truth.efs[arm] == truth.os[arm]
        mean = -np.expm1(-24 * hazard) / hazard
        assert truth.os_mean_months[arm] == pytest.approx(mean, abs=0.1)
    assert 0 < truth.os_mean_error < 0.04
    assert truth.mrd_negative == truth.transplanted == (0.0, 0.0)
    assert truth.months_gained == truth.os_mean_months[1] - truth.os_mean_months[0]


def test_the_long_run_counts_mrd_of_all_randomised():
    truth = long_run(NOTHING, rng(), mrd_day=10_000.0)
    negative = INO_PH_POSITIVE.response_probability * INO_PH_POSITIVE.mrd_negative_probability
    assert truth.mrd_negative == pytest.approx((negative, negative), abs=0.01)


# Patients


def test_arms_are_equal_and_in_random_order():
    patients = simulate_patients(NOTHING, 300, 20, rng())
    assert (patients.arm.sum(axis=1) == 10).all()
    assert patients.arm.mean(axis=0) == pytest.approx(np.full(20, 0.5), abs=0.13)
    assert (patients.efs_months <= patients.os_months).all()


def test_smaller_trials_are_made_of_the_first_patients_of_each_arm():
    patients = simulate_patients(NOTHING, 5, 20, rng())
    few = patients.first(6)
    assert (few.arm.sum(axis=1) == 3).all()
    for trial in range(5):
        for arm in (0, 1):
            everyone = patients.os_months[trial][patients.arm[trial] == arm]
            assert list(few.os_months[trial][few.arm[trial] == arm]) == list(everyone[:3])


def test_one_state_of_the_generator_gives_one_result_with_or_without_a_bar(capsys):
    quiet = simulate(NOTHING, SURVIVAL, 30, rng())
    told = simulate(NOTHING, SURVIVAL, 30, rng(), progress=True)
    assert (quiet.z == told.z).all()
    assert "trials" in capsys.readouterr().err


def test_batches_are_joined():
    ended = simulate(NOTHING, Design(20_000, 900.0, "mrd"), 12, rng())
    assert ended.z.shape == ended.patients.shape == (12,)
    assert (ended.patients == 20_000).all()


# Bad input


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"patients": 201}, "patients must be even"),
        ({"patients": 0}, "patients must be a whole number"),
        ({"endpoint": "pfs"}, "endpoint must be one of"),
        ({"endpoint": "mrd"}, "events must be None for mrd"),
        ({"events": None}, "events must be a whole number"),
        ({"events": 201}, "events must be from 2 to the 200 patients"),
        ({"accrual_per_month": 0.0}, "accrual_per_month must be above 0"),
        ({"mrd_day": np.inf}, "mrd_day must be above 0"),
        ({"follow_up_months": -1.0}, "follow_up_months must be finite"),
        ({"loss_per_month": -0.1}, "loss_per_month must be finite"),
        ({"spending": "none"}, "spending must be one of"),
        ({"one_sided_alpha": 0.5}, "one_sided_alpha must be between"),
        ({"looks": (0.5,)}, "looks must rise from above 0 to 1"),
        ({"looks": ()}, "looks must rise from above 0 to 1"),
        ({"looks": (0.7, 0.5, 1.0)}, "looks must rise, each by"),
        ({"looks": (0.501, 0.502, 1.0)}, "looks must rise, each by"),
    ],
)
def test_a_design_that_cannot_be_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        replace(SURVIVAL, **change)


def test_effects_scenarios_and_counts_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="relapse must be a factor above 0"):
        Effects(relapse=0.0)
    with pytest.raises(ValueError, match="share must be finite and not negative"):
        Effects().to_the_power(-1)
    with pytest.raises(ValueError, match="cleared_in_name is a share"):
        replace(NOTHING, cleared_in_name=1.1)
    with pytest.raises(ValueError, match="trials must be a whole number"):
        simulate(NOTHING, MRD, 0, rng())
    with pytest.raises(ValueError, match="patients must be even"):
        simulate_patients(NOTHING, 3, 7, rng())
    with pytest.raises(ValueError, match="patients must be 200 in each trial, not 10"):
        conduct(simulate_patients(NOTHING, 3, 10, rng()), MRD, rng())
    with pytest.raises(ValueError, match="patients must be even and at most 10"):
        simulate_patients(NOTHING, 3, 10, rng()).first(12)
    with pytest.raises(ValueError, match="horizon_months must be above 0"):
        long_run(NOTHING, rng(), horizon_months=0)


# The synopsis


def test_effects_in_words_name_what_is_not_one():
    assert Effects().in_words == "none"
    assert Effects(mrd_negative_odds=4, relapse=0.5, death_after_failure=1.8).in_words == (
        "MRD-negative odds × 4, relapse × 0.5, death after failure × 1.8"
    )


def synopsis_of(design: Design, **changes) -> str:
    settings = {
        "title": "Example",
        "population": "Adults in relapse",
        "control_arm": "A",
        "experimental_arm": "B",
        "design": design,
        "assumed": {"Effects": "relapse × 0.5"},
        "found": {"nothing is true": simulate(NOTHING, design, 50, rng()).characteristics},
    } | changes
    return protocol_synopsis(**settings).text


def test_a_synopsis_says_what_the_design_says():
    design = replace(SURVIVAL, looks=(0.5, 1.0))
    text = synopsis_of(design)
    assert text.splitlines()[0] == "*Exercise of a teaching book; not a protocol.*"
    first, last = design.boundaries
    for words in (
        "**Example**",
        "A against B",
        "Overall survival",
        "one-sided 2.5%, O'Brien-Fleming type",
        f"60 events, z at least {first:.2f}; 120 events, z at least {last:.2f}",
        "200 patients at 10 a month, 20 months of accrual; data cut by month 80",
        "- **Effects.** relapse × 0.5",
        "- **If nothing is true.** ",
        "none is a result",
    ):
        assert words in text
    half = simulate(only_death(0.7), design, 50, rng()).characteristics
    for share, words in (
        (0.0, "None of 50 trials succeeds (one-sided upper 95% limit 5.8%)"),
        (1.0, "All of 50 trials succeed"),
    ):
        assert words in synopsis_of(design, found={"so": replace(half, success=share)})
    told = f"{100 * half.success:.0f}% of 50 trials succeed (error"
    assert told in synopsis_of(design, found={"so": half})
    assert "MRD by day 90" in synopsis_of(MRD)
    assert "200 patients, z at least 1.96" in synopsis_of(MRD)


@pytest.mark.parametrize("empty", ["assumed", "found"])
def test_a_synopsis_without_assumptions_or_findings_is_refused(empty):
    with pytest.raises(ValueError, match=f"{empty} must hold"):
        synopsis_of(MRD, **{empty: {}})


def test_a_synopsis_is_saved_once(tmp_path):
    synopsis = Synopsis("**Title.** A trial")
    assert synopsis._repr_markdown_() == str(synopsis) == synopsis.text
    synopsis.save(tmp_path / "synopsis.md")
    assert (tmp_path / "synopsis.md").read_text(encoding="utf-8") == synopsis.text
    with pytest.raises(FileExistsError):
        synopsis.save(tmp_path / "synopsis.md")
