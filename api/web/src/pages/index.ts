/** The pages by the names that stand in addresses, in the order of the navigation. */

import type { Page, Route } from "../router";
import type { Key } from "../texts";
import { makeAsk } from "./ask";
import { makeBoard } from "./board";
import { makeEntity } from "./entity";
import { makeFlow } from "./flow";
import { makeMissing } from "./missing";
import { makeNotes } from "./notes";
import { makeSources } from "./sources";
import { makeSparql } from "./sparql";
import { makeStart } from "./start";

export interface Entry {
  make(route: Route): Page;
  /** Its name in the navigation; null where one gets to it from elsewhere. */
  label: Key | null;
  /** What one must be allowed for it to be of use; one of several will do. */
  scope: string | string[] | null;
}

export const PAGES: Record<string, Entry> = {
  board: { make: makeBoard, label: "nav.board", scope: "context:read" },
  entity: { make: makeEntity, label: null, scope: "context:read" },
  missing: { make: makeMissing, label: "nav.missing", scope: "context:read" },
  flow: { make: makeFlow, label: "nav.flow", scope: "context:read" },
  notes: { make: makeNotes, label: "nav.notes", scope: ["context:read", "notes:write"] },
  ask: { make: makeAsk, label: "nav.ask", scope: "context:read" },
  sparql: { make: makeSparql, label: "nav.sparql", scope: "context:read" },
  sources: { make: makeSources, label: "nav.sources", scope: "context:read" },
  start: { make: makeStart, label: "nav.start", scope: "plant:admin" },
};
