"""Population pharmacokinetics against closed forms, published values and a second solver."""

from dataclasses import FrozenInstanceError, replace
from time import perf_counter

import numpy as np
import pytest
from inobook import population_pk as pk

ROUTES = pytest.mark.parametrize("route", ["fast", "reference"])
CONSTANT = pk.Disposition(0.05, 0.0, 0.005, 6.0, 0.04, 5.0)
HOURS = np.array([0.0, 0.5, 1.0, 2.0, 30.0, 168.0, 700.0])
# One dose that runs in at once, nearly; and an exchange so slow that one compartment is left.
BOLUS_H, NO_EXCHANGE = 1e-6, 1e-12

# Garrett 2019, figure 8: patients with leukaemia, 0.8, 0.5, 0.5 mg/m2 in every cycle; median AUC
# over the intervals after the doses of days 1 (7 days), 29 (7 days) and 64 (14 days), ng h/mL.
SCENARIOS = {
    "A": (1.55, 0.0001, [4550, 22_800, 44_700]),
    "B": (1.84, 5.25, [3790, 17_100, 37_600]),
    "C": (2.21, 69, [3380, 14_300, 32_400]),
}
WINDOWS = [(0, 168), (672, 840), (1512, 1848)]
GARRETT_TYPICAL = {"bsa_m2": 1.84, "blood_blasts_percent": 5.25}
WU_ADULT = {"lean_body_mass_kg": 54.4, "age_years": 46, "blood_blasts_1e9_per_l": 0.82}
WU_CHILD = {"lean_body_mass_kg": 29.5, "age_years": 9, "blood_blasts_1e9_per_l": 0}


def rng(seed: int = 2019) -> np.random.Generator:
    return np.random.default_rng(seed)


def biexponential(disposition: pk.Disposition, dose: pk.Dose, hours: np.ndarray) -> np.ndarray:
    """Textbook concentration after an infusion at constant clearance, ng/mL."""
    k10 = disposition.cl1_l_per_h / disposition.v1_l
    k12 = disposition.q_l_per_h / disposition.v1_l
    k21 = disposition.q_l_per_h / disposition.v2_l
    fast, slow = np.sort(-np.roots([1, k10 + k12 + k21, k10 * k21]))[::-1]
    total = np.zeros_like(hours)
    for rate, share in ((fast, (fast - k21) / (fast - slow)), (slow, (k21 - slow) / (fast - slow))):
        since, after = hours - dose.hour, np.maximum(hours - dose.hour - dose.infusion_h, 0)
        total += np.where(
            since > 0, share / rate * (np.exp(-rate * after) - np.exp(-rate * since)), 0
        )
    return 1000 * dose.amount_mg / dose.infusion_h / disposition.v1_l * total


@ROUTES
@pytest.mark.parametrize("dose", [pk.Dose(0, 1.5), pk.Dose(20, 0.9, 3.5)])
def test_constant_clearance_is_biexponential(dose, route):
    found = pk.concentration_ng_per_ml(CONSTANT, [dose], HOURS, route=route)
    assert found == pytest.approx(biexponential(CONSTANT, dose, HOURS), rel=5e-5)


@ROUTES
def test_a_bolus_without_exchange_falls_as_one_exponential(route):
    one = replace(CONSTANT, q_l_per_h=NO_EXCHANGE)
    found = pk.concentration_ng_per_ml(one, [pk.Dose(0, 1.2, BOLUS_H)], HOURS[1:], route=route)
    assert found == pytest.approx(1000 * 1.2 / 6 * np.exp(-0.05 / 6 * HOURS[1:]), rel=5e-5)


@ROUTES
def test_the_falling_clearance_follows_its_closed_form(route):
    """One compartment: log concentration falls by the integral of the clearance over volume."""
    falling = pk.Disposition(0.03, 0.4, 0.005, 7.0, NO_EXCHANGE, 5.0)
    found = pk.concentration_ng_per_ml(falling, [pk.Dose(0, 1.4, BOLUS_H)], HOURS[1:], route=route)
    integral = 0.03 * HOURS[1:] + 0.4 / 0.005 * (1 - np.exp(-0.005 * HOURS[1:]))
    assert found == pytest.approx(200 * np.exp(-integral / 7), rel=4e-4)


@ROUTES
def test_the_whole_area_is_dose_over_clearance(route):
    doses = [pk.Dose(0, 1.5), pk.Dose(168, 0.9)]
    area = pk.auc_ng_h_per_ml(CONSTANT, doses, 20_000, route=route)
    assert area == pytest.approx(1000 * 2.4 / 0.05, rel=1e-5)


def test_the_area_is_that_under_the_curve():
    typical, doses = pk.garrett_2019(**GARRETT_TYPICAL), pk.label_schedule(1.84, 1)
    hours = np.linspace(0, 504, 5041)
    curve = pk.concentration_ng_per_ml(typical, doses, hours)
    assert pk.auc_ng_h_per_ml(typical, doses, 504) == pytest.approx(
        np.trapezoid(curve, hours), rel=1e-5
    )
    parts = [pk.auc_ng_h_per_ml(typical, doses, b, from_h=a) for a, b in ((0, 100), (100, 504))]
    assert sum(parts) == pytest.approx(pk.auc_ng_h_per_ml(typical, doses, 504), rel=1e-6)


@ROUTES
def test_no_drug_is_lost(route):
    patients = pk.garrett_2019_patients(**GARRETT_TYPICAL, patients=4, generator=rng())
    found = pk.amounts(patients, pk.label_schedule(1.84, 2), np.arange(0, 1200, 37.3), route=route)
    held = found.central_mg + found.peripheral_mg + found.eliminated_mg
    assert held == pytest.approx(found.given_mg, abs=1e-9)
    assert found.given_mg[:, -1] == pytest.approx(1.84 * (0.8 + 0.5 + 0.5) * 2)
    assert (np.diff(found.eliminated_mg) > 0).all()
    assert (found.peripheral_mg[:, 1:] > 0).all()


def test_what_has_run_in_halfway_is_half():
    found = pk.amounts(CONSTANT, [pk.Dose(2, 3, 4)], [0, 2, 4, 6, 9])
    assert found.given_mg == pytest.approx([0, 0, 1.5, 3, 3])


@ROUTES
def test_concentrations_are_linear_in_the_dose(route):
    typical = pk.garrett_2019(**GARRETT_TYPICAL)
    once = pk.concentration_ng_per_ml(typical, [pk.Dose(0, 1), pk.Dose(99, 2)], HOURS, route=route)
    thrice = pk.concentration_ng_per_ml(
        typical, [pk.Dose(0, 3), pk.Dose(99, 6)], HOURS, route=route
    )
    assert thrice == pytest.approx(3 * once, rel=1e-8)


def test_doses_add_up_on_one_clock_and_only_so():
    typical = pk.garrett_2019(**GARRETT_TYPICAL)
    first, later = pk.Dose(0, 1.5), pk.Dose(168, 0.9)
    both = pk.concentration_ng_per_ml(typical, [first, later], HOURS)
    early = pk.concentration_ng_per_ml(typical, [first], HOURS)
    late = pk.concentration_ng_per_ml(typical, [later], HOURS, first_dose_hour=0)
    assert early + late == pytest.approx(both, rel=1e-4)
    anew = pk.concentration_ng_per_ml(typical, [later], HOURS)
    assert (early + anew)[-1] < 0.8 * both[-1]


def test_the_clock_starts_with_the_first_dose():
    typical = pk.garrett_2019(**GARRETT_TYPICAL)
    now = pk.concentration_ng_per_ml(typical, [pk.Dose(0, 1.5)], HOURS)
    later = pk.concentration_ng_per_ml(typical, [pk.Dose(500, 1.5)], HOURS + 500)
    assert later == pytest.approx(now, rel=1e-6)
    assert pk.concentration_ng_per_ml(typical, [pk.Dose(500, 1.5)], [0, 499, 500]) == pytest.approx(
        0, abs=0
    )


@pytest.mark.parametrize("leukaemia", [True, False])
@pytest.mark.parametrize("model", ["Garrett", "Wu"])
def test_the_fast_route_agrees_with_the_reference(model, leukaemia):
    if model == "Garrett":
        draw, typical = pk.garrett_2019_patients, GARRETT_TYPICAL
    else:
        draw, typical = pk.wu_2024_patients, WU_CHILD
    patients = draw(**typical, patients=5, generator=rng(), acute_lymphoblastic=leukaemia)
    doses = [*pk.label_schedule(1.84, 3, 1), pk.Dose(0.5, 0.3, 5)]
    hours = np.concatenate(([0.25, 1, 1.5, 6], np.arange(24, 77 * 24, 100.0)))
    fast = pk.amounts(patients, doses, hours)
    slow = pk.amounts(patients, doses, hours, route="reference")
    assert fast.concentration_ng_per_ml == pytest.approx(slow.concentration_ng_per_ml, rel=3e-4)
    assert fast.auc_ng_h_per_ml == pytest.approx(slow.auc_ng_h_per_ml, rel=1e-4)
    assert fast.eliminated_mg == pytest.approx(slow.eliminated_mg, rel=1e-4)


def test_the_fast_route_holds_where_the_drug_leaves_in_an_hour():
    brisk = pk.Disposition(0.5, 9.0, 0.3, 4.0, 0.5, 2.0)
    hours = [0.2, 1, 2, 5, 24, 100]
    fast, slow = (
        pk.concentration_ng_per_ml(brisk, [pk.Dose(0, 2)], hours, route=route)
        for route in ("fast", "reference")
    )
    assert fast == pytest.approx(slow, rel=1e-3)


def test_a_thousand_patients_take_less_than_two_seconds():
    patients = pk.garrett_2019_patients(**GARRETT_TYPICAL, patients=1000, generator=rng())
    start = perf_counter()
    found = pk.concentration_ng_per_ml(
        patients, pk.label_schedule(1.84, 6, 1), np.arange(0, 161 * 24 + 1, 24)
    )
    assert perf_counter() - start < 2
    assert found.shape == (1000, 162)


def test_patients_at_once_are_patients_one_by_one():
    patients = pk.wu_2024_patients(**WU_ADULT, patients=3, generator=rng())
    doses = pk.label_schedule(1.86, 2)
    together = pk.concentration_ng_per_ml(patients, doses, HOURS)
    areas = pk.auc_ng_h_per_ml(patients, doses, 504)
    assert together.shape == (3, HOURS.size)
    assert areas.shape == (3,)
    for number in range(3):
        alone = replace(
            patients,
            **{
                name: float(getattr(patients, name)[number])
                for name in ("cl1_l_per_h", "cl2_l_per_h", "kdes_per_h", "v1_l")
            },
        )
        assert together[number] == pytest.approx(
            pk.concentration_ng_per_ml(alone, doses, HOURS), rel=1e-4
        )
        assert areas[number] == pytest.approx(pk.auc_ng_h_per_ml(alone, doses, 504), rel=1e-4)


def test_hours_come_in_any_order_and_shape():
    doses = pk.label_schedule(1.84, 1)
    there = pk.concentration_ng_per_ml(CONSTANT, doses, HOURS)
    assert pk.concentration_ng_per_ml(CONSTANT, doses, HOURS[::-1]) == pytest.approx(there[::-1])
    assert pk.concentration_ng_per_ml(CONSTANT, doses, [30, 30]) == pytest.approx(
        there[4], rel=1e-4
    )
    single = pk.concentration_ng_per_ml(CONSTANT, doses, 30)
    assert single.shape == ()
    assert float(single) == pytest.approx(there[4], rel=1e-4)
    assert isinstance(pk.auc_ng_h_per_ml(CONSTANT, doses, 30), float)
    several = replace(CONSTANT, v1_l=np.array([5.0, 6.0]))
    assert pk.concentration_ng_per_ml(several, doses, 30).shape == (2,)


def test_garretts_typical_patient_has_the_published_values():
    typical = pk.garrett_2019(**GARRETT_TYPICAL)
    assert typical.cl1_l_per_h == pytest.approx(0.0333, abs=5e-5)
    assert typical.kdes_per_h == pytest.approx(0.00472, abs=5e-6)
    assert typical.decay_half_life_h == pytest.approx(147, abs=0.5)
    assert typical.steady_volume_l == pytest.approx(11.8)
    # 293 in the paper, from simulated patients; the typical patient has 291.2.
    assert typical.terminal_half_life_h == pytest.approx(293, abs=3)
    assert typical.clearance_l_per_h([0, 77 * 24]) == pytest.approx([0.402, 0.0333], abs=3e-4)


def test_the_terminal_half_life_is_that_of_the_late_curve():
    typical = pk.garrett_2019(**GARRETT_TYPICAL)
    late = pk.concentration_ng_per_ml(
        typical, [pk.Dose(0, 1.5)], [4000, 4000 + typical.terminal_half_life_h], route="reference"
    )
    assert late[1] / late[0] == pytest.approx(0.5, abs=1e-3)


def test_garretts_covariates_change_as_published():
    """Percent change at the 10th and 90th centile of each covariate, whole numbers in the text."""
    typical = pk.garrett_2019(**GARRETT_TYPICAL)
    small, large = (pk.garrett_2019(bsa_m2=b, blood_blasts_percent=5.25) for b in (1.55, 2.21))
    few, many = (pk.garrett_2019(bsa_m2=1.84, blood_blasts_percent=b) for b in (0.0001, 69))
    for name, changed, percent in [
        ("cl1_l_per_h", small, -23),
        ("cl1_l_per_h", large, 33),
        ("cl2_l_per_h", small, -25),
        ("cl2_l_per_h", large, 35),
        ("v1_l", small, -23),
        ("v1_l", large, 29),
        ("kdes_per_h", few, 55),
        ("kdes_per_h", many, -10),
    ]:
        change = 100 * (getattr(changed, name) / getattr(typical, name) - 1)
        assert change == pytest.approx(percent, abs=1.1)
    assert few.decay_half_life_h == pytest.approx(95, abs=1)
    assert many.decay_half_life_h == pytest.approx(163, abs=1)


def test_garretts_covariates_enter_by_their_coefficients():
    typical = pk.garrett_2019(**GARRETT_TYPICAL)
    twice = pk.garrett_2019(bsa_m2=3.68, blood_blasts_percent=10.5)
    assert twice.cl1_l_per_h / typical.cl1_l_per_h == pytest.approx(2**1.54)
    assert twice.cl2_l_per_h / typical.cl2_l_per_h == pytest.approx(2**1.64)
    assert twice.kdes_per_h / typical.kdes_per_h == pytest.approx(2**-0.0401)
    metre_more = pk.garrett_2019(bsa_m2=2.84, blood_blasts_percent=5.25)
    assert metre_more.v1_l / typical.v1_l == pytest.approx(1.774)


def test_lymphoma_and_rituximab_in_garrett():
    combined = pk.garrett_2019(**GARRETT_TYPICAL, acute_lymphoblastic=False, rituximab=True)
    alone = pk.garrett_2019(bsa_m2=1.84, blood_blasts_percent=0, acute_lymphoblastic=False)
    assert combined == pk.Disposition(0.113, 0.369, 0.0337, 6.70, 0.0405, 5.10)
    assert alone.cl1_l_per_h / combined.cl1_l_per_h == pytest.approx(1.155)
    assert alone.kdes_per_h == combined.kdes_per_h


def test_wus_reference_patient_and_his_covariates():
    typical = {"lean_body_mass_kg": 52.7, "age_years": 60, "blood_blasts_1e9_per_l": 0.352}
    lymphoma = pk.wu_2024(**typical, acute_lymphoblastic=False)
    assert lymphoma == pk.Disposition(0.130, 0.569, 0.0577, 6.49, 0.0437, 4.74)
    assert pk.wu_2024(**typical, acute_lymphoblastic=False, rituximab=True).cl1_l_per_h == (
        pytest.approx(0.130 * 0.868)
    )
    leukaemia = pk.wu_2024(**typical)
    assert leukaemia.cl1_l_per_h == pytest.approx(0.0303, abs=1e-4)
    assert leukaemia.cl2_l_per_h == pytest.approx(0.363, abs=1e-3)
    assert leukaemia.kdes_per_h == pytest.approx(0.004385, abs=1e-6)
    other = pk.wu_2024(lean_body_mass_kg=105.4, age_years=30, blood_blasts_1e9_per_l=0.704)
    assert other.cl1_l_per_h / leukaemia.cl1_l_per_h == pytest.approx(2**1.05)
    assert other.v1_l / leukaemia.v1_l == pytest.approx(2**0.977)
    assert other.cl2_l_per_h / leukaemia.cl2_l_per_h == pytest.approx(2**0.687)
    assert other.kdes_per_h / leukaemia.kdes_per_h == pytest.approx(2 ** (0.296 - 0.0484))
    aged = pk.wu_2024(**{**typical, "age_years": 20}, acute_lymphoblastic=False)
    assert aged.kdes_per_h == lymphoma.kdes_per_h


def test_no_blasts_count_as_the_named_floor():
    none, few = (
        pk.garrett_2019(bsa_m2=1.84, blood_blasts_percent=b) for b in (0, pk.LEAST_BLASTS_PERCENT)
    )
    assert none == few
    none, few = (
        pk.wu_2024(lean_body_mass_kg=50, age_years=40, blood_blasts_1e9_per_l=b)
        for b in (0, pk.LEAST_BLASTS_1E9_PER_L)
    )
    assert none == few


def test_covariates_may_be_arrays():
    several = pk.garrett_2019(bsa_m2=[1.55, 2.21], blood_blasts_percent=5.25)
    for number, bsa in enumerate((1.55, 2.21)):
        one = pk.garrett_2019(bsa_m2=bsa, blood_blasts_percent=5.25)
        assert several.v1_l[number] == pytest.approx(one.v1_l)
    assert several.shape == (2,)
    assert several.clearance_l_per_h([0, 10, 20]).shape == (2, 3)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_garretts_simulated_exposures_come_out(scenario):
    """Medians of 1,000 simulated patients, read off a figure; largest difference found 5%."""
    bsa, blasts, published = SCENARIOS[scenario]
    patients = pk.garrett_2019_patients(
        bsa_m2=bsa, blood_blasts_percent=blasts, patients=2000, generator=rng()
    )
    doses = pk.label_schedule(bsa, 4, step_down=False)
    found = [
        np.median(pk.auc_ng_h_per_ml(patients, doses, end, from_h=start)) for start, end in WINDOWS
    ]
    assert found == pytest.approx(published, rel=0.08)


@pytest.mark.parametrize(
    ("covariates", "bsa", "area", "half_life"),
    [(WU_ADULT, 1.86, 19_700, 285), (WU_CHILD, 1.18, 26_600, 423)],
)
def test_wus_exposures_and_half_lives_come_near(covariates, bsa, area, half_life):
    """Medians over patients of many covariates; here all have the median covariates."""
    patients = pk.wu_2024_patients(**covariates, patients=2000, generator=rng())
    found = pk.auc_ng_h_per_ml(patients, pk.label_schedule(bsa, 1), 504)
    assert np.median(found) == pytest.approx(area, rel=0.15)
    assert np.median(patients.terminal_half_life_h) == pytest.approx(half_life, rel=0.08)


@pytest.mark.parametrize(
    ("draw", "typical", "centre", "deviations", "correlations"),
    [
        (
            pk.garrett_2019_patients,
            GARRETT_TYPICAL,
            pk.garrett_2019(**GARRETT_TYPICAL),
            [0.423, 0.412, 0.672, 0.455],
            [0.894, 0.750, 0.802],
        ),
        (
            pk.wu_2024_patients,
            WU_ADULT,
            pk.wu_2024(**WU_ADULT),
            [0.400, 0.401, 0.737, 0.597],
            [0.847, 0.658, 0.690],
        ),
    ],
)
def test_drawn_patients_spread_as_published(draw, typical, centre, deviations, correlations):
    """The correlations are printed in the papers; the code holds the covariances."""
    names = ["cl1_l_per_h", "v1_l", "cl2_l_per_h", "kdes_per_h"]

    def logs(**options):
        patients = draw(**typical, patients=40_000, generator=rng(), **options)
        return np.log([getattr(patients, name) / getattr(centre, name) for name in names])

    together, apart = logs(), logs(correlated=False)
    for drawn in (together, apart):
        assert drawn.std(axis=1) == pytest.approx(deviations, rel=0.02)
        assert drawn.mean(axis=1) == pytest.approx([0] * 4, abs=0.015)
    matrix = np.corrcoef(together)
    assert [matrix[0, 1], matrix[0, 2], matrix[1, 2]] == pytest.approx(correlations, abs=0.01)
    assert matrix[3, :3] == pytest.approx([0] * 3, abs=0.02)
    assert np.corrcoef(apart)[np.triu_indices(4, 1)] == pytest.approx([0] * 6, abs=0.02)


def test_draws_repeat_with_the_seed_and_leave_the_global_state():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two, other = (
        pk.garrett_2019_patients(**GARRETT_TYPICAL, patients=5, generator=rng(seed)).v1_l
        for seed in (1, 1, 2)
    )
    assert (one == two).all()
    assert (one != other).all()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_each_patient_keeps_his_covariate():
    surfaces = np.array([1.3, 2.6] * 2000)
    patients = pk.garrett_2019_patients(
        bsa_m2=surfaces, blood_blasts_percent=5.25, patients=4000, generator=rng()
    )
    ratio = np.exp(np.log(patients.cl1_l_per_h[1::2]).mean()) / np.exp(
        np.log(patients.cl1_l_per_h[::2]).mean()
    )
    assert ratio == pytest.approx(2**1.54, rel=0.05)


def test_the_label_schedule():
    doses = pk.label_schedule(2.0, 3, remission_after_cycle=1)
    days = [0, 7, 14, 21, 28, 35, 49, 56, 63]
    assert [dose.hour / 24 for dose in doses] == days
    assert [dose.amount_mg for dose in doses] == pytest.approx([1.6] + [1.0] * 8)
    assert {dose.infusion_h for dose in doses} == {1.0}
    full = [1.6, 1.0, 1.0]
    for options in ({}, {"remission_after_cycle": 3}, {"step_down": False}):
        amounts = [dose.amount_mg for dose in pk.label_schedule(2.0, 3, **options)]
        assert amounts == pytest.approx(full * 3)
    kept = pk.label_schedule(2.0, 3, 1, step_down=False)
    assert [dose.amount_mg for dose in kept] == pytest.approx(full * 3)
    second = pk.label_schedule(2.0, 3, 2)
    assert [dose.amount_mg for dose in second] == pytest.approx(full * 2 + [1.0] * 3)
    other = pk.label_schedule(
        2.0, 2, first_day_mg_m2=0.6, later_days_mg_m2=0.4, first_cycle_days=28, later_cycle_days=21
    )
    assert [dose.amount_mg for dose in other] == pytest.approx([1.2, 0.8, 0.8] * 2)
    assert other[3].hour == 28 * 24


def test_body_measures():
    assert pk.mosteller_bsa_m2(180, 80) == pytest.approx(2)
    assert pk.mosteller_bsa_m2([180, 160], [80, 60]) == pytest.approx([2, 1.633], abs=1e-3)
    assert pk.lean_body_mass_kg(175, 70, female=False) == pytest.approx(56.0, abs=0.05)
    assert pk.lean_body_mass_kg(165, 60, female=True) == pytest.approx(44.9, abs=0.05)
    both = pk.lean_body_mass_kg([175, 165], [70, 60], np.array([False, True]))
    assert both == pytest.approx([56.0, 44.9], abs=0.05)


def test_dispositions_and_doses_do_not_change():
    with pytest.raises(FrozenInstanceError):
        CONSTANT.v1_l = 3
    with pytest.raises(FrozenInstanceError):
        pk.Dose(0, 1).hour = 3


def patients_of(**changes):
    options = {**GARRETT_TYPICAL, "patients": 3, "generator": rng(), **changes}
    return pk.garrett_2019_patients(**options)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: replace(CONSTANT, cl1_l_per_h=0), "cl1_l_per_h must be finite and above 0"),
        (lambda: replace(CONSTANT, cl2_l_per_h=-1), "cl2_l_per_h must be finite and 0 or above"),
        (lambda: replace(CONSTANT, v1_l=np.nan), "v1_l must be finite"),
        (lambda: replace(CONSTANT, v1_l=np.ones(2), v2_l=np.ones(3)), "arrays of one length"),
        (lambda: replace(CONSTANT, v1_l=np.ones((2, 2))), "arrays of one length"),
        (lambda: CONSTANT.clearance_l_per_h(-1), "hours must be finite and 0 or above"),
        (lambda: pk.Dose(-1, 1), "hour must be finite and 0 or above"),
        (lambda: pk.Dose(0, 0), "amount_mg must be finite and above 0"),
        (lambda: pk.Dose(0, 1, 0), "infusion_h must be finite and above 0"),
        (lambda: pk.mosteller_bsa_m2(0, 70), "height_cm must be finite and above 0"),
        (lambda: pk.mosteller_bsa_m2(170, -70), "weight_kg must be finite and above 0"),
        (lambda: pk.lean_body_mass_kg(170, 70, 1), "female must be Boolean"),
        (lambda: pk.lean_body_mass_kg(60, 5, True), "must be an adult's"),
        (
            lambda: pk.garrett_2019(bsa_m2=0.5, blood_blasts_percent=5),
            "bsa_m2 must lie from 0.6 to 4",
        ),
        (
            lambda: pk.garrett_2019(bsa_m2=1.8, blood_blasts_percent=101),
            "blood_blasts_percent must lie from 0 to 100",
        ),
        (
            lambda: pk.garrett_2019(bsa_m2=1.8, blood_blasts_percent=np.nan),
            "blood_blasts_percent must lie",
        ),
        (lambda: pk.wu_2024(**{**WU_ADULT, "lean_body_mass_kg": 2}), "lean_body_mass_kg must lie"),
        (lambda: pk.wu_2024(**{**WU_ADULT, "age_years": 0}), "age_years must lie from 1 to 110"),
        (
            lambda: pk.wu_2024(**{**WU_ADULT, "blood_blasts_1e9_per_l": -1}),
            "blood_blasts_1e9_per_l must lie",
        ),
        (lambda: patients_of(patients=0), "patients must be a whole number from 1"),
        (lambda: patients_of(patients=2.5), "patients must be a whole number"),
        (lambda: patients_of(patients=True), "patients must be a whole number"),
        (lambda: patients_of(bsa_m2=[1.8, 1.9]), "covariates must be one for all or as many"),
        (lambda: pk.label_schedule(0, 1), "bsa_m2 must be finite and above 0"),
        (lambda: pk.label_schedule(1.8, 7), "cycles must be a whole number from 1 to 6"),
        (lambda: pk.label_schedule(1.8, 2, 3), "remission_after_cycle must be .* from 1 to 2"),
        (lambda: pk.label_schedule(1.8, 2, 0), "remission_after_cycle must be"),
        (lambda: pk.label_schedule(1.8, 2, first_cycle_days=14), "first_cycle_days must be"),
        (lambda: pk.label_schedule(1.8, 2, later_cycle_days=20), "later_cycle_days must be"),
        (lambda: pk.label_schedule(1.8, 2, first_day_mg_m2=0), "first_day_mg_m2 must be"),
        (lambda: pk.label_schedule(1.8, 2, later_days_mg_m2=-1), "later_days_mg_m2 must be"),
        (lambda: pk.amounts(CONSTANT, [], 3), "doses must hold at least one"),
        (lambda: pk.amounts(CONSTANT, [pk.Dose(0, 1)], [[1, 2]]), "hours must be a number or a"),
        (lambda: pk.amounts(CONSTANT, [pk.Dose(0, 1)], []), "hours must be a number or a list"),
        (
            lambda: pk.amounts(CONSTANT, [pk.Dose(5, 1)], 9, first_dose_hour=6),
            "first_dose_hour must lie from 0 to the earliest dose at 5",
        ),
        (lambda: pk.amounts(CONSTANT, [pk.Dose(5, 1)], 9, route="slow"), "route must be 'fast' or"),
        (
            lambda: pk.auc_ng_h_per_ml(CONSTANT, [pk.Dose(0, 1)], 5, from_h=5),
            "until_h must be above from_h",
        ),
    ],
)
def test_errors_name_the_argument_and_the_rule(call, words):
    with pytest.raises(pk.PharmacokineticsError, match=words):
        call()
