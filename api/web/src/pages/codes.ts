/** A printed code for each machine and job: who points a phone at it writes a note about that thing. */

import { getJson, select } from "../api";
import { data, h, put, svg } from "../dom";
import { may, plant, session } from "../plant";
import type { Page, Route } from "../router";
import type { Machines } from "../shapes";
import { keep, read, t, word } from "../texts";
import { empty, failed, field, isAborted, waiting } from "../ui";

const ADDRESS = "traveler.address";
const MOST = 1_000;
const QUIET_ZONE = 4; // modules: ISO/IEC 18004, section 5.3.8
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

const KINDS = { machine: "codes.machine", job: "codes.job" } as const;

interface Thing {
  id: string;
  label: string;
}

class Codes {
  readonly element = h("section", { class: "codes-page", "aria-labelledby": "title" });
  private readonly body = h("div", {}, waiting());
  private readonly warning = h("div", { role: "status", class: "screen" });
  private readonly address: HTMLInputElement;
  private readonly stop = new AbortController();
  private readonly only: string[];
  private readonly kinds = { machine: true, job: true };

  constructor(route: Route) {
    this.only = (route.query.get("about") ?? "").split(",").map((one) => one.trim()).filter((one) => one !== "");
    const here = new URL("./", document.baseURI).href;
    this.address = h("input", {
      type: "url",
      class: "wide",
      required: true,
      value: plant().url ?? read(ADDRESS) ?? here,
      onchange: () => {
        keep(ADDRESS, this.address.value);
        void this.show();
      },
    });
    put(
      this.element,
      h(
        "div",
        { class: "page-head screen" },
        h("h1", { id: "title" }, t("codes.title")),
        h(
          "div",
          { class: "tools" },
          h("a", { href: this.only.length > 0 ? `#/notes?about=${encodeURIComponent(this.only[0] ?? "")}` : "#/notes" }, t("nav.notes")),
          h("button", { type: "button", onclick: () => window.print() }, t("codes.print")),
        ),
      ),
      h(
        "div",
        { class: "tools filters screen" },
        field(t("codes.address"), this.address),
        this.only.length > 0 ? null : [this.kind("machine"), this.kind("job")],
      ),
      this.warning,
      this.body,
    );
    void this.show();
  }

  close(): void {
    this.stop.abort();
  }

  private kind(name: "machine" | "job"): HTMLElement {
    const box = h("input", {
      type: "checkbox",
      checked: this.kinds[name],
      onchange: () => {
        this.kinds[name] = box.checked;
        void this.show();
      },
    });
    return h("label", {}, box, " ", t(KINDS[name]));
  }

  private async show(): Promise<void> {
    const base = baseOf(this.address.value);
    const isHere = base !== null && LOOPBACK.has(base.hostname);
    put(this.warning, isHere ? h("p", { class: "told failed" }, t("codes.loopback")) : null);
    if (base === null) {
      put(this.body, h("p", { class: "told failed", role: "alert" }, t("codes.noAddress")));
      return;
    }
    try {
      const [{ encodeQR }, things] = await Promise.all([import("qr"), this.things()]);
      const draw = (address: string): boolean[][] => encodeQR(address, "raw", { ecc: "medium", border: QUIET_ZONE });
      if (things.length === 0) put(this.body, empty("codes.none"));
      else put(this.body, h("ul", { class: "codes" }, things.map((one) => card(one, base, draw))));
    } catch (error) {
      if (!isAborted(error)) put(this.body, failed(error, () => void this.show()));
    }
  }

  private async things(): Promise<Thing[]> {
    if (this.only.length > 0) return this.only.map((id) => ({ id, label: "" }));
    const { signal } = this.stop;
    const [machines, jobs] = await Promise.all([
      this.kinds.machine ? getJson<Machines>(`v1/machines?limit=${MOST}`, signal) : null,
      this.kinds.job ? openJobs(signal) : [],
    ]);
    return [...(machines?.machines ?? []).map(({ id, label }) => ({ id, label })), ...jobs];
  }
}

/** The jobs that are released or under way; who may not ask freely names his own in the address. */
async function openJobs(signal: AbortSignal): Promise<Thing[]> {
  if (!may("sparql:read") || session()?.sees_all === false) return [];
  const query = `SELECT ?job (SAMPLE(?name) AS ?label) WHERE {
  VALUES ?status { <https://w3id.org/traveler/code/job-status/released> <https://w3id.org/traveler/code/job-status/in-progress> }
  ?job a tr:Job ; tr:status ?status OPTIONAL { ?job rdfs:label ?name }
} GROUP BY ?job ORDER BY ?job LIMIT ${MOST}`;
  const { base } = plant();
  const rows = await select(query, signal);
  return rows.map((row) => {
    const id = (row["job"]?.value ?? "").replace(base, "");
    return { id, label: row["label"]?.value ?? "" };
  });
}

/** Where the pages are for a phone; null where that is no address. */
function baseOf(text: string): URL | null {
  try {
    const url = new URL(text.endsWith("/") ? text : `${text}/`);
    return url.protocol === "http:" || url.protocol === "https:" ? url : null;
  } catch {
    return null;
  }
}

function card(one: Thing, base: URL, draw: (address: string) => boolean[][]): HTMLElement {
  const hash = `#/notes?about=${encodeURIComponent(one.id)}`;
  const address = new URL(hash, base).href;
  const kind = one.id.split("/")[0] ?? "";
  return h(
    "li",
    {},
    drawn(draw(address), t("codes.leads", { address })),
    h("h2", {}, h("span", { class: "kind" }, word("kind", kind)), " ", data(one.label || one.id.slice(kind.length + 1))),
    h("p", {}, data(one.id)),
    h("p", {}, h("a", { href: hash }, t("codes.does"))),
  );
}

/** Black on white whatever the theme: phones read nothing else for sure. */
function drawn(modules: boolean[][], label: string): SVGElement {
  const size = modules.length;
  const path = modules.map((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")).join("")).join("");
  return svg(
    "svg",
    { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#fff" }),
    svg("path", { d: path, fill: "#000" }),
  );
}

export function makeCodes(route: Route): Page {
  const page = new Codes(route);
  return { title: t("codes.title"), element: page.element, close: () => page.close() };
}
