// What the portal's pages do in a browser: copy code, filter operations, mark the one that is read.
"use strict";

const said = document.querySelector(".said");

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const code = button.closest("figure").querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(code);
      button.textContent = "Copied";
      said.textContent = "Copied to the clipboard";
    } catch {
      getSelection().selectAllChildren(button.closest("figure").querySelector("code"));
      button.textContent = "Press Ctrl+C";
      said.textContent = "Selected; press Control and C to copy";
    }
    setTimeout(() => {
      button.textContent = "Copy";
      said.textContent = "";
    }, 2000);
  });
}

const contents = document.querySelector(".contents");
const filter = document.querySelector("#filter");

filter?.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const item of contents.querySelectorAll("li")) {
    const link = item.querySelector("a");
    item.hidden = !`${link.title} ${link.textContent}`.toLowerCase().includes(wanted);
  }
  for (const heading of contents.querySelectorAll("h2")) {
    heading.hidden = !heading.nextElementSibling.querySelector("li:not([hidden])");
  }
});

if (contents && "IntersectionObserver" in window) {
  const links = new Map();
  for (const link of contents.querySelectorAll("a")) links.set(link.hash.slice(1), link);
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const link = links.get(entry.target.id);
        if (!link || !entry.isIntersecting) continue;
        contents.querySelector("[aria-current]")?.removeAttribute("aria-current");
        link.setAttribute("aria-current", "location");
        link.scrollIntoView({ block: "nearest" });
      }
    },
    { rootMargin: "-10% 0px -80% 0px" },
  );
  for (const section of document.querySelectorAll("section.operation[id]")) observer.observe(section);
}
