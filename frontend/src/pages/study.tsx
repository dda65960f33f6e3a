import { Select } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { ResultRow, Study as StudyBody } from '../api/types';
import { useResource } from '../api/use-resource';
import { DotIntervals, IntervalLegend, type Interval, number } from '../components/dot-intervals';
import { Page, Problem } from '../components/parts';
import { words } from '../strings';
import { Verdict } from './studies';

export default function Study({ slug }: { slug: string }) {
  const study = useResource<StudyBody>(`/studies/${slug}`);
  const body = study.data;
  return (
    <Page
      title={body?.title ?? words.nav.studies}
      back={{ to: '/studies', text: words.studies.all }}
      lead={body === null ? undefined : `${words.studies.about(body.rows, body.date)} · ${body.result.data.map((one) => words.studies.corpus(one.corpus, one.items)).join(', ')}`}
    >
      <div className="stack wide">
        <Problem text={study.error} />
        {body?.simulated && <p className="problem">{words.studies.simulatedNote}</p>}
        {body !== null && body.result.claims.length > 0 && (
          <section aria-label={words.studies.claims}>
            <h2>{words.studies.claims}</h2>
            <ul className="claims">
              {body.result.claims.map((claim) => (
                <li key={claim.text}>
                  <span>
                    <Verdict verdict={claim.verdict} />
                  </span>
                  <div>
                    <p>{claim.text}</p>
                    <p className="soft small">{claim.evidence}</p>
                  </div>
                </li>
              ))}
            </ul>
          </section>
        )}
        {body !== null && <Scores rows={body.result.rows} />}
        {body !== null && (
          <section aria-label={words.studies.provenance}>
            <h2>{words.studies.provenance}</h2>
            <p className="soft small" style={{ overflowWrap: 'anywhere' }}>
              <code>{body.result.command}</code> · {body.result.machine} · {words.studies.commit(body.result.commit.slice(0, 12))}
            </p>
          </section>
        )}
      </div>
    </Page>
  );
}

function Scores({ rows }: { rows: ResultRow[] }) {
  const groups = useMemo(() => {
    const found = new Map<string, ResultRow[]>();
    for (const row of rows) {
      const name = `${row.metric} · ${row.subset}`;
      found.set(name, [...(found.get(name) ?? []), row]);
    }
    return found;
  }, [rows]);
  const names = [...groups.keys()];
  const [chosen, setChosen] = useState(() => best(groups));
  const shown = groups.get(chosen) ?? [];
  // Published numbers stand beside ours only where data, split and metric agree.
  const beside = shown.filter((row) => row.kind !== 'published' || row.comparable === true);
  const apart = shown.filter((row) => row.kind === 'published' && row.comparable !== true);
  const intervals = beside.flatMap((row) => intervalOf(row) ?? []);
  const floors = intervals.filter((row) => row.kind === 'floor').map((row) => row.value);
  const guarantees = [...new Set(beside.map((row) => row.guarantee).filter(Boolean))];
  return (
    <section className="stack" aria-label={words.studies.scores}>
      <h2 style={{ margin: 0 }}>{words.studies.scores}</h2>
      <Select
        label={words.studies.choose}
        searchable
        allowDeselect={false}
        maw={520}
        data={names}
        value={chosen}
        onChange={(value) => {
          if (value !== null) setChosen(value);
        }}
      />
      <div className="card stack">
        {intervals.length > 0 ? (
          <DotIntervals
            rows={intervals}
            floor={floors.length > 0 ? Math.max(...floors) : null}
            label={`${chosen}: ${intervals.map((row) => `${row.name} ${number(row.value)}`).join('; ')}`}
          />
        ) : (
          <p className="soft">{words.studies.noScores}</p>
        )}
        <IntervalLegend />
        {guarantees.length > 0 && <p className="soft small">{words.studies.split(guarantees.join('; '))}</p>}
      </div>
      {apart.length > 0 && (
        <details className="fold" open>
          <summary>{words.studies.published(apart.length)}</summary>
          <Table rows={apart} />
        </details>
      )}
      <details className="fold">
        <summary>{words.studies.table}</summary>
        <Table rows={beside} />
      </details>
    </section>
  );
}

function Table({ rows }: { rows: ResultRow[] }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={words.studies.table}>
      <table className="data">
        <thead>
          <tr>
            <th scope="col">{words.studies.system}</th>
            <th scope="col">{words.studies.kind}</th>
            <th scope="col" className="number">{words.studies.value}</th>
            <th scope="col" className="number">{words.studies.interval}</th>
            <th scope="col" className="number">n</th>
            <th scope="col">{words.studies.note}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              <td>{row.system}</td>
              <td>{row.kind}</td>
              <td className="number">{row.value === null ? '–' : number(row.value)}</td>
              <td className="number">{row.low != null && row.high != null ? `${number(row.low)} – ${number(row.high)}` : '–'}</td>
              <td className="number">{row.n ?? '–'}</td>
              <td>{row.note}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function intervalOf(row: ResultRow): Interval | null {
  if (row.value === null) return null;
  return { name: row.system, kind: row.kind, value: row.value, low: row.low ?? null, high: row.high ?? null, n: row.n ?? null };
}

/** The score with the most arms, a floor among them where there is one. */
function best(groups: Map<string, ResultRow[]>): string {
  const size = (rows: ResultRow[]) => (rows.some((row) => row.kind === 'floor') ? 1000 : 0) + rows.filter((row) => row.kind !== 'published').length;
  return [...groups].sort((a, b) => size(b[1]) - size(a[1]))[0]?.[0] ?? '';
}
