import { Button, Loader } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { percent, placeWords, shown } from '../affect/reading';
import { remove } from '../api/client';
import type { Analysis as AnalysisBody, TimelineRow } from '../api/types';
import { useResource } from '../api/use-resource';
import { Bars, Plane } from '../components/affect';
import { DeleteButton, Page, Problem, When } from '../components/parts';
import { Timeline } from '../components/timeline';
import { words } from '../strings';

const EVERY = 700; // milliseconds between looks while it is read
const FEW_LINES = 8;
const MOST_DOTS = 60;
const ROWS_AT_ONCE = 50;

export default function Analysis({ id }: { id: string }) {
  const analysis = useResource<AnalysisBody>(`/analyses/${id}`);
  const [, go] = useLocation();
  const body = analysis.data;
  const waits = body?.status === 'waiting' || body?.status === 'reading';
  const { reload } = analysis;

  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(() => void reload(), EVERY);
    return () => {
      clearInterval(timer);
    };
  }, [waits, reload]);

  return (
    <Page
      title={nameOf(body)}
      back={{ to: '/analyze', text: words.analyze.all }}
      lead={
        body && (
          <>
            {words.analyze.kinds[body.kind]} · <When time={body.created} />
            {body.use !== '' && ` · ${words.analysis.use(body.use)}`}
          </>
        )
      }
    >
      <div className="stack wide">
        <Problem text={analysis.error ?? (body?.status === 'failed' ? (body.error ?? words.errors.unknown) : null)} />
        <div role="status" className={waits ? undefined : 'visually-hidden'}>
          {waits ? (
            <p className="loading">
              <Loader size="sm" aria-hidden="true" /> {words.analyze.status[body.status]}
            </p>
          ) : (
            body?.status === 'done' && words.analyze.status.done
          )}
        </div>
        {body?.status === 'done' && <Found body={body} />}
        {body !== null && (
          <div className="row end">
            <DeleteButton
              what={body.name}
              label={words.analysis.drop}
              onDelete={async () => {
                await remove(`/analyses/${id}`);
                go('/analyze');
              }}
            />
          </div>
        )}
      </div>
    </Page>
  );
}

function nameOf(body: AnalysisBody | null): string {
  if (body === null) return words.nav.analyze;
  return body.name === 'text' ? words.analysis.typed : body.name;
}

function Found({ body }: { body: AnalysisBody }) {
  const timed = body.rows.some((row) => row.end > row.start);
  const unit = body.kind === 'text' || body.kind === 'dialogue' ? 'number' : 'seconds';
  const groups = groupsOf(body.rows);
  const lines = body.rows.filter((row) => row.text !== '');
  const dots = thinned(body.plane, MOST_DOTS).map((point, at, all) => ({
    valence: point.valence,
    arousal: point.arousal,
    ellipse: point.valence_spread === null || point.arousal_spread === null ? null : { rx: point.valence_spread, ry: point.arousal_spread, angle: 0 },
    weight: all.length === 1 ? 1 : 0.35 + (0.65 * at) / (all.length - 1),
  }));
  const many = dots.length > 8;
  const middle = body.plane.length > 0 ? { valence: mean(body.plane.map((one) => one.valence)), arousal: mean(body.plane.map((one) => one.arousal)) } : null;
  return (
    <>
      <section className="analysis-top" aria-label={words.analysis.overview}>
        <div className="card">
          <h2>{words.analysis.plane}</h2>
          {middle === null ? (
            <p className="soft">{words.analysis.noPlane}</p>
          ) : (
            <>
              <Plane
                dots={many ? dots.map((dot) => ({ ...dot, weight: dot.weight * 0.8, ellipse: dot.ellipse && { ...dot.ellipse } })) : dots}
                way={timed}
                label={words.plane.many(body.plane.length, placeWords(middle.valence, middle.arousal))}
              />
              <p className="soft small" style={{ marginTop: '0.5rem' }}>
                {words.analysis.ellipse}
              </p>
            </>
          )}
        </div>
        <div className="stack" style={{ gap: '0.85rem' }}>
          <h2 style={{ margin: 0 }}>{words.analysis.judged}</h2>
          {body.quality !== null && (
            <p style={{ margin: 0 }}>{words.analysis.quality(body.quality.ok, body.rows.length + body.more_rows)}</p>
          )}
          {body.quality !== null && Object.keys(body.quality.poor).length > 0 && (
            <ul style={{ margin: 0, paddingLeft: '1.2rem' }}>
              {Object.entries(body.quality.poor).map(([reason, count]) => (
                <li key={reason}>{words.analysis.reason(reason, count)}</li>
              ))}
            </ul>
          )}
          {lines.length > 0 && lines.length <= FEW_LINES && (
            <ul className="lines-read">
              {lines.map((row, at) => (
                <li key={at}>
                  <span>
                    {body.kind === 'dialogue' && <strong>{row.track}: </strong>}
                    {row.text}
                  </span>
                  <span className={row.quality === 'ok' ? 'tag good' : 'tag'}>
                    {row.quality === 'ok' ? `${shown(row.label)} ${percent(row.labels[row.label] ?? 0)}` : row.quality}
                  </span>
                </li>
              ))}
            </ul>
          )}
          {!timed &&
            groups.map((group) => (
              <div key={group.name}>
                <h3 style={{ margin: '0 0 0.4rem' }}>{group.name}</h3>
                {group.rows.map((row) =>
                  row.quality === 'ok' ? (
                    <Bars key={row.track + String(row.start)} shares={row.labels} most={6} label={group.name} />
                  ) : (
                    <p key={row.track + String(row.start)} className="soft">
                      {words.reading.none(row.quality)}
                    </p>
                  ),
                )}
              </div>
            ))}
          {body.warnings.length > 0 && (
            <ul className="soft small" style={{ margin: 0, paddingLeft: '1.2rem' }}>
              {body.warnings.map((warning) => (
                <li key={warning}>{warning}</li>
              ))}
            </ul>
          )}
          <p className="soft small" style={{ margin: 0 }}>
            {words.analysis.limits}
          </p>
        </div>
      </section>
      {timed && (
        <section className="card stack" aria-label={words.analysis.time}>
          <h2 style={{ margin: 0 }}>{words.analysis.time}</h2>
          {groups.map((group) => (
            <Timeline
              key={group.name}
              rows={group.rows}
              points={body.plane.filter((point) => point.signal === group.signal)}
              signal={group.signal}
              track={group.track}
              unit={unit}
            />
          ))}
          <ul className="legend chart">
            <li>
              <svg viewBox="0 0 28 16" aria-hidden="true">
                <rect className="cell" width={14} height={16} opacity={0.2} />
                <rect className="cell" x={14} width={14} height={16} />
              </svg>
              {words.analysis.legendShade}
            </li>
            <li>
              <svg viewBox="0 0 28 16" aria-hidden="true">
                <rect className="band" width={28} y={2} height={12} />
                <line className="curve" x1={0} x2={28} y1={8} y2={8} />
              </svg>
              {words.analysis.legendBand}
            </li>
            <li>
              <svg viewBox="0 0 28 16" aria-hidden="true">
                {[2, 9, 16, 23].map((x) => (
                  <line key={x} className="poor" x1={x} x2={x + 7} y1={16} y2={0} />
                ))}
              </svg>
              {words.analysis.legendPoor}
            </li>
          </ul>
        </section>
      )}
      <Rows rows={body.rows} unit={unit} more={body.more_rows} />
    </>
  );
}

function Rows(props: { rows: readonly TimelineRow[]; unit: 'seconds' | 'number'; more: number }) {
  const [most, setMost] = useState(ROWS_AT_ONCE);
  const texts = props.rows.some((row) => row.text !== '');
  return (
    <details className="fold">
      <summary>{words.analysis.table}</summary>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={words.analysis.table}>
        <table className="data">
          <thead>
            <tr>
              <th scope="col">{props.unit === 'seconds' ? words.analysis.from : words.analysis.place}</th>
              <th scope="col">{words.analysis.signal}</th>
              {texts && <th scope="col">{words.analysis.words}</th>}
              <th scope="col">{words.analysis.best}</th>
              <th scope="col" className="number">{words.plane.valence}</th>
              <th scope="col" className="number">{words.plane.arousal}</th>
              <th scope="col">{words.analysis.qualityHead}</th>
            </tr>
          </thead>
          <tbody>
            {props.rows.slice(0, most).map((row, at) => (
              <tr key={at}>
                <td>{props.unit === 'seconds' ? `${row.start.toFixed(1)}–${row.end.toFixed(1)}` : at + 1}</td>
                <td>{[row.signal, row.track].filter(Boolean).join(', ')}</td>
                {texts && <td>{row.text}</td>}
                <td>{row.label === '' ? '–' : `${shown(row.label)} ${percent(row.labels[row.label] ?? 0)}`}</td>
                <td className="number">{row.valence?.toFixed(2) ?? '–'}</td>
                <td className="number">{row.arousal?.toFixed(2) ?? '–'}</td>
                <td>{row.quality}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {props.rows.length > most && (
        <Button
          variant="default"
          mt="sm"
          onClick={() => {
            setMost(most + 4 * ROWS_AT_ONCE);
          }}
        >
          {words.analysis.moreRows(props.rows.length - most)}
        </Button>
      )}
      {props.more > 0 && <p className="soft small">{words.analysis.cut(props.more)}</p>}
    </details>
  );
}

function groupsOf(rows: readonly TimelineRow[]): { name: string; signal: string; track: string; rows: TimelineRow[] }[] {
  // Lines of a text are one thing; speakers and faces are told apart.
  const groups = new Map<string, { name: string; signal: string; track: string; rows: TimelineRow[] }>();
  for (const row of rows) {
    const track = /^line \d+$/.test(row.track) ? '' : row.track;
    const name = [row.signal, track].filter(Boolean).join(', ');
    const group = groups.get(name) ?? { name, signal: row.signal, track, rows: [] };
    group.rows.push(row);
    groups.set(name, group);
  }
  return [...groups.values()];
}

function thinned<Item>(items: readonly Item[], most: number): Item[] {
  const step = Math.max(1, items.length / most);
  return Array.from({ length: Math.min(items.length, most) }, (_, at) => items[Math.floor(at * step)]).filter((item) => item !== undefined);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
