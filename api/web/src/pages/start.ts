/** Start with one process: choose a source, see its mapping on real rows, load, see what it answers. */

import { getJson } from "../api";
import { data, h, put, type Child } from "../dom";
import { note, type Page, type Route } from "../router";
import type { Coverage } from "../shapes";
import { t, type Key } from "../texts";
import { choice, copyButton, empty, failed, field, isAborted, waiting } from "../ui";

const NEXT_SHOWN = 5;
const ROWS = 3;

interface Table {
  name: string;
  mapping: string;
  arrives: string;
  key: string[];
  is_current: boolean;
  records: number;
  waiting: Record<string, number>;
}

interface Source {
  name: string;
  title: string;
  system: string;
  owner: string;
  adapter: string;
  place: string;
  is_loaded: boolean;
  tables: Table[];
}

interface Start {
  commands: { draft: string; serve: string };
  sources: Source[];
}

/** How reading a source is going: empty texts where nothing is wrong. */
interface Reading {
  name: string;
  error: string;
  hint: string;
}

interface Fault {
  code: string;
  message: string;
  hint: string;
}

interface Row {
  key: string;
  position: string;
  cells: Record<string, string | number | boolean | null>;
  facts: { about: string; predicate: string; value: string; columns: string[]; line: number | null }[];
  faults: Fault[];
}

interface Mapped {
  mapping: string;
  is_current: boolean;
  is_loaded: boolean;
  unused: string[];
  rows: Row[];
  faults: Fault[];
}

interface Addition {
  what: "mapping" | "properties";
  name: string;
  title: string;
  whole: string[];
  part: string[];
  says: string[];
}

interface Readiness {
  whole: number;
  part: number;
  none: number;
  questions: { name: string; number: string; question: string; state: "whole" | "part" | "none"; lacks: string[] }[];
  next: Addition[];
}

class StartPage {
  readonly element = h("section", { class: "start", "aria-labelledby": "title" });
  private readonly choose = new Step("start.choose");
  private readonly mapped = new Step("start.mapped");
  private readonly loaded = new Step("start.loaded");
  private readonly answers = new Step("start.answers");
  private readonly next = new Step("start.next");
  private stop = new AbortController();
  private found: Start | null = null;
  private readings: Reading[] = [];

  constructor(
    private source: string,
    private table: string,
  ) {
    const again = h("button", { type: "button", onclick: () => void this.fetch() }, t("start.again"));
    const steps = [this.choose, this.mapped, this.loaded, this.answers, this.next];
    put(
      this.element,
      h("div", { class: "page-head" }, h("h1", { id: "title" }, t("start.title")), h("div", { class: "tools" }, again)),
      h("p", {}, t("start.about")),
      h("ol", { class: "steps" }, steps.map((step) => step.element)),
    );
    void this.fetch();
  }

  close(): void {
    this.stop.abort();
  }

  private async fetch(): Promise<void> {
    this.stop.abort();
    this.stop = new AbortController();
    const { signal } = this.stop;
    void this.showAnswers(signal);
    try {
      const [found, health] = await Promise.all([
        getJson<Start>("v1/start", signal),
        getJson<{ sources: Reading[] }>("health", signal),
      ]);
      this.found = found;
      this.readings = health.sources;
      this.show();
    } catch (error) {
      if (isAborted(error)) return;
      this.choose.show(failed(error, () => void this.fetch()));
      for (const step of [this.mapped, this.loaded]) step.show(null);
    }
  }

  /** Show what is chosen; where nothing is, the first source, and its first table. */
  private show(): void {
    const { sources } = this.found ?? { sources: [] };
    const source = sources.find((one) => one.name === this.source) ?? sources[0];
    const table = source?.tables.find((one) => one.name === this.table) ?? source?.tables[0];
    this.showSources(sources, source);
    if (source === undefined || table === undefined) {
      for (const step of [this.mapped, this.loaded]) step.show(empty("start.first"));
      return;
    }
    note({ source: source.name, table: table.name });
    this.showLoaded(source);
    void this.showRows(source, table);
  }

  private showSources(sources: Source[], chosen: Source | undefined): void {
    const pick = (name: string): void => {
      this.source = name;
      this.table = "";
      this.show();
      this.element.querySelector<HTMLElement>("button.source[aria-pressed='true']")?.focus();
    };
    this.choose.show(
      [
        sources.length === 0 ? empty("start.none") : null,
        h(
          "div",
          { class: "sources-to-choose" },
          sources.map((one) =>
            h(
              "button",
              { type: "button", class: "source", "aria-pressed": String(one === chosen), onclick: () => pick(one.name) },
              h("strong", {}, data(one.title)),
              h("span", { class: "quiet" }, data([one.system, one.adapter, one.place].filter((part) => part).join(" · "))),
              mark(one.is_loaded, one.is_loaded ? "start.isLoaded" : "start.notLoaded"),
            ),
          ),
        ),
        h(
          "details",
          { open: sources.length === 0 },
          h("summary", {}, t("start.another")),
          h("p", {}, t("start.how")),
          command(this.found?.commands.draft ?? ""),
          h("p", {}, t("start.serveAgain")),
          command(this.found?.commands.serve ?? ""),
        ),
      ],
      sources.length > 0,
    );
  }

  private async showRows(source: Source, table: Table): Promise<void> {
    const tables = source.tables.map((one): [string, string] => [one.name, one.name]);
    const select = choice(tables, table.name, (name) => {
      this.table = name;
      this.show();
    });
    const body = h("div", {}, waiting());
    this.mapped.show([h("div", { class: "tools" }, field(t("start.table"), select)), body]);
    const path = `v1/sources/${encodeURIComponent(source.name)}/${encodeURIComponent(table.name)}?rows=${ROWS}`;
    try {
      const mapped = await getJson<Mapped>(path, this.stop.signal);
      const isWell = mapped.is_current && mapped.rows.length > 0 && !mapped.rows.some((row) => row.faults.length > 0);
      put(body, rowsOf(mapped));
      if (body.isConnected) this.mapped.mark(isWell);
    } catch (error) {
      if (!isAborted(error)) put(body, failed(error, () => void this.showRows(source, table)));
    }
  }

  private showLoaded(source: Source): void {
    const waits = source.tables.flatMap((table) => Object.values(table.waiting)).reduce((sum, one) => sum + one, 0);
    const reading = this.readings.find((one) => one.name === source.name && one.error !== "");
    this.loaded.show(
      [
        reading ? faultOf({ code: "", message: reading.error, hint: reading.hint }) : null,
        h(
          "div",
          { class: "scroll", tabindex: "0", role: "group", "aria-label": t("start.loaded") },
          h(
            "table",
            {},
            h("thead", {}, h("tr", {}, LOADED.map((key) => h("th", { scope: "col" }, t(key))))),
            h("tbody", {}, source.tables.map(loadedRow)),
          ),
        ),
        waits > 0 ? h("p", {}, h("a", { href: "#/sources" }, t("start.quarantine", { n: waits }))) : null,
        source.tables.every((table) => table.is_current) ? null : [h("p", {}, t("start.later")), command(this.found?.commands.serve ?? "")],
      ],
      source.is_loaded,
    );
  }

  private async showAnswers(signal: AbortSignal): Promise<void> {
    const ready = h("div", {}, waiting());
    const covered = h("div", {}, waiting());
    this.answers.show([ready, covered]);
    this.next.show(waiting());
    const told = (place: HTMLElement) => (error: unknown) => {
      if (!isAborted(error)) put(place, failed(error, () => void this.fetch()));
    };
    const gaps = getJson<{ coverage: Coverage[] }>("v1/gaps?limit=1", signal);
    void gaps.then((found) => put(covered, coverage(found.coverage))).catch(told(covered));
    try {
      // It looks into every mapping that ships, which takes a while the first time.
      const found = await getJson<Readiness>("v1/readiness", signal);
      put(ready, readiness(found));
      this.answers.mark(found.whole > 0);
      this.next.show(additions(found.next, this.found?.commands.draft ?? "traveler init"));
    } catch (error) {
      told(ready)(error);
      if (!isAborted(error)) this.next.show(null);
    }
  }
}

/** One step of the way: its name, whether it is done, and what there is to see and to do. */
class Step {
  readonly element: HTMLElement;
  private readonly body = h("div", {}, waiting());

  constructor(title: Key) {
    this.element = h("li", { class: "step" }, h("h2", {}, t(title)), this.body);
  }

  show(content: Child, isDone = false): void {
    put(this.body, content);
    this.mark(isDone);
  }

  mark(isDone: boolean): void {
    this.element.classList.toggle("is-done", isDone);
  }
}

const LOADED = ["start.table", "start.records", "start.waiting", "start.mapping"] as const;

function loadedRow(table: Table): HTMLElement {
  const reasons = Object.entries(table.waiting);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, data(table.name)),
    h("td", {}, table.is_current ? table.records.toLocaleString() : mark(false, "start.notServed")),
    h(
      "td",
      { class: reasons.length > 0 ? "is-bad" : "" },
      reasons.length === 0 ? "–" : reasons.map(([code, n], place) => [place > 0 ? ", " : "", `${n} `, data(code)]),
    ),
    h("td", {}, data(table.mapping)),
  );
}

function rowsOf(mapped: Mapped): Child {
  return [
    h("p", {}, t("start.by"), " ", h("code", {}, data(mapped.mapping)), " · ", mappingState(mapped)),
    mapped.faults.map(faultOf),
    mapped.rows.length === 0 ? empty("start.noRows") : null,
    mapped.rows.map((row) => rowOf(row, new Set(mapped.unused))),
    mapped.unused.length > 0
      ? h("p", { class: "quiet" }, t("start.unused"), " ", data(mapped.unused.join(", ")))
      : null,
  ];
}

function mappingState(mapped: Mapped): HTMLElement {
  if (!mapped.is_loaded) return mark(false, "start.fresh");
  return mark(mapped.is_current, mapped.is_current ? "start.current" : "start.changed");
}

function rowOf(row: Row, unused: Set<string>): HTMLElement {
  return h(
    "article",
    { class: "mapped" },
    h(
      "dl",
      { class: "cells" },
      Object.entries(row.cells).map(([name, value]) => [
        h("dt", { class: unused.has(name) ? "is-unused" : "" }, data(name)),
        h("dd", { class: unused.has(name) ? "is-unused" : "" }, data(value === null ? "–" : String(value))),
      ]),
    ),
    h(
      "div",
      {},
      row.facts.length === 0 ? h("p", { class: "quiet" }, t("start.nothing")) : null,
      h("ul", { class: "made" }, aboutEach(row.facts)),
      row.faults.map(faultOf),
      h("p", { class: "quiet" }, data(row.position)),
    ),
  );
}

/** The facts of a row, those about one thing together. */
function aboutEach(facts: Row["facts"]): Child {
  const things = new Map<string, Row["facts"]>();
  for (const fact of facts) things.set(fact.about, [...(things.get(fact.about) ?? []), fact]);
  return [...things].map(([about, said]) =>
    h(
      "li",
      {},
      h("strong", {}, data(about)),
      h(
        "ul",
        {},
        said.map((fact) =>
          h(
            "li",
            {},
            h("span", { class: "predicate" }, data(fact.predicate)),
            " ",
            data(fact.value),
            h("span", { class: "quiet" }, fact.columns.length > 0 ? [" ← ", data(fact.columns.join(", "))] : null, fact.line === null ? null : ` · ${t("start.line", { n: fact.line })}`),
          ),
        ),
      ),
    ),
  );
}

function faultOf(fault: Fault): HTMLElement {
  return h("div", { class: "told failed" }, h("p", {}, h("strong", {}, data(fault.code)), " ", data(fault.message)), h("p", {}, data(fault.hint)));
}

function readiness(ready: Readiness): Child {
  const of = ready.whole + ready.part + ready.none;
  const lacking = ready.questions.filter((one) => one.state !== "whole");
  return [
    h(
      "p",
      { class: "ready" },
      h("strong", {}, t("start.ready", { n: ready.whole, of })),
      h("meter", { min: 0, max: of, value: ready.whole, "aria-label": t("start.ready", { n: ready.whole, of }) }),
      ` ${t("start.partly", { n: ready.part })} · ${t("start.noAnswer", { n: ready.none })}`,
    ),
    lacking.length === 0
      ? null
      : h(
          "details",
          {},
          h("summary", {}, t("start.lacking")),
          h(
            "ul",
            {},
            lacking.map((one) =>
              h("li", {}, `${one.number} `, data(one.question), " ", h("span", { class: "quiet" }, t("start.lacks"), " ", data(one.lacks.join(", ")))),
            ),
          ),
        ),
  ];
}

function coverage(rows: Coverage[]): HTMLElement {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": t("missing.coverage") },
    h(
      "table",
      { class: "coverage is-short" },
      h("caption", {}, t("missing.coverage")),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("missing.link")), h("th", { scope: "col" }, t("coverage.have")), h("th", { scope: "col" }, t("coverage.of")), h("th", { scope: "col" }, "%"), h("th", { scope: "col" }, t("coverage.missing")))),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, data(row.link)),
            h("td", {}, row.have),
            h("td", {}, row.of),
            h("td", {}, row.of > 0 ? Math.floor((100 * row.have) / row.of) : "–"),
            h("td", { class: row.missing > 0 ? "is-bad" : "" }, row.missing),
          ),
        ),
      ),
    ),
    h("p", {}, h("a", { href: "#/missing" }, t("start.gaps"))),
  );
}

function additions(next: Addition[], draft: string): Child {
  if (next.length === 0) return empty("start.nothingMore");
  return h(
    "ol",
    { class: "gaps additions" },
    next.slice(0, NEXT_SHOWN).map((one) =>
      h(
        "li",
        {},
        h("p", {}, h("strong", {}, t("start.adds", { n: one.whole.length + one.part.length })), " ", t(one.what === "mapping" ? "start.ships" : "start.says"), " ", data(one.what === "mapping" ? `${one.title} (${one.name})` : one.title)),
        one.whole.length > 0 ? h("p", { class: "quiet" }, t("start.whole"), " ", data(one.whole.join(", "))) : null,
        one.part.length > 0 ? h("p", { class: "quiet" }, t("start.part"), " ", data(one.part.join(", "))) : null,
        one.what === "mapping"
          ? [h("p", { class: "quiet" }, t("start.intoPlant")), command(`[[source]]\nname = "${one.name}"\nmapping = "${one.name}"`)]
          : command(draft),
      ),
    ),
  );
}

function mark(isWell: boolean, key: Key): HTMLElement {
  return h("span", { class: `state is-${isWell ? "known" : "stale"}` }, t(key));
}

/** What to type or to write, with a button that copies it. */
function command(text: string): HTMLElement {
  return h("div", { class: "command" }, h("pre", {}, data(text)), copyButton(t("start.copy"), () => text));
}

export function makeStart(route: Route): Page {
  const page = new StartPage(route.query.get("source") ?? "", route.query.get("table") ?? "");
  return { title: t("start.title"), element: page.element, close: () => page.close() };
}
