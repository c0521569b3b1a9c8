/** One machine of the board: what it does, and a part for each of its runs. */

import { daysLate } from "../clock";
import { data, h, put, type Child } from "../dom";
import type { Context, Machine, Run, Slot } from "../shapes";
import { t, word, type Key } from "../texts";
import { entityAddress, entityLink, sinceMark, slotLine } from "../ui";

/** What wants somebody's eye. */
export const TROUBLE = new Set(["down", "idle", "unknown", "maintenance"]);
const KNOWN = new Set(["production", "setup", "idle", "down", "maintenance", "off", "unknown"]);
const MOST_RUNS = 4;
const SLOTS: [slot: string, label: Key][] = [
  ["spec", "slot.spec"],
  ["customer", "slot.customer"],
  ["batch", "slot.batch"],
];

/** The state that a machine is counted and coloured by. */
export function stateOf(machine: { state: string | null; activity: string | null }): string {
  // What a role does not see is nothing that somebody must look after.
  if (machine.state === "withheld") return "withheld";
  const activity = machine.activity ?? "unknown";
  if (activity === "unknown" && machine.state === "running") return "production";
  return KNOWN.has(activity) ? activity : "unknown";
}

/** Show what is known of a machine before its context is. */
export function makeTile(tile: HTMLElement, machine: Machine): void {
  paint(tile, stateOf(machine));
  put(tile, head(machine.id, machine.label, machine), h("div", { class: "run is-empty" }));
}

/** Show a machine's context. */
export function fillTile(tile: HTMLElement, context: Context, zone: string): void {
  const { entity, status, runs } = context;
  const hadFocus = tile.contains(document.activeElement);
  paint(tile, stateOf(status));
  const open = runs.filter((run) => run.end === "open");
  put(
    tile,
    head(entity.id, entity.label, status),
    open.length === 0
      ? h("div", { class: "run is-empty" }, idle(context.slots["job"]))
      : open.slice(0, MOST_RUNS).map((run) => runPart(run, context.as_of, zone)),
    open.length > MOST_RUNS ? h("p", {}, t("board.moreRuns", { n: open.length - MOST_RUNS })) : null,
    context.gaps.length > 0
      ? h("p", { class: "lacks" }, t("board.lacks", { n: context.gaps.length }))
      : null,
  );
  if (hadFocus) tile.querySelector("a")?.focus();
}

function paint(tile: HTMLElement, state: string): void {
  tile.className = `tile is-${state}`;
}

function head(
  id: string,
  label: string,
  status: { state: string | null; activity: string | null; reason: string | null; since: string | null },
): HTMLElement {
  const state = stateOf(status);
  return h(
    "header",
    {},
    h("h2", {}, h("a", { href: entityAddress(id) }, data(label))),
    label.includes(id.split("/")[1] ?? id) ? null : h("p", { class: "id" }, data(id)),
    h(
      "p",
      { class: "doing" },
      h("strong", {}, word("activity", state)),
      status.reason ? [" · ", data(status.reason)] : null,
      status.since ? [" · ", sinceMark(status.since)] : null,
    ),
  );
}

function idle(job: Slot | undefined): Child {
  return job === undefined || job.state === "none" ? t("board.noJob") : [t("slot.job"), ": ", slotLine(job)];
}

function runPart(run: Run, asOf: string, zone: string): HTMLElement {
  const job = run.slots["job"];
  const fact = job?.facts[0];
  return h(
    "section",
    { class: "run" },
    h(
      "h3",
      {},
      fact ? entityLink(fact.value, fact.label) : slotLine(job),
      fact && job?.state !== "known" ? [" ", slotLine({ ...job!, facts: [] })] : null,
      run.position ? h("span", { class: "position" }, " ", data(run.position)) : null,
    ),
    run.phase === "setup" ? h("p", {}, word("activity", "setup")) : null,
    progress(run),
    late(run, asOf, zone),
    h(
      "dl",
      {},
      SLOTS.map(([slot, label]) => [h("dt", {}, t(label)), h("dd", {}, slotLine(run.slots[slot]))]),
      run.since ? [h("dt", {}, t("board.since")), h("dd", {}, sinceMark(run.since))] : null,
    ),
  );
}

function progress(run: Run): Child {
  const made = Number(run.quantity["good"] ?? NaN);
  const planned = Number(run.quantity["planned"] ?? NaN);
  if (Number.isNaN(made) && Number.isNaN(planned)) return null;
  const unit = run.quantity["unit"] ?? "";
  const number = (value: number): string => (Number.isNaN(value) ? "?" : String(value));
  const text = t("board.made", { made: number(made), planned: number(planned), unit });
  const scrap = Number(run.quantity["scrap"] ?? 0);
  return h(
    "p",
    { class: "progress" },
    made >= 0 && planned > 0
      ? h("progress", { max: planned, value: Math.min(made, planned), "aria-label": text })
      : null,
    h("span", {}, text),
    scrap > 0 ? h("span", { class: "scrap" }, t("board.scrap", { n: scrap })) : null,
  );
}

function late(run: Run, asOf: string, zone: string): Child {
  const due = run.slots["due"]?.facts.find((fact) => fact.is_current);
  if (due === undefined) return null;
  const days = daysLate(due.value, zone, asOf);
  const text = t("board.due", { date: due.value.slice(0, 10) });
  return h(
    "p",
    { class: days > 0 ? "due is-late" : "due" },
    text,
    days > 0 ? h("strong", {}, t("board.late", { n: days })) : null,
  );
}
