/** The flow page in tables: what the map shows, for keyboards, screen readers and narrow screens. */

import { moment } from "../clock";
import { data, h, type Child } from "../dom";
import { plant } from "../plant";
import { t, type Key } from "../texts";
import {
  delayText, figure, linkWord, peopleOf, slotOf, STATES, stepName, stepTold,
  type Edge, type Flows, type FlowTable, type Step,
} from "./flowshapes";

const AT_ONCE = 100;
const MOST_PEOPLE = 3;

/** The id of an edge's row: links and steps are told apart by more than what an id may hold. */
export function rowOf(edge: Edge): string {
  return `edge-${[edge.link, edge.start, edge.end].map(encodeURIComponent).join("~")}`;
}

/** Every edge of a link, or of all: the dark ones first, as the server ranks them. */
export function edgeTable(flows: Flows, slot: string): HTMLElement {
  const edges = flows.edges.filter((edge) => slot === "" || edge.link === slot);
  const dark = edges.filter((edge) => edge.state !== "seen").length;
  const steps = new Map(flows.steps.map((step) => [step.id, step]));
  const heads: Key[] = ["flow.link", "flow.state", "flow.from", "flow.to", "flow.delay", "flow.gaps", "flow.why"];
  return h(
    "section",
    { class: "part" },
    h("h2", {}, t("flow.darkTitle")),
    h("p", { class: "quiet" }, dark > 0 ? t("flow.darkCount", { n: dark }) : t(edges.length > 0 ? "flow.noDark" : "flow.noEdges")),
    edges.length > 0 ? table("flow.darkTitle", heads, edges.map((edge) => edgeRow(edge, steps))) : null,
  );
}

function edgeRow(edge: Edge, steps: Map<string, Step>): HTMLElement {
  const { key, mark } = STATES[edge.state];
  const isDark = edge.state !== "seen";
  const gaps = h("a", { href: `#/missing?slot=${encodeURIComponent(slotOf(edge.link))}` }, edge.gaps);
  return h(
    "tr",
    { id: rowOf(edge), tabindex: "-1", class: isDark ? "is-dark" : "" },
    h("th", { scope: "row" }, data(linkWord(edge.link))),
    h("td", {}, h("span", { class: `flow-state is-${edge.state}` }, `${mark} ${t(key)}`)),
    h("td", {}, end(edge.start, steps, "flow.nowhere")),
    h("td", {}, end(edge.end, steps, "flow.nothing")),
    h("td", {}, delayText(edge.delay), edge.dark_minutes ? h("div", { class: "quiet" }, t("flow.said", { n: edge.dark_minutes })) : null),
    h("td", {}, edge.gaps > 0 ? gaps : "–"),
    h("td", {}, data(edge.why)),
  );
}

function end(id: string, steps: Map<string, Step>, none: Key): Child {
  if (id === "") return h("span", { class: "quiet" }, t(none));
  const step = steps.get(id);
  if (step === undefined) return data(stepName(step, id));
  const told = [stepTold(step), peopleOf(step), step.said_at].filter((one) => one !== "");
  return [data(stepName(step, id)), h("div", { class: "quiet" }, data(told.join(" · ")))];
}

/** Each link from where it arises to the questions that read it. */
export function linkTable(flows: Flows): Child {
  const steps = new Map(flows.steps.map((step) => [step.id, step]));
  const heads: Key[] = ["flow.link", "flow.have", "flow.arises", "flow.recorded", "flow.used"];
  const rows = flows.links.map((one) => {
    const lacks = one.missing + one.unknown;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, data(linkWord(one.link))),
      h(
        "td",
        {},
        t("flow.known", { have: one.have, of: one.of }),
        lacks > 0 ? h("div", {}, t("flow.lacks", { missing: one.missing, unknown: one.unknown })) : null,
        one.gaps_elsewhere > 0 ? h("div", { class: "quiet" }, t("flow.elsewhere", { n: one.gaps_elsewhere })) : null,
      ),
      h("td", {}, list(one.arises.map((id) => data(stepName(steps.get(id), id))))),
      h("td", {}, list(one.recorded_by.map((name) => data(name)))),
      h("td", {}, questions(one.questions)),
    );
  });
  return part("flow.linksTitle", rows.length > 0 ? table("flow.linksTitle", heads, rows) : null);
}

/** What hangs on one person or one sheet. */
export function hangsOn(flows: Flows): Child {
  if (flows.hangs_on.length === 0) return part("flow.hangsTitle", h("p", { class: "quiet" }, t("flow.hangsNone")));
  const rows = flows.hangs_on.map((row) => {
    const what = t(row["what"] === "person" ? "flow.person" : "flow.sheet");
    const carries = words(row["carries"]).map(linkWord).join(", ");
    return h(
      "li",
      {},
      h("p", {}, `${what} `, h("strong", {}, data(row["name"] ?? "")), ": ", data(carries), row["owner"] ? [" · ", data(row["owner"])] : null),
      h("p", { class: "quiet" }, data(row["why"] ?? "")),
      questions(words(row["questions"])),
    );
  });
  return part("flow.hangsTitle", h("ul", { class: "gaps" }, rows));
}

/** What to connect next: sources by questions gained, and processes by gaps that they would fill. */
export function connectNext(flows: Flows): Child {
  const sources = flows.next.map((one) =>
    h(
      "li",
      {},
      h("p", {}, h("strong", {}, data(one.what === "mapping" ? `${one.title} (${one.name})` : one.title))),
      h("p", {}, t("flow.gain", { whole: one.whole.length, part: one.part.length })),
      questions([...one.whole, ...one.part]),
    ),
  );
  const processes = flows.processes.map((row) =>
    h(
      "li",
      {},
      h("p", {}, h("strong", {}, data(row["process"] ?? t("flow.notDescribed"))), ": ", data(words(row["links"]).map(linkWord).join(", "))),
      h("p", {}, t("flow.processGain", { gaps: row["gaps"] ?? "0", answers: row["answers"] ?? "0", minutes: row["dark_minutes"] ?? "0" })),
      row["why"] ? h("p", { class: "quiet" }, data(row["why"])) : null,
    ),
  );
  if (sources.length + processes.length === 0) return part("flow.nextTitle", h("p", { class: "quiet" }, t("flow.nextNone")));
  return part(
    "flow.nextTitle",
    processes.length > 0 ? [h("h3", {}, t("flow.byProcess")), h("ol", {}, processes)] : null,
    sources.length > 0 ? [h("h3", {}, t("flow.byQuestions")), h("ol", {}, sources)] : null,
  );
}

/** What was measured of each table. */
export function tableTable(flows: Flows): Child {
  const heads: Key[] = ["flow.table", "flow.records", "flow.rate", "flow.delay", "flow.visible", "flow.lastSeen", "flow.share", "flow.entered"];
  const rows = flows.sources.flatMap((source) =>
    source.tables.map((one) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, data(one.table), h("div", { class: "quiet" }, data(source.owner))),
        h("td", {}, figure(one.records)),
        h("td", {}, one.per_day === null ? "–" : figure(one.per_day)),
        h("td", {}, delayText(one.delay) || "–"),
        h("td", {}, delayText(source.visible) || "–"),
        h("td", {}, one.last_seen === null ? "–" : moment(one.last_seen, plant().zone)),
        h("td", {}, list(one.links.map((said) => `${linkWord(said.link)} ${said.records}/${said.of}`))),
        h("td", {}, entered(one)),
      ),
    ),
  );
  return part("flow.tablesTitle", rows.length > 0 ? table("flow.tablesTitle", heads, rows) : null, h("p", { class: "quiet" }, t("flow.delayMeans")));
}

function entered(one: FlowTable): Child {
  const named = one.people.slice(0, MOST_PEOPLE).map(({ person, records }) => data(`${person} ${figure(records)}`));
  const more = one.people.length - named.length;
  return [list(named), more > 0 ? ` +${more}` : ""];
}

function part(title: Key, ...children: Child[]): HTMLElement {
  return h("section", { class: "part" }, h("h2", {}, t(title)), ...children);
}

function list(items: (Node | string)[]): Child {
  return items.length === 0 ? "–" : items.map((item, place) => [place > 0 ? ", " : "", item]);
}

function words(text: string | undefined): string[] {
  return (text ?? "").split(", ").filter((one) => one !== "");
}

/** Saved questions, behind their number: each leads to where it is asked. */
function questions(names: string[]): Child {
  if (names.length === 0) return h("p", { class: "quiet" }, t("flow.questions", { n: 0 }));
  const links = names.map((name) => h("li", {}, h("a", { href: `#/sparql/${encodeURIComponent(name)}` }, data(name))));
  return h("details", {}, h("summary", {}, t("flow.questions", { n: names.length })), h("ul", {}, links));
}

/** A table of some rows at a time, which scrolls by itself where it is wider than the screen. */
function table(label: Key, heads: Key[], rows: HTMLElement[]): HTMLElement {
  const body = h("tbody", {}, rows.slice(0, AT_ONCE));
  let told = Math.min(AT_ONCE, rows.length);
  const more = h("button", { type: "button", hidden: told >= rows.length, onclick: () => add() }, t("missing.more", { n: rows.length - told }));
  const add = (): void => {
    body.append(...rows.slice(told, told + AT_ONCE));
    told = Math.min(told + AT_ONCE, rows.length);
    more.hidden = told >= rows.length;
    more.textContent = t("missing.more", { n: rows.length - told });
  };
  return h(
    "div",
    {},
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": t(label) },
      h("table", {}, h("thead", {}, h("tr", {}, heads.map((key) => h("th", { scope: "col" }, t(key))))), body),
    ),
    more,
  );
}
