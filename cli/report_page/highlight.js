// YAML, coloured: `pieces` are (class, text) as Pygments told them apart.

function yaml(pieces) {
  return element("pre", {class: "yaml", tabindex: "0"}, element("code", {}, ...pieces.map(
    ([name, text]) => (name ? element("span", {class: `y-${name}`}, text) : text),
  )));
}

function plain(pieces) {
  return pieces.map(([, text]) => text).join("");
}
