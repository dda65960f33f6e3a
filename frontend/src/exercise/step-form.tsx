import { Button, Slider, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Answer, Step } from '../api/types';
import { keepDraft, readDraft } from '../drafts';
import { words } from '../strings';
import { Breathing } from './breathing';
import { Countdown } from './countdown';

interface StepFormProps {
  step: Step;
  draft: string;
  busy: boolean;
  onAnswer: (answer: Answer) => void;
}

/** The fields of one step. What is written survives a reload. */
export function StepForm({ step, draft, busy, onAnswer }: StepFormProps) {
  const [value, setValue] = useState<Answer>(() => first(step, readDraft(draft)));

  function change(next: Answer) {
    setValue(next);
    keepDraft(draft, next === null ? '' : JSON.stringify(next));
  }

  const empty = value === null || value === '' || (Array.isArray(value) && value.every((one) => one.trim() === ''));
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onAnswer(!step.asks || empty ? null : Array.isArray(value) ? value.filter((one) => one.trim() !== '') : value);
      }}
    >
      <Fields step={step} value={value} onChange={change} />
      <div className="row end">
        {step.optional && step.asks && empty && <span className="soft small">{words.exercises.optional}</span>}
        <Button type="submit" size="md" loading={busy} disabled={step.asks && !step.optional && empty}>
          {words.exercises.next}
        </Button>
      </div>
    </form>
  );
}

function Option({ step, at }: { step: Step; at: number }) {
  const help = step.option_help[at] ?? '';
  return (
    <span>
      <span>
        {step.options[at] ?? step.values[at]}
        {help !== '' && <small>{help}</small>}
      </span>
    </span>
  );
}

function first(step: Step, kept: string): Answer {
  if (kept !== '') {
    try {
      return JSON.parse(kept) as Answer;
    } catch {
      return kept;
    }
  }
  if (step.draft !== null) return step.draft;
  if (step.kind === 'list') return Array.from({ length: step.least ?? 1 }, () => '');
  if (step.kind === 'choices') return [];
  return step.kind === 'text' ? '' : null;
}

function Fields(props: { step: Step; value: Answer; onChange: (value: Answer) => void }) {
  const { step, value, onChange } = props;
  switch (step.kind) {
    case 'say':
      return null;
    case 'pause':
      return <Countdown seconds={step.seconds ?? 10} />;
    case 'breathing':
      return <Breathing pattern={step.pattern} rounds={step.rounds ?? 6} />;
    case 'scale':
      return <Scale step={step} value={typeof value === 'number' ? value : null} onChange={onChange} />;
    case 'choice':
      return (
        <div className="options" role="radiogroup" aria-labelledby="prompt">
          {step.values.map((option, at) => (
            <label key={option} className="option">
              <input type="radio" name={step.id} checked={value === option} onChange={() => { onChange(option); }} />
              <Option step={step} at={at} />
            </label>
          ))}
        </div>
      );
    case 'choices': {
      const chosen = Array.isArray(value) ? value : [];
      return (
        <div className="options" role="group" aria-labelledby="prompt">
          {step.values.map((option, at) => (
            <label key={option} className="option">
              <input
                type="checkbox"
                checked={chosen.includes(option)}
                onChange={(event) => {
                  onChange(event.currentTarget.checked ? [...chosen, option] : chosen.filter((one) => one !== option));
                }}
              />
              <Option step={step} at={at} />
            </label>
          ))}
        </div>
      );
    }
    case 'list':
      return <ListFields step={step} value={Array.isArray(value) ? value : ['']} onChange={onChange} />;
    default:
      return (
        <>
          {step.seconds !== null && <Countdown seconds={step.seconds} quiet />}
          <Textarea
            aria-labelledby="prompt"
            autosize
            minRows={Math.max(3, step.rows ?? 3)}
            maxRows={18}
            maxLength={step.longest ?? 10000}
            value={typeof value === 'string' ? value : ''}
            onChange={(event) => {
              onChange(event.currentTarget.value);
            }}
          />
        </>
      );
  }
}

function Scale(props: { step: Step; value: number | null; onChange: (value: number) => void }) {
  const low = props.step.low ?? 0;
  const high = props.step.high ?? 10;
  const middle = Math.round((low + high) / 2);
  return (
    <div style={{ padding: '0.75rem 0 0.5rem' }}>
      <p className="clock" style={{ margin: '0 0 0.75rem', minHeight: '3.4rem' }} aria-hidden="true">
        {props.value ?? '–'}
        {props.value !== null && props.step.unit !== '' && <small>&nbsp;{props.step.unit}</small>}
      </p>
      <Slider
        className={props.value === null ? 'unset' : undefined}
        thumbLabel={props.step.prompt}
        min={low}
        max={high}
        step={props.step.step ?? 1}
        size="lg"
        thumbSize={26}
        label={null}
        value={props.value ?? middle}
        onChange={props.onChange}
        onChangeEnd={props.onChange}
        thumbProps={{
          'aria-valuetext': props.value === null ? words.exercises.notSet : String(props.value),
          onKeyDown: (event) => {
            // The middle is an answer, too.
            if (props.value === null && (event.key === 'Enter' || event.key === ' ')) {
              event.preventDefault();
              props.onChange(middle);
            }
          },
        }}
      />
      <div className="row apart soft small" style={{ marginTop: '0.6rem' }}>
        <span>{`${String(low)} ${props.step.low_label}`}</span>
        <span>{`${String(high)} ${props.step.high_label}`}</span>
      </div>
      {props.value === null && <p className="soft small" style={{ margin: '0.5rem 0 0' }}>{words.exercises.move}</p>}
    </div>
  );
}

function ListFields(props: { step: Step; value: string[]; onChange: (value: string[]) => void }) {
  const most = props.step.most ?? 5;
  return (
    <div className="stack" role="group" aria-labelledby="prompt" style={{ gap: '0.6rem' }}>
      {props.value.map((one, at) => (
        <TextInput
          key={at}
          aria-label={words.exercises.entry(at + 1)}
          value={one}
          maxLength={props.step.longest ?? 2000}
          onChange={(event) => {
            const text = event.currentTarget.value;
            props.onChange(props.value.map((old, place) => (place === at ? text : old)));
          }}
        />
      ))}
      {props.value.length < most && (
        <div>
          <button type="button" className="link-button" onClick={() => { props.onChange([...props.value, '']); }}>
            {words.exercises.more}
          </button>
        </div>
      )}
    </div>
  );
}
