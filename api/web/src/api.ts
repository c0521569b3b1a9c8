/** Asking the server that the pages came from. */

export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

export type Link = "ok" | "lost" | "signed-out";
type Listener = (link: Link) => void;

const listeners = new Set<Listener>();
const RETRY_MS = 3_000;
let link: Link = "ok";
let isRetrying = false;

/** Hear how the link to the server is, now and whenever it changes. */
export function onLink(listener: Listener): () => void {
  listeners.add(listener);
  listener(link);
  return () => listeners.delete(listener);
}

export function setLink(now: Link): void {
  if (now === link) return;
  link = now;
  for (const listener of listeners) listener(now);
  if (now === "lost" && !isRetrying) void retry();
}

async function retry(): Promise<void> {
  isRetrying = true;
  while (link === "lost") {
    await new Promise((done) => setTimeout(done, RETRY_MS));
    try {
      await fetch("health", { cache: "no-store" });
      setLink("ok");
    } catch {
      // Still lost.
    }
  }
  isRetrying = false;
}

export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    setLink("lost");
    throw new Refusal(0, "unreachable", "", "");
  }
  if (answer.ok) {
    setLink("ok");
    return answer;
  }
  if (answer.status === 401 && !path.startsWith("v1/session")) setLink("signed-out");
  else if (answer.status !== 401) setLink("ok");
  throw await refusal(answer);
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const headers = { Accept: "application/json" };
  return (await ask(path, { headers, ...(signal ? { signal } : {}) })).json() as Promise<T>;
}

export async function getText(path: string, accept: string, signal?: AbortSignal): Promise<string> {
  return (await ask(path, { headers: { Accept: accept }, ...(signal ? { signal } : {}) })).text();
}

export type Row = Record<string, { value: string } | undefined>;

/** Ask in SPARQL; the server knows the prefixes tr: and rdfs:. */
export async function select(query: string, signal: AbortSignal): Promise<Row[]> {
  const headers = { "Content-Type": "application/sparql-query", Accept: "application/sparql-results+json" };
  const answer = await ask("sparql", { method: "POST", body: query, headers, signal });
  const { results } = (await answer.json()) as { results: { bindings: Row[] } };
  return results.bindings;
}

export async function send<T>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, headers: { "Content-Type": "application/json" } };
  if (body !== undefined) init.body = JSON.stringify(body);
  const answer = await ask(path, init);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

async function refusal(answer: Response): Promise<Refusal> {
  try {
    const told = (await answer.json()) as Record<string, unknown>;
    const text = (name: string): string => String(told[name] ?? "");
    return new Refusal(answer.status, text("code"), text("detail"), text("hint"));
  } catch {
    return new Refusal(answer.status, "error", answer.statusText, "");
  }
}

/** The address of a thing's context: ids below the plant's base hold escapes of their own. */
export function contextPath(id: string): string {
  const [kind = "", ...rest] = id.split("/");
  return `v1/context/${encodeURIComponent(kind)}/${rest.map(encodeURIComponent).join("/")}`;
}
