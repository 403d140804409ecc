// For readers on a phone and readers without code: a button that hides the code on all pages (outputs,
// figures and explorers stay), and long tables that begin folded.
(() => {
  "use strict";
  const KEY = "inobook-code-hidden";
  const stored = () => { try { return localStorage.getItem(KEY) === "1"; } catch { return false; } };
  const store = (hidden) => { try { localStorage.setItem(KEY, hidden ? "1" : "0"); } catch { /* private window */ } };

  // A paragraph between two cells that show no result speaks of the code alone, and goes with it.
  const showsNothing = (element) =>
    element?.matches("div.cell") && !element.querySelector(".cell_output");
  const markTalkOfCode = (article) => {
    for (const paragraph of article.querySelectorAll("p")) {
      const between = [paragraph.previousElementSibling, paragraph.nextElementSibling];
      if (between.every(showsNothing)) paragraph.classList.add("about-code");
    }
  };

  const offerSwitch = () => {
    const article = document.querySelector(".bd-article");
    const title = article?.querySelector("h1");
    if (!title || !article.querySelector(".cell_input")) return;
    const button = document.createElement("button");
    markTalkOfCode(article);
    button.type = "button";
    button.className = "code-switch";
    const show = (hidden) => {
      article.classList.toggle("code-hidden", hidden);
      button.textContent = hidden ? "Show the code" : "Hide the code";
    };
    button.addEventListener("click", () => {
      const hidden = !article.classList.contains("code-hidden");
      store(hidden);
      show(hidden);
    });
    show(stored());
    title.after(button);
  };

  // On a phone the long tables of agreement begin folded: the line above them says what they show.
  const fold = () => {
    if (!matchMedia("(max-width: 40rem)").matches) return;
    for (const each of document.querySelectorAll("details.agreement-fold")) each.open = false;
  };

  const start = () => { offerSwitch(); fold(); };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
