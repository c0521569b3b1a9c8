/** One thing: what is known of it, by whose word, since when; what is missing; its runs and links. */

import { ask, contextPath, getJson } from "../api";
import { heard, moment } from "../clock";
import { data, h, put, type Child } from "../dom";
import { may, plant } from "../plant";
import { note, type Page, type Route } from "../router";
import type { Context, Gap, Note, Reason } from "../shapes";
import { follow } from "../stream";
import { t, word } from "../texts";
import { copyButton, empty, entityLink, failed, isAborted, sinceMark, stateMark, waiting } from "../ui";
import { AsOf } from "./asof";
import { factTable } from "./facts";
import { showGraph } from "./graph";
import { pastRuns, timeline } from "./timeline";

const REST_MS = 1_500;

class EntityPage {
  readonly element = h("section", { class: "entity", "aria-labelledby": "title" });
  private readonly body = h("div", {});
  private readonly title: HTMLElement;
  private readonly news = h("div", { role: "status" });
  private readonly asOf: AsOf;
  private readonly leave: () => void;
  private stop = new AbortController();
  private mentions = new Set<string>();
  private timer = 0;
  private closeGraph: (() => void) | null = null;

  constructor(
    private readonly id: string,
    route: Route,
  ) {
    this.title = h("h1", { id: "title" }, data(id));
    this.asOf = new AsOf(route.query.get("at") ?? "", route.query.get("believed") ?? "", () => {
      note({ at: this.asOf.at, believed: this.asOf.believedAt });
      void this.fetch();
    });
    put(this.element, this.title, this.tools(), this.asOf.element, this.news, this.body);
    put(this.body, waiting());
    void this.fetch();
    this.leave = follow({ entity: (name) => this.changed(name), reset: () => this.changed(id) });
  }

  close(): void {
    this.leave();
    this.stop.abort();
    clearTimeout(this.timer);
    this.closeGraph?.();
  }

  private path(more: Record<string, string> = {}): string {
    const query = new URLSearchParams({ focus: "full", ...this.asOf.query(), ...more });
    return `${contextPath(this.id)}?${query.toString()}`;
  }

  private tools(): HTMLElement {
    const text = (form: string) => async (): Promise<string> =>
      (await ask(this.path({ format: form }))).text();
    const address = (): string => new URL(this.path(), document.baseURI).href;
    return h(
      "div",
      { class: "tools" },
      copyButton(t("entity.copyCard"), text("md")),
      copyButton(t("entity.copyJsonld"), text("jsonld")),
      copyButton(t("entity.copyCurl"), () => `curl '${address().replaceAll("'", "%27")}'`),
    );
  }

  private changed(id: string): void {
    // What a note is about is not told of it: any may be about this.
    const isOfThis = this.mentions.has(id) || id.startsWith("note/");
    if (!this.asOf.isNow || !isOfThis || this.timer !== 0) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      // Who reads something that was opened is not interrupted.
      const isReading = this.body.querySelector("details[open]") !== null;
      if (!isReading) void this.fetch();
      else
        put(
          this.news,
          h("button", { type: "button", onclick: () => void this.fetch() }, t("entity.changed")),
        );
    }, REST_MS);
  }

  private async fetch(): Promise<void> {
    this.stop.abort();
    this.stop = new AbortController();
    const { signal } = this.stop;
    try {
      const context = await getJson<Context>(this.path(), signal);
      if (this.asOf.isNow) heard(context.as_of);
      put(this.news);
      this.show(context);
    } catch (error) {
      if (isAborted(error)) return;
      this.asOf.tell("");
      put(this.body, failed(error, () => void this.fetch()));
    }
  }

  private show(context: Context): void {
    const { entity } = context;
    this.mentions = new Set([entity.id, ...context.runs.map((run) => run.run)]);
    put(this.title, h("span", { class: "kind" }, word("kind", entity.kind)), " ", data(entity.label));
    this.asOf.tell(context.as_of);
    put(
      this.body,
      h("p", { class: "id" }, data(entity.id), " ", h("span", {}, data(entity.iri))),
      statusLine(context),
      context.withheld > 0 ? h("p", {}, t("entity.withheld", { n: context.withheld })) : null,
      causes(context),
      part("entity.known", factTable({ ...context.slots, ...context.computed }, this.asOf.isNow)),
      part("entity.runs", this.runs(context)),
      context.gaps.length > 0 ? part("entity.gaps", gapList(context.gaps)) : null,
      context.next.length > 0 ? part("entity.next", nextList(context)) : null,
      part("entity.notes", [noteList(context.notes), this.asOf.isNow ? noteLinks(entity.id) : null]),
      part("entity.graph", this.graph(context)),
    );
  }

  private runs(context: Context): Child {
    const drawn = h("div", { class: "timeline" });
    const asOf = context.as_of;
    put(drawn, timeline(context.runs, asOf));
    if (this.asOf.isNow)
      void pastRuns(context.entity.iri, context.entity.kind, this.stop.signal).then((past) => {
        if (past.length > 0) put(drawn, timeline(context.runs, asOf, past));
      });
    return [
      drawn,
      context.runs.slice(0, 10).map((run) =>
        h(
          "details",
          {},
          h(
            "summary",
            {},
            data(run.slots["job"]?.facts[0]?.label ?? run.run),
            run.phase ? [" · ", word("activity", run.phase)] : null,
            run.position ? [" · ", data(run.position)] : null,
            run.since ? [" · ", sinceMark(run.since)] : null,
            run.end === "open" ? null : [" · ", t(`run.${run.end}`)],
          ),
          run.note ? h("p", {}, data(run.note)) : null,
          factTable(run.slots, this.asOf.isNow),
        ),
      ),
    ];
  }

  private graph(context: Context): Child {
    const place = h("div", { class: "graph-place" });
    const button = h(
      "button",
      {
        type: "button",
        onclick: () => {
          button.remove();
          this.closeGraph?.();
          void showGraph(place, context).then((close) => (this.closeGraph = close));
        },
      },
      t("entity.showGraph"),
    );
    return [button, place];
  }
}

function part(title: Parameters<typeof t>[0], content: Child): HTMLElement {
  return h("section", { class: "part" }, h("h2", {}, t(title)), content);
}

function statusLine(context: Context): HTMLElement {
  const { state, activity, reason, since } = context.status;
  const shown = activity && activity !== "unknown" ? activity : state;
  return h(
    "p",
    { class: "doing" },
    h("strong", {}, shown === null ? t("state.withheld") : word("activity", shown)),
    reason ? [" · ", data(reason)] : null,
    since ? [" · ", t("board.since"), " ", sinceMark(since)] : null,
  );
}

function causes(context: Context): Child {
  if (context.causes.length === 0) return null;
  const rows = context.causes.map((cause) =>
    h("li", {}, entityLink(cause.about), ": ", data(cause.text), cause.hours ? ` (${cause.hours} h)` : null),
  );
  return part("entity.late", h("ol", {}, rows));
}

export function gapList(gaps: Gap[]): HTMLElement {
  return h(
    "ul",
    { class: "gaps" },
    gaps.map((gap) =>
      h(
        "li",
        {},
        stateMark(gap.state),
        " ",
        h("strong", {}, word("slot", gap.slot)),
        " ",
        data(gap.message),
        gap.owner ? h("span", { class: "quiet" }, " ", t("gap.owner", { owner: gap.owner })) : null,
      ),
    ),
  );
}

function nextList(context: Context): HTMLElement {
  const grounds = (reasons: Reason[], className: string): Child =>
    reasons.map((reason) => h("li", { class: className }, data(reason.text)));
  return h(
    "ol",
    { class: "next" },
    context.next.slice(0, 20).map((one) =>
      h(
        "li",
        {},
        h("span", { class: `state is-${one.state}` }, t(`next.${nextState(one.state)}`)),
        " ",
        entityLink(one.operation, one.label),
        " · ",
        entityLink(one.job),
        one.due ? ` · ${t("board.due", { date: one.due.slice(0, 10) })}` : null,
        h("ul", {}, grounds(one.blockers, "blocks"), grounds(one.doubts, "doubt"), grounds(one.reasons, "reason")),
      ),
    ),
  );
}

function nextState(state: string): "ready" | "blocked" | "waiting" {
  return state === "ready" || state === "blocked" ? state : "waiting";
}

function noteLinks(id: string): Child {
  const about = encodeURIComponent(id);
  return h(
    "p",
    { class: "tools" },
    may("notes:write") ? h("a", { href: `#/notes?about=${about}` }, t("entity.writeNote")) : null,
    h("a", { href: `#/notes/codes?about=${about}` }, t("entity.code")),
  );
}

export function noteList(notes: Note[]): HTMLElement {
  if (notes.length === 0) return empty("entity.noNotes");
  return h(
    "ul",
    { class: "notes" },
    notes.map((one) =>
      h(
        "li",
        { class: one.state === "expired" || one.state === "contradicted" ? "is-over" : "" },
        h("blockquote", {}, data(one.text)),
        h(
          "p",
          { class: "quiet" },
          entityLink(one.about),
          one.stated_by ? [" · ", data(one.stated_by)] : null,
          one.stated_at ? [" · ", moment(one.stated_at, plant().zone)] : null,
          one.expires_at ? [" · ", t("note.until", { time: moment(one.expires_at, plant().zone) })] : null,
          " · ",
          stateMark(one.state),
        ),
        one.confirmed_by ? h("p", { class: "quiet" }, t("notes.confirmedBy"), " ", data(one.confirmed_by)) : null,
        one.contradicts ? h("p", { class: "quiet" }, t("notes.against"), " ", data(one.contradicts)) : null,
        one.contradicted_by ? h("p", { class: "quiet" }, t("notes.deniedBy"), " ", data(one.contradicted_by)) : null,
      ),
    ),
  );
}

export function makeEntity(route: Route): Page {
  // Each part of the address was escaped once; what is left of escapes is the id's own.
  const id = route.parts.join("/");
  const page = new EntityPage(id, route);
  return { title: id, element: page.element, close: () => page.close() };
}

