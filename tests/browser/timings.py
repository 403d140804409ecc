"""How long a reader waits between moving a control and seeing the figure."""

import numpy as np
from playwright.sync_api import Page

GOAL_MS = 50.0
MOVES = 30
TRIES = 3

MOVE_AND_TIME = """async ([figure, moves]) => {
  const controls = [...figure.querySelectorAll('[data-control]')];
  const painted = () => new Promise(done =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => done(performance.now());
      channel.port2.postMessage(null);
    }));
  const times = [];
  for (let move = 0; move < moves; move += 1) {
    const control = controls[move % controls.length];
    const count = JSON.parse(control.dataset.shown).length;
    control.value = String((Number(control.value) + 1) % count);
    const start = performance.now();
    control.dispatchEvent(new Event('input', { bubbles: true }));
    times.push(await painted() - start);
    await new Promise(done => setTimeout(done, 7 + 5 * (move % 5)));
  }
  return times;
}"""


def response_times(page: Page, anchor: str, moves: int = MOVES) -> list[float]:
    """Move an explorer's controls and time each move.

    Args:
        page: a page whose explorers are ready.
        anchor: id of the explorer.
        moves: how often to move a control, each in turn.

    Returns:
        Milliseconds from the ``input`` event to the end of the frame that painted the new state:
        the first task that the browser runs after that frame's layout and paint.
    """
    figure = page.locator(f"#{anchor}").element_handle()
    return page.evaluate(MOVE_AND_TIME, [figure, moves])


def percentile(times: list[float], rank: float) -> float:
    """The ``rank``-th percentile of ``times``."""
    return float(np.percentile(times, rank))
