// The file plan as a tree that opens and closes, with a field that narrows it.
import { folded, h, number, t } from "/pages/dom.js";
import { everything } from "/pages/forms.js";

/** A plan of this many units is loaded whole; of a larger one the first ones are, and the rest is found by typing. */
const UNITS_MAX = 3000;
const KEPT_MS = 60_000;
const known = new Map();
const unfolded = new Set();

/** Forgets what was loaded: after a change, and when somebody else signs in. */
export function forgetUnits() { known.clear(); }

/** The units of an edition, as a tree: `{ units, byId, roots, more }`; each unit has `children` and `above`. */
export async function unitsOf(plan) {
  const before = known.get(plan);
  if (before && Date.now() - before.at < KEPT_MS) return before.made;
  const { items, more } = await everything(`/file-plans/${plan}/units`, UNITS_MAX);
  const byId = new Map(items.map((unit) => [unit.id, { ...unit, children: [] }]));
  const roots = [];
  for (const unit of byId.values()) {
    unit.above = unit.parent ? byId.get(unit.parent) : undefined;
    (unit.above?.children ?? roots).push(unit);
  }
  const made = { units: [...byId.values()], byId, roots, more };
  known.set(plan, { at: Date.now(), made });
  return made;
}

/**
 * Draws the tree. `selected` is the id of a unit, `href(unit)` where it leads, `search(text)` finds units of a plan
 * that is too large to be loaded whole.
 */
export function tree({ plan, selected, href, label, search }) {
  const control = h("input", { type: "search", autocomplete: "off", spellcheck: "false", maxlength: "200", "aria-label": t("searchPlan"), placeholder: t("searchPlan") });
  const list = h("ul", { class: "tree", "aria-label": label });
  const none = h("p", { class: "muted", role: "status" });
  for (let unit = plan.byId.get(selected)?.above; unit; unit = unit.above) unfolded.add(unit.id);
  const found = new Set();
  const draw = () => {
    const words = folded(control.value.trim()).split(/\s+/).filter(Boolean);
    const hits = words.length ? new Set() : null;
    found.clear();
    if (hits) {
      for (const unit of plan.units) {
        const text = folded(`${unit.code} ${unit.title}`);
        if (!words.every((word) => text.includes(word))) continue;
        found.add(unit.id);
        for (let one = unit; one; one = one.above) hits.add(one.id);
      }
    }
    none.textContent = hits && !hits.size ? t("noUnitFound") : "";
    list.replaceChildren(...plan.roots.filter((unit) => !hits || hits.has(unit.id)).map((unit) => branch(unit, hits)));
  };
  const branch = (unit, hits) => {
    // What was searched for can be opened as ever; on the way to it, only the way is shown.
    const way = hits && !found.has(unit.id) ? hits : null;
    const below = way ? unit.children.filter((child) => way.has(child.id)) : unit.children;
    const open = Boolean(way) || unfolded.has(unit.id) || Boolean(hits && below.some((child) => hits.has(child.id)));
    const inner = below.length && open ? h("ul", {}, below.map((child) => branch(child, way))) : null;
    const item = h("li", { class: unit.retired_at ? "retired" : "" },
      h("div", { class: "node" },
        unit.children.length ? h("button", { type: "button", class: "fold", "aria-expanded": String(open), "aria-label": t("below", { unit: unit.code }), onclick: () => {
          if (unfolded.has(unit.id)) unfolded.delete(unit.id); else unfolded.add(unit.id);
          const again = branch(unit, null);
          item.replaceWith(again);
          again.querySelector(".fold").focus();
        } }) : h("span", { class: "fold" }),
        h("a", { href: href(unit), "aria-current": unit.id === selected ? "true" : null, title: unit.retired_at ? t("retired") : null },
          h("span", { class: "code" }, unit.code), " ", h("span", {}, unit.title))),
      inner);
    return item;
  };
  let pause = null;
  control.addEventListener("input", () => {
    draw();
    if (!plan.more || control.value.trim().length < 2) return;
    clearTimeout(pause);
    pause = setTimeout(async () => {
      const asked = control.value;
      const more = await search(asked.trim()).catch(() => []);
      if (asked !== control.value) return;
      const missing = more.filter((unit) => !plan.byId.has(unit.id));
      if (missing.length) none.textContent = "";
      list.append(...missing.map((unit) => branch({ ...unit, children: [] }, null)));
    }, 200);
  });
  draw();
  return h("div", {}, control, plan.more ? h("p", { class: "hint" }, t("planTooLarge", { n: number(UNITS_MAX) })) : null, none, list);
}
