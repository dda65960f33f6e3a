export type Phase = 'in' | 'hold' | 'out' | 'rest';

export interface Moment {
  phase: Phase;
  /** Seconds of the whole phase, and what is left of it. */
  length: number;
  left: number;
  /** Round, from 1. */
  round: number;
}

const ORDER: readonly Phase[] = ['in', 'hold', 'out', 'rest'];

/** Where somebody is in a breathing exercise after so many seconds; null when it is over. */
export function momentAt(seconds: number, pattern: readonly number[], rounds: number): Moment | null {
  const lengths = ORDER.map((_, at) => Math.max(0, pattern[at] ?? 0));
  const round = lengths.reduce((sum, length) => sum + length, 0);
  if (round <= 0 || seconds >= round * rounds || seconds < 0) return null;
  let rest = seconds % round;
  for (const [at, phase] of ORDER.entries()) {
    const length = lengths[at] ?? 0;
    if (rest < length) return { phase, length, left: length - rest, round: Math.floor(seconds / round) + 1 };
    rest -= length;
  }
  return null;
}
