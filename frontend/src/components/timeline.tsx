import { useElementSize } from '@mantine/hooks';
import { useId } from 'react';
import type { PlanePoint, TimelineRow } from '../api/types';
import { percent, shown } from '../affect/reading';
import { type Column, columnsOf, topLabels } from '../affect/columns';
import { words } from '../strings';

const LEFT = 128;
const LANE = 22;
const GAP = 4;
const CURVE = 74;
const MOST_LABELS = 6;

/** One signal over time: probabilities of its labels as shades, valence and arousal as lines with their spread. */
export function Timeline(props: { rows: readonly TimelineRow[]; points: readonly PlanePoint[]; signal: string; track: string; unit: 'seconds' | 'number' }) {
  const { ref, width } = useElementSize();
  const hatch = useId();
  const { rows } = props;
  const start = Math.min(...rows.map((row) => row.start));
  const end = Math.max(...rows.map((row) => row.end));
  const columns = columnsOf(rows, props.points, start, end);
  const labels = topLabels(rows, MOST_LABELS);
  const narrow = width < 520;
  const left = narrow ? 98 : LEFT;
  const inner = Math.max(60, width - left - 8);
  const x = (time: number) => left + ((time - start) / Math.max(1e-9, end - start)) * inner;
  const lanes = labels.length * (LANE + GAP);
  const curves = (['valence', 'arousal'] as const).filter((axis) => columns.some((column) => column[axis] !== null));
  const height = lanes + curves.length * (CURVE + 12) + 26;
  const poor = rows.filter((row) => row.quality !== 'ok').length;
  const best = labels[0];
  const name = [props.signal, props.track].filter(Boolean).join(', ');
  return (
    <figure className="chart" ref={ref}>
      <figcaption>
        <strong>{name}</strong>{' '}
        {poor > 0 && <span>· {words.analysis.poorRows(poor, rows.length)}</span>}
      </figcaption>
      {width > 0 && (
        <svg
          viewBox={`0 0 ${String(width)} ${String(height)}`}
          width={width}
          height={height}
          role="img"
          aria-label={words.analysis.chart(name, rows.length, best === undefined ? '' : `${shown(best.label)} ${percent(best.share)}`, poor)}
        >
          <defs>
            <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <line className="poor" x1="0" x2="0" y1="0" y2="6" />
            </pattern>
          </defs>
          {labels.map(({ label }, lane) => (
            <g key={label} transform={`translate(0 ${String(lane * (LANE + GAP))})`}>
              <text className={lane === 0 ? 'strong' : undefined} x={left - 8} y={LANE / 2 + 4} textAnchor="end">
                {shown(label)}
              </text>
              <rect className="lane" x={left} width={inner} height={LANE} rx={4} />
              {columns.map((column) => (
                <Cell key={column.start} column={column} label={label} x={x} hatch={hatch} />
              ))}
            </g>
          ))}
          {curves.map((axis, at) => (
            <Curve
              key={axis}
              axis={axis}
              columns={columns}
              x={x}
              top={lanes + 8 + at * (CURVE + 12)}
              left={left}
              width={inner}
              hatch={hatch}
            />
          ))}
          <text x={left} y={height - 4}>
            {mark(start, props.unit)}
          </text>
          <text x={left + inner} y={height - 4} textAnchor="end">
            {mark(end, props.unit)}
          </text>
        </svg>
      )}
    </figure>
  );
}

function mark(time: number, unit: 'seconds' | 'number'): string {
  return unit === 'seconds' ? words.analysis.seconds(time) : words.analysis.line(time);
}

function Cell(props: { column: Column; label: string; x: (time: number) => number; hatch: string }) {
  const { column, x } = props;
  const share = column.labels[props.label] ?? 0;
  if (column.ok && share < 0.02) return null;
  const from = x(column.start);
  return (
    <rect
      className={column.ok ? 'cell' : undefined}
      fill={column.ok ? undefined : `url(#${props.hatch})`}
      x={from}
      width={Math.max(1, x(column.end) - from - 0.5)}
      height={LANE}
      opacity={column.ok ? Math.min(1, 0.08 + 0.92 * share) : 0.55}
    />
  );
}

function Curve(props: {
  axis: 'valence' | 'arousal';
  columns: readonly Column[];
  x: (time: number) => number;
  top: number;
  left: number;
  width: number;
  hatch: string;
}) {
  const { axis, x, top } = props;
  const y = (value: number) => top + ((1 - value) / 2) * CURVE;
  const spread = axis === 'valence' ? 'valenceSpread' : 'arousalSpread';
  return (
    <g>
      <rect className="lane" x={props.left} y={top} width={props.width} height={CURVE} rx={6} />
      <line className="axis" x1={props.left} x2={props.left + props.width} y1={y(0)} y2={y(0)} />
      <text className="strong" x={props.left - 8} y={y(0) + 4} textAnchor="end">
        {axis === 'valence' ? words.plane.valence : words.plane.arousal}
      </text>
      <text x={props.left - 8} y={top + 10} textAnchor="end">
        +1
      </text>
      <text x={props.left - 8} y={top + CURVE - 1} textAnchor="end">
        −1
      </text>
      {props.columns.map((column) => {
        const value = column[axis];
        const from = x(column.start);
        const to = Math.max(from + 2, x(column.end) - 0.5);
        if (value === null) {
          return column.ok ? null : (
            <rect key={column.start} fill={`url(#${props.hatch})`} opacity={0.55} x={from} width={to - from} y={top} height={CURVE} />
          );
        }
        const wide = column[spread];
        return (
          <g key={column.start}>
            {wide !== null && (
              <rect className="band" x={from} width={to - from} y={y(Math.min(1, value + wide))} height={Math.max(1, y(Math.max(-1, value - wide)) - y(Math.min(1, value + wide)))} />
            )}
            <line className="curve" x1={from} x2={to} y1={y(value)} y2={y(value)} />
          </g>
        );
      })}
    </g>
  );
}
