/** Ask in words: what is meant, and the card as a model gets it. */

import { ask, Refusal } from "../api";
import { data, h, put, type Child } from "../dom";
import { note, type Page, type Route } from "../router";
import { t, type Key } from "../texts";
import { choice, copyButton, empty, entityAddress, failed, field, isAborted, waiting } from "../ui";

const FOCUSES = ["", "now", "why_late", "next", "quality", "material", "full"] as const;

class Ask {
  readonly element = h("section", { class: "ask", "aria-labelledby": "title" });
  private readonly question: HTMLInputElement;
  private readonly tokens: HTMLInputElement;
  private readonly shown = h("div", { "aria-live": "polite" });
  private focus: string;
  private stop = new AbortController();

  constructor(route: Route) {
    this.focus = route.query.get("focus") ?? "";
    const value = route.query.get("q") ?? "";
    this.question = h("input", { type: "search", name: "q", value, maxlength: 2000, class: "wide", required: true });
    this.tokens = h("input", {
      type: "number",
      min: 100,
      max: 4000,
      step: 100,
      value: route.query.get("max_tokens") ?? "800",
    });
    const focuses = FOCUSES.map((one): [string, string] => [one, t(`focus.${one || "auto"}` as Key)]);
    put(
      this.element,
      h("h1", { id: "title" }, t("nav.ask")),
      h(
        "form",
        {
          class: "tools",
          role: "search",
          onsubmit: (event) => {
            event.preventDefault();
            void this.ask();
          },
        },
        field(t("ask.question"), this.question),
        field(t("ask.focus"), choice(focuses, this.focus, (picked) => (this.focus = picked))),
        field(t("ask.tokens"), this.tokens),
        h("button", {}, t("nav.ask")),
      ),
      this.shown,
    );
    if (value === "") put(this.shown, empty("ask.hint"));
    else void this.ask();
  }

  close(): void {
    this.stop.abort();
  }

  private async ask(): Promise<void> {
    this.stop.abort();
    this.stop = new AbortController();
    const { signal } = this.stop;
    const query: Record<string, string> = { q: this.question.value, max_tokens: this.tokens.value };
    if (this.focus !== "") query["focus"] = this.focus;
    note(query);
    put(this.shown, waiting());
    const address = (form: string): string =>
      `v1/context?${new URLSearchParams({ ...query, format: form }).toString()}`;
    try {
      const headers = { Accept: "text/markdown" };
      const answer = await ask(address("md"), { headers, signal });
      const card = await answer.text();
      const json = (await (await ask(address("json"), { signal })).json()) as Record<string, unknown>;
      put(this.shown, found(json), measure(card), this.tools(card, address), h("pre", { class: "card", tabindex: "0" }, card));
    } catch (error) {
      if (isAborted(error)) return;
      put(this.shown, failed(error), error instanceof Refusal ? candidates(error) : null);
    }
  }

  private tools(card: string, address: (form: string) => string): Child {
    return h(
      "div",
      { class: "tools" },
      copyButton(t("entity.copyCard"), () => card),
      copyButton(t("entity.copyCurl"), () => `curl '${new URL(address("md"), document.baseURI).href.replaceAll("'", "%27")}'`),
    );
  }
}

/** What the question was taken to be about, and by which of its words. */
function found(json: Record<string, unknown>): Child {
  const entity = json["entity"] as { id: string; label: string };
  const matches = (json["matches"] ?? json["found"] ?? []) as Record<string, unknown>[];
  return h(
    "div",
    { class: "part" },
    h("h2", {}, t("ask.about")),
    h(
      "ul",
      {},
      h("li", {}, h("a", { href: entityAddress(entity.id) }, data(entity.label)), " ", data(entity.id, "quiet")),
      matches
        .filter((one) => one["id"] !== entity.id)
        .map((one) =>
          h(
            "li",
            {},
            h("a", { href: entityAddress(String(one["id"])) }, data(String(one["label"] ?? one["id"]))),
            one["why"] ? h("span", { class: "quiet" }, " ", data(String(one["why"]))) : null,
          ),
        ),
    ),
  );
}

/** The estimate errs high: three letters of a card are at most one token of most models. */
function measure(card: string): HTMLElement {
  const head = card.split("\n", 1)[0] ?? "";
  const facts = /(\d+) of (\d+) facts/.exec(head);
  const bytes = new TextEncoder().encode(card).length;
  return h(
    "p",
    {},
    t("ask.size", { n: Math.ceil(bytes / 2.7) }),
    facts ? ` · ${t("ask.facts", { n: facts[1] ?? "", of: facts[2] ?? "" })}` : null,
    facts && facts[1] !== facts[2] ? h("strong", {}, ` · ${t("ask.cut", { n: Number(facts[2]) - Number(facts[1]) })}`) : null,
  );
}

/** What a hint names can be gone to. */
function candidates(refusal: Refusal): Child {
  const ids = refusal.hint.match(/[a-z-]+\/[\w%.~-]+/g) ?? [];
  if (ids.length === 0) return null;
  return h("ul", {}, [...new Set(ids)].map((id) => h("li", {}, h("a", { href: entityAddress(id) }, data(id)))));
}

export function makeAsk(route: Route): Page {
  const page = new Ask(route);
  return { title: t("nav.ask"), element: page.element, close: () => page.close() };
}
