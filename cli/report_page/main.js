// Draws the sections and listens.

function theme() {
  const button = byId("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const now = () => document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
  const name = () => { button.textContent = now() === "dark" ? `☀ ${t("Light")}` : `☾ ${t("Dark")}`; };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = now() === "dark" ? "light" : "dark";
    name();
  });
  dark.addEventListener("change", name);
  name();
}

function whole() {
  document.title = `${data.stack}: ${data.verdict}`;
  theme();
  summary(data);
  reasons(data);
  memory(data);
  findings(data);
  costs(data);
  manifests(data.graph);

  const aside = byId("details");
  const hint = () => replaceIn(aside, element("p", {class: "hint"}, t("Choose a resource to see its inputs, what it waits for, and why it is so.")));
  const close = () => {
    graph.clear();
    aside.classList.remove("open");
    hint();
  };
  const graph = Graph(data.graph, byId("canvas"), (place) => {
    replaceIn(aside, ...details(data.graph, place, (at) => graph.show(at), close));
    aside.classList.add("open");
    aside.scrollTop = 0;
  });
  hint();

  const search = byId("search");
  search.addEventListener("input", () => {
    const found = graph.search(search.value);
    byId("found").textContent = search.value.trim()
      ? t(found.length ? "{number} of {all}, Enter shows the next" : "{number} of {all}", {number: found.length, all: data.graph.resources.length})
      : "";
  });
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") graph.next(); });
  byId("unfold").addEventListener("click", () => graph.all(true));
  byId("fold").addEventListener("click", () => graph.all(false));
  byId("zoom-in").addEventListener("click", () => graph.scaleBy(1.3));
  byId("zoom-out").addEventListener("click", () => graph.scaleBy(1 / 1.3));
  byId("fit").addEventListener("click", () => graph.fit());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      "/": () => search.focus(), "+": () => graph.scaleBy(1.3), "=": () => graph.scaleBy(1.3),
      "-": () => graph.scaleBy(1 / 1.3), 0: () => graph.fit(),
    }[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });

  const places = new Map(data.graph.resources.map((each, place) => [each.urn, place]));
  const draw = gantt(data.charts, byId("charts"), places, (place) => {
    graph.show(place);
    byId("graph").scrollIntoView();
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    // A phone's address bar changes the height alone.
    if (innerWidth === width) return;
    width = innerWidth;
    draw();
  });
}

whole();
