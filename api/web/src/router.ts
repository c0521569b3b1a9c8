/** Where one is: `#/entity/machine/SAW-01?at=…`, so that links, Back and bookmarks work. */

export interface Route {
  page: string;
  /** The parts after the page's name, decoded. */
  parts: string[];
  query: URLSearchParams;
}

export interface Page {
  title: string;
  element: HTMLElement;
  close?(): void;
}

export function readRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...parts] = path.split("/");
  return { page: page || "board", parts: parts.map(decode), query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Say in the address what a page shows, without a new step for Back. */
export function note(query: Record<string, string>): void {
  const kept = Object.entries(query).filter(([, value]) => value !== "");
  const [path = ""] = location.hash.split("?");
  const text = new URLSearchParams(kept).toString();
  history.replaceState(null, "", `${path || "#/board"}${text ? `?${text}` : ""}`);
}
