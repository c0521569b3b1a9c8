/** As of when one asks: a slider over the last days, and a moment that can be written. */

import { moment, now } from "../clock";
import { h, put } from "../dom";
import { plant } from "../plant";
import { t } from "../texts";
import { field } from "../ui";

const STEP_MINUTES = 15;
const DAYS = 7;
const STEPS = (DAYS * 24 * 60) / STEP_MINUTES;
const REST_MS = 250;

export class AsOf {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly written: HTMLInputElement;
  private readonly then: HTMLInputElement;
  private readonly told = h("output", {});
  private timer = 0;

  constructor(
    public at: string,
    private believed: string,
    private readonly onChange: () => void,
  ) {
    this.slider = h("input", {
      type: "range",
      min: 0,
      max: STEPS,
      step: 1,
      value: STEPS,
      oninput: () => this.slide(),
    });
    this.written = h("input", { type: "datetime-local", onchange: () => this.write() });
    this.then = h("input", { type: "checkbox", checked: believed !== "", onchange: () => this.change() });
    const back = h("button", { type: "button", onclick: () => this.set("") }, t("asof.now"));
    this.element = h(
      "div",
      { class: "as-of tools" },
      field(t("asof.slider", { n: DAYS }), this.slider),
      field(t("asof.moment"), this.written),
      h("label", {}, this.then, " ", t("asof.believed")),
      back,
      this.told,
    );
    this.element.classList.toggle("is-then", !this.isNow);
  }

  get isNow(): boolean {
    return this.at === "";
  }

  get believedAt(): string {
    return this.believed;
  }

  query(): Record<string, string> {
    if (this.at === "") return {};
    return this.believed === "" ? { at: this.at } : { at: this.at, believed_at: this.believed };
  }

  /** Show the time that the answer is of, "" where there is none. */
  tell(asOf: string): void {
    const time = moment(asOf, plant().zone);
    put(this.told, asOf === "" ? null : t(this.isNow ? "asof.isNow" : "asof.isThen", { time }));
  }

  private slide(): void {
    const steps = STEPS - Number(this.slider.value);
    const time = Date.parse(now()) - steps * STEP_MINUTES * 60_000;
    this.set(steps === 0 ? "" : new Date(time).toISOString().slice(0, 19) + "Z", REST_MS);
  }

  private write(): void {
    // Without an offset: the plant's own zone.
    this.set(this.written.value === "" ? "" : `${this.written.value}:00`.slice(0, 19));
  }

  private set(at: string, restMs = 0): void {
    this.at = at;
    if (at === "") {
      this.slider.value = String(STEPS);
      this.written.value = "";
    }
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.change(), restMs);
  }

  private change(): void {
    this.believed = this.then.checked ? this.at : "";
    this.element.classList.toggle("is-then", !this.isNow);
    put(this.told, t("told.waiting"));
    this.onChange();
  }
}
