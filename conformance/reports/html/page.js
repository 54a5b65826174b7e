"use strict";
// The page is complete without this script, which adds a filter and copies scripts.
(() => {
  const form = document.querySelector(".filter");
  const findings = [...document.querySelectorAll("[data-severity]")];
  const filter = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = [...form.querySelectorAll("[name=severity]:checked")].map((box) => box.value);
    let shown = 0;
    for (const finding of findings) {
      const text = finding.textContent.toLowerCase();
      const fits = severities.includes(finding.dataset.severity) && words.every((word) => text.includes(word));
      finding.toggleAttribute("data-hidden", !fits);
      shown += fits;
    }
    for (const group of document.querySelectorAll(".group")) {
      group.toggleAttribute("data-hidden", !group.querySelector("[data-severity]:not([data-hidden])"));
    }
    form.querySelector("output").textContent = `${shown} of ${findings.length} shown`;
  };
  if (form) {
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
  }
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const code = button.parentElement.querySelector("code");
      getSelection().selectAllChildren(code);
      Promise.resolve(navigator.clipboard?.writeText(code.textContent)).then(
        () => { button.textContent = "Copied"; },
        () => { button.textContent = "Selected"; },
      );
    });
  }
  const open = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", open);
  open();
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
})();
