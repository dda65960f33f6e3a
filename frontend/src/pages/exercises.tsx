import { Button } from '@mantine/core';
import { IconClock } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { remove, send, sentence } from '../api/client';
import type { ExerciseInfo, Page as List, QuestionnaireInfo, QuestionnaireResult, Run, RunInfo } from '../api/types';
import { useResource } from '../api/use-resource';
import { DeleteButton, Page, Problem, When } from '../components/parts';
import { words } from '../strings';

export default function Exercises() {
  const [, go] = useLocation();
  const exercises = useResource<List<ExerciseInfo>>('/exercises');
  const runs = useResource<List<RunInfo>>('/exercise-runs');
  const questionnaires = useResource<List<QuestionnaireInfo>>('/questionnaires');
  const results = useResource<List<QuestionnaireResult>>('/questionnaire-results');
  const [error, setError] = useState<string | null>(null);

  async function begin(exercise: string) {
    try {
      const run = await send<Run>('POST', '/exercise-runs', { exercise });
      go(`/exercises/run/${run.id}`);
    } catch (problem) {
      setError(sentence(problem));
    }
  }

  const open = runs.data?.items.filter((run) => run.status === 'open') ?? [];
  const finished = runs.data?.items.filter((run) => run.status === 'finished') ?? [];
  return (
    <Page title={words.nav.exercises} lead={words.exercises.lead}>
      <div className="stack wide">
        <Problem text={error ?? exercises.error ?? runs.error ?? questionnaires.error ?? results.error} />
        {open.length > 0 && (
          <section aria-label={words.exercises.open}>
            <h2>{words.exercises.open}</h2>
            <Runs runs={open} reload={runs.reload} />
          </section>
        )}
        <section aria-label={words.exercises.all}>
          <h2>{words.exercises.all}</h2>
          <ul className="cards">
            {exercises.data?.items.map((exercise) => (
              <li key={exercise.slug} className="card">
                <h3>{exercise.title}</h3>
                <p>{exercise.summary}</p>
                <div className="row apart push">
                  <span className="tag">
                    <IconClock size={16} aria-hidden="true" />
                    {words.exercises.minutes(exercise.minutes)}
                  </span>
                  <Button
                    size="compact-md"
                    h={38}
                    aria-label={words.exercises.beginNamed(exercise.title)}
                    onClick={() => void begin(exercise.slug)}
                  >
                    {words.exercises.begin}
                  </Button>
                </div>
              </li>
            ))}
          </ul>
        </section>
        <section aria-label={words.questionnaires.title}>
          <h2>{words.questionnaires.title}</h2>
          <p className="lead" style={{ margin: '0 0 1rem' }}>
            {words.questionnaires.lead}
          </p>
          <ul className="list">
            {questionnaires.data?.items.map((one) => (
              <li key={one.slug}>
                <Link href={`/exercises/questionnaire/${one.slug}`}>
                  <strong>{one.title}</strong>
                  <small>
                    {one.available ? words.questionnaires.about(one.items.length, one.period) : words.questionnaires.unavailable}
                  </small>
                </Link>
              </li>
            ))}
          </ul>
        </section>
        {results.data !== null && results.data.items.length > 0 && (
          <section aria-label={words.questionnaires.results}>
            <h2>{words.questionnaires.results}</h2>
            <ul className="list">
              {results.data.items.map((one) => (
                <li key={one.id}>
                  <Link href={`/exercises/questionnaire/${one.questionnaire}`}>
                    <strong>{one.title}</strong>
                    <small>{words.questionnaires.scored(one.total, one.band)}</small>
                  </Link>
                  <small>
                    <When time={one.created} />
                  </small>
                  <DeleteButton
                    what={words.questionnaires.result(one.title)}
                    onDelete={async () => {
                      await remove(`/questionnaire-results/${one.id}`);
                      await results.reload();
                    }}
                  />
                </li>
              ))}
            </ul>
          </section>
        )}
        {finished.length > 0 && (
          <section aria-label={words.exercises.finished}>
            <h2>{words.exercises.finished}</h2>
            <Runs runs={finished} reload={runs.reload} />
          </section>
        )}
      </div>
    </Page>
  );
}

function Runs(props: { runs: RunInfo[]; reload: () => Promise<void> }) {
  return (
    <ul className="list">
      {props.runs.map((run) => (
        <li key={run.id}>
          <Link href={`/exercises/run/${run.id}`}>
            <strong>{run.title}</strong>
            <small>{run.status === 'open' ? words.exercises.progress(run.done, run.steps) : words.exercises.done}</small>
          </Link>
          <small>
            <When time={run.updated} />
          </small>
          <DeleteButton
            what={run.title}
            onDelete={async () => {
              await remove(`/exercise-runs/${run.id}`);
              await props.reload();
            }}
          />
        </li>
      ))}
    </ul>
  );
}
