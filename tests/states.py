"""Every state of an explorer, compared with a fresh call of its function."""

from typing import Any

from inobook import figures
from inobook.explore import Explorer
from pages_html import PackedExplorer, unpacked


def packed_states(explorer: Explorer) -> PackedExplorer:
    """The explorer as the built page holds it."""
    return unpacked(explorer.page_html())


def states_unlike_a_fresh_call(
    explorer: Explorer, packed: PackedExplorer | None = None
) -> list[dict[str, Any]]:
    """States whose packed picture or sentence is not what a fresh call of the function gives."""
    packed = packed or packed_states(explorer)
    unlike = []
    for position, state in enumerate(explorer.states()):
        figure, sentence = explorer(**state)
        svg = figures.svg_text(figure, salt=explorer.name)
        if (packed.svgs[position], packed.sentences[position]) != (svg, sentence):
            unlike.append(state)
    return unlike
