/** Completion while one writes: words of SPARQL, terms of the ontology, variables of the query. */

import { data, h, put } from "../dom";
import { t } from "../texts";

export interface Term {
  /** As one writes it in a query: `tr:runningOn`. */
  name: string;
  label: string;
  definition: string;
  kind: "class" | "property" | "code";
}

const WORDS = (
  "SELECT CONSTRUCT ASK DESCRIBE DISTINCT WHERE OPTIONAL FILTER UNION MINUS GRAPH VALUES BIND AS EXISTS NOT " +
  "ORDER BY ASC DESC LIMIT OFFSET GROUP HAVING COUNT SUM AVG MIN MAX SAMPLE GROUP_CONCAT PREFIX " +
  "CONTAINS STRSTARTS STRENDS LCASE UCASE REGEX STR LANG DATATYPE BOUND COALESCE IF NOW YEAR MONTH DAY IN"
).split(" ");
const MOST = 12;
const WORD = /[?$\w:.-]+$/;

interface Offer {
  insert: string;
  says: string;
}

/** An editor: a plain field of text, so that every keyboard and every reader knows it. */
export class Editor {
  readonly element: HTMLElement;
  readonly field: HTMLTextAreaElement;
  private readonly list = h("ul", { role: "listbox", id: "offers", "aria-label": t("sparql.offers"), hidden: true });
  private terms: Term[] = [];
  private offers: Offer[] = [];
  private at = 0;

  constructor(text: string, label: string, onRun: () => void) {
    this.field = h("textarea", {
      class: "editor",
      rows: 12,
      value: text,
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      role: "combobox",
      "aria-label": label,
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": "offers",
      oninput: () => this.offer(),
      onblur: () => this.hide(),
      onkeydown: (event) => this.press(event as KeyboardEvent, onRun),
    });
    this.element = h("div", { class: "editing" }, this.field, this.list);
  }

  know(terms: Term[]): void {
    this.terms = terms;
  }

  private press(event: KeyboardEvent, onRun: () => void): void {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.hide();
      onRun();
      return;
    }
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      this.offer(true);
      return;
    }
    if (this.list.hidden) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      this.at = (this.at + step + this.offers.length) % this.offers.length;
      this.draw();
    } else if (event.key === "Enter" || event.key === "Tab") {
      event.preventDefault();
      this.take(this.at);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.hide();
    }
  }

  private typed(): string {
    return WORD.exec(this.field.value.slice(0, this.field.selectionStart))?.[0] ?? "";
  }

  private offer(isAsked = false): void {
    const typed = this.typed();
    this.offers = typed.length >= 2 || isAsked ? this.find(typed) : [];
    this.at = 0;
    if (this.offers.length === 0 || (this.offers.length === 1 && this.offers[0]?.insert === typed)) this.hide();
    else this.draw();
  }

  private find(typed: string): Offer[] {
    const wanted = typed.toLowerCase();
    if (/^[?$]/.test(typed)) {
      const others = this.field.value.match(/[?$]\w+/g) ?? [];
      return [...new Set(others)]
        .filter((one) => one !== typed && one.toLowerCase().startsWith(wanted))
        .slice(0, MOST)
        .map((insert) => ({ insert, says: "" }));
    }
    const score = (term: Term): number => {
      const name = term.name.toLowerCase();
      if (name.startsWith(wanted)) return 0;
      if (name.slice(name.indexOf(":") + 1).startsWith(wanted)) return 1;
      if (term.label.toLowerCase().startsWith(wanted)) return 2;
      return name.includes(wanted) || term.label.toLowerCase().includes(wanted) ? 3 : 9;
    };
    const terms = this.terms
      .map((term): [number, Term] => [score(term), term])
      .filter(([rank]) => rank < 9)
      .sort(([a, x], [b, y]) => a - b || x.name.length - y.name.length)
      .map(([, term]) => ({ insert: term.name, says: term.definition || term.label }));
    const words = WORDS.filter((one) => one.toLowerCase().startsWith(wanted)).map((insert) => ({ insert, says: "" }));
    return [...words, ...terms].slice(0, MOST);
  }

  private draw(): void {
    put(
      this.list,
      this.offers.map((offer, place) =>
        h(
          "li",
          {
            role: "option",
            id: `offer-${place}`,
            "aria-selected": String(place === this.at),
            // Before the field loses its focus.
            onmousedown: (event) => {
              event.preventDefault();
              this.take(place);
            },
          },
          h("code", {}, offer.insert),
          " ",
          data(offer.says, "quiet"),
        ),
      ),
    );
    this.list.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
    this.field.setAttribute("aria-activedescendant", `offer-${this.at}`);
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  private hide(): void {
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  private take(place: number): void {
    const offer = this.offers[place];
    if (offer === undefined) return;
    const end = this.field.selectionStart;
    this.field.setRangeText(`${offer.insert} `, end - this.typed().length, end, "end");
    this.hide();
  }
}
