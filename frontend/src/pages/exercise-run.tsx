import { Button } from '@mantine/core';
import { IconArrowLeft, IconDownload } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { remove, send, sentence } from '../api/client';
import type { Answer, Run } from '../api/types';
import { useResource } from '../api/use-resource';
import { CrisisCard } from '../components/help-lines';
import { DeleteButton, Page, Problem } from '../components/parts';
import { StepForm } from '../exercise/step-form';
import { keepDraft } from '../drafts';
import { words } from '../strings';

export default function ExerciseRun({ id }: { id: string }) {
  const run = useResource<Run>(`/exercise-runs/${id}`);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [, go] = useLocation();
  const heading = useRef<HTMLHeadingElement>(null);
  const body = run.data;
  const step = body?.current ?? null;

  // The next step is where the keyboard and the screen reader go on; not at the first look at the page.
  const interruption = body?.interruption ?? null;
  const interrupted = interruption !== null;
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (interrupted) card.current?.focus();
  }, [interrupted]);

  const stepId = step?.id ?? (body === null ? null : 'end');
  const seen = useRef<string | null>(null);
  useEffect(() => {
    if (stepId !== null && seen.current !== null && seen.current !== stepId) heading.current?.focus();
    seen.current = stepId;
  }, [stepId]);

  async function change(path: string, given?: unknown) {
    setBusy(true);
    setError(null);
    try {
      const next = await send<Run>('POST', `/exercise-runs/${id}/${path}`, given);
      if (step !== null && next.current?.id !== step.id) keepDraft(`exercise:${id}:${step.id}`, '');
      run.set(next);
    } catch (problem) {
      setError(sentence(problem));
      // Another window may have gone on: show what is asked now.
      await run.reload();
    } finally {
      setBusy(false);
    }
  }

  return (
    <Page narrow title={body?.title ?? words.nav.exercises} back={{ to: '/exercises', text: words.exercises.all }}>
      <div className="stack">
        {body !== null && (
          <>
            <div
              className="progress"
              role="progressbar"
              aria-label={words.exercises.progressLabel}
              aria-valuemin={0}
              aria-valuemax={body.steps}
              aria-valuenow={body.done}
              aria-valuetext={words.exercises.progress(body.done, body.steps)}
            >
              <i style={{ width: `${((100 * body.done) / Math.max(1, body.steps)).toFixed(0)}%` }} />
            </div>
            {body.caution !== '' && body.done === 0 && <p className="soft small" style={{ margin: 0 }}>{body.caution}</p>}
          </>
        )}
        <Problem text={error ?? run.error} />
        {interruption !== null && (
          <div ref={card} tabIndex={-1}>
            <CrisisCard text={interruption.help} />
            <div className="row apart" style={{ marginTop: '0.75rem' }}>
              <span className="soft small">{words.exercises.stays}</span>
              {interruption.may_go_on && (
                <Button variant="default" disabled={busy} onClick={() => void change('go-on')}>
                  {words.exercises.goOn}
                </Button>
              )}
            </div>
          </div>
        )}
        {body?.help != null && body.help !== '' && <p className="card small">{body.help}</p>}
        {step !== null && (
          <section className="card step">
            <h2 ref={heading} tabIndex={-1} id="prompt">
              {step.prompt}
            </h2>
            {step.help !== '' && <p className="soft" style={{ whiteSpace: 'pre-line' }}>{step.help}</p>}
            <StepForm
              key={step.id}
              step={step}
              draft={`exercise:${id}:${step.id}`}
              busy={busy}
              onAnswer={(answer: Answer) => void change('answers', { step: step.id, answer })}
            />
          </section>
        )}
        {body?.status === 'finished' && (
          <section className="card step">
            <h2 ref={heading} tabIndex={-1}>
              {words.exercises.finishedTitle}
            </h2>
            <p style={{ whiteSpace: 'pre-line' }}>{body.summary}</p>
          </section>
        )}
        {body !== null && (
          <div className="row apart">
            {body.answers.length > 0 ? (
              <Button
                variant="subtle"
                color="gray"
                c="var(--ink-soft)"
                leftSection={<IconArrowLeft size={18} aria-hidden="true" />}
                disabled={busy}
                onClick={() => void change('back')}
              >
                {words.exercises.back}
              </Button>
            ) : (
              <span />
            )}
            <div className="row">
              {(['md', 'json'] as const).map((format) => (
                <Button
                  key={format}
                  component="a"
                  variant="default"
                  href={`/api/v1/exercise-runs/${id}/export?format=${format}`}
                  download
                  leftSection={<IconDownload size={18} aria-hidden="true" />}
                >
                  {words.exercises.export[format]}
                </Button>
              ))}
              <DeleteButton
                what={body.title}
                onDelete={async () => {
                  await remove(`/exercise-runs/${id}`);
                  go('/exercises');
                }}
              />
            </div>
          </div>
        )}
        {body !== null && body.answers.length > 0 && (
          <details className="fold">
            <summary>{words.exercises.answers}</summary>
            <dl className="given">
              {body.answers
                .filter((given) => given.answer !== null)
                .map((given) => (
                  <div key={given.step}>
                    <dt>{given.prompt}</dt>
                    <dd>{Array.isArray(given.answer) ? given.answer.join('\n') : String(given.answer)}</dd>
                  </div>
                ))}
            </dl>
          </details>
        )}
        <p className="soft small" style={{ margin: 0 }}>{words.exercises.kept}</p>
      </div>
    </Page>
  );
}
