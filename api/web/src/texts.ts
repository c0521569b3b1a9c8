/** What the pages say, in three languages; the English one says which keys there are. */

import de from "../texts/de.json";
import en from "../texts/en.json";
import sv from "../texts/sv.json";

export type Key = keyof typeof en;
export type Language = "en" | "sv" | "de";
export const LANGUAGES: Record<Language, string> = { en: "English", sv: "Svenska", de: "Deutsch" };

const ALL: Record<Language, Record<Key, string>> = { en, sv, de };
const KEPT = "traveler.language";

export const language: Language = choose();

function choose(): Language {
  const wanted = [read(KEPT) ?? "", ...navigator.languages];
  const found = wanted.map((name) => name.slice(0, 2)).find((name) => name in ALL);
  return (found as Language | undefined) ?? "en";
}

/** Say something; `{name}` in the text is what is given for it. */
export function t(key: Key, given: Record<string, string | number> = {}): string {
  return ALL[language][key].replace(/\{(\w+)\}/g, (all, name: string) =>
    name in given ? String(given[name]) : all,
  );
}

/** Say a word of the ontology's code lists; one that is not known here stands as it is. */
export function word(list: "activity" | "state" | "slot" | "kind" | "gap", name: string): string {
  const key = `${list}.${name}`;
  return key in en ? t(key as Key) : name.replaceAll("_", " ").replaceAll("-", " ");
}

export function speak(name: string): void {
  keep(KEPT, name);
  location.reload();
}

/** What a browser keeps for us; some are told to keep nothing. */
export function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // It is asked for again next time.
  }
}
