// Elements from data. Texts become text nodes, so that none of them is ever markup.

function byId(id) {
  return document.getElementById(id);
}

const data = JSON.parse(byId("data").textContent);

// element("p", {class: "hint"}, "text", otherElement): a function as attribute listens to the event of its name.
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

function replaceIn(parent, ...children) {
  parent.replaceChildren(...children);
  return parent;
}

function table(heads, rows, numeric) {
  const cell = (tag, content, place) =>
    element(tag, {class: numeric && numeric.includes(place) ? "number" : null, "data-head": heads[place]}, content);
  return element(
    "table", {},
    element("thead", {}, element("tr", {}, ...heads.map((head, place) => cell("th", head, place)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((each, place) => cell("td", each, place))))),
  );
}

// What every resource of the stack is called by goes without saying in a small box.
function withoutPrefix(text) {
  return text.split(" ").map((word) => (word.startsWith(data.prefix) ? word.slice(data.prefix.length) : word)).join(" ");
}

// Names differ at their ends, so that it is the middle which goes.
function shortened(text, most) {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}…${text.slice(text.length - end)}`;
}

// A text of words.py in the page's language, with its fields filled.
function t(text, values) {
  return (data.words[text] || text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// The first text for 1, else the second; {number} is the number.
function tn(one, many, number, values) {
  return t(number === 1 ? one : many, {number, ...values});
}
