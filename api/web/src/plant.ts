/** The plant that the pages are of, and who looks at them; both are known before a page is made. */

import { getJson } from "./api";
import type { Plant, Session } from "./shapes";

let known: Plant | null = null;
let who: Session | null = null;

export async function meet(): Promise<void> {
  [known, who] = await Promise.all([getJson<Plant>("v1/plant"), getJson<Session>("v1/session")]);
}

export function plant(): Plant {
  if (known === null) throw new Error("the plant is not known yet");
  return known;
}

export function session(): Session | null {
  return who;
}

/** Whether one is allowed something, or one of several. */
export function may(scope: string | string[]): boolean {
  const isAmong = (one: string): boolean => who?.scopes.includes(one) === true;
  return who === null || who.by === "open" || [scope].flat().some(isAmong);
}
