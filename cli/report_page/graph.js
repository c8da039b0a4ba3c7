// The dependency graph: D3 joins the laid-out boxes to SVG, moves and zooms it.

function Graph(graph, canvas, tell) {
  const margin = 12;
  const open = new Set();
  const svg = d3.select(canvas).append("svg").attr({role: "group", "aria-label": t("Dependency graph")});
  const arrow = (name) => svg.append("marker").attr({
    id: name, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto",
  }).append("path").attr("d", "M0 0 8 4 0 8z");
  ["arrow", "arrow-critical", "arrow-near"].forEach(arrow);
  const world = svg.append("g");
  const layers = ["lanes", "edges", "nodes"].map((name) => world.append("g").attr("class", name));
  let shown = null;
  let chosen = null;    // A resource's place.
  let current = null;   // The id of the node that the keyboard is on.
  let matches = [];

  const zoom = d3.behavior.zoom().scaleExtent([0.1, 3]).on("zoom", () => {
    world.attr("transform", `translate(${d3.event.translate}) scale(${d3.event.scale})`);
  });
  svg.call(zoom).on("dblclick.zoom", null);
  // A wheel without Ctrl scrolls the page, as everywhere else.
  const wheel = svg.on("wheel.zoom");
  svg.on("wheel.zoom", function (...given) {
    if (d3.event.ctrlKey || d3.event.metaKey) wheel.apply(this, given);
  });

  function draw() {
    shown = laidOut(graph, open);
    lanes();
    edges();
    nodes();
    mark();
  }

  function lanes() {
    const lane = layers[0].selectAll("rect").data(shown.lanes, (each) => each.id);
    lane.enter().append("rect").attr({x: -6, rx: 8});
    lane.exit().remove();
    lane.attr({y: (each) => each.y - 4, height: (each) => each.height + 4, width: shown.width + 12});
  }

  function edges() {
    const edge = layers[1].selectAll("path").data(shown.edges, (each) => each.id);
    edge.enter().append("path");
    edge.exit().remove();
    edge.attr("d", edgePath).classed("critical", (each) => each.critical);
    // The critical path lies above the rest.
    edge.filter((each) => each.critical).each(function () { this.parentNode.appendChild(this); });
  }

  function nodes() {
    const node = layers[2].selectAll("g").data(shown.nodes, (each) => each.id);
    const fresh = node.enter().append("g").attr({role: "button", tabindex: -1})
      .on("click", (each) => { current = each.id; act(each); })
      .on("focus", (each) => { current = each.id; })
      .on("keydown", (each) => key(each));
    fresh.append("rect").attr("rx", 6);
    fresh.append("text").attr({class: "title", x: 10, y: 17});
    fresh.append("text").attr({class: "kind", x: 10, y: 32});
    fresh.append("title");
    node.exit().remove();
    node.attr("transform", (each) => `translate(${each.x},${each.y})`)
      .attr("aria-expanded", (each) => ("group" in each ? String(each.open) : null))
      .attr("aria-label", label)
      .attr("data-node", (each) => each.id)
      .attr("class", (each) => classes(each));
    node.select("rect").attr({width: (each) => each.width, height: (each) => each.height});
    node.select(".title").text((each) => short(title(each), each.width));
    node.select(".kind").text((each) => (each.open ? "" : short(kind(each), each.width + 8)));
    node.select("title").text(label);
    if (!shown.nodes.some((each) => each.id === current)) current = shown.nodes[0].id;
    node.attr("tabindex", (each) => (each.id === current ? 0 : -1));
  }

  const of = (node) => ("group" in node ? node.inside.map((place) => graph.resources[place]) : [graph.resources[node.resource]]);
  const group = (node) => graph.groups[node.group];

  function classes(node) {
    const own = of(node);
    return [
      "group" in node ? (node.open ? "head" : "folded") : "resource",
      own.some((each) => each.critical) && !node.open ? "critical" : "",
      own.some((each) => each.waiting) && !node.open ? "waiting" : "",
    ].join(" ");
  }

  function title(node) {
    if ("group" in node) return `${node.open ? "▾" : "▸"} ${group(node).name} · ${node.inside.length}`;
    return withoutPrefix(graph.resources[node.resource].name);
  }

  function kind(node) {
    const all = of(node);
    // What takes no time says nothing of when its component is made.
    const lasting = all.filter((each) => each.end - each.start >= 1);
    const own = lasting.length ? lasting : all;
    const start = Math.min(...own.map((each) => each.start));
    const end = Math.max(...own.map((each) => each.end));
    const when = end - start >= 1 ? `${clock(start)}–${clock(end)}  ` : "";
    return when + ("group" in node ? group(node).kind : own[0].kind);
  }

  function label(node) {
    const own = of(node);
    const what = "group" in node ? tn("{group}, {number} resource", "{group}, {number} resources", own.length, {group: `${group(node).kind} ${group(node).name}`}) : `${own[0].kind} ${own[0].name}`;
    return [
      what,
      own.some((each) => each.critical) ? t("decides the end") : "",
      own.some((each) => each.waiting) ? t("its GPUs wait") : "",
    ].filter(Boolean).join("; ");
  }

  // About 6.4 px a character of 12 px text.
  const short = (text, width) => shortened(text, Math.floor((width - 20) / 6.4));

  function act(node) {
    if ("group" in node) toggle(node.group);
    else choose(node.resource);
  }

  function toggle(place) {
    if (!open.delete(place)) open.add(place);
    // The component stays where it was on the screen.
    const top = () => shown.nodes.find((node) => node.group === place).y;
    const before = top();
    draw();
    shift(0, (before - top()) * zoom.scale());
    focus();
  }

  function choose(place) {
    chosen = place;
    mark();
    tell(place);
  }

  // Everything that the chosen one waits for, and that waits for it.
  function related() {
    if (chosen === null) return null;
    const found = new Set([chosen]);
    const follow = (from, to) => {
      const stack = [chosen];
      while (stack.length) {
        const place = stack.pop();
        graph.edges.forEach((edge) => {
          if (edge[from] === place && !found.has(edge[to])) {
            found.add(edge[to]);
            stack.push(edge[to]);
          }
        });
      }
    };
    follow(1, 0);
    const before = new Set(found);
    found.clear();
    found.add(chosen);
    follow(0, 1);
    return new Set([...before, ...found]);
  }

  function mark() {
    const kin = related();
    const hit = new Set(matches);
    const places = (node) => ("group" in node ? node.inside : [node.resource]);
    const isKin = (node) => !kin || places(node).some((place) => kin.has(place));
    layers[2].selectAll("g")
      .classed("chosen", (node) => node.resource === chosen && chosen !== null)
      .classed("dim", (node) => !isKin(node) && !(hit.size && places(node).some((place) => hit.has(place))))
      .classed("hit", (node) => places(node).some((place) => hit.has(place)));
    layers[1].selectAll("path").classed("dim", (edge) => kin && !(isKin(edge.from) && isKin(edge.to)))
      .classed("near", (edge) => chosen !== null && (edge.from.resource === chosen || edge.to.resource === chosen));
  }

  function search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    matches = words.length
      ? graph.resources.flatMap((each, place) => {
        const whole = `${each.kind} ${each.name} ${each.detail} ${each.urn}`.toLowerCase();
        return words.every((word) => whole.includes(word)) ? [place] : [];
      })
      : [];
    mark();
    return matches;
  }

  function show(place) {
    open.add(graph.resources[place].group);
    draw();
    current = shown.seen.get(place).id;
    choose(place);
    centre(shown.seen.get(place));
  }

  function next() {
    if (!matches.length) return;
    show(matches[(matches.indexOf(chosen) + 1) % matches.length]);
  }

  function move(x, y, scale) {
    zoom.translate([x, y]).scale(scale);
    zoom.event(svg);
  }

  function shift(x, y) {
    const [left, top] = zoom.translate();
    move(left + x, top + y, zoom.scale());
  }

  function centre(node) {
    const scale = Math.max(zoom.scale(), 0.7);
    move(canvas.clientWidth / 2 - (node.x + node.width / 2) * scale, canvas.clientHeight / 2 - (node.y + node.height / 2) * scale, scale);
  }

  function scaleBy(factor) {
    const scale = Math.min(3, Math.max(0.1, zoom.scale() * factor));
    const [x, y] = zoom.translate();
    const ratio = scale / zoom.scale();
    const [w, h] = [canvas.clientWidth / 2, canvas.clientHeight / 2];
    move(w - (w - x) * ratio, h - (h - y) * ratio, scale);
  }

  // All of it, unless nobody could read that: then its beginning.
  function fit() {
    const whole = Math.min(
      (canvas.clientWidth - 2 * margin) / shown.width, (canvas.clientHeight - 2 * margin) / shown.height, 1.25,
    );
    move(margin, margin, Math.max(whole, canvas.clientWidth < 600 ? 0.8 : 0.5));
  }

  function focus() {
    layers[2].selectAll("g").attr("tabindex", (node) => (node.id === current ? 0 : -1))
      .filter((node) => node.id === current).each(function () { this.focus({preventScroll: true}); });
  }

  function key(node) {
    const event = d3.event;
    const direction = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
    if (direction) step(node, direction);
    else if (event.key === "Enter" || event.key === " ") act(node);
    else return;
    event.preventDefault();
  }

  // To the nearest node in a direction; what lies off to the side counts as further away.
  function step(node, [dx, dy]) {
    const middle = (each) => [each.x + (dy ? Math.min(each.width, BOX.width) : each.width) / 2, each.y + each.height / 2];
    const [x, y] = middle(node);
    const distance = (each) => {
      const [ax, ay] = [middle(each)[0] - x, middle(each)[1] - y];
      const along = ax * dx + ay * dy;
      return along <= 1 ? Infinity : along + 2 * Math.abs(ax * dy) + 4 * Math.abs(ay * dx);
    };
    const nearest = shown.nodes.reduce((best, each) => (distance(each) < distance(best) ? each : best), node);
    if (nearest === node) return;
    current = nearest.id;
    focus();
    const [left, top] = zoom.translate();
    const scale = zoom.scale();
    const [sx, sy] = [nearest.x * scale + left, nearest.y * scale + top];
    const inside = sx >= 0 && sy >= 0 && sx + BOX.width * scale <= canvas.clientWidth && sy + nearest.height * scale <= canvas.clientHeight;
    if (!inside) centre({...nearest, width: Math.min(nearest.width, BOX.width)});
  }

  draw();
  fit();
  return {
    search, next, show, fit, scaleBy,
    clear() { chosen = null; mark(); },
    all(unfold) {
      open.clear();
      if (unfold) graph.groups.forEach((_, place) => open.add(place));
      draw();
      fit();
    },
  };
}

function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
