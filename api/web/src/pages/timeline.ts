/** Runs along time, as a drawing that says the same in words. */

import { select } from "../api";
import { moment, since } from "../clock";
import { h, svg, type Child } from "../dom";
import { may, plant, session } from "../plant";
import type { Run } from "../shapes";
import { t } from "../texts";
import { empty } from "../ui";

const WIDTH = 800;
const ROW = 26;
const LEFT = 150;
const MOST = 60;

export interface Span {
  row: string;
  label: string;
  start: string;
  end: string | null;
  isPresumed: boolean;
}

/** What was run before, where whoever looks may ask for it. */
export async function pastRuns(iri: string, kind: string, signal: AbortSignal): Promise<Span[]> {
  const [link, other] = kind === "machine" ? ["tr:onMachine", "tr:ofJob"] : ["tr:ofJob", "tr:onMachine"];
  if (kind !== "machine" && kind !== "job") return [];
  if (!may("sparql:read") || session()?.sees_all === false) return [];
  const query = `SELECT ?start ?end ?presumed ?other ?label WHERE {
  ?run ${link} <${iri}> ; tr:startedAt ?start .
  OPTIONAL { ?run tr:endedAt ?end } OPTIONAL { ?run tr:inferredEndAt ?presumed }
  OPTIONAL { ?run ${other} ?other OPTIONAL { ?other rdfs:label ?label } }
} ORDER BY DESC(?start) LIMIT ${MOST}`;
  try {
    const rows = await select(query, signal);
    return rows.map((row) => {
      const name = row["label"]?.value ?? row["other"]?.value.replace(plant().base, "") ?? "?";
      const end = row["end"]?.value ?? row["presumed"]?.value ?? null;
      const isPresumed = row["end"] === undefined && end !== null;
      return { row: name, label: name, start: row["start"]?.value ?? "", end, isPresumed };
    });
  } catch {
    return []; // The runs of the answer itself are shown all the same.
  }
}

export function timeline(runs: Run[], asOf: string, past: Span[] = []): Child {
  const spans = past.length > 0 ? past : runs.flatMap((run) => spanOf(run) ?? []);
  const drawn = spans.filter((span) => !Number.isNaN(Date.parse(span.start)));
  if (drawn.length === 0) return empty("entity.noRuns");
  const last = Date.parse(asOf);
  const first = Math.min(...drawn.map((span) => Date.parse(span.start)));
  const scale = (WIDTH - LEFT) / Math.max(1, last - first);
  const x = (time: number): number => LEFT + (Math.min(time, last) - first) * scale;
  const rows = [...new Set(drawn.map((span) => span.row))];
  const height = rows.length * ROW + ROW;
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": t("entity.runs") },
    svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${height}`, class: "runs", role: "img", "aria-label": t("entity.timeline", { n: drawn.length }) },
      rows.map((row, place) => [
        svg("text", { x: 0, y: place * ROW + 17 }, svg("title", {}, row), row.length > 20 ? `${row.slice(0, 19)}…` : row),
        drawn.filter((span) => span.row === row).map((span) => bar(span, place, x, last)),
      ]),
      ticks(first, last, x, height),
    ),
  );
}

function bar(span: Span, place: number, x: (time: number) => number, last: number): SVGElement {
  const from = Date.parse(span.start);
  const to = span.end === null ? last : Date.parse(span.end);
  const kind = span.end === null ? "is-open" : span.isPresumed ? "is-presumed" : "is-over";
  const told = [moment(span.start, plant().zone), span.end ? moment(span.end, plant().zone) : t("run.open")];
  const long = since(span.start, new Date(to).toISOString());
  return svg(
    "rect",
    { x: x(from), y: place * ROW + 4, width: Math.max(2, x(to) - x(from)), height: ROW - 8, rx: 2, class: `run-bar ${kind}` },
    svg("title", {}, `${span.label}: ${told.join(" – ")} (${long})`),
  );
}

function ticks(first: number, last: number, x: (time: number) => number, height: number): Child {
  return [0, 0.5, 1].map((share) => {
    const time = first + (last - first) * share;
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    return svg(
      "text",
      { x: x(time), y: height - 6, "text-anchor": anchor, class: "tick" },
      moment(new Date(time).toISOString(), plant().zone),
    );
  });
}

function spanOf(run: Run): Span | null {
  if (run.since === null) return null;
  const job = run.slots["job"]?.facts[0];
  const machine = run.slots["machine"]?.facts[0];
  const row = machine?.label ?? job?.label ?? run.run;
  const isPresumed = run.end === "inferred";
  return { row, label: job?.label ?? run.run, start: run.since, end: run.ended_at, isPresumed };
}
