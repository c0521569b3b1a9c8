/** SPARQL: an editor with completion, the saved questions, results as a table, downloads. */

import { ask, getJson } from "../api";
import { data, h, put, type Child } from "../dom";
import { may, plant, session } from "../plant";
import type { Page, Route } from "../router";
import { keep, read, t, type Key } from "../texts";
import { empty, entityLink, failed, field, isAborted, isEntity, waiting } from "../ui";
import { Editor, type Term } from "./completion";

const KEPT = "traveler.query";
const AT_ONCE = 200;
const FIRST = `PREFIX tr: <https://w3id.org/traveler/ontology/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?machine ?job WHERE {
  ?run tr:runningOn ?machine .
  OPTIONAL { ?run tr:ofJob ?job }
}
ORDER BY ?machine
LIMIT 100
`;
const TABLES = { csv: "text/csv", json: "application/sparql-results+json", xml: "application/sparql-results+xml" };
const GRAPHS = { turtle: "text/turtle", ntriples: "application/n-triples" };
const ENDINGS: Record<string, string> = { turtle: "ttl", ntriples: "nt" };

interface Binding {
  type: string;
  value: string;
  "xml:lang"?: string;
}

interface Results {
  head: { vars?: string[] };
  results?: { bindings: Record<string, Binding | undefined>[] };
  boolean?: boolean;
}

interface Question {
  name: string;
  number: string;
  question: string;
  parameters: Record<string, string>;
  optional: string[];
}

class Sparql {
  readonly element = h("section", { class: "sparql", "aria-labelledby": "title" });
  private readonly shown = h("div", { "aria-live": "polite" });
  private readonly editor: Editor;
  private readonly saved = h("div", {}, waiting());
  private stop = new AbortController();

  constructor(route: Route) {
    this.editor = new Editor(read(KEPT) ?? FIRST, t("sparql.query"), () => void this.run());
    const canAsk = may("sparql:read") && session()?.sees_all !== false;
    const run = h("button", { type: "button", onclick: () => void this.run() }, t("sparql.run"));
    put(
      this.element,
      h("h1", { id: "title" }, t("nav.sparql")),
      h("details", { open: !canAsk || route.parts.length > 0 }, h("summary", {}, t("sparql.saved")), this.saved),
      canAsk
        ? [this.editor.element, h("p", { class: "tools" }, run, h("span", { class: "quiet" }, t("sparql.how")))]
        : empty("sparql.notYours"),
      this.shown,
    );
    void this.questions(route.parts[0] ?? "");
    void getJson<{ terms: Term[] }>("v1/terms", this.stop.signal)
      .then(({ terms }) => this.editor.know(terms))
      .catch(() => undefined); // One can write without completion.
  }

  close(): void {
    this.stop.abort();
  }

  private async questions(chosen: string): Promise<void> {
    try {
      const { questions } = await getJson<{ questions: Question[] }>("v1/questions");
      const asked = h("div", {});
      const choose = (name: string): void => {
        const question = questions.find((one) => one.name === name);
        put(asked, question ? this.form(question) : null);
      };
      const select = h(
        "select",
        { onchange: () => choose(select.value) },
        h("option", { value: "" }, t("sparql.choose")),
        questions.map((one) => h("option", { value: one.name, selected: one.name === chosen }, `${one.number}. ${one.question}`)),
      );
      put(this.saved, field(t("sparql.saved"), select), asked);
      choose(chosen);
    } catch (error) {
      put(this.saved, failed(error));
    }
  }

  private form(question: Question): HTMLElement {
    const inputs = Object.entries(question.parameters).map(([name, kind]): [string, HTMLInputElement] => [
      name,
      h("input", { name, required: !question.optional.includes(name), placeholder: kind.replace(/^.*[:#/]/, "") }),
    ]);
    const query = (): string =>
      new URLSearchParams(
        inputs.map(([name, input]): [string, string] => [name, input.value]).filter(([, value]) => value !== ""),
      ).toString();
    const path = `v1/questions/${encodeURIComponent(question.name)}`;
    return h(
      "form",
      {
        class: "tools",
        onsubmit: (event) => {
          event.preventDefault();
          void this.answer(path, query());
        },
      },
      inputs.map(([name, input]) => field(name, input)),
      h("button", {}, t("sparql.run")),
    );
  }

  private async answer(path: string, query: string): Promise<void> {
    const signal = this.renew();
    put(this.shown, waiting());
    try {
      const found = await getJson<{ columns: string[]; rows: Record<string, string>[] }>(`${path}?${query}`, signal);
      const cell = (value: string | undefined): Child =>
        value === undefined ? "" : isEntity(value) ? entityLink(value) : data(value);
      const rows = found.rows.map((row) => found.columns.map((name) => cell(row[name])));
      const csv = h("a", { href: `${path}?format=csv&${query}`, download: "" }, "CSV");
      put(this.shown, h("p", { class: "tools" }, t("sparql.download"), csv), table(found.columns, rows));
    } catch (error) {
      if (!isAborted(error)) put(this.shown, failed(error));
    }
  }

  private async run(): Promise<void> {
    const signal = this.renew();
    const query = this.editor.field.value;
    keep(KEPT, query);
    put(this.shown, waiting());
    try {
      const accept = `${TABLES.json}, ${GRAPHS.turtle};q=0.9`;
      const answer = await this.post(query, accept, signal);
      const isTable = (answer.headers.get("content-type") ?? "").includes("json");
      const body = isTable ? results((await answer.json()) as Results) : h("pre", { tabindex: "0" }, await answer.text());
      put(this.shown, this.downloads(query, isTable ? TABLES : GRAPHS), body);
    } catch (error) {
      if (!isAborted(error)) put(this.shown, failed(error));
    }
  }

  private renew(): AbortSignal {
    this.stop.abort();
    this.stop = new AbortController();
    return this.stop.signal;
  }

  private post(query: string, accept: string, signal: AbortSignal): Promise<Response> {
    const headers = { "Content-Type": "application/sparql-query", Accept: accept };
    return ask("sparql", { method: "POST", body: query, headers, signal });
  }

  private downloads(query: string, forms: Record<string, string>): HTMLElement {
    const load = async (name: string, accept: string): Promise<void> => {
      const answer = await this.post(query, accept, this.stop.signal);
      const address = URL.createObjectURL(await answer.blob());
      const link = document.createElement("a");
      link.href = address;
      link.download = `traveler.${ENDINGS[name] ?? name}`;
      link.click();
      URL.revokeObjectURL(address);
    };
    return h(
      "p",
      { class: "tools" },
      t("sparql.download"),
      Object.entries(forms).map(([name, accept]) =>
        h("button", { type: "button", onclick: () => void load(name, accept) }, t(`sparql.${name}` as Key)),
      ),
    );
  }
}

function results(found: Results): HTMLElement {
  if (found.boolean !== undefined) return h("p", { class: "doing" }, h("strong", {}, t(found.boolean ? "sparql.yes" : "sparql.no")));
  const columns = found.head.vars ?? [];
  const rows = (found.results?.bindings ?? []).map((row) => columns.map((name) => cell(row[name])));
  return table(columns, rows);
}

function cell(binding: Binding | undefined): Child {
  if (binding === undefined) return "";
  if (binding.type !== "uri") return data(binding.value);
  const short = binding.value.startsWith(plant().base) ? binding.value.slice(plant().base.length) : binding.value;
  return entityLink(short);
}

/** Rows some at a time, so that ten thousand are no burden. */
function table(columns: string[], rows: Child[][]): HTMLElement {
  if (rows.length === 0) return empty("sparql.none");
  const body = h("tbody", {});
  const more = h("button", { type: "button", onclick: () => add() });
  let told = 0;
  const add = (): void => {
    const next = rows.slice(told, told + AT_ONCE);
    body.append(...next.map((row) => h("tr", {}, row.map((value) => h("td", {}, value)))));
    told += next.length;
    more.hidden = told >= rows.length;
    put(more, t("missing.more", { n: rows.length - told }));
  };
  add();
  return h(
    "div",
    { class: "results" },
    h("p", { class: "quiet" }, t("sparql.rows", { n: rows.length })),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": t("sparql.results") },
      h("table", {}, h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, data(name))))), body),
    ),
    more,
  );
}

export function makeSparql(route: Route): Page {
  const page = new Sparql(route);
  return { title: t("nav.sparql"), element: page.element, close: () => page.close() };
}
