/* Explorers of the book: every state is in the page; a control picks which one is shown. */
(() => {
  "use strict";

  const unpack = async (packed) => {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  };

  class Explorer {
    constructor(figure) {
      this.figure = figure;
      this.picture = figure.querySelector(".explorer-picture");
      this.sentence = figure.querySelector(".explorer-sentence");
      this.controls = [...figure.querySelectorAll("[data-control]")];
      this.shown = this.controls.map((control) => JSON.parse(control.dataset.shown));
      this.waiting = false;
    }

    async load() {
      const script = this.figure.querySelector("script.explorer-states");
      this.states = await unpack(JSON.parse(script.textContent));
      script.remove();
      for (const control of this.controls) {
        control.disabled = false;
        control.addEventListener("input", () => this.request());
        control.addEventListener("change", () => this.remember());
      }
      this.follow(location.hash);
      this.figure.dataset.ready = "true";
    }

    /* Mixed radix: the last control changes fastest, as the states were drawn. */
    position() {
      return this.controls.reduce(
        (sum, control, i) => sum * this.shown[i].length + Number(control.value), 0);
    }

    request() {
      if (this.waiting) return;
      this.waiting = true;
      requestAnimationFrame(() => { this.waiting = false; this.paint(); });
    }

    paint() {
      const position = this.position();
      const sentence = this.states.sentences[position];
      this.picture.innerHTML = this.states.svgs[position];
      const image = this.picture.firstElementChild;
      image.setAttribute("role", "img");
      image.setAttribute("aria-label", sentence);
      this.sentence.textContent = sentence;
      this.controls.forEach((control, i) => {
        const text = this.shown[i][Number(control.value)];
        if (control.type === "range") control.setAttribute("aria-valuetext", text);
        control.parentElement.querySelector("output").textContent = text;
      });
      this.figure.dataset.state = String(position);
    }

    /* The address names the state, so that a teacher can link to it. */
    remember() {
      const settings = new URLSearchParams();
      this.controls.forEach((control, i) =>
        settings.set(control.dataset.control, this.shown[i][Number(control.value)]));
      history.replaceState(null, "", `#${this.figure.id}?${settings}`);
    }

    follow(hash) {
      const [id, query] = hash.slice(1).split("?");
      if (id !== this.figure.id || query === undefined) return;
      const settings = new URLSearchParams(query);
      this.controls.forEach((control, i) => {
        const wanted = this.shown[i].indexOf(settings.get(control.dataset.control));
        if (wanted >= 0) control.value = String(wanted);
      });
      this.paint();
      this.figure.scrollIntoView({ block: "start" });
    }
  }

  const start = async () => {
    for (const figure of document.querySelectorAll("figure.explorer")) {
      const explorer = new Explorer(figure);
      try {
        await explorer.load();
        addEventListener("hashchange", () => explorer.follow(location.hash));
      } catch (fault) {
        figure.dataset.failed = "true";
        const note = document.createElement("p");
        note.className = "explorer-fault";
        note.textContent =
          "The controls need a newer browser. The figure shows the default assumptions.";
        figure.querySelector(".explorer-controls").append(note);
        console.error(`${figure.id}:`, fault);
      }
    }
  };

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
