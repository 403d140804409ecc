"""What the chapter on overall survival computed, arranged as R's list is."""

from typing import Any

from chapters import namespace
from lifelines import KaplanMeierFitter

MONTH = 30.4375


def stretch_at_half(curve: KaplanMeierFitter) -> tuple[float, float]:
    """Months at which a curve first reaches one half and at which it falls below it.

    They differ only if the curve stands at one half exactly, up to floating point.
    """
    alive = curve.survival_function_.iloc[:, 0]
    return alive.index[alive <= 0.5 + 1e-9][0] / MONTH, alive.index[alive < 0.5 - 1e-9][0] / MONTH


def middle_of_half(curve: KaplanMeierFitter) -> float:
    """The median as R gives it; the chapter's convention is the first of the two moments."""
    return sum(stretch_at_half(curve)) / 2


def numbers() -> dict[str, Any]:
    chapter = namespace("endpoints/overall_survival")
    lower, upper = chapter["three"].loc["log-log"]
    curves = {
        arm.lower(): KaplanMeierFitter().fit(patients.os_days, patients.os_event)
        for arm, patients in chapter["cohort"].groupby("arm")
    }
    return {
        "eight": {
            "alive": list(chapter["deaths"].alive),
            "standard_error": chapter["standard_error"],
            "lower": lower,
            "upper": upper,
            "logrank": chapter["chi_square"],
        },
        "medians": {arm.lower(): middle_of_half(curve) for arm, curve in chapter["curves"].items()},
        "limits": {arm.lower(): list(chapter["limits"][arm]) for arm in ("InO", "SC")},
        "logrank": chapter["comparison"].test_statistic,
        "whole": {arm: middle_of_half(curve) for arm, curve in curves.items()},
    }
