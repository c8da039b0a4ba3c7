// Where the graph's boxes stand: a lane for each component, time from left to right. Pure: no drawing here.

const BOX = {width: 190, height: 40};
const GAP = {x: 26, y: 10};
const NARROW = 80;  // A column in which no box stands, but over which folded components reach.
const HEAD = 30;

// `open` holds the unfolded groups. Returns the nodes that are seen, the lanes, the edges between nodes, and the size.
function laidOut(graph, open) {
  const members = graph.groups.map(() => []);
  graph.resources.forEach((each, place) => members[each.group].push(place));
  const columns = columnPlaces(graph, open);
  const nodes = [];
  const lanes = [];
  const seen = new Map();
  let top = 0;
  graph.groups.forEach((group, place) => {
    const inside = members[place];
    // The stack's own resources are in no component that could fold.
    const folds = group.kind !== "";
    if (folds && !open.has(place)) {
      const node = foldedNode(graph, place, inside, columns, top);
      nodes.push(node);
      inside.forEach((each) => seen.set(each, node));
      top += BOX.height + GAP.y;
      return;
    }
    const above = folds ? HEAD : 0;
    const lane = {id: `g${place}`, group: place, open: true, x: 0, y: top, width: 0, height: above, inside};
    if (folds) nodes.push(lane);
    const filled = new Map();
    inside.forEach((each) => {
      const column = graph.resources[each].column;
      const row = filled.get(column) || 0;
      filled.set(column, row + 1);
      const y = top + above + row * (BOX.height + GAP.y);
      const node = {id: `r${each}`, resource: each, x: columns[column].x, y, width: BOX.width, height: BOX.height};
      nodes.push(node);
      seen.set(each, node);
    });
    const rows = Math.max(...filled.values());
    const bottom = top + above + rows * (BOX.height + GAP.y);
    if (folds) lanes.push({id: `l${place}`, y: top, height: bottom - top});
    top = bottom + GAP.y;
  });
  const width = Math.max(...nodes.map((node) => node.x + node.width), BOX.width);
  nodes.filter((node) => node.open).forEach((node) => { node.width = width; });
  return {nodes, lanes, edges: edgesBetween(graph, seen, columns), seen, width, height: top};
}

function columnPlaces(graph, open) {
  const last = Math.max(...graph.resources.map((each) => each.column));
  const wide = new Set(
    graph.resources.filter((each) => open.has(each.group) || !graph.groups[each.group].kind).map((each) => each.column),
  );
  const columns = [];
  let x = 0;
  for (let column = 0; column <= last; column += 1) {
    const width = wide.has(column) ? BOX.width + GAP.x : NARROW;
    columns.push({x, width});
    x += width;
  }
  return columns;
}

// A folded component reaches from where its first resource would stand to where its last would.
function foldedNode(graph, place, inside, columns, y) {
  const own = inside.map((each) => graph.resources[each].column);
  const first = columns[Math.min(...own)];
  const last = columns[Math.max(...own)];
  const width = Math.max(BOX.width, last.x + last.width - GAP.x - first.x);
  return {id: `g${place}`, group: place, open: false, x: first.x, y, width, height: BOX.height, inside};
}

function edgesBetween(graph, seen, columns) {
  const edges = new Map();
  const start = (place) => columns[graph.resources[place].column].x;
  const end = (place) => {
    const {x, width} = columns[graph.resources[place].column];
    return x + Math.max(width - GAP.x, NARROW / 2);
  };
  const add = (before, after, critical) => {
    const from = seen.get(before);
    const to = seen.get(after);
    if (from === to) return;
    const id = `${from.id}>${to.id}`;
    const known = edges.get(id);
    if (known && critical && !known.critical) Object.assign(known, {critical, leaves: end(before), enters: start(after)});
    if (known) return;
    edges.set(id, {id, from, to, critical, leaves: end(before), enters: start(after)});
  };
  graph.edges.forEach(([before, after]) => add(before, after, false));
  graph.critical.forEach(([before, after]) => add(before, after, true));
  return withoutImplied([...edges.values()]);
}

// Folding makes edges that others imply; what leads from resource to resource has none of them.
function withoutImplied(edges) {
  const next = new Map();
  edges.forEach((edge) => {
    if (!next.has(edge.from)) next.set(edge.from, new Set());
    next.get(edge.from).add(edge.to);
  });
  const reaches = (from, to) => {
    const passed = new Set();
    const stack = [...(next.get(from) || [])].filter((node) => node !== to);
    while (stack.length) {
      const node = stack.pop();
      if (node === to) return true;
      if (passed.has(node)) continue;
      passed.add(node);
      stack.push(...(next.get(node) || []));
    }
    return false;
  };
  return edges.filter((edge) => {
    const folded = "group" in edge.from || "group" in edge.to;
    if (!folded || edge.critical || !reaches(edge.from, edge.to)) return true;
    next.get(edge.from).delete(edge.to);
    return false;
  });
}

// It leaves the first node where the resource that is awaited would end, and reaches the second where the one that waits
// would begin: at the ends of the boxes by their sides, elsewhere through their upper or lower edges.
function edgePath({from, to, leaves, enters}) {
  const down = to.y > from.y;
  const right = from.x + from.width;
  const aside = leaves >= right;
  const sx = Math.min(leaves, right);
  const sy = aside ? from.y + from.height / 2 : from.y + (down ? from.height : 0);
  const ahead = enters <= to.x;
  const ty = ahead ? to.y + to.height / 2 : to.y + (down ? 0 : to.height);
  const reach = Math.max(12, Math.min(80, (enters - sx) / 2));
  const [ax, ay] = aside ? [sx + reach, sy] : [sx, ahead ? ty : (sy + ty) / 2];
  const [bx, by] = ahead ? [enters - reach, ty] : [enters, aside ? sy : (sy + ty) / 2];
  return `M${sx} ${sy} C${ax} ${ay} ${bx} ${by} ${enters} ${ty}`;
}
