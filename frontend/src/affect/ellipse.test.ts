import { describe, expect, it } from 'vitest';
import { ellipseOf, spreadOf } from './ellipse';

describe('ellipseOf', () => {
  it('turns with the covariance', () => {
    expect(ellipseOf(4, 1, 0)).toEqual({ rx: 2, ry: 1, angle: 0 });
    expect(ellipseOf(1, 4, 0)).toEqual({ rx: 2, ry: 1, angle: 90 });
    const tilted = ellipseOf(2.5, 2.5, 1.5);
    expect(tilted.angle).toBeCloseTo(45);
    expect(tilted.rx).toBeCloseTo(2);
    expect(tilted.ry).toBeCloseTo(1);
    expect(ellipseOf(2.5, 2.5, -1.5).angle).toBeCloseTo(-45);
    expect(ellipseOf(0, 0, 0)).toEqual({ rx: 0, ry: 0, angle: 0 });
  });

  it('keeps variance along and across its axes', () => {
    for (const [vv, aa, va] of [
      [0.3, 0.1, 0.05],
      [0.02, 0.4, -0.08],
      [0.2, 0.2, 0.2],
    ] as const) {
      const { rx, ry, angle } = ellipseOf(vv, aa, va);
      const c = Math.cos((angle * Math.PI) / 180);
      const s = Math.sin((angle * Math.PI) / 180);
      expect(rx * rx * c * c + ry * ry * s * s).toBeCloseTo(vv);
      expect(rx * rx * s * s + ry * ry * c * c).toBeCloseTo(aa);
      expect((rx * rx - ry * ry) * s * c).toBeCloseTo(va);
    }
  });
});

describe('spreadOf', () => {
  const corners = [
    { valence: -1, arousal: 0 },
    { valence: 1, arousal: 0 },
  ];

  it('does not depend on the sum of the weights', () => {
    expect(spreadOf(corners, [1, 1])).toEqual({ valence: 0, arousal: 0, rx: 1, ry: 0, angle: 0 });
    expect(spreadOf(corners, [0.2, 0.2])).toEqual(spreadOf(corners, [1, 1]));
  });

  it('has no width where one label has it all', () => {
    expect(spreadOf(corners, [0, 0.7])).toMatchObject({ valence: 1, rx: 0, ry: 0 });
  });

  it('is nothing without weight', () => {
    expect(spreadOf(corners, [0, 0])).toBeNull();
    expect(spreadOf([], [])).toBeNull();
    expect(spreadOf(corners, [Number.NaN, 0])).toBeNull();
  });
});
