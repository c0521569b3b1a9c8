/** What `/v1/flows` answers, as far as the page reads it, and how its words are said. */

import { span } from "../clock";
import { language, t, type Key } from "../texts";

export interface Delay {
  records: number;
  p50_seconds: number;
  p95_seconds: number;
}

export interface Carried {
  link: string;
  records: number;
  of: number;
  share: number;
}

export interface FlowTable {
  table: string;
  records: number;
  per_day: number | null;
  last_seen: string | null;
  delay: Delay | null;
  people: { person: string; records: number }[];
  links: Carried[];
}

export interface FlowSource {
  name: string;
  title: string;
  owner: string;
  is_stale: boolean;
  visible: Delay | null;
  tables: FlowTable[];
}

export interface Step {
  id: string;
  label: string;
  process: string;
  medium: string;
  handover: string;
  people: string[];
  times_per_day: number | null;
  latency_minutes: number | null;
  carries: string[];
  recorded_in: string[];
  is_seen: boolean;
  said_at: string;
}

export interface Link {
  link: string;
  have: number;
  of: number;
  missing: number;
  unknown: number;
  arises: string[];
  recorded_by: string[];
  questions: string[];
  gaps_elsewhere: number;
}

export type State = "never" | "unrecorded" | "late" | "patchy" | "seen";

export interface Edge {
  link: string;
  start: string;
  end: string;
  state: State;
  why: string;
  tables: string[];
  delay: Delay | null;
  gaps: number;
  seen_again: string;
  dark_minutes: string;
}

export interface Addition {
  what: string;
  name: string;
  title: string;
  whole: string[];
  part: string[];
}

export interface Flows {
  as_of: string;
  declared: boolean;
  late_after_minutes: number;
  sources: FlowSource[];
  steps: Step[];
  links: Link[];
  edges: Edge[];
  hangs_on: Record<string, string>[];
  next: Addition[];
  processes: Record<string, string>[];
  withheld: string[];
}

export const STATES: Record<State, { key: Key; mark: string }> = {
  never: { key: "flow.never", mark: "✗" },
  unrecorded: { key: "flow.unrecorded", mark: "∅" },
  late: { key: "flow.late", mark: "◷" },
  patchy: { key: "flow.patchy", mark: "◐" },
  seen: { key: "flow.seen", mark: "✓" },
};

/** A map of at most five links draws each in a colour of its own. */
const LINKS: Record<string, Key> = {
  "job-machine": "flow.job-machine",
  "job-spec": "flow.job-spec",
  "job-customer": "flow.job-customer",
  "job-batch": "flow.job-batch",
  "machine-now": "flow.machine-now",
};
const WORDS: Record<string, Key> = {
  system: "flow.system",
  spreadsheet: "flow.spreadsheet",
  paper: "flow.paper",
  message: "flow.message",
  speech: "flow.speech",
  hand: "flow.hand",
  wire: "flow.wire",
};

export function linkWord(link: string): string {
  const key = LINKS[link];
  return key === undefined ? link : t(key);
}

/** A medium, or a way of handing on; what is not known here stands as it was said. */
export function flowWord(name: string): string {
  const key = WORDS[name];
  return key === undefined ? name : t(key);
}

/** The slot of gaps that a link's gaps are of. */
export function slotOf(link: string): string {
  return link === "machine-now" ? "job" : link.replace(/^job-/, "");
}

export function delayText(delay: Delay | null): string {
  if (delay === null) return "";
  return t("flow.delays", { usual: took(delay.p50_seconds), long: took(delay.p95_seconds) });
}

function took(seconds: number): string {
  return seconds < 1 ? t("flow.instant") : span(seconds);
}

/** A number as people read it: three figures of a small one. */
export function figure(number: number): string {
  const shown = number < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return new Intl.NumberFormat(language, shown).format(number);
}

/** How a step is told in a line: medium, hand or wire, and who, by their codes. */
export function stepTold(step: Step): string {
  const words = [step.medium, step.handover].filter((one) => one !== "").map(flowWord);
  return words.join(", ");
}

export function peopleOf(step: Step): string {
  return step.people.map((one) => one.replace(/^person\//, "")).join(", ");
}

export function stepName(step: Step | undefined, id: string): string {
  return step?.label || id.replace(/^flow-step\//, "");
}
