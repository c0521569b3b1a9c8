/** The map of flows, drawn: boxes for steps, tables and links, and bands for what goes between. */

import { svg } from "../dom";
import { t } from "../texts";
import type { Edge, Flows, State } from "./flowshapes";
import { BOX, layOut, type Band, type Box, type Width } from "./flowlayout";

const MOST_LETTERS = 32;
const SMALL = 13;

/** Draw a map; `onPick` hears which edge somebody points at, to tell more of it. */
export function drawMap(flows: Flows, slot: string, by: Width, onPick: (edge: Edge) => void): SVGSVGElement {
  const drawing = layOut(flows, slot, by);
  const places = new Map(flows.links.map((one, place) => [one.link, place]));
  const { width, height } = drawing;
  const shown = flows.edges.filter((edge) => slot === "" || edge.link === slot);
  const dark = shown.filter((edge) => edge.state !== "seen").length;
  const steps = drawing.boxes.filter((box) => box.kind === "dark" || box.kind === "seen").length;
  const told = t("flow.map", { steps, dark });
  return svg(
    "svg",
    { class: "flow-map", role: "img", "aria-label": told, width, height, viewBox: `0 0 ${width} ${height}` },
    svg("title", {}, told),
    drawing.heads.map(({ x, text }) => svg("text", { class: "head", x, y: 20 }, text)),
    drawing.bands.map((band) => drawBand(band, places.get(band.link) ?? 5, onPick)),
    drawing.boxes.map((box) => drawBox(box, places.get(box.links[0] ?? "") ?? 5)),
    drawing.bands.map(drawLabel),
  );
}

function drawBand(band: Band, place: number, onPick: (edge: Edge) => void): SVGElement {
  const { edge } = band;
  const props = edge === null ? {} : { onclick: () => onPick(edge) };
  return svg(
    "path",
    { class: `band of-${place} is-${band.state}`, d: curve(band.path), "stroke-width": band.width.toFixed(1), ...props },
    svg("title", {}, band.title),
  );
}

function curve(path: [number, number][]): string {
  const place = (x: number, y: number): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return path
    .map(([x, y], number) => {
      const before = path[number - 1];
      if (before === undefined) return `M${place(x, y)}`;
      // What goes straight on or back to an earlier column leaves and reaches its boxes level.
      const bend = y === before[1] && x > before[0] ? 0 : Math.max(Math.abs(x - before[0]) / 2, 40);
      return `C${place(before[0] + bend, before[1])} ${place(x - bend, y)} ${place(x, y)}`;
    })
    .join("");
}

/** Text of data is cut off at its box, by an image of its own in the image. */
function drawBox(box: Box, place: number): SVGElement {
  const top = box.height / 2 - ((box.lines.length - 1) * BOX.line) / 2 + 4;
  const lines = box.lines.map((line, number) =>
    svg("text", { class: number < box.names ? "name" : "more", x: 10, y: top + number * BOX.line }, short(line)),
  );
  return svg(
    "svg",
    { class: `box is-${box.kind}`, x: box.x, y: box.y, width: BOX.width, height: box.height },
    svg("title", {}, box.title),
    svg("rect", { x: 1, y: 1, width: BOX.width - 2, height: box.height - 2, rx: 4 }),
    box.kind === "link" ? svg("rect", { class: `mark of-${place}`, x: 2, y: 2, width: 5, height: box.height - 4 }) : null,
    lines,
  );
}

function drawLabel(band: Band): SVGElement | null {
  if (band.label.length === 0) return null;
  const { x, y, anchor } = band.labelAt;
  // What stands above a box is one line: there is no room for more.
  const lines = anchor === "middle" ? band.label : [band.label.join(" · ")];
  const top = y - (lines.length - 1) * SMALL;
  return svg(
    "g",
    { class: `label is-${band.state}` },
    lines.map((line, number) => svg("text", { x, y: top + number * SMALL, "text-anchor": anchor }, line)),
  );
}

function short(text: string): string {
  const letters = [...text];
  return letters.length <= MOST_LETTERS ? text : `${letters.slice(0, MOST_LETTERS - 1).join("")}…`;
}

/** One line of the legend: how a state is drawn. */
export function drawSample(state: State): SVGElement {
  return svg(
    "svg",
    { class: "flow-map sample", width: 46, height: 12, viewBox: "0 0 46 12", "aria-hidden": "true" },
    svg("path", { class: `band of-5 is-${state}`, d: "M1 6h44", "stroke-width": 5 }),
  );
}
