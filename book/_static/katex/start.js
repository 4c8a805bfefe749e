// Render the formulas that Sphinx leaves as \(…\) and \[…\]. Loaded only on pages that have some.
(() => {
  const here = document.currentScript.src.replace(/start\.js.*$/, "");
  const style = Object.assign(document.createElement("link"), {
    rel: "stylesheet",
    href: here + "katex.min.css",
  });
  const katexScript = Object.assign(document.createElement("script"), { src: here + "katex.min.js" });
  const render = () => {
    for (const node of document.querySelectorAll(".math")) {
      const tex = node.textContent.trim().replace(/^\\[([]/, "").replace(/\\[)\]]$/, "");
      katex.render(tex, node, { displayMode: node.tagName === "DIV", throwOnError: false });
    }
  };
  katexScript.onload = () =>
    document.readyState === "loading" ? addEventListener("DOMContentLoaded", render) : render();
  document.head.append(style, katexScript);
})();
