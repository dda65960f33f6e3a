import { Button, Checkbox, NumberInput, Select } from '@mantine/core';
import { useState } from 'react';
import { send, sentence } from '../api/client';
import type { Debrief, MeasureInfo, Page as List, QuestionnaireInfo, Trial as TrialBody } from '../api/types';
import { useResource } from '../api/use-resource';
import { CrisisCard } from '../components/help-lines';
import { DeleteButton, Page, Problem } from '../components/parts';
import { openItems, QuestionnaireFields } from '../exercise/questionnaire-fields';
import { words } from '../strings';

export default function Trial() {
  const trial = useResource<TrialBody>('/trial');
  const body = trial.data;
  return (
    <Page narrow title={body?.title ?? words.nav.trial} lead={body?.question}>
      <div className="stack wide">
        <Problem text={trial.error} />
        {body?.help != null && <CrisisCard text={body.help} heading={words.questionnaires.urgent} />}
        {body?.state === 'new' && <ConsentForm trial={body} onChange={trial.set} />}
        {body?.state === 'consented' && <Measures trial={body} onChange={trial.set} />}
        {(body?.state === 'finished' || body?.state === 'withdrawn') && <Told state={body.state} />}
        {body?.state === 'consented' && (
          <section aria-label={words.trial.leave}>
            <h2>{words.trial.leave}</h2>
            <div className="card row apart">
              <p>{words.trial.leaveHelp}</p>
              <DeleteButton
                what={words.trial.part}
                label={words.trial.withdraw}
                onDelete={async () => {
                  trial.set(await send<TrialBody>('POST', '/trial/withdraw'));
                }}
              />
            </div>
          </section>
        )}
        {body !== null && body.safety !== '' && <p className="soft small" style={{ whiteSpace: 'pre-line' }}>{body.safety}</p>}
      </div>
    </Page>
  );
}

function ConsentForm(props: { trial: TrialBody; onChange: (trial: TrialBody) => void }) {
  const { trial } = props;
  const [agreed, setAgreed] = useState(false);
  const [strata, setStrata] = useState<Record<string, string>>({});
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const complete = agreed && Object.keys(trial.strata).every((name) => strata[name] !== undefined);

  async function consent() {
    setBusy(true);
    setError(null);
    try {
      props.onChange(await send<TrialBody>('POST', '/trial/consent', { agreed: true, strata }));
    } catch (problem) {
      setError(sentence(problem));
      setBusy(false);
    }
  }

  return (
    <section className="card stack" aria-label={words.trial.consent}>
      <h2 style={{ margin: 0 }}>{words.trial.consent}</h2>
      <p style={{ whiteSpace: 'pre-line' }}>{trial.consent}</p>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void consent();
        }}
      >
        {Object.entries(trial.strata).map(([name, options]) => (
          <Select
            key={name}
            label={name.replaceAll('_', ' ')}
            data={options}
            value={strata[name] ?? null}
            onChange={(value) => {
              if (value !== null) setStrata({ ...strata, [name]: value });
            }}
          />
        ))}
        <Checkbox
          label={words.trial.agree}
          checked={agreed}
          onChange={(event) => {
            setAgreed(event.currentTarget.checked);
          }}
        />
        <Problem text={error} />
        <div className="row end">
          <Button type="submit" size="md" disabled={!complete} loading={busy}>
            {words.trial.take}
          </Button>
        </div>
      </form>
    </section>
  );
}

function Measures(props: { trial: TrialBody; onChange: (trial: TrialBody) => void }) {
  const { trial } = props;
  const questionnaires = useResource<List<QuestionnaireInfo>>('/questionnaires');
  const due = trial.occasions.find((occasion) => trial.measures.some((measure) => !measure.given.includes(occasion)));
  if (due === undefined) return <p className="card">{words.trial.allGiven}</p>;
  return (
    <section aria-label={words.trial.measures}>
      <h2>{words.trial.occasion(due.replaceAll('_', ' '))}</h2>
      <div className="stack">
        {trial.measures
          .filter((measure) => !measure.given.includes(due))
          .map((measure) => (
            <MeasureForm
              key={measure.name}
              measure={measure}
              occasion={due}
              info={questionnaires.data?.items.find((one) => one.slug === measure.questionnaire) ?? null}
              onChange={props.onChange}
            />
          ))}
      </div>
    </section>
  );
}

function MeasureForm(props: {
  measure: MeasureInfo;
  occasion: string;
  info: QuestionnaireInfo | null;
  onChange: (trial: TrialBody) => void;
}) {
  const { measure, info } = props;
  const asked = measure.questionnaire !== null;
  const [value, setValue] = useState<number | null>(null);
  const [answers, setAnswers] = useState<Record<string, number>>({});
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const complete = asked ? info !== null && openItems(info, answers) === 0 : value !== null;

  async function give() {
    setBusy(true);
    setError(null);
    try {
      const body = { measure: measure.name, occasion: props.occasion, ...(asked ? { answers } : { value }) };
      props.onChange(await send<TrialBody>('POST', '/trial/measures', body));
    } catch (problem) {
      setError(sentence(problem));
      setBusy(false);
    }
  }

  return (
    <form
      className="card stack"
      aria-label={measure.title}
      onSubmit={(event) => {
        event.preventDefault();
        void give();
      }}
    >
      <h3 style={{ margin: 0 }}>{measure.title}</h3>
      {info !== null ? (
        <>
          <p className="soft">{info.instructions}</p>
          <QuestionnaireFields info={info} answers={answers} onChange={setAnswers} />
        </>
      ) : (
        !asked && (
          <NumberInput
            label={words.trial.between(measure.low, measure.high)}
            min={measure.low}
            max={measure.high}
            hideControls
            value={value ?? ''}
            onChange={(next) => {
              setValue(typeof next === 'number' ? next : null);
            }}
          />
        )
      )}
      <Problem text={error} />
      <div className="row end">
        <Button type="submit" disabled={!complete} loading={busy}>
          {words.trial.give}
        </Button>
      </div>
    </form>
  );
}

function Told(props: { state: 'finished' | 'withdrawn' }) {
  const debrief = useResource<Debrief>('/trial/debrief');
  return (
    <section className="card stack" aria-label={words.trial.debrief}>
      <h2 style={{ margin: 0 }}>{words.trial.debrief}</h2>
      {props.state === 'withdrawn' && <p>{words.trial.withdrawn}</p>}
      <Problem text={debrief.error} />
      <p style={{ whiteSpace: 'pre-line' }}>{debrief.data?.text}</p>
      {debrief.data !== null && debrief.data.arm !== '' && <p>{words.trial.arm(debrief.data.arm)}</p>}
    </section>
  );
}
