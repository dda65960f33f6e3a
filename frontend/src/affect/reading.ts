import type { Reading } from '../api/types';
import { words } from '../strings';
import { type Ellipse, type Place, spreadOf } from './ellipse';
// Written from thymos.affect.schemes by scripts/build_frontend.py: valence and arousal of each label.
import places from './places.json';

const TABLE = places as unknown as Partial<Record<string, readonly [number, number]>>;

export interface Share {
  label: string;
  share: number;
}

/** Labels by their probability, the highest first. */
export function ranked(shares: Readonly<Record<string, number>>): Share[] {
  return Object.entries(shares)
    .map(([label, share]) => ({ label, share }))
    .sort((a, b) => b.share - a.share);
}

/** A label as people write it. */
export function shown(label: string): string {
  return label.replaceAll('_', ' ');
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 1 ? '< 1' : value.toFixed(0)} %`;
}

/** How sure a probability is, in words; the number always stands beside them. */
export function sureness(share: number): string {
  const { sure } = words.reading;
  if (share >= 0.75) return sure.quite;
  if (share >= 0.5) return sure.fairly;
  if (share >= 0.3) return sure.unsure;
  return sure.guess;
}

/** Where a reading lies and how far its emotions spread. The place is the studio's own; the spread is of its labels. */
export function placeOf(reading: Reading): (Place & { ellipse: Ellipse | null }) | null {
  if (reading.valence === null || reading.arousal === null) return null;
  const known = Object.entries(reading.emotions).flatMap(([label, share]) => {
    const place = TABLE[label];
    return place ? [{ place: { valence: place[0], arousal: place[1] }, share }] : [];
  });
  const ellipse = spreadOf(
    known.map((one) => one.place),
    known.map((one) => one.share),
  );
  return { valence: reading.valence, arousal: reading.arousal, ellipse };
}

/** A place in the plane in words. */
export function placeWords(valence: number, arousal: number): string {
  const { plane } = words;
  const pleasant = valence > 0.15 ? plane.pleasant : valence < -0.15 ? plane.unpleasant : plane.neutral;
  const active = arousal > 0.15 ? plane.active : arousal < -0.15 ? plane.calm : plane.medium;
  return plane.place(pleasant, active);
}
