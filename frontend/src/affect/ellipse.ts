// How far emotions that share the probability lie apart in the plane of valence and arousal.

export interface Place {
  valence: number;
  arousal: number;
}

export interface Ellipse {
  /** Half axes in units of the plane, one standard deviation; the longer one first. */
  rx: number;
  ry: number;
  /** Of the longer axis, in degrees from the valence axis towards higher arousal; -90 < angle <= 90. */
  angle: number;
}

/**
 * The ellipse of one standard deviation around the mean of weighted places.
 *
 * Weights need not sum to one (labels of a message can be probable together); they are made to. Without a positive
 * weight there is no ellipse.
 */
export function spreadOf(places: readonly Place[], weights: readonly number[]): (Ellipse & Place) | null {
  let total = 0;
  const mean = { valence: 0, arousal: 0 };
  places.forEach((place, i) => {
    const weight = Math.max(0, weights[i] ?? 0);
    total += weight;
    mean.valence += weight * place.valence;
    mean.arousal += weight * place.arousal;
  });
  if (!(total > 0)) return null;
  mean.valence /= total;
  mean.arousal /= total;
  let vv = 0;
  let aa = 0;
  let va = 0;
  places.forEach((place, i) => {
    const weight = Math.max(0, weights[i] ?? 0) / total;
    const dv = place.valence - mean.valence;
    const da = place.arousal - mean.arousal;
    vv += weight * dv * dv;
    aa += weight * da * da;
    va += weight * dv * da;
  });
  return { ...mean, ...ellipseOf(vv, aa, va) };
}

/** The ellipse of one standard deviation of a covariance matrix [[vv, va], [va, aa]]. */
export function ellipseOf(vv: number, aa: number, va: number): Ellipse {
  const middle = (vv + aa) / 2;
  const half = Math.hypot((vv - aa) / 2, va);
  const angle = half === 0 ? 0 : (Math.atan2(2 * va, vv - aa) / 2) * (180 / Math.PI);
  return { rx: Math.sqrt(Math.max(0, middle + half)), ry: Math.sqrt(Math.max(0, middle - half)), angle };
}
