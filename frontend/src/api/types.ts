// Shapes of the studio's interface (see /api/v1/openapi.json); times are ISO 8601 in UTC.

export type Risk = 'none' | 'concern' | 'crisis';
export type Theme = 'auto' | 'light' | 'dark';

export interface Page<Item> {
  items: Item[];
  more: boolean;
}

export interface HelpLine {
  name: string;
  contact: string;
  hours: string;
  languages: string;
  source: string;
  how: string;
  checked: string;
}

export interface Help {
  region: string;
  name: string;
  emergency: string;
  lines: HelpLine[];
}

export const TRAITS = ['openness', 'conscientiousness', 'extraversion', 'agreeableness', 'neuroticism'] as const;
export type Trait = (typeof TRAITS)[number];
export type Personality = Record<Trait, number>;

export interface Settings {
  language: string;
  region: string;
  theme: Theme;
  show_plan: boolean;
  show_reading: boolean;
  disclosure_seen: boolean;
  personality: Personality | null;
}

export interface Me {
  user: { id: string; name: string; created: string } | null;
  accounts: boolean;
  registration: boolean;
  disclosure: string;
  help: Help;
  regions: { code: string; name: string }[];
  languages: string[];
  settings: Settings;
  model: string | null;
  model_status: 'ok' | 'loading' | 'failed';
  encrypted: boolean;
  trial: boolean;
  /** Parts that are open; an arm of a trial may have fewer. */
  uses: string[];
}

export interface Health {
  status: 'ok' | 'loading' | 'failed';
  version: string;
  model: string | null;
  detail: string;
}

export interface Key {
  id: string;
  name: string;
  created: string;
  used: string | null;
  secret: string | null;
}

export interface Chat {
  id: string;
  title: string;
  created: string;
  updated: string;
  last_seq: number;
  writing: boolean;
}

export interface Reading {
  emotions: Record<string, number>;
  valence: number | null;
  arousal: number | null;
  quality: string;
}

export interface Plan {
  strategy: string;
  shares: Record<string, number>;
  emotion: string | null;
  why: string;
}

export interface Message {
  id: string;
  seq: number;
  role: 'user' | 'assistant';
  content: string;
  status: 'complete' | 'waiting' | 'writing' | 'interrupted' | 'failed' | 'stopped';
  kind: 'message' | 'crisis';
  created: string;
  client_id: string | null;
  reading: Reading | null;
  plan: Plan | null;
  risk: Risk | null;
  help: string | null;
  replaced: boolean;
  problems: string[];
  seconds_to_first: number | null;
}

export interface CrisisNote {
  text: string;
  help: string | null;
  risk: Risk;
  categories: string[];
}

export interface Choice {
  value: string | number;
  label: string;
}

export interface ExerciseInfo {
  slug: string;
  title: string;
  summary: string;
  minutes: number;
  steps: number;
  language: string;
  caution: string;
  source: string;
}

export interface Step {
  id: string;
  kind: 'say' | 'text' | 'scale' | 'choice' | 'choices' | 'list' | 'pause' | 'breathing';
  asks: boolean;
  prompt: string;
  help: string;
  optional: boolean;
  /** What can be chosen, in words; `values` is the same as it is sent. */
  options: string[];
  values: string[];
  option_help: string[];
  low: number | null;
  high: number | null;
  step: number | null;
  low_label: string;
  high_label: string;
  unit: string;
  least: number | null;
  most: number | null;
  longest: number | null;
  rows: number | null;
  seconds: number | null;
  pattern: number[];
  rounds: number | null;
  closing: boolean;
  draft: Answer;
}

export type Answer = string | number | string[] | null;

export interface RunInfo {
  id: string;
  exercise: string;
  title: string;
  status: 'open' | 'finished';
  created: string;
  updated: string;
  done: number;
  steps: number;
}

export interface Run extends RunInfo {
  answers: { step: string; prompt: string; answer: Answer; time: string }[];
  current: Step | null;
  risk: Risk;
  /** The guard heard a crisis in an answer: the run stays at its step, and help is shown. */
  interruption: { step: string; help: string; may_go_on: boolean } | null;
  help: string | null;
  summary: string;
  caution: string;
  newer_script: boolean;
}

export interface QuestionnaireInfo {
  slug: string;
  title: string;
  about: string;
  instructions: string;
  period: string;
  items: { id: string; text: string; choices: Choice[]; counts: boolean }[];
  available: boolean;
  low: number | null;
  high: number | null;
  subscales: string[];
  band_of: string;
  bands: { low: number; high: number; name: string }[];
  reading: string;
  source: string;
  licence: string;
  note: string;
}

export interface QuestionnaireResult {
  id: string;
  questionnaire: string;
  title: string;
  created: string;
  answers: Record<string, number>;
  total: number | null;
  subscales: Record<string, number>;
  band: string;
  note: string;
  missing: string[];
  urgent: boolean;
  help: string | null;
}

export interface SkillInfo {
  slug: string;
  title: string;
  description: string;
  levels: Record<string, string>;
  frame: string;
}

export type Difficulty = 'easy' | 'medium' | 'hard';

export interface PracticeInfo {
  id: string;
  situation: string;
  partner: string;
  difficulty: Difficulty;
  skills: string[];
  emotions: string[];
  created: string;
  updated: string;
  last_seq: number;
  writing: boolean;
}

export interface Example {
  text: string;
  rating: string;
  reason: string;
  context: string;
}

export interface Feedback {
  id: string;
  text: string;
  skill: string;
  rating: 'strong' | 'weak' | 'none';
  probabilities: Record<string, number>;
  reasons: string[];
  suggestion: string;
  rewrite: string;
  rewritten_by: string;
  examples: { worse: Example; better: Example }[];
  risk: Risk;
  help: string | null;
  created: string;
}

export interface Practice extends PracticeInfo {
  messages: Message[];
  feedback: Feedback[];
  next_skill: { skill: string; why: string } | null;
}

export interface AnalysisInfo {
  id: string;
  kind: 'text' | 'dialogue' | 'sound' | 'picture' | 'video' | 'wristband';
  name: string;
  use: string;
  status: 'waiting' | 'reading' | 'done' | 'failed';
  created: string;
  seconds: number | null;
  error: string | null;
}

export interface TimelineRow {
  start: number;
  end: number;
  signal: string;
  track: string;
  labels: Record<string, number>;
  label: string;
  valence: number | null;
  arousal: number | null;
  confidence: number | null;
  quality: string;
  text: string;
}

export interface PlanePoint {
  start: number;
  end: number;
  signal: string;
  track: string;
  valence: number;
  arousal: number;
  valence_spread: number | null;
  arousal_spread: number | null;
  confidence: number | null;
  label: string;
  text: string;
}

export interface Analysis extends AnalysisInfo {
  rows: TimelineRow[];
  more_rows: number;
  plane: PlanePoint[];
  quality: { ok: number; poor: Record<string, number> } | null;
  warnings: string[];
  signals: string[];
}

export interface CardScore {
  metric: string;
  title: string;
  value: number | null;
  low?: number | null;
  high?: number | null;
  floor?: number | null;
  standing?: string;
  higher_is_better?: boolean;
  [more: string]: unknown;
}

export interface CardSection {
  slug: string;
  title: string;
  kind: string;
  scores: CardScore[];
  skipped?: string;
  notes?: string[];
}

export interface AssessmentInfo {
  id: string;
  models: string[];
  suite: string;
  date: string;
  comparison: boolean;
  headline: (CardScore & { section: string; kind: string })[];
}

export interface Assessment extends AssessmentInfo {
  card: Record<string, unknown> & { sections?: CardSection[]; compared?: { model: string; sections: CardSection[] } };
}

export interface FolderList<Item> {
  folder: string;
  items: Item[];
  note: string;
}

export interface StudyInfo {
  slug: string;
  title: string;
  card: number;
  date: string;
  simulated: boolean;
  verdicts: Record<string, number>;
  rows: number;
}

export interface ResultRow {
  system: string;
  kind: string;
  metric: string;
  subset: string;
  value: number | null;
  low?: number | null;
  high?: number | null;
  n?: number | null;
  split?: string;
  guarantee?: string;
  comparable?: boolean;
  note?: string;
}

export interface Study extends StudyInfo {
  result: {
    command: string;
    machine: string;
    commit: string;
    data: { corpus: string; items: number; simulated: boolean }[];
    rows: ResultRow[];
    claims: { text: string; verdict: string; evidence: string }[];
  };
}

export interface MeasureInfo {
  name: string;
  title: string;
  questionnaire: string | null;
  low: number;
  high: number;
  given: string[];
}

export interface Trial {
  name: string;
  title: string;
  question: string;
  state: 'new' | 'consented' | 'withdrawn' | 'finished';
  consent: string;
  safety: string;
  occasions: string[];
  measures: MeasureInfo[];
  strata: Record<string, string[]>;
  uses: string[];
  help: string | null;
}

export interface Debrief {
  text: string;
  arm: string;
}
