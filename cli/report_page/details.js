// What is known of one resource.

function details(graph, place, show, close) {
  const each = graph.resources[place];
  const group = graph.groups[each.group];
  const after = graph.resources.flatMap((other, at) => (other.waitsFor.includes(place) ? [at] : []));
  const last = Math.max(...each.waitsFor.map((at) => graph.resources[at].end));
  const link = (at, note) => element("li", {}, element(
    "button", {type: "button", class: "link", click: () => show(at)}, `${graph.resources[at].kind} ${graph.resources[at].name}`,
  ), note ? element("span", {class: "hint"}, ` ${note}`) : "");
  const list = (title, places, note) => (places.length
    ? [element("h4", {}, title), element("ul", {}, ...places.map((at) => link(at, note && note(at))))]
    : []);
  return [
    element("button", {type: "button", class: "close", "aria-label": "Close", click: close}, "×"),
    element("h3", {}, each.name),
    element("p", {class: "hint"}, [each.kind, group.kind ? `in ${group.kind} ${group.name}` : ""].filter(Boolean).join(" "), each.detail ? ` · ${each.detail}` : ""),
    element("p", {}, each.end - each.start >= 1 ? `${each.span} after the start` : `at ${clock(each.start)}, in no time`,
      each.critical ? element("strong", {class: "critical"}, " · decides the end") : ""),
    each.waiting ? element("p", {class: "waiting"}, each.waiting) : "",
    ...why(each.why),
    ...list("Waits for", [...each.waitsFor].sort((a, b) => graph.resources[b].end - graph.resources[a].end),
      (at) => (graph.resources[at].end === last && last > 0 ? "done last" : "")),
    ...list("What waits for it", after),
    ...(each.options.length ? [element("h4", {}, "Options"), element("ul", {}, ...each.options.map((text) => element("li", {}, text)))] : []),
    element("h4", {}, each.file ? each.file : "Inputs"),
    yaml(each.text),
    element("p", {class: "urn"}, each.urn),
  ];
}

function why(reasons) {
  if (!reasons.length) return [];
  return [element("h4", {}, "Why"), element("ul", {class: "why"}, ...reasons.map((each) => element(
    "li", {}, each.subject ? element("code", {}, each.subject) : "", each.subject ? " " : "", element("b", {}, each.choice),
    each.because ? `: ${each.because}` : "",
  )))];
}
