"""What the chapter on the disease computed, arranged as R's list is."""

from typing import Any

from chapters import namespace


def numbers() -> dict[str, Any]:
    chapter = namespace("drug/ph_positive_all")
    limits, outcomes = chapter["age_limits"], chapter["recovered"]
    return {
        "exact": {
            **{name: list(limits[name]) for name in ("young", "middle", "old")},
            "false_positive": list(chapter["fish_false"]),
            "japan": list(chapter["all_limits"]["japan"]),
        },
        "trend": float(chapter["trend"]),
        "any_difference": float(chapter["any_difference"]),
        "apparent": chapter["apparent"](0.25, 0.80, 0.98),
        "arriving": chapter["arriving"](0.25, 2),
        "predictive": chapter["true_positive"]
        / (chapter["true_positive"] + chapter["false_positive"]),
        "england": chapter["one"] / 100,
        "italy": chapter["other"] / 100,
        "as_large": float(chapter["gap_tables"][30, 30, 38][1]),
        "outcomes": {
            "hr": list(outcomes["HR"]),
            "se": list(outcomes["SE of log"]),
            "p": list(outcomes["P"]),
        },
        "rogan_gladen": chapter["corrected"],
        "fisher": chapter["p_value"],
    }
