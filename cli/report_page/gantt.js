// One chart for each order, all on one scale of time.

const ROW = 24;

function gantt(charts, parent, place, show) {
  const end = Math.max(...charts.map((each) => each.total), 1);
  replaceIn(parent, ...charts.map((each) => {
    const holder = element("div", {class: "chart"});
    return element(
      "article", {class: each.chosen ? "chosen" : null},
      element("h3", {}, each.title, each.chosen && charts.length > 1 ? element("span", {class: "tag"}, t("this stack")) : ""),
      element("p", {}, element("b", {}, each.takes), each.waits ? `; ${each.waits}` : ""),
      holder,
      each.short ? element("p", {class: "hint"}, tn("and {number} step of less than 10 s", "and {number} steps of less than 10 s", each.short)) : "",
    );
  }));
  const draw = () => parent.querySelectorAll(".chart").forEach((holder, at) => rows(charts[at], holder, end, place, show));
  draw();
  return draw;
}

function rows(chart, holder, end, place, show) {
  const width = holder.clientWidth || 320;
  // On a narrow screen each bar has its name above it.
  const beside = width >= 520 ? Math.min(250, width * 0.4) : 0;
  const pitch = beside ? ROW : 2 * ROW - 10;
  // Half of the first and of the last label stand over the ends of the scale.
  const x = d3.scale.linear().domain([0, end / 60]).range([beside + (beside ? 8 : 18), width - 26]);
  const height = 24 + chart.bars.length * pitch;
  const svg = d3.select(holder).html("").append("svg").attr({width, height, role: "img", "aria-label": `${chart.title}: ${chart.takes}`});
  const axis = d3.svg.axis().scale(x).orient("top").ticks(Math.max(3, Math.floor((width - beside) / 70)))
    .tickSize(-(height - 22), 0).tickFormat((minutes) => t("{minutes} min", {minutes}));
  svg.append("g").attr({class: "axis", transform: "translate(0,20)"}).call(axis);
  const row = svg.selectAll(".row").data(chart.bars).enter().append("g")
    .attr("transform", (_, at) => `translate(0,${24 + at * pitch})`)
    .attr("class", (bar) => `row ${bar.kind}${place.has(bar.urn) ? " known" : ""}`)
    .on("click", (bar) => { if (place.has(bar.urn)) show(place.get(bar.urn)); });
  row.append("title").text((bar) => `${bar.label}: ${bar.note}`);
  row.append("rect").attr({class: "under", width, height: pitch});
  const most = Math.floor((beside || width) / 6.9);
  row.append("text").attr({x: 0, y: 15}).text((bar) => shortened(withoutPrefix(bar.label), most));
  row.append("rect").attr({
    class: "bar", rx: 3, height: 14, y: beside ? 4 : 20,
    x: (bar) => x(bar.start / 60), width: (bar) => Math.max(2, x(bar.end / 60) - x(bar.start / 60)),
  });
}
