"""Population pharmacokinetics of inotuzumab ozogamicin: two compartments, falling clearance.

A dose runs into the central compartment, exchanges with a peripheral one and leaves by a clearance

    CL(t) = CL1 + CL2 exp(-kdes t),  t in hours since the first dose.

CL1 stays: the slow breakdown of an antibody. CL2 decays: a stand-in for uptake by the cells that
carry CD22, which become fewer under treatment. It is empirical: nothing in the model kills a cell,
and the decay follows the clock, whatever dose was given. Hence the model is linear in the dose.

Units throughout: hours, litres, milligrams, ng/mL. Concentrations are those of the conjugate in
serum that the model predicts, without assay error; :data:`GARRETT_RESIDUAL_SD` and
:data:`WU_RESIDUAL_SD` are the standard deviations of the log of measured over predicted.

Sources: Garrett M et al. J Pharmacokinet Pharmacodyn 2019;46:211-222, doi
10.1007/s10928-018-9614-9; Wu JH et al. Clin Pharmacokinet 2024;63:981-997, doi
10.1007/s40262-024-01386-z. How covariates, variances and residuals enter was read in the models
``Garrett_2019_inotuzumab`` and ``Wu_2024_inotuzumab`` of the library nlmixr2lib and in its notes,
which follow the tables of the papers and the NONMEM control stream in Garrett's supplement. Where
Garrett's text contradicts that file (rituximab coded the wrong way round; residual standard
deviations labelled variances), the file holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

Floats = NDArray[np.float64]
FloatOrFloats = float | Floats
Route = Literal["fast", "reference"]

GARRETT_RESIDUAL_SD = {"acute lymphoblastic": 0.619, "non-Hodgkin": 0.453}
"""Residual SD on the log scale, by disease (and assay: the two cannot be told apart)."""

WU_RESIDUAL_SD = {
    "acute lymphoblastic, adults": 0.612,
    "acute lymphoblastic, children": 0.452,
    "non-Hodgkin": 0.444,
}
"""The same for Wu 2024."""

LEAST_BLASTS_PERCENT = 0.0001
"""Stands for no blasts in :func:`garrett_2019`: the 10th centile that the paper gives."""

LEAST_BLASTS_1E9_PER_L = 0.001
"""Stands for no blasts in :func:`wu_2024`: one a microlitre. An assumption; no source."""

MOST_CYCLES = 6

# Standard deviations and covariances of the log of CL1, V1, CL2, in this order, then SD of kdes.
# The papers call the SDs CVs: the variance is their square.
_GARRETT_SPREAD = ((0.423, 0.412, 0.672), (0.156, 0.213, 0.222), 0.455)
_WU_SPREAD = ((0.400, 0.401, 0.737), (0.136, 0.194, 0.204), 0.597)

_LARGEST_STEP_H = 12.0
_STEP_TIMES_RATE = 0.25
_NG_PER_ML = 1000.0


class PharmacokineticsError(ValueError):
    """An argument that the model cannot take; the message names it and the rule."""


@dataclass(frozen=True)
class Disposition:
    """What a body does with the drug: floats for one patient, arrays (patients,) for several.

    Attributes:
        cl1_l_per_h: clearance that stays.
        cl2_l_per_h: clearance that decays, at the first dose; may be 0.
        kdes_per_h: rate at which it decays.
        v1_l: central volume.
        q_l_per_h: exchange with the peripheral compartment.
        v2_l: peripheral volume.

    Raises:
        PharmacokineticsError: a value is not finite or not above 0 (``cl2_l_per_h``: below 0), or
            the arrays differ in length or have more than one axis.
    """

    cl1_l_per_h: FloatOrFloats
    cl2_l_per_h: FloatOrFloats
    kdes_per_h: FloatOrFloats
    v1_l: FloatOrFloats
    q_l_per_h: FloatOrFloats
    v2_l: FloatOrFloats

    def __post_init__(self) -> None:
        for field in fields(self):
            may_be_zero = field.name == "cl2_l_per_h"
            _checked_positive(field.name, getattr(self, field.name), zero=may_be_zero)
        shapes = [np.shape(getattr(self, field.name)) for field in fields(self)]
        lengths = {shape for shape in shapes if shape}
        if len(lengths) > 1 or any(len(shape) > 1 for shape in lengths):
            raise PharmacokineticsError(
                f"A Disposition takes floats and arrays of one length, not of shapes {shapes}."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """``()`` for one patient, else ``(patients,)``."""
        return np.broadcast_shapes(*(np.shape(getattr(self, f.name)) for f in fields(self)))

    @property
    def steady_volume_l(self) -> FloatOrFloats:
        """Volume of distribution at steady state, litres."""
        return self.v1_l + self.v2_l

    @property
    def decay_half_life_h(self) -> FloatOrFloats:
        """Hours in which the decaying clearance halves."""
        return np.log(2) / self.kdes_per_h

    @property
    def terminal_half_life_h(self) -> FloatOrFloats:
        """Half-life of the slow phase, hours, once only CL1 is left."""
        out = self.cl1_l_per_h / self.v1_l
        back = self.q_l_per_h / self.v2_l
        total = out + self.q_l_per_h / self.v1_l + back
        beta = 2 * out * back / (total + np.sqrt(total**2 - 4 * out * back))
        return np.log(2) / beta

    def clearance_l_per_h(self, hours: ArrayLike) -> Floats:
        """Return the clearance at hours since the first dose.

        Args:
            hours: one number, or shape (hours,); 0 or above.

        Returns:
            L/h, shape (hours,) for one patient, else (patients, hours).

        Raises:
            PharmacokineticsError: hours are not finite, are negative or have more than one axis.
        """
        since = _checked_hours(hours)
        cl1, cl2, kdes = (
            np.reshape(value, np.shape(value) + (1,) * since.ndim)
            for value in (self.cl1_l_per_h, self.cl2_l_per_h, self.kdes_per_h)
        )
        return np.asarray(cl1 + cl2 * np.exp(-kdes * since))


@dataclass(frozen=True)
class Dose:
    """An infusion at constant rate.

    Attributes:
        hour: when it starts, 0 or above.
        amount_mg: milligrams, above 0.
        infusion_h: hours it takes, above 0; one hour by the label.

    Raises:
        PharmacokineticsError: a value breaks its rule.
    """

    hour: float
    amount_mg: float
    infusion_h: float = 1.0

    def __post_init__(self) -> None:
        _checked_positive("hour", self.hour, zero=True)
        _checked_positive("amount_mg", self.amount_mg)
        _checked_positive("infusion_h", self.infusion_h)


@dataclass(frozen=True)
class Amounts:
    """Where the drug is at each hour; arrays (hours,) for one patient, else (patients, hours).

    Given is central plus peripheral plus eliminated; each of the four is computed on its own.

    Attributes:
        given_mg: what has run in.
        central_mg, peripheral_mg: what the compartments hold.
        eliminated_mg: what has been cleared.
        auc_ng_h_per_ml: area under the central concentration since the first dose.
        concentration_ng_per_ml: in the central compartment.
    """

    given_mg: Floats
    central_mg: Floats
    peripheral_mg: Floats
    eliminated_mg: Floats
    auc_ng_h_per_ml: Floats
    concentration_ng_per_ml: Floats


def mosteller_bsa_m2(height_cm: ArrayLike, weight_kg: ArrayLike) -> FloatOrFloats:
    """Return the body surface, square metres.

    Raises:
        PharmacokineticsError: a height or weight is not above 0.

    Source: Mosteller RD. N Engl J Med 1987;317:1098, doi 10.1056/NEJM198710223171717.
    """
    height = _checked_positive("height_cm", height_cm)
    return _plain(np.sqrt(height * _checked_positive("weight_kg", weight_kg) / 3600))


def lean_body_mass_kg(
    height_cm: ArrayLike, weight_kg: ArrayLike, female: ArrayLike
) -> FloatOrFloats:
    """Return the lean body mass of adults, kg, by Boer's formula: the one that Wu 2024 used.

    For children Wu used another formula (Peters and others 2011), which is not here.

    Args:
        height_cm: heights.
        weight_kg: weights.
        female: Booleans.

    Raises:
        PharmacokineticsError: a height or weight is not above 0, ``female`` is not Boolean, or
            the result is not above 0 (a body that is not an adult's).

    Source: Boer P. Am J Physiol 1984;247:F632-F636, doi 10.1152/ajprenal.1984.247.4.F632;
    coefficients as quoted by calculators that cite it; that Wu used it: notes in nlmixr2lib on
    Wu's table 2.
    """
    height = _checked_positive("height_cm", height_cm)
    weight = _checked_positive("weight_kg", weight_kg)
    women = np.asarray(female)
    if women.dtype != bool:
        raise PharmacokineticsError(f"female must be Boolean, not {female}.")
    mass = np.where(
        women,
        0.252 * weight + 0.473 * height - 48.3,
        0.407 * weight + 0.267 * height - 19.2,
    )
    if not (mass > 0).all():
        raise PharmacokineticsError(
            f"height_cm and weight_kg must be an adult's: lean body mass would be {mass}."
        )
    return _plain(mass)


def garrett_2019(
    *,
    bsa_m2: ArrayLike,
    blood_blasts_percent: ArrayLike,
    acute_lymphoblastic: bool = True,
    rituximab: bool = False,
) -> Disposition:
    """Return the typical disposition of adults by Garrett 2019.

    Args:
        bsa_m2: body surface. The patients had 1.13 to 2.81, median 1.84; the central volume is
            linear in it and would vanish at 0.55.
        blood_blasts_percent: blasts among the white cells of the blood before treatment, 0 to
            100; below :data:`LEAST_BLASTS_PERCENT` that value is taken. No effect in lymphoma.
        acute_lymphoblastic: acute lymphoblastic leukaemia; else non-Hodgkin lymphoma.
        rituximab: given together with rituximab, which no patient with leukaemia was.

    Raises:
        PharmacokineticsError: a body surface is not between 0.6 and 4, or blasts not from 0 to 100.
    """
    surface = _checked_between("bsa_m2", bsa_m2, 0.6, 4)
    blasts = _checked_between("blood_blasts_percent", blood_blasts_percent, 0, 100)
    ratio = surface / 1.84
    cl1 = 0.113 * ratio**1.54 * (1 if rituximab else 1 + 0.155)
    kdes = np.full(blasts.shape, 0.0337)
    if acute_lymphoblastic:
        cl1 = cl1 * (1 - 0.745)
        kdes = kdes * (1 - 0.860) * (np.maximum(blasts, LEAST_BLASTS_PERCENT) / 5.25) ** -0.0401
    return Disposition(
        cl1_l_per_h=_plain(cl1),
        cl2_l_per_h=_plain(0.369 * ratio**1.64),
        kdes_per_h=_plain(kdes),
        v1_l=_plain(6.70 * (1 + 0.774 * (surface - 1.84))),
        q_l_per_h=0.0405,
        v2_l=5.10,
    )


def wu_2024(
    *,
    lean_body_mass_kg: ArrayLike,
    age_years: ArrayLike,
    blood_blasts_1e9_per_l: ArrayLike,
    acute_lymphoblastic: bool = True,
    rituximab: bool = False,
) -> Disposition:
    """Return the typical disposition of children and adults by Wu 2024.

    Read in nlmixr2lib; the paper's own table was not read.

    Args:
        lean_body_mass_kg: see the function of that name; the patients had 10.9 to 95.9.
        age_years: they were 1 to 92. No effect in lymphoma.
        blood_blasts_1e9_per_l: blasts in the blood before treatment; below
            :data:`LEAST_BLASTS_1E9_PER_L` that value is taken. No effect in lymphoma.
        acute_lymphoblastic: acute lymphoblastic leukaemia; else non-Hodgkin lymphoma.
        rituximab: given together with rituximab, which no patient with leukaemia was.

    Raises:
        PharmacokineticsError: a lean mass is not between 5 and 150, an age not between 1 and 110,
            or blasts not from 0 to 1000.
    """
    lean = _checked_between("lean_body_mass_kg", lean_body_mass_kg, 5, 150) / 52.7
    age = _checked_between("age_years", age_years, 1, 110) / 60
    blasts = _checked_between("blood_blasts_1e9_per_l", blood_blasts_1e9_per_l, 0, 1000)
    cl1 = 0.130 * lean**1.05 * (1 - 0.132 if rituximab else 1)
    cl2 = 0.569 * lean**0.687
    kdes = np.full(np.broadcast_shapes(blasts.shape, age.shape), 0.0577)
    if acute_lymphoblastic:
        cl1, cl2 = cl1 * (1 - 0.767), cl2 * (1 - 0.362)
        burden = np.maximum(blasts, LEAST_BLASTS_1E9_PER_L) / 0.352
        kdes = kdes * (1 - 0.924) * burden**-0.0484 * age**-0.296
    return Disposition(
        cl1_l_per_h=_plain(cl1),
        cl2_l_per_h=_plain(cl2),
        kdes_per_h=_plain(kdes),
        v1_l=_plain(6.49 * lean**0.977),
        q_l_per_h=0.0437,
        v2_l=4.74,
    )


def garrett_2019_patients(
    *,
    bsa_m2: ArrayLike,
    blood_blasts_percent: ArrayLike,
    patients: int,
    generator: np.random.Generator,
    acute_lymphoblastic: bool = True,
    rituximab: bool = False,
    correlated: bool = True,
) -> Disposition:
    """Draw patients around the typical disposition of Garrett 2019.

    The logs of CL1, V1 and CL2 are normal with SDs 0.423, 0.412 and 0.672 and covariances 0.156
    (CL1, V1), 0.213 (CL1, CL2) and 0.222 (V1, CL2), which are correlations of 0.90, 0.75 and 0.80;
    that of kdes is normal with SD 0.455, independent of them. Q and V2 do not vary.
    The paper prints the SDs as coefficients of variation.

    Args:
        bsa_m2, blood_blasts_percent: as of :func:`garrett_2019`; one for all, or (patients,).
        patients: how many, at least 1.
        generator: source of the random numbers.
        acute_lymphoblastic, rituximab: as of :func:`garrett_2019`.
        correlated: False drops the covariances.

    Returns:
        Arrays of shape (patients,), save Q and V2.

    Raises:
        PharmacokineticsError: as :func:`garrett_2019`; ``patients`` is not a whole number above 0,
            or a covariate has another length.
    """
    typical = garrett_2019(
        bsa_m2=bsa_m2,
        blood_blasts_percent=blood_blasts_percent,
        acute_lymphoblastic=acute_lymphoblastic,
        rituximab=rituximab,
    )
    return _drawn(typical, _GARRETT_SPREAD, patients, generator, correlated)


def wu_2024_patients(
    *,
    lean_body_mass_kg: ArrayLike,
    age_years: ArrayLike,
    blood_blasts_1e9_per_l: ArrayLike,
    patients: int,
    generator: np.random.Generator,
    acute_lymphoblastic: bool = True,
    rituximab: bool = False,
    correlated: bool = True,
) -> Disposition:
    """Draw patients around the typical disposition of Wu 2024.

    The logs of CL1, V1 and CL2 are normal with SDs 0.400, 0.401 and 0.737 and covariances 0.136
    (CL1, V1), 0.194 (CL1, CL2) and 0.204 (V1, CL2), which are correlations of 0.85, 0.66 and 0.69;
    that of kdes is normal with SD 0.597, independent of them. Q and V2 do not vary.
    The paper prints the SDs as coefficients of variation.

    Args:
        lean_body_mass_kg, age_years, blood_blasts_1e9_per_l: as of :func:`wu_2024`; one for all,
            or shape (patients,).
        patients: how many, at least 1.
        generator: source of the random numbers.
        acute_lymphoblastic, rituximab: as of :func:`wu_2024`.
        correlated: False drops the covariances.

    Returns:
        Arrays of shape (patients,), save Q and V2.

    Raises:
        PharmacokineticsError: as :func:`wu_2024`; ``patients`` is not a whole number above 0, or a
            covariate has another length.
    """
    typical = wu_2024(
        lean_body_mass_kg=lean_body_mass_kg,
        age_years=age_years,
        blood_blasts_1e9_per_l=blood_blasts_1e9_per_l,
        acute_lymphoblastic=acute_lymphoblastic,
        rituximab=rituximab,
    )
    return _drawn(typical, _WU_SPREAD, patients, generator, correlated)


def label_schedule(
    bsa_m2: float,
    cycles: int,
    remission_after_cycle: int | None = None,
    step_down: bool = True,
    first_day_mg_m2: float = 0.8,
    later_days_mg_m2: float = 0.5,
    first_cycle_days: int = 21,
    later_cycle_days: int = 28,
) -> tuple[Dose, ...]:
    """Return the doses by the label: days 1, 8 and 15 of each cycle, one-hour infusions.

    Args:
        bsa_m2: body surface, above 0.
        cycles: 1 to 6. (The label would have patients without remission after three stop.)
        remission_after_cycle: cycle at whose end remission is found; from the next one on day 1
            has the dose of the later days. None: no remission, the full dose throughout.
        step_down: False keeps the first dose of each cycle in spite of remission.
        first_day_mg_m2: dose of day 1.
        later_days_mg_m2: dose of days 8 and 15, and of day 1 in remission.
        first_cycle_days: length of cycle 1, at least 21.
        later_cycle_days: length of the others, at least 21.

    Returns:
        Three doses a cycle, in order; the first starts at hour 0.

    Raises:
        PharmacokineticsError: an argument breaks a rule above.
    """
    surface = float(_checked_positive("bsa_m2", bsa_m2))
    _check_whole("cycles", cycles, 1, MOST_CYCLES)
    if remission_after_cycle is not None:
        _check_whole("remission_after_cycle", remission_after_cycle, 1, cycles)
    for name, days in (
        ("first_cycle_days", first_cycle_days),
        ("later_cycle_days", later_cycle_days),
    ):
        _check_whole(name, days, 21, 100)
    _checked_positive("first_day_mg_m2", first_day_mg_m2)
    _checked_positive("later_days_mg_m2", later_days_mg_m2)
    in_remission_from = cycles if remission_after_cycle is None else remission_after_cycle
    doses = []
    for cycle in range(cycles):
        start = 0 if cycle == 0 else first_cycle_days + (cycle - 1) * later_cycle_days
        reduced = step_down and cycle >= in_remission_from
        first = later_days_mg_m2 if reduced else first_day_mg_m2
        for day, mg_m2 in ((0, first), (7, later_days_mg_m2), (14, later_days_mg_m2)):
            doses.append(Dose(24.0 * (start + day), surface * mg_m2))
    return tuple(doses)


def amounts(
    disposition: Disposition,
    doses: Sequence[Dose],
    hours: ArrayLike,
    *,
    first_dose_hour: float | None = None,
    route: Route = "fast",
) -> Amounts:
    """Return where the drug is at each hour.

    Args:
        disposition: one patient or several.
        doses: the infusions, in any order; they may overlap.
        hours: one number, or shape (hours,), in any order; 0 or above.
        first_dose_hour: when the clearance begins to fall; the earliest of ``doses`` by default.
            Give it where ``doses`` are only some of those that a patient had.
        route: "fast", Runge-Kutta steps for all patients at once, within a thousandth of the
            other; or "reference", an adaptive solver for each patient, to about 1e-9.

    Raises:
        PharmacokineticsError: there is no dose, hours break a rule, ``first_dose_hour`` is after
            the earliest dose or negative, or the route is another word.
    """
    wanted = _checked_hours(hours)
    if not doses:
        raise PharmacokineticsError("doses must hold at least one Dose.")
    earliest = min(dose.hour for dose in doses)
    clock = earliest if first_dose_hour is None else first_dose_hour
    if not 0 <= clock <= earliest:
        raise PharmacokineticsError(
            f"first_dose_hour must lie from 0 to the earliest dose at {earliest}, not {clock}."
        )
    if route not in ("fast", "reference"):
        raise PharmacokineticsError(f"route must be 'fast' or 'reference', not {route!r}.")
    at, back = np.unique(wanted, return_inverse=True)
    course = _fast_course if route == "fast" else _reference_course
    states = course(disposition, doses, at, clock)[..., back.reshape(wanted.shape)]
    central, peripheral, eliminated, area = states.reshape(4, *disposition.shape, *wanted.shape)
    volume = np.reshape(disposition.v1_l, np.shape(disposition.v1_l) + (1,) * wanted.ndim)
    return Amounts(
        given_mg=np.broadcast_to(_given(doses, wanted), central.shape),
        central_mg=central,
        peripheral_mg=peripheral,
        eliminated_mg=eliminated,
        auc_ng_h_per_ml=_NG_PER_ML * area,
        concentration_ng_per_ml=_NG_PER_ML * central / volume,
    )


def concentration_ng_per_ml(
    disposition: Disposition,
    doses: Sequence[Dose],
    hours: ArrayLike,
    *,
    first_dose_hour: float | None = None,
    route: Route = "fast",
) -> Floats:
    """Return the serum concentration at each hour, ng/mL.

    Returns:
        Shape (hours,) for one patient, else (patients, hours); no last axis if ``hours`` is one
        number.

    Arguments and errors as of :func:`amounts`.
    """
    return amounts(
        disposition, doses, hours, first_dose_hour=first_dose_hour, route=route
    ).concentration_ng_per_ml


def auc_ng_h_per_ml(
    disposition: Disposition,
    doses: Sequence[Dose],
    until_h: float,
    *,
    from_h: float = 0.0,
    first_dose_hour: float | None = None,
    route: Route = "fast",
) -> FloatOrFloats:
    """Return the area under the concentration between two hours, ng h/mL.

    Args:
        disposition, doses, first_dose_hour, route: as of :func:`amounts`.
        until_h: end of the window, above its beginning.
        from_h: its beginning, 0 or above.

    Returns:
        A float for one patient, else shape (patients,).

    Raises:
        PharmacokineticsError: as :func:`amounts`, or the window is empty.
    """
    if not until_h > from_h:
        raise PharmacokineticsError(f"until_h must be above from_h = {from_h}, not {until_h}.")
    area = amounts(
        disposition, doses, [from_h, until_h], first_dose_hour=first_dose_hour, route=route
    ).auc_ng_h_per_ml
    return _plain(area[..., 1] - area[..., 0])


def _drawn(
    typical: Disposition,
    spread: tuple[tuple[float, float, float], tuple[float, float, float], float],
    patients: int,
    generator: np.random.Generator,
    correlated: bool,
) -> Disposition:
    _check_whole("patients", patients, 1, 10_000_000)
    if typical.shape not in ((), (patients,)):
        raise PharmacokineticsError(
            f"patients is {patients}: covariates must be one for all or as many, "
            f"not of shape {typical.shape}."
        )
    deviations, covariances, kdes_deviation = spread
    matrix = np.diag(np.square(deviations))
    if correlated:
        for (row, column), value in zip(((0, 1), (0, 2), (1, 2)), covariances, strict=True):
            matrix[row, column] = matrix[column, row] = value
    normal = generator.standard_normal((patients, 4))
    cl1, v1, cl2 = np.exp(normal[:, :3] @ np.linalg.cholesky(matrix).T).T
    return Disposition(
        cl1_l_per_h=typical.cl1_l_per_h * cl1,
        cl2_l_per_h=typical.cl2_l_per_h * cl2,
        kdes_per_h=typical.kdes_per_h * np.exp(kdes_deviation * normal[:, 3]),
        v1_l=typical.v1_l * v1,
        q_l_per_h=typical.q_l_per_h,
        v2_l=typical.v2_l,
    )


class _Flow:
    """Rates of change of the state: rows central, peripheral, eliminated (mg), area (mg h/L)."""

    def __init__(self, disposition: Disposition, clock: float) -> None:
        values = (getattr(disposition, field.name) for field in fields(disposition))
        self._cl1, self._cl2, self._kdes, self._v1, self._q, self._v2 = (
            np.broadcast_to(np.asarray(value, float), disposition.shape).ravel() for value in values
        )
        self._clock = clock

    @property
    def patients(self) -> int:
        return self._v1.size

    def clearance(self, hour: float) -> Floats:
        return self._cl1 + self._cl2 * np.exp(-self._kdes * (hour - self._clock))

    def fastest_rate(self, hour: float) -> float:
        """Return a bound, per hour, for all rates of all patients from ``hour`` on."""
        leaving = (self.clearance(hour) + self._q) / self._v1 + self._q / self._v2
        return float(np.maximum(leaving, self._kdes).max())

    def rates(self, state: Floats, clearance: Floats, inflow: float) -> Floats:
        central, peripheral = state[0] / self._v1, state[1] / self._v2
        exchange = self._q * (central - peripheral)
        cleared = clearance * central
        return np.stack((inflow - cleared - exchange, exchange, cleared, central))


def _fast_course(
    disposition: Disposition, doses: Sequence[Dose], at: Floats, clock: float
) -> Floats:
    """Return states (4, patients, hours) by classical Runge-Kutta steps that end on every edge."""
    flow = _Flow(disposition, clock)
    state = np.zeros((4, flow.patients))
    states = np.zeros((4, flow.patients, at.size))
    for left, right, inflow in _segments(doses, at):
        longest = min(_LARGEST_STEP_H, _STEP_TIMES_RATE / flow.fastest_rate(left))
        steps = int(np.ceil((right - left) / longest))
        step = (right - left) / steps
        last = flow.clearance(left)
        for number in range(steps):
            hour = left + number * step
            first, middle, last = last, flow.clearance(hour + step / 2), flow.clearance(hour + step)
            one = flow.rates(state, first, inflow)
            two = flow.rates(state + step / 2 * one, middle, inflow)
            three = flow.rates(state + step / 2 * two, middle, inflow)
            four = flow.rates(state + step * three, last, inflow)
            state = state + step / 6 * (one + 2 * (two + three) + four)
        states[..., at == right] = state[..., None]
    return states


def _reference_course(
    disposition: Disposition, doses: Sequence[Dose], at: Floats, clock: float
) -> Floats:
    """Return states (4, patients, hours) by an adaptive solver, started anew at every edge."""
    patients = _patients_one_by_one(disposition)
    states = np.zeros((4, len(patients), at.size))
    for patient, body in enumerate(patients):
        flow = _Flow(body, clock)
        state = np.zeros(4)
        for left, right, inflow in _segments(doses, at):

            def rates(
                hour: float, state: Floats, flow: _Flow = flow, inflow: float = inflow
            ) -> Floats:
                return flow.rates(state[:, None], flow.clearance(hour), inflow)[:, 0]

            solved = solve_ivp(rates, (left, right), state, method="DOP853", rtol=1e-10, atol=1e-13)
            state = solved.y[:, -1]
            states[:, patient, at == right] = state[:, None]
    return states


def _patients_one_by_one(disposition: Disposition) -> list[Disposition]:
    names = [field.name for field in fields(disposition)]
    arrays = np.broadcast_arrays(*(np.atleast_1d(getattr(disposition, name)) for name in names))
    rows = np.stack(arrays, axis=1).tolist()
    return [replace(disposition, **dict(zip(names, row, strict=True))) for row in rows]


def _segments(doses: Sequence[Dose], at: Floats) -> list[tuple[float, float, float]]:
    """Return begin, end and inflow (mg/h) between infusion edges and wanted hours, in order."""
    starts = np.array([dose.hour for dose in doses])
    ends = np.array([dose.hour + dose.infusion_h for dose in doses])
    speeds = np.array([dose.amount_mg / dose.infusion_h for dose in doses])
    edges = np.unique(np.concatenate((starts, ends, at)))
    edges = edges[(edges >= starts.min()) & (edges <= at.max())]
    return [
        (float(left), float(right), float(speeds[(starts <= left) & (ends >= right)].sum()))
        for left, right in pairwise(edges)
    ]


def _given(doses: Sequence[Dose], hours: Floats) -> Floats:
    shares = (np.clip((hours - dose.hour) / dose.infusion_h, 0, 1) for dose in doses)
    return np.sum(
        [dose.amount_mg * share for dose, share in zip(doses, shares, strict=True)], axis=0
    )


def _plain(values: ArrayLike) -> FloatOrFloats:
    array = np.asarray(values, float)
    return array if array.ndim else float(array)


def _checked_positive(name: str, value: ArrayLike, zero: bool = False) -> Floats:
    array = np.asarray(value, float)
    good = (array >= 0) if zero else (array > 0)
    if not (np.isfinite(array) & good).all():
        rule = "0 or above" if zero else "above 0"
        raise PharmacokineticsError(f"{name} must be finite and {rule}, not {value}.")
    return array


def _checked_between(name: str, value: ArrayLike, low: float, high: float) -> Floats:
    array = np.asarray(value, float)
    if not ((array >= low) & (array <= high)).all():
        raise PharmacokineticsError(f"{name} must lie from {low:g} to {high:g}, not {value}.")
    return array


def _checked_hours(hours: ArrayLike) -> Floats:
    array = _checked_positive("hours", hours, zero=True)
    if array.ndim > 1 or array.size == 0:
        raise PharmacokineticsError(
            f"hours must be a number or a list of numbers, not of shape {array.shape}."
        )
    return array


def _check_whole(name: str, value: int, low: int, high: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not low <= value <= high:
        raise PharmacokineticsError(
            f"{name} must be a whole number from {low} to {high}, not {value}."
        )
