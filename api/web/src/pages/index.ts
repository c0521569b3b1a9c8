/** The pages by the names that stand in addresses, in the order of the navigation. */

import type { Page, Route } from "../router";
import type { Key } from "../texts";
import { makeAsk } from "./ask";
import { makeBoard } from "./board";
import { makeEntity } from "./entity";
import { makeMissing } from "./missing";
import { makeSources } from "./sources";
import { makeSparql } from "./sparql";

export interface Entry {
  make(route: Route): Page;
  /** Its name in the navigation; null where one gets to it from elsewhere. */
  label: Key | null;
  /** What one must be allowed for it to be of use. */
  scope: string | null;
}

export const PAGES: Record<string, Entry> = {
  board: { make: makeBoard, label: "nav.board", scope: "context:read" },
  entity: { make: makeEntity, label: null, scope: "context:read" },
  missing: { make: makeMissing, label: "nav.missing", scope: "context:read" },
  ask: { make: makeAsk, label: "nav.ask", scope: "context:read" },
  sparql: { make: makeSparql, label: "nav.sparql", scope: "context:read" },
  sources: { make: makeSources, label: "nav.sources", scope: "context:read" },
};
