/** What is missing: coverage, what to mend first, every gap with its candidates, and exports. */

import { getJson, send } from "../api";
import { data, h, put, svg, type Child } from "../dom";
import { may } from "../plant";
import { note, type Page, type Route } from "../router";
import type { Candidate, Coverage, Gap, Worth } from "../shapes";
import { follow } from "../stream";
import { keep, read, t, word, type Key } from "../texts";
import { choice, empty, entityLink, failed, field, isAborted, sinceMark, stateMark, waiting } from "../ui";

const MOST = 2_000;
const AT_ONCE = 50;
const PERSON = "traveler.person";

interface Repair {
  sentence: string;
  gaps: number;
  answers: number;
  worth: Worth[];
}

interface Gaps {
  checked_at: string | null;
  coverage: Coverage[];
  repairs: Repair[];
  gaps: Gap[];
  quarantine: { rows: number }[];
  withheld: number;
}

interface CoverageThen extends Coverage {
  at: string;
}

type Grouping = "rank" | "source" | "owner" | "slot" | "kind";
const GROUPINGS: Grouping[] = ["rank", "source", "owner", "slot", "kind"];

class Missing {
  readonly element = h("section", { class: "missing", "aria-labelledby": "title" });
  private readonly body = h("div", {}, waiting());
  private readonly list = h("div", {});
  private readonly exports = h("p", { class: "tools" });
  private readonly news = h("div", { role: "status" });
  private readonly stop = new AbortController();
  private readonly leave: () => void;
  private found: Gaps | null = null;
  private filters: Record<"state" | "kind" | "slot" | "source" | "owner" | "text", string>;
  private grouping: Grouping;

  constructor(route: Route) {
    const of = (name: string): string => route.query.get(name) ?? "";
    this.filters = {
      state: of("state"),
      kind: of("kind"),
      slot: of("slot"),
      source: of("source"),
      owner: of("owner"),
      text: of("text"),
    };
    this.grouping = GROUPINGS.find((one) => one === of("by")) ?? "rank";
    put(
      this.element,
      h("div", { class: "page-head" }, h("h1", { id: "title" }, t("nav.missing"))),
      this.news,
      this.body,
    );
    void this.fetch();
    this.leave = follow({ gap: () => this.changed(), reset: () => this.changed() });
  }

  close(): void {
    this.leave();
    this.stop.abort();
  }

  private changed(): void {
    if (this.found === null) return;
    put(this.news, h("button", { type: "button", onclick: () => void this.fetch() }, t("missing.changed")));
  }

  private async fetch(): Promise<void> {
    const { signal } = this.stop;
    try {
      const [found, past] = await Promise.all([
        getJson<Gaps>(`v1/gaps?limit=${MOST}`, signal),
        getJson<{ coverage: CoverageThen[] }>("v1/gaps/history", signal),
      ]);
      this.found = found;
      put(this.news);
      put(
        this.body,
        coverageTable(found.coverage, past.coverage),
        repairs(found.repairs),
        this.tools(found.gaps),
        this.exports,
        found.gaps.length === MOST ? h("p", {}, t("missing.first", { n: MOST })) : null,
        found.withheld > 0 ? h("p", {}, t("entity.withheld", { n: found.withheld })) : null,
        this.list,
      );
      this.show();
    } catch (error) {
      if (!isAborted(error)) put(this.body, failed(error, () => void this.fetch()));
    }
  }

  private tools(gaps: Gap[]): HTMLElement {
    const pick = (name: "state" | "kind" | "slot" | "source" | "owner", label: Key): HTMLElement => {
      const values = [...new Set(gaps.map((gap) => gap[name] ?? ""))].filter((one) => one !== "").sort();
      const list = name === "state" ? "state" : name === "kind" ? "gap" : "slot";
      const shown = (one: string): string => (name === "source" || name === "owner" ? one : word(list, one));
      const options: [string, string][] = [["", t("missing.any")], ...values.map((one): [string, string] => [one, shown(one)])];
      return field(t(label), choice(options, this.filters[name], (value) => this.narrow(name, value)));
    };
    const text = h("input", { type: "search", value: this.filters.text, oninput: () => this.narrow("text", text.value) });
    const groups = GROUPINGS.map((one): [string, string] => [one, t(`missing.by.${one}`)]);
    const group = choice(groups, this.grouping, (value) => {
      this.grouping = GROUPINGS.find((one) => one === value) ?? "rank";
      this.show();
    });
    return h(
      "div",
      { class: "tools filters" },
      field(t("missing.group"), group),
      pick("state", "fact.state"),
      pick("kind", "missing.kind"),
      pick("slot", "fact.slot"),
      pick("source", "fact.source"),
      pick("owner", "missing.owner"),
      field(t("missing.text"), text),
    );
  }

  private narrow(name: keyof Missing["filters"], value: string): void {
    this.filters[name] = value;
    this.show();
  }

  private show(): void {
    if (this.found === null) return;
    note({ ...this.filters, by: this.grouping === "rank" ? "" : this.grouping });
    const { state, kind, slot } = this.filters;
    const query = new URLSearchParams(Object.entries({ state, kind, slot }).filter(([, value]) => value !== ""));
    put(
      this.exports,
      t("missing.export"),
      ["csv", "html", "turtle", "text"].map((form) =>
        h("a", { href: `v1/gaps?format=${form}&${query.toString()}`, target: "_blank", rel: "noopener" }, form),
      ),
    );
    const wanted = this.filters.text.trim().toLocaleLowerCase();
    const gaps = this.found.gaps.filter(
      (gap) =>
        (["state", "kind", "slot", "source", "owner"] as const).every(
          (name) => this.filters[name] === "" || gap[name] === this.filters[name],
        ) && `${gap.entity} ${gap.label} ${gap.message}`.toLocaleLowerCase().includes(wanted),
    );
    if (gaps.length === 0) put(this.list, empty(this.found.gaps.length === 0 ? "missing.none" : "missing.noneSuch"));
    else put(this.list, this.groups(gaps));
  }

  private groups(gaps: Gap[]): Child {
    if (this.grouping === "rank") return this.listed(gaps);
    const grouping = this.grouping;
    const groups = new Map<string, Gap[]>();
    for (const gap of gaps) {
      const name = gap[grouping] ?? "";
      groups.set(name, [...(groups.get(name) ?? []), gap]);
    }
    return [...groups]
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([name, group]) => {
        const place = h("div", {});
        const list = grouping === "slot" ? "slot" : "gap";
        const label = grouping === "slot" || grouping === "kind" ? word(list, name) : name;
        const details = h(
          "details",
          {
            open: groups.size === 1,
            ontoggle: () => {
              if (details.open && place.childElementCount === 0) put(place, this.listed(group));
            },
          },
          h("summary", {}, data(label || t("missing.nobody")), " ", h("strong", {}, group.length)),
          place,
        );
        return details;
      });
  }

  /** Some at a time: a plant of many years has more gaps than a browser likes to draw. */
  private listed(gaps: Gap[]): HTMLElement {
    const list = h("ol", { class: "gaps ranked" });
    const more = h("button", { type: "button", onclick: () => add() });
    let told = 0;
    const add = (): void => {
      const next = gaps.slice(told, told + AT_ONCE);
      list.append(...next.map((gap) => this.gap(gap)));
      told += next.length;
      more.hidden = told >= gaps.length;
      put(more, t("missing.more", { n: gaps.length - told }));
    };
    add();
    return h("div", {}, h("p", { class: "quiet" }, t("missing.count", { n: gaps.length })), list, more);
  }

  private gap(gap: Gap): HTMLElement {
    return h(
      "li",
      { id: `gap-${gap.id}` },
      h("p", {}, stateMark(gap.state), " ", h("strong", {}, word("slot", gap.slot)), " · ", entityLink(gap.entity, gap.label || gap.entity)),
      h("p", {}, data(gap.message)),
      h(
        "p",
        { class: "quiet" },
        gap.flow_step || gap.source ? [t("missing.where"), " ", data(gap.flow_step ?? gap.source ?? ""), " · "] : null,
        gap.owner ? [data(gap.owner), " · "] : null,
        gap.since ? [t("board.since"), " ", sinceMark(gap.since)] : null,
      ),
      risk(gap),
      gap.candidates.length > 0 ? this.candidates(gap) : null,
    );
  }

  private candidates(gap: Gap): HTMLElement {
    const canRule = may("plant:admin");
    return h(
      "ul",
      { class: "candidates" },
      gap.candidates.map((one) =>
        h(
          "li",
          {},
          entityLink(one.entity, one.label),
          " ",
          h("meter", { min: 0, max: 1, value: one.score, "aria-label": t("missing.score") }),
          ` ${Math.round(one.score * 100)} % `,
          h("span", { class: "quiet" }, data(one.reasons.join("; "))),
          " ",
          canRule ? this.accept(gap, one) : null,
        ),
      ),
    );
  }

  private accept(gap: Gap, candidate: Candidate): HTMLElement {
    const place = h("span", {});
    const begin = h("button", { type: "button", onclick: () => ask() }, t("missing.accept"));
    put(place, begin);
    const ask = (): void => {
      const by = h("input", { name: "by", required: true, maxlength: 100, value: read(PERSON) ?? "" });
      const why = h("input", { name: "why", maxlength: 1000 });
      const told = h("span", { role: "alert" });
      const form = h(
        "form",
        {
          class: "tools",
          onsubmit: (event) => {
            event.preventDefault();
            keep(PERSON, by.value);
            void this.rule(gap, candidate, by.value, why.value, told);
          },
        },
        field(t("note.by"), by),
        field(t("missing.why"), why),
        h("button", {}, t("missing.same")),
        told,
      );
      put(place, form);
      by.focus();
    };
    return place;
  }

  private async rule(gap: Gap, candidate: Candidate, by: string, why: string, told: HTMLElement): Promise<void> {
    const path = `v1/gaps/${gap.id.split("/").map(encodeURIComponent).join("/")}/accept`;
    try {
      await send("POST", path, { candidate: candidate.entity, by, why });
      await this.fetch();
      put(this.news, t("missing.accepted", { a: gap.entity, b: candidate.entity }));
    } catch (error) {
      put(told, failed(error));
    }
  }
}

function risk(gap: Gap): Child {
  const worth = gap.value_at_risk.map((one) => `${one.amount} ${one.currency ?? ""}`).join(", ");
  const at = gap.at_risk;
  if (at === null && worth === "") return null;
  return h(
    "p",
    { class: "quiet" },
    worth ? [t("missing.worth"), " ", h("strong", {}, worth), " · "] : null,
    at?.due ? [t("board.due", { date: at.due.slice(0, 10) }), " · "] : null,
    at && at.customers.length > 0
      ? [at.customers.slice(0, 3).map((one, place) => [place > 0 ? ", " : "", entityLink(one)])]
      : null,
    gap.questions.length > 0 ? [" · ", t("missing.questions", { n: gap.questions.length })] : null,
  );
}

function repairs(found: Repair[]): Child {
  if (found.length === 0) return null;
  const rows = found.slice(0, 5).map((one) => h("li", {}, data(one.sentence)));
  return h("section", { class: "part" }, h("h2", {}, t("missing.first5")), h("ol", {}, rows));
}

const COUNTS = ["have", "of", "none", "not_due", "unknown", "missing"] as const;

function coverageTable(rows: Coverage[], past: CoverageThen[]): HTMLElement {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": t("missing.coverage") },
    h(
      "table",
      { class: "coverage" },
      h("caption", {}, t("missing.coverage")),
      h(
        "thead",
        {},
        h("tr", {}, h("th", { scope: "col" }, t("missing.link")), h("th", { scope: "col" }, "%"), COUNTS.map((name) => h("th", { scope: "col" }, t(`coverage.${name}`))), h("th", { scope: "col" }, t("missing.over"))),
      ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, row.link),
            h("td", {}, percent(row)),
            COUNTS.map((name) => h("td", { class: name === "missing" && row[name] > 0 ? "is-bad" : "" }, row[name])),
            h("td", {}, line(past.filter((one) => one.link === row.link))),
          ),
        ),
      ),
    ),
  );
}

function percent(row: Coverage): string {
  return row.of > 0 ? `${Math.floor((100 * row.have) / row.of)} %` : "–";
}

/** How a link's coverage went, in steps. */
function line(past: CoverageThen[]): Child {
  if (past.length < 2) return null;
  const first = Date.parse(past[0]?.at ?? "");
  const last = Date.parse(past.at(-1)?.at ?? "");
  const x = (at: string): number => (100 * (Date.parse(at) - first)) / Math.max(1, last - first);
  const y = (row: Coverage): number => 20 - (row.of > 0 ? (18 * row.have) / row.of : 0);
  const path = past.map((row, place) => {
    const step = place === 0 ? `M0 ${y(row)}` : `H${x(row.at).toFixed(1)}V${y(row).toFixed(1)}`;
    return step;
  });
  const ends = [past[0], past.at(-1)].map((row) => (row ? percent(row) : "")).join(" → ");
  return svg(
    "svg",
    { viewBox: "0 0 100 22", class: "spark", role: "img", "aria-label": t("missing.went", { ends }) },
    svg("title", {}, ends),
    svg("path", { d: path.join("") }),
  );
}

export function makeMissing(route: Route): Page {
  const page = new Missing(route);
  return { title: t("nav.missing"), element: page.element, close: () => page.close() };
}

