import { useId } from 'react';
import type { Ellipse } from '../affect/ellipse';
import { percent, placeOf, placeWords, ranked, shown, sureness } from '../affect/reading';
import type { Reading } from '../api/types';
import { words } from '../strings';

/** Probabilities as bars; the words and numbers stand beside them. */
export function Bars(props: { shares: Readonly<Record<string, number>>; most?: number; label: string }) {
  return (
    <dl className="bars" aria-label={props.label}>
      {ranked(props.shares)
        .slice(0, props.most ?? 5)
        .map(({ label, share }, at) => (
          <div key={label} className={at === 0 ? 'first' : undefined}>
            <dt>{shown(label)}</dt>
            <dd className="track" aria-hidden="true">
              <i style={{ width: `${Math.min(100, Math.max(1, share * 100)).toFixed(1)}%` }} />
            </dd>
            <dd className="share">{percent(share)}</dd>
          </div>
        ))}
    </dl>
  );
}

export interface PlaneDot {
  valence: number;
  arousal: number;
  ellipse: Ellipse | null;
  /** 0..1, how strongly it is drawn. */
  weight?: number;
}

/** The plane of valence and arousal; ellipses reach one standard deviation. */
export function Plane(props: { dots: readonly PlaneDot[]; label: string; small?: boolean; way?: boolean }) {
  const clip = useId();
  const size = props.small ? 92 : 360;
  const edge = props.small ? 2 : 26;
  const inner = size - 2 * edge;
  const x = (valence: number) => edge + ((valence + 1) / 2) * inner;
  const y = (arousal: number) => edge + ((1 - arousal) / 2) * inner;
  const radius = props.small ? 4 : 5;
  return (
    <figure className="plane">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={props.label}>
        <clipPath id={clip}>
          <rect x={edge} y={edge} width={inner} height={inner} rx={props.small ? 10 : 14} />
        </clipPath>
        <rect className="frame" x={edge} y={edge} width={inner} height={inner} rx={props.small ? 10 : 14} />
        <line className="axis" x1={x(0)} x2={x(0)} y1={edge} y2={edge + inner} />
        <line className="axis" x1={edge} x2={edge + inner} y1={y(0)} y2={y(0)} />
        <g clipPath={`url(#${clip})`}>
          {props.dots.map(
            (dot, at) =>
              dot.ellipse && (
                <ellipse
                  key={at}
                  className="spread"
                  cx={x(dot.valence)}
                  cy={y(dot.arousal)}
                  rx={Math.max(1, (dot.ellipse.rx * inner) / 2)}
                  ry={Math.max(1, (dot.ellipse.ry * inner) / 2)}
                  transform={`rotate(${(-dot.ellipse.angle).toFixed(2)} ${x(dot.valence)} ${y(dot.arousal)})`}
                  opacity={dot.weight ?? 1}
                />
              ),
          )}
        </g>
        {props.way && props.dots.length > 1 && (
          <polyline className="way" points={props.dots.map((dot) => `${x(dot.valence)},${y(dot.arousal)}`).join(' ')} />
        )}
        {props.dots.map((dot, at) => (
          <circle key={at} className="point" cx={x(dot.valence)} cy={y(dot.arousal)} r={radius} opacity={dot.weight ?? 1} />
        ))}
        {!props.small && (
          <g aria-hidden="true">
            <text x={edge} y={size - 8}>
              {words.plane.unpleasantEnd}
            </text>
            <text x={size - edge} y={size - 8} textAnchor="end">
              {words.plane.pleasantEnd}
            </text>
            <text x={x(0)} y={edge - 9} textAnchor="middle">
              {words.plane.activeEnd}
            </text>
            <text x={x(0)} y={size - 8} textAnchor="middle">
              {words.plane.calmEnd}
            </text>
          </g>
        )}
      </svg>
    </figure>
  );
}

/** What the software perceives in a message, and how sure it is. */
export function ReadingPanel(props: { reading: Reading; folded?: boolean }) {
  const { reading } = props;
  const [top] = ranked(reading.emotions);
  if (reading.quality !== 'ok' || top === undefined) {
    return (
      <div className="reading">
        <p>{words.reading.none(reading.quality)}</p>
      </div>
    );
  }
  const place = placeOf(reading);
  const head = (
    <>
      {words.reading.sounds} <strong>{shown(top.label)}</strong>, {sureness(top.share)} ({percent(top.share)})
    </>
  );
  const body = (
    <div className="body">
      <Bars shares={reading.emotions} most={4} label={words.reading.bars} />
      {place && (
        <Plane
          small
          dots={[place]}
          label={words.plane.label(placeWords(place.valence, place.arousal), place.valence, place.arousal)}
        />
      )}
    </div>
  );
  return (
    <div className="reading" role="group" aria-label={words.reading.label}>
      {props.folded ? (
        <details>
          <summary>{head}</summary>
          {body}
        </details>
      ) : (
        <>
          <p>{head}</p>
          {body}
        </>
      )}
    </div>
  );
}
