/** The frame around every page: navigation, language, colours, the link to the server, sign-in. */

import { onLink, Refusal, send, setLink, type Link } from "./api";
import { data, h, put } from "./dom";
import { PAGES, type Entry } from "./pages";
import { may, meet, plant, session } from "./plant";
import { readRoute, type Page } from "./router";
import { keep, language, LANGUAGES, read, speak, t } from "./texts";
import { choice, empty, failed, waiting } from "./ui";

const THEME = "traveler.theme";
const PLACE = "traveler.place";
const main = h("main", { id: "main", tabindex: "-1" });
const bar = h("div", { class: "link-bar", role: "status", "aria-live": "polite" });
const nav = h("nav", { "aria-label": t("nav.label") });
let shown: Page | null = null;

function start(): void {
  document.documentElement.lang = language;
  paint(read(THEME) ?? "auto");
  const skip = h("a", { class: "skip", href: "#main", onclick: jump }, t("nav.skip"));
  document.body.replaceChildren(skip, h("header", {}, nav), bar, main);
  put(main, waiting());
  comeBack();
  onLink(showLink);
  window.addEventListener("hashchange", show);
  void begin();
}

/** Go on to where somebody came from before signing in on the page for that. */
function comeBack(): void {
  try {
    const place = sessionStorage.getItem(PLACE) ?? "";
    sessionStorage.removeItem(PLACE);
    if (location.hash.length <= 2 && place.startsWith("#/")) history.replaceState(null, "", place);
  } catch {
    // A browser that keeps nothing begins at the first page.
  }
}

function jump(event: Event): void {
  event.preventDefault();
  main.focus();
}

async function begin(): Promise<void> {
  try {
    await meet();
  } catch (error) {
    const isSignedOut = error instanceof Refusal && error.status === 401;
    put(main, isSignedOut ? signIn() : failed(error, () => void begin()));
    return;
  }
  showNav();
  show();
}

/** The pages of the navigation that are of use to whoever looks. */
function offered(): [string, Entry][] {
  return Object.entries(PAGES).filter(
    ([, entry]) => entry.label !== null && (entry.scope === null || may(entry.scope)),
  );
}

function firstPage(): string {
  return `#/${offered()[0]?.[0] ?? "board"}`;
}

function showNav(): void {
  const links = offered().map(([name, entry]) =>
    h("li", {}, h("a", { href: `#/${name}`, "data-page": name }, t(entry.label ?? "nav.board"))),
  );
  const themes: [string, string][] = [
    ["auto", t("theme.auto")],
    ["light", t("theme.light")],
    ["dark", t("theme.dark")],
  ];
  const theme = choice(themes, read(THEME) ?? "auto", (value) => {
    keep(THEME, value);
    paint(value);
  });
  theme.setAttribute("aria-label", t("theme.label"));
  const speech = choice(Object.entries(LANGUAGES), language, speak);
  speech.setAttribute("aria-label", t("nav.language"));
  put(
    nav,
    h("a", { class: "plant", href: firstPage() }, data(plant().name)),
    h("ul", {}, links),
    h("div", { class: "choices" }, theme, speech, who()),
  );
}

function who(): HTMLElement | null {
  const known = session();
  if (known === null || known.by === "open") return null;
  const out = (): void => void send("DELETE", "v1/session").finally(() => location.reload());
  return h(
    "span",
    { class: "who" },
    data(known.name),
    known.by === "session" ? h("button", { type: "button", onclick: out }, t("nav.out")) : null,
  );
}

function paint(theme: string): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

function show(): void {
  const route = readRoute(location.hash.length > 2 ? location.hash : firstPage());
  const entry = PAGES[route.page];
  shown?.close?.();
  shown = null;
  for (const link of nav.querySelectorAll("a[data-page]")) {
    if (link.getAttribute("data-page") === route.page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  // On a phone the names of pages stand in one line, which is moved.
  nav.querySelector("a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  if (entry === undefined) {
    put(main, empty("told.noPage"));
    return;
  }
  shown = entry.make(route);
  document.title = `${shown.title} – ${plant().name}`;
  put(main, shown.element);
  main.dataset["page"] = route.page;
  window.scrollTo(0, 0);
}

let last: Link = "ok";

function showLink(link: Link): void {
  bar.classList.toggle("is-bad", link !== "ok");
  if (link === "ok") put(bar);
  else if (link === "lost") put(bar, t("link.lost"));
  else put(bar, signIn());
  // What was asked while the server was away has failed: ask again.
  if (link === "ok" && last === "lost" && shown !== null) show();
  else if (link === "ok" && last === "lost") void begin();
  last = link;
}

/** A key becomes this browser's session. */
function signIn(): HTMLElement {
  const key = h("input", { type: "password", name: "key", autocomplete: "off", required: true });
  const told = h("p", { role: "alert" });
  const form = h(
    "form",
    {
      class: "sign-in",
      onsubmit: (event) => {
        event.preventDefault();
        void enter();
      },
    },
    h("label", {}, t("signin.key"), " ", key),
    h("button", {}, t("signin.enter")),
    h("a", { href: "signin" }, t("signin.other")),
    told,
  );
  async function enter(): Promise<void> {
    try {
      await send("POST", "v1/session", { key: key.value });
    } catch (error) {
      put(told, error instanceof Refusal ? data(error.message) : String(error));
      return;
    }
    setLink("ok");
    await begin();
  }
  return form;
}

start();
