"""What the chapter on the hazard ratio computed, arranged as R's list is."""

from typing import Any

from chapters import namespace


def numbers() -> dict[str, Any]:
    chapter = namespace("endpoints/hazard_ratio")
    ratios, chi_squares = chapter["hazard_ratios"], chapter["chi_squares"]
    efron, breslow = chapter["by_hand"]
    return {
        "five": chapter["hr_by_hand"],
        "tied": {"efron": efron, "breslow": breslow},
        "efron": list(ratios.loc["Efron"]),
        "breslow": list(ratios.loc["Breslow"]),
        "tests": {
            "wald": chi_squares["Wald"],
            "score": chi_squares["score"],
            "likelihood_ratio": chi_squares["likelihood ratio"],
            "logrank": chi_squares["log-rank"],
        },
    }
