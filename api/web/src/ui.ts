/** What several pages show alike: links, states, ages, and pages that wait, fail or are empty. */

import { Refusal } from "./api";
import { moment, since } from "./clock";
import { data, h, type Child } from "./dom";
import { plant } from "./plant";
import type { Fact, Slot } from "./shapes";
import { t, word, type Key } from "./texts";

/** The address of a thing's page here. */
export function entityAddress(id: string): string {
  return `#/entity/${id.split("/").map(encodeURIComponent).join("/")}`;
}

/** Whether a short id is that of a thing that has a page. */
export function isEntity(id: string): boolean {
  const [kind = "", name] = id.split("/");
  return name !== undefined && plant().kinds.includes(kind);
}

export function entityLink(id: string, label = id): HTMLElement {
  return isEntity(id) ? h("a", { href: entityAddress(id) }, data(label)) : data(label);
}

/** A state in a word, with a mark that does without colour. */
export function stateMark(state: string): HTMLElement {
  return h("span", { class: `state is-${cssName(state)}` }, word("state", state));
}

export function cssName(text: string): string {
  return text.replace(/[^a-z0-9-]/gi, "-").slice(0, 40);
}

/** A fact's value in the words that people use. */
export function factValue(fact: Fact): HTMLElement {
  const unit = fact.unit ? ` ${fact.unit}` : "";
  if (fact.is_entity) return entityLink(fact.value, fact.label);
  return data(`${fact.label}${unit}`);
}

/** A slot in one line: its facts, and what is to be known of its state. */
export function slotLine(slot: Slot | undefined): Child {
  if (slot === undefined) return stateMark("unknown");
  const shown = slot.facts.filter((fact) => fact.is_current).slice(0, 3);
  const more = slot.facts.length - shown.length;
  const isPlain = slot.state === "known" && shown.length > 0;
  return [
    shown.map((fact, place) => [place > 0 ? ", " : "", factValue(fact)]),
    more > 0 ? ` +${more}` : "",
    isPlain ? "" : [shown.length > 0 ? " " : "", stateMark(slot.state)],
    slot.facts.some((fact) => fact.is_stale) ? [" ", stateMark("stale")] : "",
  ];
}

/** How long something has been so, and the moment itself for those who point at it. */
export function sinceMark(time: string | null): Child {
  if (time === null) return "";
  const title = moment(time, plant().zone);
  return h("time", { datetime: time, title, "data-since": time }, since(time));
}

/** Bring the ages below an element up to the clock. */
export function renewAges(element: ParentNode): void {
  for (const mark of element.querySelectorAll<HTMLElement>("time[data-since]")) {
    const text = since(mark.dataset["since"] ?? "");
    if (mark.textContent !== text) mark.textContent = text;
  }
}

export function waiting(): HTMLElement {
  return h("p", { class: "told waiting", role: "status" }, t("told.waiting"));
}

export function empty(key: Key): HTMLElement {
  return h("p", { class: "told empty", role: "status" }, t(key));
}

/** What went wrong, what to do about it, and a way to try again. */
export function failed(error: unknown, again?: () => void): HTMLElement {
  const refusal = error instanceof Refusal ? error : null;
  const isLost = refusal?.code === "unreachable";
  const said = isLost ? t("told.unreachable") : refusal?.message || String(error);
  return h(
    "div",
    { class: "told failed", role: "alert" },
    h("p", {}, h("strong", {}, t("told.failed")), " ", data(said)),
    refusal?.hint ? h("p", {}, data(refusal.hint)) : null,
    again ? h("button", { type: "button", onclick: again }, t("told.again")) : null,
  );
}

export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

let fields = 0;

/** A field with its label, of which assistive programs know that they belong together. */
export function field(label: string, control: HTMLElement): HTMLElement {
  control.id ||= `field-${++fields}`;
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control);
}

export function choice(
  options: [value: string, label: string][],
  chosen: string,
  onPick: (value: string) => void,
): HTMLSelectElement {
  const select = h(
    "select",
    { onchange: () => onPick(select.value) },
    options.map(([value, label]) => h("option", { value, selected: value === chosen }, label)),
  );
  return select;
}

/** Copy a text, and say for a moment on the button that it was. */
export function copyButton(label: string, text: () => Promise<string> | string): HTMLElement {
  const button = h("button", { type: "button", onclick: () => void copy() }, label);
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(await text());
      button.textContent = t("told.copied");
    } catch {
      button.textContent = t("told.notCopied");
    }
    setTimeout(() => (button.textContent = label), 1_500);
  }
  return button;
}
