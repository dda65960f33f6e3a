import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import { send, sentence } from '../api/client';
import type { Page as List, QuestionnaireInfo, QuestionnaireResult } from '../api/types';
import { useResource } from '../api/use-resource';
import { CrisisCard } from '../components/help-lines';
import { Page, Problem } from '../components/parts';
import { openItems, QuestionnaireFields } from '../exercise/questionnaire-fields';
import { keepDraft, readDraft } from '../drafts';
import { words } from '../strings';

export default function Questionnaire({ slug }: { slug: string }) {
  const all = useResource<List<QuestionnaireInfo>>('/questionnaires');
  const info = all.data?.items.find((one) => one.slug === slug) ?? null;
  const missing = all.data !== null && info === null;
  return (
    <Page
      narrow
      title={info?.title ?? words.questionnaires.title}
      lead={info?.about}
      back={{ to: '/exercises', text: words.exercises.all }}
    >
      <Problem text={all.error ?? (missing ? words.questionnaires.unknown : null)} />
      {info !== null && (info.available ? <Form info={info} /> : <p className="empty">{info.licence}</p>)}
    </Page>
  );
}

function Form({ info }: { info: QuestionnaireInfo }) {
  const draft = `questionnaire:${info.slug}`;
  const [answers, setAnswers] = useState<Record<string, number>>(() => kept(draft));
  const [result, setResult] = useState<QuestionnaireResult | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const head = useRef<HTMLDivElement>(null);
  const left = openItems(info, answers);

  async function score() {
    setBusy(true);
    setError(null);
    try {
      const given = Object.fromEntries(info.items.map((item) => [item.id, answers[item.id] ?? null]));
      setResult(await send<QuestionnaireResult>('POST', `/questionnaires/${info.slug}/results`, { answers: given }));
      keepDraft(draft, '');
      requestAnimationFrame(() => {
        head.current?.focus({ preventScroll: true });
        head.current?.scrollIntoView({ block: 'start' });
      });
    } catch (problem) {
      setError(sentence(problem));
    } finally {
      setBusy(false);
    }
  }

  if (result !== null) {
    return (
      <div className="stack" ref={head} tabIndex={-1} role="group" aria-label={words.questionnaires.result(info.title)}>
        {result.urgent && result.help !== null && <CrisisCard text={result.help} heading={words.questionnaires.urgent} />}
        <Score info={info} result={result} />
        <div className="row end">
          <Button
            variant="default"
            onClick={() => {
              setResult(null);
              setAnswers({});
            }}
          >
            {words.questionnaires.again}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <form
      className="card"
      onSubmit={(event) => {
        event.preventDefault();
        void score();
      }}
    >
      <p style={{ marginBottom: '1.25rem', fontSize: '1.1rem' }}>{info.instructions}</p>
      <QuestionnaireFields
        info={info}
        answers={answers}
        onChange={(next) => {
          setAnswers(next);
          keepDraft(draft, JSON.stringify(next));
        }}
      />
      <div className="stack" style={{ paddingTop: '1rem' }}>
        <Problem text={error} />
        <div className="row apart">
          <span className="soft small" aria-live="polite">
            {left > 0 ? words.questionnaires.left(left) : words.questionnaires.complete}
          </span>
          <Button type="submit" size="md" loading={busy} disabled={left > 0}>
            {words.questionnaires.score}
          </Button>
        </div>
        <p className="soft small">{info.note}</p>
        <p className="soft small">
          {info.source} {info.licence}
        </p>
      </div>
    </form>
  );
}

function kept(draft: string): Record<string, number> {
  try {
    return JSON.parse(readDraft(draft) || '{}') as Record<string, number>;
  } catch {
    return {};
  }
}

function Score(props: { info: QuestionnaireInfo; result: QuestionnaireResult }) {
  const { info, result } = props;
  return (
    <section className="card">
      <div className="stack">
        {result.total !== null && info.low !== null && info.high !== null && (
          <div>
            <span className="total">{result.total}</span>{' '}
            <span className="soft">{words.questionnaires.range(info.low, info.high)}</span>
            {result.band !== '' && <p style={{ fontSize: '1.1rem' }}>{words.questionnaires.band(result.band)}</p>}
          </div>
        )}
        {info.low !== null && info.high !== null && result.total !== null && info.bands.length > 0 && (
          <ScoreLine info={info} total={result.total} />
        )}
        {Object.keys(result.subscales).length > 0 && (
          <dl className="given">
            {Object.entries(result.subscales).map(([name, value]) => (
              <div key={name}>
                <dt>{name.replaceAll('_', ' ')}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
        <p>{result.note}</p>
        {!result.note.includes(info.note) && <p className="soft small">{info.note}</p>}
        <p className="soft small">{info.source}</p>
      </div>
    </section>
  );
}

/** The total among the published ranges. */
function ScoreLine(props: { info: QuestionnaireInfo; total: number }) {
  const { info, total } = props;
  const low = info.low ?? 0;
  const high = info.high ?? 1;
  const width = 640;
  const x = (value: number) => 10 + ((value - low) / (high - low)) * (width - 20);
  return (
    <figure className="chart">
      <svg viewBox={`0 0 ${String(width)} 62`} role="img" aria-label={words.questionnaires.line(total, info.bands.map((band) => `${String(band.low)}–${String(band.high)} ${band.name}`).join(', '))}>
        {info.bands.map((band, at) => (
          <g key={band.name}>
            <rect
              className="cell"
              x={x(at === 0 ? band.low : band.low - 0.5) + 1}
              width={Math.max(2, x(at === info.bands.length - 1 ? band.high : band.high + 0.5) - x(at === 0 ? band.low : band.low - 0.5) - 2)}
              y={18}
              height={14}
              rx={4}
              opacity={0.16 + (0.5 * at) / Math.max(1, info.bands.length - 1)}
            />
            <text x={x((band.low + band.high) / 2)} y={52} textAnchor="middle" style={{ fontSize: 14 }}>
              {band.name}
            </text>
          </g>
        ))}
        <circle cx={x(total)} cy={25} r={9} fill="var(--ink)" stroke="var(--surface)" strokeWidth={2.5} />
      </svg>
    </figure>
  );
}
