"""What the chapter on single-arm trials computed, arranged as R's list is."""

from typing import Any

from chapters import namespace


def numbers() -> dict[str, Any]:
    chapter = namespace("design/single_arm")

    def stages(name: str) -> list[float]:
        course = chapter[name]
        return [
            float(course.early_stopping),
            float(course.promising),
            float(course.expected_patients),
        ]

    return {
        "p_value": {
            "hand": chapter["by_hand"],
            "all": chapter["p_44"]["all"],
            "ph": chapter["p_44"]["ph"],
        },
        "highest": {name: chapter["highest"][name] / 100 for name in ("all", "ph")},
        "two_stage": {
            "tiny": stages("in_the_long_run"),
            "null": stages("at_null"),
            "five": stages("at_five"),
            "target": stages("at_target"),
        },
        "stagewise": chapter["seen"].p_value,
        "unbiased": {"tiny": chapter["by_counting"], "simon": chapter["seen"].unbiased},
        "passed": {
            name: rate + chapter["bias_at"](rate, "naive", True) / 100
            for name, rate in [("null", 0.30), ("target", 0.50)]
        },
        "gap": chapter["gap_at_least"](0.66),
    }
