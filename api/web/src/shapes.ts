/** What the API answers, as far as the pages read it. */

export interface Citation {
  source: string;
  record: string;
  observed_at: string | null;
  recorded_at: string | null;
}

export interface Fact {
  id: string;
  about: string;
  predicate: string;
  value: string;
  label: string;
  state: string;
  source: string | null;
  record: string | null;
  via: Citation[];
  observed_at: string | null;
  recorded_at: string | null;
  confirmed_at: string | null;
  age_s: number | null;
  is_stale: boolean;
  is_entity: boolean;
  unit: string | null;
  note: string | null;
  inputs: string[];
  is_current: boolean;
}

export interface Candidate {
  entity: string;
  label: string;
  score: number;
  reasons: string[];
}

export interface Worth {
  amount: string;
  currency: string | null;
}

export interface Gap {
  entity: string;
  slot: string;
  state: string;
  severity: string | null;
  message: string;
  source: string | null;
  record: string | null;
  since: string | null;
  kind: string;
  id: string;
  label: string;
  owner: string | null;
  flow_step: string | null;
  questions: string[];
  at_risk: {
    orders: string[];
    customers: string[];
    due: string | null;
    order_count: number;
    customer_count: number;
  } | null;
  value_at_risk: Worth[];
  candidates: Candidate[];
}

export interface Slot {
  state: string;
  facts: Fact[];
  gap: Gap | null;
  note: string | null;
  withheld: number;
}

export interface Run {
  run: string;
  phase: string | null;
  position: string | null;
  since: string | null;
  operations: string[];
  pieces: string[];
  quantity: Record<string, string | null>;
  slots: Record<string, Slot>;
  end: "open" | "recorded" | "inferred";
  ended_at: string | null;
  note: string | null;
}

export interface Status {
  state: string | null;
  activity: string | null;
  reason: string | null;
  since: string | null;
}

export interface Note {
  id: string;
  about: string;
  text: string;
  stated_by: string | null;
  stated_at: string | null;
  expires_at: string | null;
  /** Several ids stand in one text. */
  confirmed_by: string | null;
  contradicts: string | null;
  contradicted_by: string | null;
  state: string;
}

export interface SourceState {
  name: string;
  title: string;
  system: string;
  owner: string;
  confirmed_at: string | null;
  is_stale: boolean;
  covers: string[];
}

export interface Reason {
  kind: string;
  text: string;
}

export interface NextEntry {
  operation: string;
  label: string;
  job: string;
  due: string | null;
  state: string;
  rank: number | null;
  reasons: Reason[];
  blockers: Reason[];
  doubts: Reason[];
}

export interface Context {
  entity: { id: string; kind: string; label: string; iri: string };
  as_of: string;
  applied_seq: number;
  status: Status;
  slots: Record<string, Slot>;
  runs: Run[];
  next: NextEntry[];
  gaps: Gap[];
  notes: Note[];
  sources: SourceState[];
  causes: { kind: string; about: string; text: string; since: string | null; hours: string | null }[];
  computed: Record<string, Slot>;
  withheld: number;
}

export interface Machine extends Status {
  id: string;
  label: string;
  work_center: string | null;
  runs: number | null;
}

export interface Machines {
  as_of: string;
  machines: Machine[];
  of: number;
  next: string | null;
}

export interface Plant {
  name: string;
  base: string;
  zone: string;
  kinds: string[];
  is_limited: boolean;
  /** The address by which browsers know it; null where plant.toml does not say. */
  url: string | null;
}

export interface Session {
  name: string;
  role: string;
  by: string;
  scopes: string[];
  sees_all: boolean;
  until: string | null;
}

export interface Coverage {
  link: string;
  have: number;
  of: number;
  none: number;
  not_due: number;
  unknown: number;
  missing: number;
}
