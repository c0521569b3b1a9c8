/** What people know: written at the machine, confirmed or contradicted by others, until it expires. */

import { getJson, Refusal, send } from "../api";
import { heard, moment, now } from "../clock";
import { data, h, put, type Child } from "../dom";
import { may, plant } from "../plant";
import { note as noteAddress, type Page, type Route } from "../router";
import type { Note } from "../shapes";
import { follow } from "../stream";
import { keep, read, t, word } from "../texts";
import { choice, empty, entityLink, failed, field, isAborted, stateMark, waiting } from "../ui";
import { makeCodes } from "./codes";

const PERSON = "traveler.person";
const LONGEST = 2_000;
const REST_MS = 1_000;
const STATES = ["unconfirmed", "confirmed", "contradicted", "expired"];

interface Confirmed {
  by: string;
  at: string | null;
}

interface Entry extends Omit<Note, "confirmed_by" | "contradicted_by"> {
  label: string;
  confirmed_by: Confirmed[];
  contradicted_by: string[];
  source: string | null;
  recorded_at: string | null;
}

interface Listed {
  as_of: string;
  notes: Entry[];
  next: string | null;
}

/** What was written and not sent: it outlives a lost server and a look at another page. */
interface Draft {
  about: string;
  text: string;
  contradicts: string;
  key: string;
}

let draft: Draft | null = null;

type Term = "none" | "today" | "tomorrow" | "week" | "moment";

class Notes {
  readonly element = h("section", { class: "notes-page", "aria-labelledby": "title" });
  private readonly list = h("div", {}, waiting());
  private readonly told = h("div", { role: "status" });
  private readonly against = h("div", {});
  private readonly stop = new AbortController();
  private readonly leave: () => void;
  private readonly about: HTMLInputElement;
  private readonly text: HTMLTextAreaElement;
  private readonly by: HTMLInputElement;
  private readonly until: HTMLInputElement;
  private readonly send: HTMLButtonElement;
  private filter: { about: string; state: string };
  private term: Term = "none";
  private contradicts = "";
  private key = newKey();
  private timer = 0;
  private turn = 0;
  private renewals: (() => void)[] = [];

  constructor(route: Route) {
    this.filter = { about: route.query.get("about") ?? "", state: route.query.get("state") ?? "" };
    this.contradicts = route.query.get("contradicts") ?? "";
    const kept = draft !== null && ["", draft.about].includes(this.filter.about) ? draft : null;
    if (kept !== null) [this.contradicts, this.key] = [kept.contradicts, kept.key];
    this.about = h("input", { name: "about", required: this.contradicts === "", maxlength: 400, value: kept?.about ?? this.filter.about });
    this.text = h("textarea", { name: "text", required: true, rows: 4, maxlength: LONGEST, value: kept?.text ?? "" });
    this.by = h("input", { name: "by", required: true, maxlength: 100, autocomplete: "off", value: read(PERSON) ?? "", oninput: () => this.renew() });
    this.until = h("input", { type: "datetime-local", name: "until", "aria-label": t("notes.moment") });
    this.send = h("button", { class: "main" }, t("notes.write"));
    put(
      this.element,
      h(
        "div",
        { class: "page-head" },
        h("h1", { id: "title" }, t("nav.notes")),
        // What there is to print a code for, others may ask.
        may("context:read") || this.filter.about !== ""
          ? h("div", { class: "tools" }, h("a", { href: this.codesAddress() }, t("notes.codes")))
          : null,
      ),
      may("notes:write") ? this.form() : null,
      this.told,
      this.filters(),
      this.list,
    );
    void this.fetch();
    // Who may only read and write notes is told nothing of what else goes on.
    this.leave = may("context:read")
      ? follow({ entity: (id) => this.changed(id), reset: () => this.changed("note/") })
      : () => undefined;
  }

  close(): void {
    this.leave();
    this.stop.abort();
    clearTimeout(this.timer);
  }

  private codesAddress(): string {
    const { about } = this.filter;
    return about === "" ? "#/notes/codes" : `#/notes/codes?about=${encodeURIComponent(about)}`;
  }

  // ---- writing

  private form(): HTMLElement {
    this.until.hidden = true;
    const terms: [Term, string][] = [
      ["none", t("notes.term.none")],
      ["today", t("notes.term.today")],
      ["tomorrow", t("notes.term.tomorrow")],
      ["week", t("notes.term.week")],
      ["moment", t("notes.term.moment")],
    ];
    const term = choice(terms, "none", (value) => {
      this.term = terms.find(([one]) => one === value)?.[0] ?? "none";
      this.until.hidden = this.term !== "moment";
      this.until.required = this.term === "moment";
    });
    this.showAgainst("");
    return h(
      "form",
      {
        class: "writing",
        onsubmit: (event) => {
          event.preventDefault();
          void this.write();
        },
        oninput: () => this.drafted(),
      },
      this.against,
      field(t("notes.about"), this.about),
      field(t("notes.text"), this.text),
      h("div", { class: "tools" }, field(t("notes.until"), term), this.until, field(t("note.by"), this.by), this.send),
    );
  }

  /** What is changed after it was sent is another note. */
  private drafted(): void {
    this.key = newKey();
    draft = { about: this.about.value, text: this.text.value, contradicts: this.contradicts, key: this.key };
  }

  private showAgainst(said: string): void {
    if (this.contradicts === "") {
      put(this.against);
      return;
    }
    const cancel = (): void => {
      this.contradicts = "";
      this.about.required = true;
      this.showAgainst("");
    };
    put(
      this.against,
      h(
        "p",
        { class: "against" },
        stateMark("contradicted"),
        " ",
        t("notes.against"),
        " ",
        data(said || this.contradicts),
        " ",
        h("button", { type: "button", onclick: cancel }, t("notes.cancel")),
      ),
    );
  }

  private async write(): Promise<void> {
    keep(PERSON, this.by.value);
    const until = this.term === "moment" ? this.until.value : lastDay(this.term, plant().zone);
    this.send.disabled = true;
    try {
      const written = await send<Entry & { is_new: boolean }>("POST", "v1/notes", {
        about: this.about.value,
        text: this.text.value,
        by: this.by.value,
        expires_at: until,
        contradicts: this.contradicts,
        key: this.key,
      });
      draft = null;
      this.text.value = "";
      this.key = newKey();
      this.contradicts = "";
      this.showAgainst("");
      put(this.told, h("p", { class: "told" }, t("notes.written"), " ", this.thing(written)));
      await this.fetch();
    } catch (error) {
      put(this.told, failed(error));
    } finally {
      this.send.disabled = false;
    }
  }

  private async confirm(one: Entry, isBack: boolean): Promise<void> {
    const by = this.by.value.trim();
    if (by === "") {
      put(this.told, h("p", { class: "told failed", role: "alert" }, t("notes.who")));
      this.by.focus();
      return;
    }
    keep(PERSON, by);
    const path = `v1/notes/${one.id.split("/").map(encodeURIComponent).join("/")}/confirm`;
    try {
      await send(isBack ? "DELETE" : "POST", path, { by });
      put(this.told);
      await this.fetch();
    } catch (error) {
      put(this.told, failed(error));
    }
  }

  private deny(one: Entry): void {
    this.contradicts = one.id;
    this.key = newKey();
    this.about.value = one.about;
    this.showAgainst(one.text.length > 120 ? `${one.text.slice(0, 120)}…` : one.text);
    this.text.focus();
    this.against.scrollIntoView({ block: "center" });
  }

  // ---- reading

  private filters(): HTMLElement {
    const about = h("input", {
      type: "search",
      value: this.filter.about,
      onchange: () => this.narrow("about", about.value.trim()),
    });
    const states: [string, string][] = [["", t("missing.any")], ...STATES.map((one): [string, string] => [one, word("state", one)])];
    return h(
      "div",
      { class: "tools filters" },
      field(t("notes.only"), about),
      field(t("fact.state"), choice(states, this.filter.state, (value) => this.narrow("state", value))),
    );
  }

  private narrow(name: "about" | "state", value: string): void {
    this.filter[name] = value;
    noteAddress(this.filter);
    void this.fetch();
  }

  private changed(id: string): void {
    if (!id.startsWith("note/") || this.timer !== 0) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      void this.fetch();
    }, REST_MS);
  }

  private async page(after: string): Promise<Listed> {
    const given = Object.entries({ ...this.filter, after }).filter(([, value]) => value !== "");
    const listed = await getJson<Listed>(`v1/notes?${new URLSearchParams(given).toString()}`, this.stop.signal);
    heard(listed.as_of);
    return listed;
  }

  private async fetch(): Promise<void> {
    const turn = ++this.turn;
    try {
      const listed = await this.page("");
      if (turn !== this.turn) return; // something else was asked meanwhile
      if (listed.notes.length === 0) put(this.list, empty("notes.none"));
      else put(this.list, this.entries(listed));
    } catch (error) {
      if (isAborted(error)) return;
      const isUnknown = error instanceof Refusal && error.code === "unknown-entity" && this.filter.about !== "";
      put(this.list, failed(error, isUnknown ? undefined : () => void this.fetch()));
    }
  }

  private entries(first: Listed): HTMLElement {
    this.renewals = [];
    const list = h("ul", { class: "notes" });
    const more = h("button", { type: "button", onclick: () => void add() }, t("notes.more"));
    let next = first.next;
    const show = (listed: Listed): void => {
      list.append(...listed.notes.map((one) => this.entry(one)));
      next = listed.next;
      more.hidden = next === null;
    };
    const add = async (): Promise<void> => {
      try {
        show(await this.page(next ?? ""));
      } catch (error) {
        if (!isAborted(error)) put(this.told, failed(error));
      }
    };
    show(first);
    return h("div", {}, list, more);
  }

  private entry(one: Entry): HTMLElement {
    const zone = plant().zone;
    return h(
      "li",
      { id: one.id, class: one.state === "expired" || one.state === "contradicted" ? "is-over" : "" },
      h("p", {}, this.thing(one), " ", stateMark(one.state)),
      h("blockquote", {}, data(one.text)),
      h(
        "p",
        { class: "quiet" },
        one.stated_by ? data(one.stated_by) : t("missing.nobody"),
        one.stated_at ? [" · ", moment(one.stated_at, zone)] : null,
        one.expires_at ? [" · ", t("note.until", { time: moment(one.expires_at, zone) })] : null,
        one.source && one.source !== "traveler" ? [" · ", t("notes.from", { source: one.source })] : null,
      ),
      one.confirmed_by.map((it) =>
        h("p", { class: "quiet" }, t("notes.confirmedBy"), " ", data(it.by), it.at ? [" · ", moment(it.at, zone)] : null),
      ),
      one.contradicts ? h("p", { class: "quiet" }, t("notes.against"), " ", data(one.contradicts)) : null,
      one.contradicted_by.length > 0
        ? h("p", { class: "quiet" }, t("notes.deniedBy"), " ", data(one.contradicted_by.join(", ")))
        : null,
      may("notes:write") ? this.doing(one) : null,
    );
  }

  private doing(one: Entry): Child {
    let isMine = false;
    const confirm = h("button", { type: "button", onclick: () => void this.confirm(one, isMine) });
    // The button stays the same one while somebody writes his code: he may be about to press it.
    const renew = (): void => {
      const me = `person/${encodeURIComponent(this.by.value.trim().replace(/^person\//, ""))}`;
      isMine = one.confirmed_by.some((it) => it.by === me);
      confirm.hidden = one.state === "expired" || one.stated_by === me;
      confirm.textContent = t(isMine ? "notes.back" : "notes.confirm");
    };
    renew();
    this.renewals.push(renew);
    return h(
      "div",
      { class: "tools" },
      confirm,
      h("button", { type: "button", onclick: () => this.deny(one) }, t("notes.deny")),
    );
  }

  private renew(): void {
    for (const renew of this.renewals) renew();
  }

  private thing(one: Entry): Child {
    const label = one.label || one.about;
    return may("context:read") ? entityLink(one.about, label) : data(label);
  }
}

/** One of our own for each note: a form that is sent twice is one note. Pages over plain HTTP have no other. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `page-${[...bytes].map((one) => one.toString(16).padStart(2, "0")).join("")}`;
}

/** The last day of a term in the plant's zone: `2026-11-24`. */
function lastDay(term: Term, zone: string): string {
  const days = { none: -1, moment: -1, today: 0, tomorrow: 1, week: 7 }[term];
  if (days < 0) return "";
  const today = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: zone }).format(new Date(now()));
  return new Date(Date.parse(today) + days * 86_400_000).toISOString().slice(0, 10);
}

export function makeNotes(route: Route): Page {
  if (route.parts[0] === "codes") return makeCodes(route);
  const page = new Notes(route);
  return { title: t("nav.notes"), element: page.element, close: () => page.close() };
}
