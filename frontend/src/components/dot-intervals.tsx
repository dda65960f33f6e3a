import { useElementSize } from '@mantine/hooks';
import { words } from '../strings';

export interface Interval {
  name: string;
  kind: string;
  value: number;
  low: number | null;
  high: number | null;
  n: number | null;
}

const ROW = 28;
const KINDS = ['system', 'baseline', 'ablation', 'control', 'published', 'ceiling', 'floor'];

export function byKind(a: Interval, b: Interval): number {
  return KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
}

export function number(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && size < 0.001 ? value.toExponential(1) : size >= 100 ? value.toFixed(0) : value.toFixed(3);
}

/** Scores as dots with their intervals; the strongest floor is a dashed line. The same numbers stand beside. */
export function DotIntervals(props: { rows: readonly Interval[]; label: string; floor?: number | null }) {
  const { ref, width } = useElementSize();
  const rows = [...props.rows].sort(byKind);
  const narrow = width < 620;
  const left = narrow ? 8 : Math.min(360, width * 0.42);
  const right = narrow ? 132 : 172;
  const step = narrow ? ROW + 20 : ROW;
  const inner = Math.max(50, width - left - right);
  const ends = rows.flatMap((row) => [row.value, row.low ?? row.value, row.high ?? row.value]);
  const min = Math.min(0, ...ends);
  const max = Math.max(...(min < 0 ? [0] : []), ...(Math.max(...ends) <= 1 && min >= 0 ? [1] : ends));
  const x = (value: number) => left + ((value - min) / Math.max(1e-9, max - min)) * inner;
  const height = rows.length * step + 22;
  return (
    <figure className="chart" ref={ref}>
      {width > 0 && (
        <svg viewBox={`0 0 ${String(width)} ${String(height)}`} width={width} height={height} role="img" aria-label={props.label}>
          <line className="axis" x1={left} x2={left + inner} y1={height - 18} y2={height - 18} />
          {min < 0 && <line className="axis" x1={x(0)} x2={x(0)} y1={0} y2={height - 18} />}
          {props.floor != null && <line className="floor" x1={x(props.floor)} x2={x(props.floor)} y1={0} y2={height - 18} />}
          {rows.map((row, at) => {
            const y = at * step + (narrow ? 32 : ROW / 2);
            const strong = row.kind === 'system';
            return (
              <g key={`${row.name}-${row.kind}-${String(at)}`}>
                <text
                  className={strong ? 'strong' : undefined}
                  x={narrow ? left : left - 12}
                  y={narrow ? y - 14 : y + 4}
                  textAnchor={narrow ? 'start' : 'end'}
                >
                  {short(row.name, narrow ? 44 : Math.floor(left / 7.4))}
                  {!strong && ` (${row.kind})`}
                </text>
                {row.low !== null && row.high !== null && (
                  <line className="interval" x1={x(row.low)} x2={x(row.high)} y1={y} y2={y} />
                )}
                <circle className={strong ? 'system' : 'other'} cx={x(row.value)} cy={y} r={5} />
                <text x={width} y={y + 4} textAnchor="end">
                  {number(row.value)}
                  {row.low !== null && row.high !== null && ` [${number(row.low)}, ${number(row.high)}]`}
                </text>
              </g>
            );
          })}
          <text x={left} y={height - 3}>
            {number(min)}
          </text>
          <text x={left + inner} y={height - 3} textAnchor="end">
            {number(max)}
          </text>
        </svg>
      )}
    </figure>
  );
}

export function IntervalLegend() {
  return (
    <ul className="legend chart">
      <li>
        <svg viewBox="0 0 28 16" aria-hidden="true">
          <line className="interval" x1={2} x2={26} y1={8} y2={8} />
          <circle className="system" cx={14} cy={8} r={5} />
        </svg>
        {words.studies.legendSystem}
      </li>
      <li>
        <svg viewBox="0 0 28 16" aria-hidden="true">
          <circle className="other" cx={14} cy={8} r={5} />
        </svg>
        {words.studies.legendOther}
      </li>
      <li>
        <svg viewBox="0 0 28 16" aria-hidden="true">
          <line className="floor" x1={14} x2={14} y1={0} y2={16} />
        </svg>
        {words.studies.legendFloor}
      </li>
    </ul>
  );
}

function short(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text;
}
