import type { PlanePoint, TimelineRow } from '../api/types';
import type { Share } from './reading';

const MOST = 240; // columns that can be told apart on a screen

/** What is drawn in one column of a timeline: the mean of the rows that begin in it. */
export interface Column {
  start: number;
  end: number;
  /** Whether at least half of its rows could be judged. */
  ok: boolean;
  labels: Record<string, number>;
  valence: number | null;
  arousal: number | null;
  valenceSpread: number | null;
  arousalSpread: number | null;
}

/** Labels by their mean probability over the rows that could be judged. */
export function topLabels(rows: readonly TimelineRow[], most: number): Share[] {
  const good = rows.filter((row) => row.quality === 'ok');
  const sums = new Map<string, number>();
  for (const row of good) for (const [label, share] of Object.entries(row.labels)) sums.set(label, (sums.get(label) ?? 0) + share);
  return [...sums]
    .map(([label, sum]) => ({ label, share: sum / good.length }))
    .sort((a, b) => b.share - a.share)
    .slice(0, most);
}

/** Rows of one signal as columns; many rows are averaged into fewer columns. */
export function columnsOf(rows: readonly TimelineRow[], points: readonly PlanePoint[], start: number, end: number): Column[] {
  const spreads = new Map(points.map((point) => [keyOf(point), point]));
  const groups = new Map<number, TimelineRow[]>();
  const width = (end - start) / MOST;
  rows.forEach((row, at) => {
    const place = rows.length <= MOST || width <= 0 ? at : Math.min(MOST - 1, Math.floor((row.start - start) / width));
    groups.set(place, [...(groups.get(place) ?? []), row]);
  });
  return [...groups.values()].map((group) => {
    const good = group.filter((row) => row.quality === 'ok');
    const found = good.flatMap((row) => spreads.get(keyOf(row)) ?? []);
    const labels: Record<string, number> = {};
    for (const row of good) for (const [label, share] of Object.entries(row.labels)) labels[label] = (labels[label] ?? 0) + share / good.length;
    return {
      start: Math.min(...group.map((row) => row.start)),
      end: Math.max(...group.map((row) => row.end)),
      ok: good.length * 2 >= group.length && good.length > 0,
      labels,
      valence: mean(found.map((point) => point.valence)),
      arousal: mean(found.map((point) => point.arousal)),
      valenceSpread: mean(found.map((point) => point.valence_spread)),
      arousalSpread: mean(found.map((point) => point.arousal_spread)),
    };
  });
}

function keyOf(one: { start: number; end: number; signal: string; track: string }): string {
  return [one.start, one.end, one.signal, one.track].join('|');
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
