/** What changes in the plant, as the server tells it: one stream for all that listens here. */

import { setLink } from "./api";

export interface Hearing {
  entity?(id: string): void;
  gap?(entity: string): void;
  source?(name: string): void;
  /** Something may have been left out: fetch anew what is shown. */
  reset?(): void;
  /** Whether the stream stands. */
  state?(isOpen: boolean): void;
}

const REOPEN_MS = 5_000;
const hearings = new Set<Hearing>();
let source: EventSource | null = null;
let isOpen = false;
let timer = 0;
let first: EventSource | null = null;

/** Listen until the function that this gives is called. */
export function follow(hearing: Hearing): () => void {
  hearings.add(hearing);
  if (source === null) open();
  hearing.state?.(isOpen);
  return () => {
    hearings.delete(hearing);
    if (hearings.size === 0) close();
  };
}

function close(): void {
  clearTimeout(timer);
  source?.close();
  source = null;
  first = null;
  isOpen = false;
}

function open(): void {
  const opened = new EventSource("v1/stream");
  source = opened;
  opened.addEventListener("open", () => {
    setLink("ok");
    tell(true);
  });
  opened.addEventListener("error", () => {
    tell(false);
    // The browser comes back by itself, and says what it heard last; unless it was refused.
    if (opened.readyState !== EventSource.CLOSED || source !== opened) return;
    timer = window.setTimeout(() => {
      if (source === opened) open();
    }, REOPEN_MS);
  });
  opened.addEventListener("hello", () => {
    // One that was opened anew, and not taken up again, says nothing of what changed in between.
    if (first !== null && first !== opened) each((hearing) => hearing.reset?.());
    first = opened;
  });
  opened.addEventListener("reset", () => each((hearing) => hearing.reset?.()));
  on(opened, "entity", (told) => each((hearing) => hearing.entity?.(told["id"] ?? "")));
  on(opened, "gap", (told) => each((hearing) => hearing.gap?.(told["id"] ?? "")));
  on(opened, "source", (told) => each((hearing) => hearing.source?.(told["source"] ?? "")));
}

function on(opened: EventSource, name: string, hear: (told: Record<string, string>) => void): void {
  opened.addEventListener(name, (event) => {
    hear(JSON.parse((event as MessageEvent<string>).data) as Record<string, string>);
  });
}

function tell(now: boolean): void {
  isOpen = now;
  each((hearing) => hearing.state?.(now));
}

function each(act: (hearing: Hearing) => void): void {
  for (const hearing of hearings) act(hearing);
}
