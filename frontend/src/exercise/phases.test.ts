import { describe, expect, it } from 'vitest';
import { momentAt } from './phases';

describe('momentAt', () => {
  it('leaves out phases without time', () => {
    const phases = [0, 3.9, 4, 9.9, 10].map((seconds) => momentAt(seconds, [4, 0, 6, 0], 2)?.phase);
    expect(phases).toEqual(['in', 'in', 'out', 'out', 'in']);
  });

  it('counts rounds and what is left', () => {
    expect(momentAt(13, [4, 4, 4, 4], 2)).toEqual({ phase: 'rest', length: 4, left: 3, round: 1 });
    expect(momentAt(16, [4, 4, 4, 4], 2)).toEqual({ phase: 'in', length: 4, left: 4, round: 2 });
  });

  it('ends', () => {
    expect(momentAt(20, [4, 0, 6, 0], 2)).toBeNull();
    expect(momentAt(0, [], 3)).toBeNull();
    expect(momentAt(-1, [4, 0, 6, 0], 2)).toBeNull();
  });
});
