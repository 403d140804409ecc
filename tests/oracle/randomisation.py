"""What the chapter on randomisation computed, arranged as R's list is."""

from typing import Any

from chapters import namespace


def numbers() -> dict[str, Any]:
    chapter = namespace("design/randomisation")
    untreated = (chapter["regimens"].chosen - chapter["regimens"].treated).to_numpy()
    lower, upper = chapter["proportion_confint"](
        untreated, chapter["regimens"].chosen.to_numpy(), method="beta"
    )
    as_randomised, treated_only = chapter["checks"].computed
    return {
        "split": {
            "coin": chapter["uneven"]["coin"] / 100,
            "totals_fixed": chapter["uneven"]["totals fixed"] / 100,
        },
        "coin_even": chapter["coin_even"],
        "guess": chapter["guessed"],
        "never": chapter["never"],
        "limits": {"lower": list(lower), "upper": list(upper)},
        "regimen": chapter["regimen_p"],
        "cox": {"as_randomised": as_randomised, "treated_only": treated_only},
    }
