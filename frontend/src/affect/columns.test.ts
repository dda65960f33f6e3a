import { describe, expect, it } from 'vitest';
import type { TimelineRow } from '../api/types';
import { columnsOf, topLabels } from './columns';

function row(start: number, joy: number, quality = 'ok'): TimelineRow {
  const labels: Record<string, number> = quality === 'ok' ? { joy, fear: 1 - joy } : {};
  return { start, end: start + 1, signal: 'text', track: '', labels, label: '', valence: null, arousal: null, confidence: null, quality, text: '' };
}

const point = { signal: 'text', track: '', confidence: null, label: '', text: '' };

describe('columnsOf', () => {
  it('gives a column a row while there are few', () => {
    const points = [{ ...point, start: 1, end: 2, valence: 0.5, arousal: -0.5, valence_spread: 0.2, arousal_spread: null }];
    const columns = columnsOf([row(0, 0, 'dark'), row(1, 0.75)], points, 0, 2);
    expect(columns.map((column) => [column.start, column.end, column.ok, column.valence, column.valenceSpread])).toEqual([
      [0, 1, false, null, null],
      [1, 2, true, 0.5, 0.2],
    ]);
    expect(columns[1]?.labels).toEqual({ joy: 0.75, fear: 0.25 });
  });

  it('averages many rows, and poor ones do not count', () => {
    const rows = Array.from({ length: 1000 }, (_, at) => row(at, at % 2 === 0 ? 1 : 0, at % 4 === 3 ? 'dark' : 'ok'));
    const columns = columnsOf(rows, [], 0, 1000);
    expect(columns).toHaveLength(240);
    const whole = columns.filter((column) => column.end - column.start === 4);
    expect(whole.length).toBeGreaterThan(100);
    for (const column of whole) expect(column.labels.joy).toBeCloseTo(2 / 3);
    expect(columns.every((column) => column.ok)).toBe(true);
  });
});

describe('topLabels', () => {
  it('ranks by the mean over rows that could be judged', () => {
    expect(topLabels([row(0, 1), row(1, 0.5), row(2, 0, 'dark')], 1)).toEqual([{ label: 'joy', share: 0.75 }]);
    expect(topLabels([row(0, 0, 'dark')], 3)).toEqual([]);
  });
});
