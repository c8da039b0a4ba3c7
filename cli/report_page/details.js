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
    element("button", {type: "button", class: "close", "aria-label": t("Close"), click: close}, "×"),
    element("h3", {}, each.name),
    element("p", {class: "hint"}, [each.kind, group.kind ? t("in {group}", {group: `${group.kind} ${group.name}`}) : ""].filter(Boolean).join(" "), each.detail ? ` · ${each.detail}` : ""),
    element("p", {}, each.end - each.start >= 1 ? t("{time} after the start", {time: each.span}) : t("at {time}, in no time", {time: clock(each.start)}),
      each.critical ? element("strong", {class: "critical"}, ` · ${t("decides the end")}`) : ""),
    each.waiting ? element("p", {class: "waiting"}, each.waiting) : "",
    ...why(each.why),
    ...list(t("Waits for"), [...each.waitsFor].sort((a, b) => graph.resources[b].end - graph.resources[a].end),
      (at) => (graph.resources[at].end === last && last > 0 ? t("done last") : "")),
    ...list(t("What waits for it"), after),
    ...(each.options.length ? [element("h4", {}, t("Options")), element("ul", {}, ...each.options.map((text) => element("li", {}, text)))] : []),
    element("h4", {}, each.file ? each.file : t("Inputs")),
    yaml(each.text),
    element("p", {class: "urn"}, each.urn),
  ];
}

function why(reasons) {
  if (!reasons.length) return [];
  return [element("h4", {}, t("Why")), element("ul", {class: "why"}, ...reasons.map((each) => element(
    "li", {}, each.subject ? element("code", {}, each.subject) : "", each.subject ? " " : "", element("b", {}, each.choice),
    each.because ? `: ${each.because}` : "",
  )))];
}
