// Text of the server as Markdown, as far as it writes it: headings, lists, tables, paragraphs, strong words and code.
// All of it becomes elements and text; nothing becomes markup.
import { h } from "/pages/dom.js";

/** Words within a line. A backslash stands before what means nothing. */
function words(text) {
  const parts = text.split(/(\*\*(?:[^*\\]|\\.)+\*\*|`[^`]+`)/);
  const plain = (part) => part.replace(/\\([!-/:-@[-`{-~])/g, "$1");
  return parts.filter(Boolean).map((part) => {
    if (part.startsWith("**")) return h("strong", {}, plain(part.slice(2, -2)));
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    return plain(part);
  });
}

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim());

/** Where what is written stands below other headings, the highest of its own is `level`. */
export function markdown(text, level) {
  const all = [];
  const lines = text.split(/\r?\n/);
  let list = null;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    const heading = /^(#{1,6}) (.*)$/.exec(line);
    const point = /^(\s*)[-*] (.*)$/.exec(line);
    if (point) {
      if (!list) all.push(list = h("ul", {}));
      list.append(h("li", { class: point[1] ? "deeper" : null }, words(point[2])));
      continue;
    }
    list = null;
    // What it is called stands above it already.
    if (heading && heading[1].length === 1) continue;
    if (heading) all.push(h(`h${Math.min(6, level + heading[1].length - 2)}`, {}, words(heading[2])));
    else if (line.startsWith("|")) {
      const rows = [];
      while (at < lines.length && lines[at].startsWith("|")) { rows.push(cells(lines[at])); at += 1; }
      at -= 1;
      const [head, , ...rest] = rows;
      all.push(h("div", { class: "table", tabindex: "0", role: "group", "aria-label": head[0] }, h("table", {}, h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, words(cell))))),
        h("tbody", {}, rest.map((row) => h("tr", {}, row.map((cell) => h("td", {}, words(cell)))))))));
    } else if (line.trim()) all.push(h("p", {}, words(line)));
  }
  return all;
}
