/** The graph around a thing, drawn by cytoscape, which is loaded when somebody wants it. */

import type { Core, ElementDefinition } from "cytoscape";
import { contextPath, getJson } from "../api";
import { h, put } from "../dom";
import type { Context, Fact } from "../shapes";
import { t } from "../texts";
import { entityAddress, failed, isEntity, waiting } from "../ui";

const MOST_NODES = 300;

/** Draw it; gives what ends it. */
export async function showGraph(place: HTMLElement, context: Context): Promise<() => void> {
  put(place, waiting());
  let make: typeof import("cytoscape");
  try {
    ({ default: make } = await import("cytoscape"));
  } catch (error) {
    put(place, failed(error));
    return () => undefined;
  }
  const canvas = h("div", { class: "graph", role: "img", "aria-label": t("graph.label", { name: context.entity.label }) });
  const told = h("p", { role: "status", class: "quiet" }, t("graph.how"));
  // cytoscape looks for its style sheet by this id, and would write one, which the policy forbids.
  put(place, told, h("span", { id: "__________cytoscape_stylesheet", hidden: true }), canvas);
  const core = make({
    container: canvas,
    elements: elementsOf(context),
    style: styles(),
    minZoom: 0.2,
    maxZoom: 3,
  });
  arrange(core);
  const seen = new Set([context.entity.id]);
  core.on("tap", "node", (event) => {
    const id = String(event.target.id());
    if (seen.has(id)) location.hash = entityAddress(id);
    else if (isEntity(id)) {
      seen.add(id);
      void expand(core, id, told);
    }
  });
  return () => core.destroy();
}

async function expand(core: Core, id: string, told: HTMLElement): Promise<void> {
  if (core.nodes().length > MOST_NODES) {
    put(told, t("graph.full", { n: MOST_NODES }));
    return;
  }
  try {
    const context = await getJson<Context>(contextPath(id));
    const added = elementsOf(context).filter((one) => core.getElementById(one.data.id ?? "").empty());
    core.add(added);
    put(told, t("graph.added", { n: added.filter((one) => one.group === "nodes").length }));
    arrange(core);
  } catch (error) {
    put(told, failed(error));
  }
}

function arrange(core: Core): void {
  core.layout({ name: "cose", animate: false, nodeDimensionsIncludeLabels: true, randomize: false }).run();
}

function elementsOf(context: Context): ElementDefinition[] {
  const nodes = new Map<string, ElementDefinition>();
  const edges = new Map<string, ElementDefinition>();
  const node = (id: string, label: string): void => {
    const kind = id.split("/")[0] ?? "";
    if (!nodes.has(id)) nodes.set(id, { group: "nodes", data: { id, label: short(label), kind } });
  };
  node(context.entity.id, context.entity.label);
  const facts: Fact[] = [
    ...Object.values(context.slots),
    ...context.runs.flatMap((run) => Object.values(run.slots)),
  ].flatMap((slot) => slot.facts);
  const labels = new Map(facts.filter((fact) => fact.is_entity).map((fact) => [fact.value, fact.label]));
  for (const fact of facts.filter((one) => one.is_entity)) {
    node(fact.about, labels.get(fact.about) ?? fact.about);
    node(fact.value, fact.label);
    const id = `${fact.about} ${fact.predicate} ${fact.value}`;
    const data = { id, source: fact.about, target: fact.value, label: fact.predicate, state: fact.state };
    edges.set(id, { group: "edges", data });
  }
  return [...nodes.values(), ...edges.values()];
}

function short(label: string): string {
  return label.length > 28 ? `${label.slice(0, 27)}…` : label;
}

function styles(): cytoscape.StylesheetJson {
  const ink = getComputedStyle(document.body).color;
  const line = getComputedStyle(document.querySelector("header nav") ?? document.body).borderBottomColor;
  const colours: [string, string][] = [
    ["machine", "#2f7d4f"],
    ["job", "#2563a8"],
    ["customer", "#8a4b9e"],
    ["batch", "#9a5b00"],
    ["spec", "#4d4ba8"],
    ["part", "#4d4ba8"],
    ["run", "#5b6570"],
  ];
  return [
    {
      selector: "node",
      style: {
        label: "data(label)",
        color: ink,
        "font-size": 12,
        "text-valign": "bottom",
        "text-margin-y": 4,
        "background-color": "#77808a",
        width: 22,
        height: 22,
      },
    },
    ...colours.map(([kind, colour]) => ({
      selector: `node[kind = "${kind}"]`,
      style: { "background-color": colour },
    })),
    {
      selector: "edge",
      style: {
        label: "data(label)",
        color: ink,
        "font-size": 9,
        "text-rotation": "autorotate",
        "curve-style": "bezier",
        "target-arrow-shape": "triangle",
        "line-color": line,
        "target-arrow-color": line,
        width: 1.5,
      },
    },
    { selector: 'edge[state = "inferred"]', style: { "line-style": "dashed" } },
    { selector: 'edge[state = "conflicting"]', style: { "line-color": "#c0392b" } },
  ];
}

