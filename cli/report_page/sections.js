// What needs no drawing: summary, reasons, memory, findings, costs, manifests.

function summary(data) {
  byId("stack").textContent = data.stack;
  replaceIn(byId("verdict"), element("span", {class: data.ready ? "good" : "bad"}, data.ready ? "✓" : "✗"), ` ${data.stack}: ${data.verdict}`);
  replaceIn(byId("cards"), ...data.cards.map(([figure, name, more]) => element(
    "div", {class: "card"}, element("b", {}, figure), element("span", {}, name), element("small", {}, more),
  )));
  let last = null;
  replaceIn(byId("facts"), ...data.summary.flatMap(([name, text]) => {
    const repeated = name === last;
    last = name;
    return [...(repeated ? [] : [element("dt", {}, name)]), element("dd", {}, text)];
  }));
}

function reasons(data) {
  replaceIn(byId("reason-table"), data.reasons.length
    ? table([t("key"), t("choice"), t("because")], data.reasons.map((each) => [element("code", {}, each.subject), element("b", {}, each.choice), each.because]))
    : element("p", {class: "hint"}, t("Nothing was decided that the stack file does not say.")));
}

function memory(data) {
  const gib = (number) => `${number.toFixed(number < 1 ? 2 : 1)} GiB`;
  const bar = (each) => {
    const scale = d3.scale.linear().domain([0, each.total]).range([0, 100]);
    const svg = d3.select(document.createElementNS(d3.ns.prefix.svg, "svg"))
      .attr({class: "memory", role: "img", "aria-label": each.parts.map((part) => `${part.label} ${gib(part.gib)}`).join(", ")});
    let from = 0;
    each.parts.forEach((part) => {
      svg.append("rect").attr({class: `m-${part.kind}`, x: `${scale(from)}%`, width: `${scale(part.gib)}%`, height: "100%"})
        .append("title").text(`${part.label}: ${gib(part.gib)}`);
      from += part.gib;
    });
    if (each.limit < each.total) svg.append("line").attr({x1: `${scale(each.limit)}%`, x2: `${scale(each.limit)}%`, y1: 0, y2: "100%"});
    return svg.node();
  };
  replaceIn(byId("bars"), ...(data.memory.length ? data.memory.map((each) => element(
    "article", {},
    element("h3", {}, each.model, element("span", {class: "hint"}, ` ${t("{title}; {total} usable, the engine takes {limit}", {title: each.title, total: gib(each.total), limit: gib(each.limit)})}`)),
    bar(each),
    element("ul", {class: "parts"}, ...each.parts.map((part) => element(
      "li", {}, element("span", {class: `key m-${part.kind}`}), `${part.label} `, element("b", {}, gib(part.gib)),
    ))),
    element("p", {class: "hint"}, each.note),
  )) : [element("p", {class: "hint"}, t("This stack has no model."))]));
}

function findings(data) {
  const line = (name, text) => (text ? [element("dt", {}, name), element("dd", {}, text)] : []);
  replaceIn(byId("finding-list"), ...(data.findings.length ? data.findings.map((each) => element(
    "details", {class: `finding ${each.severity}`, open: each.severity !== "note"},
    element("summary", {},
      element("span", {class: "tag"}, each.forced ? t("{severity}, forced", {severity: t(each.severity)}) : t(each.severity)), " ",
      element("b", {}, each.code), " ", element("code", {}, each.path), element("p", {}, each.message)),
    element("dl", {},
      ...line(t("given"), each.given), ...line(t("allowed"), each.allowed), ...line(t("fix"), each.remedy),
      ...line(t("in the stack file"), each.fix ? element("code", {}, each.fix) : ""),
      ...line(t("more"), each.severity === "policy" ? "" : element("code", {}, `tke-llm explain ${each.code}`))),
  )) : [element("p", {class: "hint"}, t("Nothing to say against this stack."))]));
}

function costs(data) {
  const money = (number) => number.toLocaleString("en", {minimumFractionDigits: 2, maximumFractionDigits: 2});
  const range = (pair) => (pair === null ? "" : pair[0] === pair[1] ? money(pair[0]) : t("{least} to {most}", {least: money(pair[0]), most: money(pair[1])}));
  const priced = data.costs.filter((each) => each.hour !== null);
  if (data.costs.length && !priced.length) {
    replaceIn(byId("cost-table"), table([t("pool"), t("machines"), ""], data.costs.map((each) => [each.pool, each.machines, each.note])));
    return;
  }
  const rows = data.costs.map((each) => [
    each.pool, each.machines, each.price === null ? "" : money(each.price), range(each.hour), range(each.day), range(each.month), each.note,
  ]);
  if (priced.length > 1) {
    const sum = (name) => range([0, 1].map((at) => priced.reduce((total, each) => total + each[name][at], 0)));
    rows.push([element("b", {}, t("together")), "", "", sum("hour"), sum("day"), sum("month"), ""]);
  }
  replaceIn(byId("cost-table"), rows.length
    ? table([t("pool"), t("machines"), t("each, an hour"), t("an hour"), t("a day"), t("a month (730 h)"), ""], rows, [2, 3, 4, 5])
    : element("p", {class: "hint"}, t("This stack has no GPU pool.")));
}

function manifests(graph) {
  const files = graph.resources.filter((each) => each.file).sort((a, b) => (a.file < b.file ? -1 : 1));
  const list = byId("file-list");
  const open = (each, button) => {
    list.querySelectorAll("[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
    button.setAttribute("aria-current", "true");
    replaceIn(byId("file"), element("h3", {}, each.file), yaml(each.text));
  };
  const entries = files.map((each) => {
    const button = element("button", {type: "button", class: "link", click: () => open(each, button)}, each.file);
    return {each, button, item: element("li", {}, button)};
  });
  replaceIn(list, ...entries.map(({item}) => item));
  if (entries.length) open(entries[0].each, entries[0].button);
  byId("file-search").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    entries.forEach(({each, item}) => { item.hidden = !(each.file + plain(each.text).toLowerCase()).includes(wanted); });
  });
}
