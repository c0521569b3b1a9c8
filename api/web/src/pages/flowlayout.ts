/** Where the map of flows is drawn: columns from where links arise to where they are used. */

import {
  delayText, figure, linkWord, peopleOf, STATES, stepName, stepTold,
  type Edge, type Flows, type FlowTable, type State, type Step,
} from "./flowshapes";
import { t } from "../texts";

export type Width = "rate" | "share";
type Kind = "dark" | "seen" | "table" | "link" | "passed";

export const BOX = { width: 200, line: 16, padding: 10 };
const COLUMN = 350;
const GAP = 26;
const PASSED_GAP = 12;
const MOST_LETTERS = 24;
const MARGIN = 12;
const TOP = 34;
const STUB = 60;
const THINNEST = 2.5;
const THICKEST = 14;

export interface Box {
  id: string;
  kind: Kind;
  lines: string[];
  /** How many of the lines are its name. */
  names: number;
  /** All that is told of it, for those who point at it. */
  title: string;
  links: string[];
  column: number;
  x: number;
  y: number;
  height: number;
}

export interface Band {
  link: string;
  state: State;
  title: string;
  /** What stands at it, line by line: which link goes dark, how late, with how many gaps. */
  label: string[];
  labelAt: { x: number; y: number; anchor: "start" | "middle" | "end" };
  width: number;
  /** The edge of the map that it draws, if it draws one. */
  edge: Edge | null;
  start: string;
  end: string;
  path: [x: number, y: number][];
}

export interface Drawing {
  boxes: Box[];
  bands: Band[];
  heads: { x: number; text: string }[];
  width: number;
  height: number;
}

/** Place what is shown of a map: all five links, or one. */
export function layOut(flows: Flows, slot: string, by: Width): Drawing {
  const parts = new Parts(flows, slot, by);
  const stops = passThrough(parts.boxes, parts.bands);
  const columns = ordered([...parts.boxes.values()], stops.ways);
  let height = 0;
  for (const column of columns) {
    let y = TOP + MARGIN;
    for (const box of column) {
      box.x = MARGIN + STUB + box.column * COLUMN;
      box.y = y;
      box.height = Math.max(box.height, reach(parts.bands, box.id) + 8);
      y += box.height + (box.kind === "passed" ? PASSED_GAP : GAP);
    }
    height = Math.max(height, y);
  }
  for (const [band, way] of stops.ways) band.path = pathOf(band, way, parts.boxes);
  sideBySide(parts.bands, parts.boxes);
  for (const band of parts.bands) placeLabel(band, parts.boxes);
  const boxes = [...parts.boxes.values()].filter((box) => box.kind !== "passed");
  return {
    boxes,
    bands: parts.bands,
    heads: heads(boxes),
    width: MARGIN * 2 + STUB * 2 + (columns.length - 1) * COLUMN + BOX.width,
    height: height + MARGIN,
  };
}

/** What is to be drawn, before it has a place. */
class Parts {
  readonly boxes = new Map<string, Box>();
  readonly bands: Band[] = [];
  private readonly tables: Map<string, FlowTable>;
  private readonly steps: Map<string, Step>;
  private readonly links: string[];

  constructor(
    private readonly flows: Flows,
    slot: string,
    private readonly by: Width,
  ) {
    const links = flows.links.map((one) => one.link);
    this.links = links.filter((link) => slot === "" || link === slot);
    const shown = new Set(this.links);
    this.tables = new Map(flows.sources.flatMap((source) => source.tables).map((one) => [one.table, one]));
    const steps = flows.steps.filter((step) => step.carries.some((link) => shown.has(link)));
    this.steps = new Map(steps.map((step) => [step.id, step]));
    const edges = flows.edges.filter((edge) => shown.has(edge.link));
    const depth = depths([...this.steps.keys()], edges);
    const last = Math.max(-1, ...depth.values()) + 1;
    for (const step of steps) this.addStep(step, depth.get(step.id) ?? 0);
    for (const edge of edges) this.addEdge(edge);
    this.addTables(last);
    this.addLinks(this.hasTables() ? last + 1 : last);
  }

  private hasTables(): boolean {
    return [...this.boxes.values()].some((box) => box.kind === "table");
  }

  private add(id: string, kind: Kind, told: string[], title: string, links: string[], column: number): void {
    const [name = "", ...more] = told;
    const names = folded(name);
    const lines = [...names, ...more.filter((one) => one !== "")];
    const height = lines.length * BOX.line + BOX.padding;
    this.boxes.set(id, { id, kind, lines, names: names.length, title, links, column, x: 0, y: 0, height });
  }

  private addStep(step: Step, column: number): void {
    const name = stepName(step, step.id);
    const lines = [name, stepTold(step), peopleOf(step)];
    const often = step.times_per_day === null ? "" : t("flow.aDay", { n: figure(step.times_per_day) });
    const title = [name, step.id, stepTold(step), peopleOf(step), often, step.process].filter(Boolean).join(" · ");
    const links = step.carries.filter((link) => this.links.includes(link));
    this.add(step.id, step.is_seen ? "seen" : "dark", lines, title, links, column);
  }

  private addEdge(edge: Edge): void {
    if (edge.start === "" && edge.state === "seen") return;
    const { mark } = STATES[edge.state];
    const delay = edge.state === "late" ? delayText(edge.delay) : "";
    const gaps = edge.gaps > 0 ? t("flow.gapCount", { n: edge.gaps }) : "";
    const label = edge.state === "seen" ? [] : [`${mark} ${linkWord(edge.link)}`, delay, gaps].filter(Boolean);
    const names = [edge.start, edge.end].map((id) => stepName(this.steps.get(id), id) || "…");
    const title = `${linkWord(edge.link)}: ${names.join(" → ")}: ${edge.why}`;
    const told = Math.max(...[edge.start, edge.end].map((id) => this.steps.get(id)?.times_per_day ?? 0));
    const width = edge.tables.length > 0 ? this.width(edge.link, edge.tables) : this.wide(told, null);
    this.band(edge.link, edge.start, edge.end, { state: edge.state, title, label, width, edge });
  }

  private band(
    link: string,
    start: string,
    end: string,
    told: Pick<Band, "state" | "title" | "label" | "width" | "edge">,
  ): void {
    this.bands.push({ link, start, end, path: [], labelAt: { x: 0, y: 0, anchor: "middle" }, ...told });
  }

  /** A table that a step names, or one whose records say a link; and what leads to and from it. */
  private addTables(column: number): void {
    const namedBy = new Map<string, Step[]>();
    for (const step of this.steps.values()) {
      for (const name of step.recorded_in) namedBy.set(name, [...(namedBy.get(name) ?? []), step]);
    }
    for (const table of this.tables.values()) {
      const says = table.links.filter((one) => one.records > 0 && this.links.includes(one.link));
      const named = namedBy.get(table.table) ?? [];
      if (says.length === 0 && named.length === 0) continue;
      const id = `table/${table.table}`;
      const rate = table.per_day === null ? "" : t("flow.aDay", { n: figure(table.per_day) });
      const lines = [table.table, rate, delayText(table.delay)];
      const links = new Set([...says.map((one) => one.link), ...named.flatMap((step) => step.carries)]);
      const shown = [...links].filter((link) => this.links.includes(link));
      this.add(id, "table", lines, lines.filter(Boolean).join(" · "), shown, column);
      for (const step of named) this.record(step, table, id);
      for (const one of says) {
        const told = { link: linkWord(one.link), n: one.records, of: one.of, table: table.table };
        const label = one.records < one.of ? [`${one.records}/${one.of}`] : [];
        const width = this.width(one.link, [table.table]);
        this.band(one.link, id, `link/${one.link}`, {
          state: "seen", title: t("flow.says", told), label, width, edge: null,
        });
      }
    }
  }

  private record(step: Step, table: FlowTable, id: string): void {
    for (const link of step.carries.filter((one) => this.links.includes(one))) {
      const title = `${linkWord(link)}: ${stepName(step, step.id)} → ${table.table} ${delayText(table.delay)}`;
      const width = this.width(link, [table.table]);
      this.band(link, step.id, id, { state: "seen", title, label: [], width, edge: null });
    }
  }

  private addLinks(column: number): void {
    for (const one of this.flows.links.filter(({ link }) => this.links.includes(link))) {
      const known = t("flow.known", { have: one.have, of: one.of });
      const used = t("flow.questions", { n: one.questions.length });
      const lines = [linkWord(one.link), known, used];
      this.add(`link/${one.link}`, "link", lines, lines.join(" · "), [one.link], column);
    }
  }

  private width(link: string, names: string[]): number {
    const tables = names.map((name) => this.tables.get(name)).filter((one) => one !== undefined);
    const rate = Math.max(0, ...tables.map((one) => one.per_day ?? 0));
    const said = tables.flatMap((one) => one.links).filter((one) => one.link === link);
    const of = said.reduce((sum, one) => sum + one.of, 0);
    const records = said.reduce((sum, one) => sum + one.records, 0);
    return this.wide(rate, of > 0 ? records / of : null);
  }

  private wide(rate: number, share: number | null): number {
    const wanted = this.by === "rate" ? THINNEST + 3 * Math.log10(1 + rate) : THICKEST * (share ?? 0);
    return Math.min(Math.max(wanted, THINNEST), THICKEST);
  }
}

/** Write a name in at most two lines, broken where a word ends if one does. */
function folded(name: string): string[] {
  const letters = [...name];
  if (letters.length <= MOST_LETTERS) return [name];
  const space = letters.lastIndexOf(" ", MOST_LETTERS);
  const end = space > MOST_LETTERS / 3 ? space : MOST_LETTERS;
  const rest = letters.slice(end).join("").trim();
  const shown = [...rest];
  const cut = shown.length > MOST_LETTERS ? `${shown.slice(0, MOST_LETTERS - 1).join("")}…` : rest;
  return [letters.slice(0, end).join(""), cut];
}

/** How far each step is from where links arise: the longest way, circles left out. */
function depths(ids: string[], edges: Edge[]): Map<string, number> {
  const onward = new Map<string, string[]>(ids.map((id) => [id, []]));
  const ledTo = new Set<string>();
  for (const { start, end } of edges) {
    if (!onward.has(start) || !onward.has(end)) continue;
    onward.get(start)?.push(end);
    ledTo.add(end);
  }
  const depth = new Map<string, number>(ids.map((id) => [id, 0]));
  const { left, back } = walk([...ids].sort((a, b) => Number(ledTo.has(a)) - Number(ledTo.has(b))), onward);
  for (const id of left.reverse()) {
    for (const next of onward.get(id) ?? []) {
      if (!back.has(`${id}\n${next}`)) depth.set(next, Math.max(depth.get(next) ?? 0, (depth.get(id) ?? 0) + 1));
    }
  }
  return depth;
}

/** Walk depth first, without recursion: the order in which steps are left, and what leads back. */
function walk(ids: string[], onward: Map<string, string[]>): { left: string[]; back: Set<string> } {
  const state = new Map<string, "open" | "left">();
  const left: string[] = [];
  const back = new Set<string>();
  for (const root of ids) {
    if (state.has(root)) continue;
    state.set(root, "open");
    const ahead: [id: string, rest: string[]][] = [[root, [...(onward.get(root) ?? [])]]];
    for (let top = ahead.at(-1); top !== undefined; top = ahead.at(-1)) {
      const [id, rest] = top;
      const next = rest.shift();
      if (next === undefined) {
        state.set(id, "left");
        left.push(id);
        ahead.pop();
      } else if (!state.has(next)) {
        state.set(next, "open");
        ahead.push([next, [...(onward.get(next) ?? [])]]);
      } else if (state.get(next) === "open") back.add(`${id}\n${next}`);
    }
  }
  return { left, back };
}

/** Keep room for each band in the columns that it passes. */
function passThrough(boxes: Map<string, Box>, bands: Band[]): { ways: Map<Band, Box[]> } {
  const ways = new Map<Band, Box[]>();
  bands.forEach((band, number) => {
    const way: Box[] = [];
    const [start, end] = [boxes.get(band.start), boxes.get(band.end)];
    for (let column = (start?.column ?? 0) + 1; start && end && column < end.column; column += 1) {
      const id = `passed/${number}/${column}`;
      const box: Box = { id, kind: "passed", lines: [], names: 0, title: "", links: [band.link], column, x: 0, y: 0, height: band.width };
      boxes.set(id, box);
      way.push(box);
    }
    ways.set(band, way);
  });
  return { ways };
}

/** Order each column by the mean place of what leads there, so that bands cross little. */
function ordered(boxes: Box[], ways: Map<Band, Box[]>): Box[][] {
  const before = new Map<string, string[]>();
  for (const [band, way] of ways) {
    const stops = [band.start, ...way.map((box) => box.id), band.end];
    for (let place = 1; place < stops.length; place += 1) {
      const [from, to] = [stops[place - 1] ?? "", stops[place] ?? ""];
      if (from && to) before.set(to, [...(before.get(to) ?? []), from]);
    }
  }
  const columns: Box[][] = [];
  for (const box of boxes) (columns[box.column] ??= []).push(box);
  const place = new Map<string, number>();
  for (const column of columns) {
    const mean = new Map(column.map((box) => [box.id, middle(before.get(box.id) ?? [], place)]));
    if (column.every((box) => box.kind !== "link")) {
      column.sort((a, b) => (mean.get(a.id) ?? 0) - (mean.get(b.id) ?? 0) || (a.links[0] ?? "").localeCompare(b.links[0] ?? "") || a.id.localeCompare(b.id));
    }
    column.forEach((box, number) => place.set(box.id, number));
  }
  return columns;
}

function middle(ids: string[], place: Map<string, number>): number {
  const known = ids.map((id) => place.get(id)).filter((one) => one !== undefined);
  return known.length === 0 ? 0 : known.reduce((sum, one) => sum + one, 0) / known.length;
}

/** How high a box must be for the bands that leave or reach it. */
function reach(bands: Band[], id: string): number {
  const sum = (side: "start" | "end"): number =>
    bands.filter((band) => band[side] === id).reduce((all, band) => all + band.width + 1, 0);
  return Math.max(sum("start"), sum("end"));
}

function pathOf(band: Band, way: Box[], boxes: Map<string, Box>): [number, number][] {
  const [start, end] = [boxes.get(band.start), boxes.get(band.end)];
  const begin = start ? start.x + BOX.width : (end?.x ?? 0) - STUB;
  const finish = end ? end.x : begin + STUB;
  const between = way.flatMap((box): [number, number][] => {
    const y = box.y + box.height / 2;
    return [[box.x, y], [box.x + BOX.width, y]];
  });
  return [[begin, 0], ...between, [finish, 0]];
}

/** Lead bands side by side out of and into their boxes, in the order of where they come from. */
function sideBySide(bands: Band[], boxes: Map<string, Box>): void {
  const settle = (own: "start" | "end", other: "start" | "end"): void => {
    const filled = new Map<string, number>();
    const there = (band: Band): number => boxes.get(band[other])?.y ?? 0;
    for (const band of [...bands].sort((a, b) => there(a) - there(b))) {
      const box = boxes.get(band[own]);
      const point = own === "start" ? band.path[0] : band.path.at(-1);
      if (box === undefined || point === undefined) continue;
      const at = filled.get(box.id) ?? 4;
      point[1] = box.y + at + band.width / 2;
      filled.set(box.id, at + band.width + 1);
    }
  };
  settle("start", "end");
  settle("end", "start");
  for (const band of bands) {
    const [first, last] = [band.path[0], band.path.at(-1)];
    if (first && last && !boxes.has(band.start)) first[1] = last[1];
    if (first && last && !boxes.has(band.end)) last[1] = first[1];
  }
}

/** Above the middle of the last stretch; of a band with one end only above its box, where room is. */
function placeLabel(band: Band, boxes: Map<string, Box>): void {
  const [from, to] = [band.path.at(-2), band.path.at(-1)];
  if (from === undefined || to === undefined) return;
  const [start, end] = [boxes.get(band.start), boxes.get(band.end)];
  if (end === undefined) band.labelAt = { x: to[0], y: (start?.y ?? 0) - 6, anchor: "end" };
  else if (start === undefined) band.labelAt = { x: from[0], y: end.y - 6, anchor: "start" };
  else band.labelAt = { x: (from[0] + to[0]) / 2, y: (from[1] + to[1] - band.width) / 2 - 5, anchor: "middle" };
}

function heads(boxes: Box[]): { x: number; text: string }[] {
  const found = new Map<number, string>();
  for (const box of boxes) {
    const key = box.kind === "link" ? "flow.used" : box.kind === "table" ? "flow.recorded" : box.column === 0 ? "flow.arises" : "flow.carried";
    found.set(box.x, t(key));
  }
  return [...found].map(([x, text]) => ({ x, text }));
}
