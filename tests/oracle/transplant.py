"""What the chapter on transplant computed, arranged as R's list is."""

from typing import Any

import numpy as np
import pandas as pd
from chapters import namespace
from scipy import optimize

KINDS = ("waiting", "transplanted", "died")
ROWS = ("transplant", "death_first", "subdistribution")


def fine_gray_log_ratio(patients: pd.DataFrame) -> float:
    """Log ratio of subdistribution hazards, InO to SC, with Breslow's ties, as R's crr has it.

    The chapter keeps those who died first at risk at full weight. Here their weight is the chance
    of being followed now, given that they were followed when they died; both by Kaplan-Meier.
    """
    days, event = patients.days.to_numpy(), patients.event.to_numpy()
    arms = [(patients.arm == arm).to_numpy() for arm in ("InO", "SC")]

    def followed_before(day: float) -> float:
        lost = np.unique(days[(event == 0) & (days < day)])
        shares = [1 - np.sum((event == 0) & (days == t)) / np.sum(days >= t) for t in lost]
        return float(np.prod(shares))

    at_death = {day: followed_before(day) for day in np.unique(days[event == 2])}
    weighted = []
    for day in np.unique(days[event == 1]):
        now = followed_before(day)
        died_before = (event == 2) & (days < day)
        weight = (days >= day).astype(float)
        weight[died_before] = [now / at_death[death] for death in days[died_before]]
        had = [np.sum((days == day) & (event == 1) & arm) for arm in arms]
        weighted.append([*had, *(weight[arm].sum() for arm in arms)])
    had_ino, had_sc, ino, sc = np.array(weighted).T

    def score(log_ratio: float) -> float:
        share = ino * np.exp(log_ratio) / (ino * np.exp(log_ratio) + sc)
        return float(np.sum(had_ino - (had_ino + had_sc) * share))

    return optimize.brentq(score, -5, 5, xtol=1e-12)


def numbers() -> dict[str, Any]:
    chapter = namespace("endpoints/transplant")
    cohort = chapter["cohort"]
    selected = {"all": cohort.arm.notna(), "ph": cohort.ph_positive == 1}
    questions = {}
    for name, rows in selected.items():
        each = cohort[rows]
        fisher, logrank, gray = chapter["p_values"](rows)
        questions[name] = {
            "fisher": fisher,
            "logrank": logrank,
            "gray_chi_square": chapter["gray_chi_square"](each.days, each.event, each.arm),
            "gray": gray,
        }
    return {
        "exact": {
            "ph_ino": list(chapter["exact_ino"]),
            "ph_sc": list(chapter["exact_sc"]),
            "ino": list(chapter["direct_limits"]["InO"] / 100),
            "sc": list(chapter["direct_limits"]["SC"] / 100),
        },
        "eight": {
            "transplant": chapter["by_event"]["transplant"],
            "death": chapter["by_event"]["death"],
            "wrong": [chapter["wrong"]["transplant"], chapter["wrong"]["death"]],
        },
        "incidence": {
            arm.lower(): {kind: list(chapter["where"][arm, kind] / 100) for kind in KINDS}
            for arm in ("InO", "SC")
        },
        "incidence_ph": {
            arm.lower(): chapter["at_12"]["Aalen-Johansen"][arm] / 100 for arm in ("InO", "SC")
        },
        "limits_ph": {
            arm.lower(): fitted.confidence_interval_.loc[: chapter["year"]].iloc[-1].tolist()
            for arm, fitted in chapter["right"].items()
        },
        "questions": questions,
        "ratios": {
            name: dict(zip(ROWS, table.to_numpy().tolist(), strict=True))
            for name, table in [("all", chapter["ratios_all"]), ("ph", chapter["ratios_ph"])]
        },
        "fine_gray": {name: fine_gray_log_ratio(cohort[rows]) for name, rows in selected.items()},
    }
