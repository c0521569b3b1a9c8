/** Slots as a table: value, state, whose word, how old; and on demand where it comes from. */

import { getJson } from "../api";
import { data, h, put, type Child } from "../dom";
import { may } from "../plant";
import type { Fact, Slot } from "../shapes";
import { t, word } from "../texts";
import { entityLink, factValue, failed, sinceMark, stateMark, waiting } from "../ui";

const MOST = 20;

interface Statement {
  about: string;
  predicate: string;
  value: string;
}

interface Derivation {
  fact: Statement;
  said_by: { record: string; mapping: string | null }[];
  rule: string | null;
  premises: Derivation[];
}

interface Explained {
  lineage: Derivation;
  records: {
    record: string;
    position: string;
    effective: string | null;
    recorded: string;
    row: Record<string, unknown>;
  }[];
  withheld: number;
}

export function factTable(slots: Record<string, Slot>, canExplain: boolean): HTMLElement {
  const heads = ["fact.slot", "fact.value", "fact.state", "fact.source", "fact.confirmed"] as const;
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": t("entity.known") },
    h(
      "table",
      { class: "facts" },
      h("thead", {}, h("tr", {}, heads.map((key) => h("th", { scope: "col" }, t(key))))),
      h("tbody", {}, Object.entries(slots).map(([name, slot]) => rows(name, slot, canExplain))),
    ),
  );
}

function rows(name: string, slot: Slot, canExplain: boolean): Child {
  const head = (span: number): HTMLElement =>
    h("th", { scope: "row", rowspan: Math.max(1, span) }, word("slot", name));
  if (slot.facts.length === 0) {
    const why = slot.gap?.message ?? slot.note ?? (slot.withheld > 0 ? t("state.withheld") : "");
    return h("tr", {}, head(1), h("td", {}, data(why)), h("td", {}, stateMark(slot.state)), h("td", {}), h("td", {}));
  }
  const shown = slot.facts.slice(0, MOST);
  const isMore = slot.facts.length > MOST;
  const told = shown.map((fact, place) =>
    h(
      "tr",
      { class: fact.is_current ? "" : "is-over" },
      place === 0 ? head(shown.length + Number(isMore)) : null,
      h("td", {}, value(fact, canExplain)),
      h("td", {}, stateMark(fact.state), fact.is_stale ? [" ", stateMark("stale")] : null),
      h("td", {}, data(fact.source ?? ""), fact.record ? h("div", { class: "quiet" }, data(fact.record)) : null),
      h("td", {}, sinceMark(fact.confirmed_at ?? fact.recorded_at)),
    ),
  );
  const more = t("fact.more", { n: slot.facts.length - MOST });
  return [told, isMore ? h("tr", {}, h("td", { colspan: 4, class: "quiet" }, more)) : null];
}

function value(fact: Fact, canExplain: boolean): Child {
  const about = h("div", { class: "quiet" }, entityLink(fact.about), " ", data(fact.predicate));
  return [
    factValue(fact),
    fact.note ? h("div", { class: "quiet" }, data(fact.note)) : null,
    canExplain && fact.inputs.length === 0 ? why(fact, about) : about,
  ];
}

function why(fact: Fact, about: HTMLElement): HTMLElement {
  const place = h("div", { class: "why" });
  const details = h(
    "details",
    {
      ontoggle: () => {
        if (details.open && place.childElementCount === 0) void explain(fact.id, place);
      },
    },
    h("summary", {}, t("fact.why")),
    about,
    place,
  );
  return details;
}

async function explain(id: string, place: HTMLElement): Promise<void> {
  put(place, waiting());
  try {
    const path = `v1/facts/${id.split("/").map(encodeURIComponent).join("/")}`;
    const found = await getJson<Explained>(path);
    put(
      place,
      h("ul", {}, step(found.lineage)),
      found.records.map((record) =>
        h(
          "section",
          {},
          h("h3", {}, data(record.record)),
          h("p", { class: "quiet" }, data(record.position), " · ", record.effective ?? record.recorded),
          h(
            "dl",
            {},
            Object.entries(record.row).map(([column, cell]) => [h("dt", {}, data(column)), h("dd", {}, data(String(cell ?? "")))]),
          ),
        ),
      ),
      found.withheld > 0 ? h("p", {}, t("entity.withheld", { n: found.withheld })) : null,
      may("notes:write") ? h("p", {}, h("a", { href: denial(id, found.lineage.fact.about) }, t("entity.deny"))) : null,
    );
  } catch (error) {
    put(place, failed(error, () => void explain(id, place)));
  }
}

/** Where one writes a note against a fact. */
function denial(id: string, about: string): string {
  return `#/notes?${new URLSearchParams({ about, contradicts: id }).toString()}`;
}

function step(lineage: Derivation): HTMLElement {
  const { about, predicate, value: said } = lineage.fact;
  return h(
    "li",
    {},
    entityLink(about),
    " ",
    data(predicate),
    " ",
    entityLink(said),
    lineage.rule ? h("span", { class: "quiet" }, " ", t("fact.rule", { rule: lineage.rule })) : null,
    h(
      "ul",
      {},
      lineage.said_by.map((one) =>
        h("li", { class: "quiet" }, data(one.record), one.mapping ? [" · ", data(one.mapping)] : null),
      ),
      lineage.premises.map(step),
    ),
  );
}
