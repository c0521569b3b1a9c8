/** The board: every machine now; what is on the screen is fetched, and again when it changes. */

import { contextPath, getJson } from "../api";
import { heard } from "../clock";
import { h, put } from "../dom";
import { plant } from "../plant";
import { note, type Page, type Route } from "../router";
import type { Context, Machine, Machines } from "../shapes";
import { follow } from "../stream";
import { t, word } from "../texts";
import { choice, empty, failed, isAborted, renewAges, waiting } from "../ui";
import { fillTile, makeTile, stateOf, TROUBLE } from "./tile";

const AT_ONCE = 4;
const REST_MS = 400;
const RENEW_MS = 15_000;

interface Shown {
  machine: Machine;
  tile: HTMLElement;
  context: Context | null;
  isNear: boolean;
  /** What it tells of: it is fetched again when one of these changes. */
  mentions: Set<string>;
  fetchedAt: number;
}

class Board {
  readonly element = h("section", { class: "board", "aria-labelledby": "title" });
  private readonly tiles = new Map<string, Shown>();
  private readonly grid = h("div", { class: "tiles" });
  private readonly counts = h("div", { class: "counts", role: "group" });
  private readonly told = h("div", {});
  private readonly live = h("span", { class: "live", role: "status" });
  private readonly wanted = new Set<string>();
  private readonly stop = new AbortController();
  private readonly watcher: IntersectionObserver;
  private readonly timers: number[] = [];
  private readonly leave: () => void;
  private busy = 0;
  private text: string;
  private only: string;

  constructor(route: Route) {
    this.text = route.query.get("text") ?? "";
    this.only = route.query.get("only") ?? "";
    this.element.classList.toggle("is-wall", route.query.has("wall"));
    this.watcher = new IntersectionObserver((seen) => this.see(seen), { rootMargin: "300px" });
    put(this.element, this.head(), this.counts, this.told, this.grid);
    put(this.told, waiting());
    void this.list();
    this.leave = follow({
      entity: (id) => this.changed(id),
      gap: (id) => this.changed(id),
      reset: () => void this.list(),
      state: (isOpen) => this.showLive(isOpen),
    });
    this.timers.push(
      window.setInterval(() => void this.list(), RENEW_MS),
      window.setInterval(() => this.fetchNext(), REST_MS),
    );
  }

  close(): void {
    this.leave();
    this.stop.abort();
    this.watcher.disconnect();
    for (const timer of this.timers) clearInterval(timer);
  }

  private head(): HTMLElement {
    const search = h("input", {
      type: "search",
      value: this.text,
      placeholder: t("board.search"),
      "aria-label": t("board.search"),
      oninput: () => {
        this.text = search.value;
        this.filter();
      },
    });
    const wall = h(
      "button",
      { type: "button", "aria-pressed": "false", onclick: () => this.toggleWall(wall) },
      t("board.wall"),
    );
    const options: [string, string][] = [
      ["", t("board.all")],
      ["trouble", t("board.trouble")],
    ];
    const only = choice(options, this.only, (value) => this.show(value));
    only.setAttribute("aria-label", t("board.show"));
    return h(
      "div",
      { class: "page-head" },
      h("h1", { id: "title" }, t("nav.board")),
      this.live,
      h("div", { class: "tools" }, search, only, wall),
    );
  }

  private toggleWall(button: HTMLElement): void {
    const isWall = this.element.classList.toggle("is-wall");
    button.setAttribute("aria-pressed", String(isWall));
    if (isWall) void document.documentElement.requestFullscreen?.().catch(() => undefined);
    else if (document.fullscreenElement) void document.exitFullscreen();
  }

  private showLive(isOpen: boolean): void {
    this.live.classList.toggle("is-open", isOpen);
    put(this.live, isOpen ? t("board.live") : t("board.lost"));
  }

  /** Ask which machines there are and what each does, in short. */
  private async list(): Promise<void> {
    try {
      const machines: Machine[] = [];
      let after: string | null = "";
      while (after !== null) {
        const path: string = `v1/machines?after=${encodeURIComponent(after)}`;
        const part: Machines = await getJson<Machines>(path, this.stop.signal);
        heard(part.as_of);
        machines.push(...part.machines);
        after = part.next;
      }
      this.take(machines);
      put(this.told, machines.length === 0 ? empty("board.none") : null);
    } catch (error) {
      if (!isAborted(error)) put(this.told, failed(error, () => void this.list()));
    }
    renewAges(this.grid);
  }

  private take(machines: Machine[]): void {
    const ids = new Set(machines.map((machine) => machine.id));
    for (const [id, shown] of this.tiles) {
      if (ids.has(id)) continue;
      this.watcher.unobserve(shown.tile);
      shown.tile.remove();
      this.tiles.delete(id);
    }
    let isNew = false;
    for (const machine of machines) {
      const shown = this.tiles.get(machine.id);
      if (shown === undefined) {
        this.add(machine);
        isNew = true;
      } else if (shown.context === null || isOther(shown.machine, machine)) {
        shown.machine = machine;
        if (shown.isNear) this.wanted.add(machine.id);
        else makeTile(shown.tile, machine);
      }
    }
    if (isNew) this.grid.append(...[...this.tiles.values()].sort(byPlace).map((one) => one.tile));
    this.count();
    this.filter();
  }

  private add(machine: Machine): void {
    const tile = h("article", { class: "tile" });
    tile.dataset["id"] = machine.id;
    makeTile(tile, machine);
    const mentions = new Set([machine.id]);
    const shown = { machine, tile, context: null, isNear: false, mentions, fetchedAt: 0 };
    this.tiles.set(machine.id, shown);
    this.watcher.observe(tile);
  }

  private see(entries: IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      const shown = this.tiles.get((entry.target as HTMLElement).dataset["id"] ?? "");
      if (shown === undefined) continue;
      shown.isNear = entry.isIntersecting;
      if (shown.isNear) this.wanted.add(shown.machine.id);
      else if (shown.context !== null) {
        // What is far away is told in short again, so that a long board stays light.
        shown.context = null;
        shown.mentions = new Set([shown.machine.id]);
        makeTile(shown.tile, shown.machine);
      }
    }
    this.fetchNext();
  }

  private changed(id: string): void {
    for (const shown of this.tiles.values()) {
      if (shown.mentions.has(id)) this.wanted.add(shown.machine.id);
    }
    this.fetchNext();
  }

  private fetchNext(): void {
    const now = performance.now();
    for (const id of this.wanted) {
      if (this.busy >= AT_ONCE || this.stop.signal.aborted) return;
      const shown = this.tiles.get(id);
      if (shown !== undefined && now - shown.fetchedAt < REST_MS) continue;
      this.wanted.delete(id);
      if (shown?.isNear) void this.fetch(shown);
    }
  }

  private async fetch(shown: Shown): Promise<void> {
    this.busy += 1;
    shown.fetchedAt = performance.now();
    try {
      const context = await getJson<Context>(contextPath(shown.machine.id), this.stop.signal);
      heard(context.as_of);
      shown.context = context;
      shown.mentions = mentionsOf(context);
      shown.machine = { ...shown.machine, ...context.status, runs: context.runs.length };
      if (shown.isNear) fillTile(shown.tile, context, plant().zone);
      this.count();
    } catch (error) {
      if (!isAborted(error)) shown.tile.classList.add("is-old");
    } finally {
      this.busy -= 1;
      this.fetchNext();
    }
  }

  private count(): void {
    const counts = new Map<string, number>();
    for (const { machine } of this.tiles.values()) {
      const state = stateOf(machine);
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    const marks = [...counts].sort(([, a], [, b]) => b - a).map(([state, number]) =>
      h(
        "button",
        {
          type: "button",
          class: `count is-${state}`,
          "aria-pressed": String(this.only === state),
          onclick: () => this.show(this.only === state ? "" : state),
        },
        h("strong", {}, number),
        " ",
        word("activity", state),
      ),
    );
    const told = marks.map((mark) => mark.textContent).join() + this.only;
    if (this.counts.dataset["told"] === told) return;
    this.counts.dataset["told"] = told;
    put(this.counts, marks);
  }

  private show(only: string): void {
    this.only = only;
    this.count();
    this.filter();
  }

  private filter(): void {
    const wanted = this.text.trim().toLocaleLowerCase();
    for (const { machine, tile } of this.tiles.values()) {
      const state = stateOf(machine);
      const isState =
        this.only === "" || this.only === state || (this.only === "trouble" && TROUBLE.has(state));
      const names = `${machine.id} ${machine.label} ${machine.work_center ?? ""}`;
      tile.hidden = !isState || !names.toLocaleLowerCase().includes(wanted);
    }
    const isWall = this.element.classList.contains("is-wall") ? "1" : "";
    note({ text: this.text, only: this.only, wall: isWall });
  }
}

function isOther(a: Machine, b: Machine): boolean {
  return a.state !== b.state || a.reason !== b.reason || a.since !== b.since || a.runs !== b.runs;
}

function byPlace(a: Shown, b: Shown): number {
  const center = (shown: Shown): string => shown.machine.work_center ?? "\uffff";
  return center(a).localeCompare(center(b)) || a.machine.label.localeCompare(b.machine.label);
}

function mentionsOf(context: Context): Set<string> {
  const found = new Set([context.entity.id, ...context.runs.map((run) => run.run)]);
  for (const run of context.runs) {
    for (const fact of Object.values(run.slots).flatMap((slot) => slot.facts)) {
      found.add(fact.about);
      if (fact.is_entity) found.add(fact.value);
    }
  }
  return found;
}

export function makeBoard(route: Route): Page {
  const board = new Board(route);
  return { title: t("nav.board"), element: board.element, close: () => board.close() };
}

