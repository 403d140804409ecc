// Boxes that scroll sideways can be reached with the keyboard as long as they overflow.
(() => {
  const boxes = document.querySelectorAll(
    ".formula, span.math, .agreement-frame, .pst-scrollable-table-container, .cell_output > .output",
  );
  const mark = () => {
    for (const box of boxes) {
      const overflows = box.scrollWidth > box.clientWidth;
      box.toggleAttribute("data-overflows", overflows);
      if (overflows) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("load", mark);
  addEventListener("resize", mark);
  document.addEventListener("toggle", mark, true);
})();
