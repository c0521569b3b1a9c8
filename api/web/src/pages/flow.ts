/** The flow page: where links arise, who carries them, where they are recorded, and go dark. */

import { getJson } from "../api";
import { heard, moment } from "../clock";
import { data, h, put, type Child } from "../dom";
import { plant } from "../plant";
import { note, type Page, type Route } from "../router";
import { follow } from "../stream";
import { t } from "../texts";
import { choice, empty, failed, field, isAborted, waiting } from "../ui";
import type { Width } from "./flowlayout";
import { drawMap, drawSample } from "./flowmap";
import { linkWord, STATES, type Edge, type Flows, type State } from "./flowshapes";
import { connectNext, edgeTable, hangsOn, linkTable, rowOf, tableTable } from "./flowtables";

const FORMS = ["svg", "dot", "json", "turtle", "text"] as const;

class Flow {
  readonly element = h("section", { class: "flow", "aria-labelledby": "title" });
  private readonly body = h("div", {}, waiting());
  private readonly map = h("div", { class: "scroll map", tabindex: "0", role: "group", "aria-label": t("nav.flow") });
  private readonly edges = h("div", {});
  private readonly stop = new AbortController();
  private readonly leave: () => void;
  private found: Flows | null = null;
  private slot: string;
  private by: Width;

  constructor(route: Route) {
    this.slot = route.query.get("link") ?? "";
    this.by = route.query.get("width") === "share" ? "share" : "rate";
    const again = h("button", { type: "button", onclick: () => void this.fetch() }, t("flow.again"));
    put(
      this.element,
      h("div", { class: "page-head" }, h("h1", { id: "title" }, t("nav.flow")), h("div", { class: "tools" }, again)),
      h("p", { class: "quiet" }, t("flow.about")),
      this.body,
    );
    void this.fetch();
    this.leave = follow({ reset: () => void this.fetch() });
  }

  close(): void {
    this.leave();
    this.stop.abort();
  }

  private async fetch(): Promise<void> {
    try {
      this.take(await getJson<Flows>("v1/flows", this.stop.signal));
    } catch (error) {
      if (!isAborted(error)) put(this.body, failed(error, () => void this.fetch()));
    }
  }

  private take(found: Flows): void {
    this.found = found;
    heard(found.as_of);
    if (!found.links.some((one) => one.link === this.slot)) this.slot = "";
    const isEmpty = found.steps.length === 0 && found.sources.every((one) => one.tables.every((table) => table.records === 0));
    put(
      this.body,
      h("p", { class: "quiet" }, t("asof.isNow", { time: moment(found.as_of, plant().zone) }), " · ", exports()),
      found.withheld.length > 0 ? h("p", {}, t("flow.withheld"), " ", data(found.withheld.join(", "))) : null,
      found.declared ? null : undescribed(found),
      isEmpty ? empty("flow.empty") : [this.tools(found), this.map, legend()],
      this.edges,
      linkTable(found),
      hangsOn(found),
      connectNext(found),
      tableTable(found),
    );
    this.show();
  }

  private tools(found: Flows): HTMLElement {
    const links = found.links.map(({ link }): [string, string] => [link, linkWord(link)]);
    const slots = choice([["", t("flow.all")], ...links], this.slot, (value) => {
      this.slot = value;
      this.show();
    });
    const widths: [Width, string][] = [["rate", t("flow.rate")], ["share", t("flow.share")]];
    const width = choice(widths, this.by, (value) => {
      this.by = value === "share" ? "share" : "rate";
      this.show();
    });
    return h("div", { class: "tools filters" }, field(t("flow.link"), slots), field(t("flow.width"), width));
  }

  private show(): void {
    if (this.found === null) return;
    note({ link: this.slot, width: this.by === "rate" ? "" : this.by });
    put(this.map, drawMap(this.found, this.slot, this.by, pick));
    put(this.edges, edgeTable(this.found, this.slot));
  }
}

/** Lead from a band to what the table says of it. */
function pick(edge: Edge): void {
  const row = document.getElementById(rowOf(edge));
  row?.scrollIntoView({ block: "center" });
  row?.focus();
}

function legend(): HTMLElement {
  const names = Object.keys(STATES) as State[];
  return h(
    "ul",
    { class: "legend" },
    names.map((name) => h("li", {}, drawSample(name), " ", STATES[name].mark, " ", t(STATES[name].key))),
    h("li", {}, t("flow.dashed")),
  );
}

function exports(): Child {
  return [
    t("flow.export"),
    FORMS.map((form) => [" ", h("a", { href: `v1/flows?format=${form}`, target: "_blank", rel: "noopener" }, form)]),
  ];
}

/** How to say what no system holds, with a table of this plant. */
function undescribed(found: Flows): HTMLElement {
  const [source] = found.sources.filter((one) => one.tables.length > 0);
  const batch = found.links.find((one) => one.link === "job-batch")?.recorded_by[0];
  const table = batch ?? source?.tables[0]?.table ?? "erp.batch_move";
  const text = [
    "steps:",
    "  issue-slip:",
    `    label: ${t("flow.exampleSlip")}`,
    "    medium: paper",
    "    by: hand",
    "    who: [P25]",
    "    latency_minutes: 240",
    "    carries: [job-batch]",
    "    passes_to: [booking]",
    "  booking:",
    "    medium: system",
    "    by: hand",
    "    carries: [job-batch]",
    `    recorded_in: [${table}]`,
  ];
  return h(
    "div",
    { class: "told undescribed" },
    h("p", {}, t("flow.undescribed")),
    h("details", {}, h("summary", {}, t("flow.example")), h("pre", { tabindex: "0" }, text.join("\n"))),
  );
}

export function makeFlow(route: Route): Page {
  const page = new Flow(route);
  return { title: t("nav.flow"), element: page.element, close: () => page.close() };
}
