"""What the chapter on the next trial computed, arranged as R's list is."""

from typing import Any

from chapters import namespace


def numbers() -> dict[str, Any]:
    chapter = namespace("interpretation/next_trial")
    return {
        "z": {"mrd": chapter["on_mrd"].z[0], "death": chapter["on_death"].z[0]},
        "edges": list(chapter["with_look"].boundaries),
        "cycles": list(chapter["by_cycle"].values()),
        "limits": list(chapter["limits"]),
        "lower": list(chapter["wide"].lower),
        "upper": list(chapter["wide"].upper),
        "pace": chapter["pace"],
        "after": {"positive": chapter["positive"], "negative": chapter["negative_trial"]},
    }
