  // An element of an SVG drawing; text is never read as markup.
  function shape(parent, tag, attributes, text = "") {
    const made = parent.appendChild(document.createElementNS("http://www.w3.org/2000/svg", tag));
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  }

  function option(select, value, text) {
    const made = select.appendChild(document.createElement("option"));
    made.value = value;
    made.textContent = text;
  }

  // List the films by title; return their numbers in this order.
  function listFilms(select, titles) {
    const order = titles.map((_, film) => film).sort((a, b) => titles[a].localeCompare(titles[b]));
    for (const film of order) option(select, film, titles[film]);
    return order;
  }

  // Where a pointer is across a drawing that is 360 wide.
  function across(event) {
    const box = event.currentTarget.getBoundingClientRect();
    return (event.clientX - box.left) / box.width * 360;
  }

  // Pale letters mean a dark page, whoever made it dark.
  function followShade(root) {
    const shade = () => {
      const [red, green, blue] = getComputedStyle(root).color.match(/[\d.]+/g).map(Number);
      root.toggleAttribute("data-dark", red + green + blue > 384);
    };
    for (const element of [document.documentElement, document.body]) {
      new MutationObserver(shade).observe(element, { attributes: true });
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", shade);
    shade();
  }

  // Start every figure of a kind; found by class, not by id, for a page may hold several.
  function startAll(kind, start) {
    for (const root of document.querySelectorAll(`.genrelab-${kind}:not([data-ready])`)) {
      root.dataset.ready = "";
      const find = (part) => root.querySelector(".gx-" + part);
      followShade(root);
      start(JSON.parse(root.querySelector('script[type="application/json"]').textContent), find);
      find("still").remove();
      find("live").hidden = false;
    }
  }
