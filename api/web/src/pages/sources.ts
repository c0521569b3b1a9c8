/** The sources: who is read, how old, how far behind; and the rows that wait in quarantine. */

import { getJson, send } from "../api";
import { heard, span } from "../clock";
import { data, h, put, type Child } from "../dom";
import { may } from "../plant";
import type { Page } from "../router";
import type { SourceState } from "../shapes";
import { follow } from "../stream";
import { t } from "../texts";
import { empty, failed, field, isAborted, sinceMark, stateMark, waiting } from "../ui";

const RENEW_MS = 10_000;
const AT_ONCE = 50;

interface Ready {
  ready: boolean;
  reasons: string[];
  applied_seq: number;
  last_seq: number;
  sources: SourceState[];
  feeds: Feed[];
}

interface Feed {
  source: string;
  is_connected: boolean;
  last_message: string;
  new: number;
  unchanged: number;
  quarantined: number;
  error: string;
  hint: string;
  alarm: string;
}

interface Reading {
  name: string;
  last_success: string;
  error: string;
  hint: string;
  failures: number;
  lag_seconds: number;
}

interface Health {
  error: string;
  hint: string;
  alarm: string;
  sources: Reading[];
  is_accepting: boolean;
  free_mb: number;
}

interface Row {
  id: number;
  source: string;
  table: string;
  key: string | null;
  position: string;
  stage: string;
  code: string;
  message: string;
  hint: string;
  raw: string;
  first_seen: string;
  attempts: number;
  is_mapping_current: boolean;
}

class Sources {
  readonly element = h("section", { class: "sources", "aria-labelledby": "title" });
  private readonly health = h("div", {}, waiting());
  private readonly waitingRows = h("div", {}, waiting());
  private readonly stop = new AbortController();
  private readonly leave: () => void;
  private readonly timer: number;

  constructor() {
    put(
      this.element,
      h("h1", { id: "title" }, t("nav.sources")),
      this.health,
      h("h2", {}, t("quarantine.title")),
      this.waitingRows,
    );
    void this.fetch();
    void this.fetchRows();
    this.leave = follow({ source: () => void this.fetch(), reset: () => void this.fetch() });
    this.timer = window.setInterval(() => void this.fetch(), RENEW_MS);
  }

  close(): void {
    this.leave();
    this.stop.abort();
    clearInterval(this.timer);
  }

  private async fetch(): Promise<void> {
    const { signal } = this.stop;
    try {
      const [ready, health] = await Promise.all([
        getJson<Ready>("v1/sources", signal),
        getJson<Health>("health", signal),
      ]);
      for (const source of ready.sources) heard(source.confirmed_at ?? "");
      put(this.health, summary(ready, health), table(ready, health));
    } catch (error) {
      if (!isAborted(error)) put(this.health, failed(error, () => void this.fetch()));
    }
  }

  private async fetchRows(): Promise<void> {
    if (!may("quarantine:admin")) {
      put(this.waitingRows, empty("quarantine.notYours"));
      return;
    }
    try {
      const { rows } = await getJson<{ rows: Row[] }>("v1/quarantine", this.stop.signal);
      if (rows.length === 0) put(this.waitingRows, empty("quarantine.none"));
      else put(this.waitingRows, this.rows(rows));
    } catch (error) {
      if (!isAborted(error)) put(this.waitingRows, failed(error, () => void this.fetchRows()));
    }
  }

  private rows(rows: Row[]): Child {
    const list = h("ul", { class: "gaps" });
    const more = h("button", { type: "button", onclick: () => add() });
    let told = 0;
    const add = (): void => {
      const next = rows.slice(told, told + AT_ONCE);
      list.append(...next.map((row) => this.row(row)));
      told += next.length;
      more.hidden = told >= rows.length;
      put(more, t("missing.more", { n: rows.length - told }));
    };
    add();
    return [h("p", { class: "quiet" }, t("quarantine.count", { n: rows.length })), list, more];
  }

  private row(row: Row): HTMLElement {
    const told = h("span", { role: "alert" });
    const item = h("li", {});
    const reason = h("input", { required: true, maxlength: 1000 });
    const replay = async (): Promise<void> => {
      try {
        const { has_left: hasLeft } = await send<{ has_left: boolean }>("POST", `v1/quarantine/${row.id}/replay`, {});
        if (hasLeft) await this.fetchRows();
        else put(told, t("quarantine.stays"));
      } catch (error) {
        put(told, failed(error));
      }
    };
    const discard = async (): Promise<void> => {
      try {
        await send("POST", `v1/quarantine/${row.id}/discard`, { reason: reason.value });
        await this.fetchRows();
      } catch (error) {
        put(told, failed(error));
      }
    };
    put(
      item,
      h("p", {}, h("strong", {}, data(`${row.source}.${row.table}`)), " ", data(row.key ?? ""), " · ", data(row.code)),
      h("p", {}, data(row.message)),
      h("p", { class: "quiet" }, data(row.hint)),
      h("p", { class: "quiet" }, data(row.position), " · ", sinceMark(row.first_seen), " · ", t("quarantine.tries", { n: row.attempts })),
      row.is_mapping_current ? null : h("p", {}, t("quarantine.mended")),
      h("details", {}, h("summary", {}, t("quarantine.raw")), h("pre", { tabindex: "0" }, row.raw)),
      h(
        "div",
        { class: "tools" },
        h("button", { type: "button", onclick: () => void replay() }, t("quarantine.replay")),
        h(
          "form",
          {
            class: "tools",
            onsubmit: (event) => {
              event.preventDefault();
              void discard();
            },
          },
          field(t("quarantine.reason"), reason),
          h("button", {}, t("quarantine.discard")),
        ),
        told,
      ),
    );
    return item;
  }
}

function summary(ready: Ready, health: Health): HTMLElement {
  const behind = ready.last_seq - ready.applied_seq;
  const troubles = [health.error, health.hint, health.alarm, ...ready.reasons].filter((one) => one);
  // To be some records behind for a moment is no trouble, where nothing keeps it from following.
  const isBad = Boolean(health.error || health.alarm) || !health.is_accepting || ready.reasons.length > 1;
  return h(
    "div",
    { class: isBad ? "told failed" : "told" },
    h("p", {}, h("strong", {}, t(ready.ready ? "sources.ready" : "sources.notReady"))),
    h("p", {}, t("sources.behind", { n: behind, last: ready.last_seq }), " · ", t("sources.disk", { n: health.free_mb })),
    health.is_accepting ? null : h("p", {}, t("sources.full")),
    troubles.length > 0 ? h("ul", {}, troubles.map((one) => h("li", {}, data(one)))) : null,
  );
}

function table(ready: Ready, health: Health): HTMLElement {
  if (ready.sources.length === 0) return empty("sources.none");
  const heads = ["sources.source", "fact.state", "fact.confirmed", "sources.lag", "sources.owner", "sources.covers", "sources.came"] as const;
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": t("nav.sources") },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, heads.map((key) => h("th", { scope: "col" }, t(key))))),
      h(
        "tbody",
        {},
        ready.sources.map((source) => {
          const reading = health.sources.find((one) => one.name === source.name);
          const feed = ready.feeds.find((one) => one.source === source.name);
          return row(source, reading, feed);
        }),
      ),
    ),
  );
}

function row(source: SourceState, reading: Reading | undefined, feed: Feed | undefined): HTMLElement {
  const error = reading?.error || feed?.error || feed?.alarm || "";
  const hint = reading?.hint || feed?.hint || "";
  const isCut = feed !== undefined && !feed.is_connected;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, data(source.title), h("div", { class: "quiet" }, data(source.name), " · ", data(source.system))),
    h(
      "td",
      {},
      error || isCut ? h("span", { class: "state is-missing" }, t("sources.error")) : stateMark(source.is_stale ? "stale" : "known"),
      error ? h("div", {}, data(error), " ", data(hint, "quiet")) : null,
      reading && reading.failures > 1 ? h("div", {}, t("sources.failures", { n: reading.failures })) : null,
    ),
    h("td", {}, sinceMark(source.confirmed_at)),
    h("td", {}, reading && reading.lag_seconds > 0 ? span(reading.lag_seconds) : "–"),
    h("td", {}, data(source.owner)),
    h("td", {}, data(source.covers.join(", "))),
    h("td", {}, feed ? t("sources.counts", { new: feed.new, same: feed.unchanged, bad: feed.quarantined }) : "–"),
  );
}

export function makeSources(): Page {
  const page = new Sources();
  return { title: t("nav.sources"), element: page.element, close: () => page.close() };
}
