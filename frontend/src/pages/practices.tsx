import { Button, Chip, SegmentedControl, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { remove, send, sentence } from '../api/client';
import type { Difficulty, Page as List, Practice, PracticeInfo, SkillInfo } from '../api/types';
import { useResource } from '../api/use-resource';
import { DeleteButton, Page, Problem, When } from '../components/parts';
import { keepDraft, readDraft } from '../drafts';
import { words } from '../strings';

const DRAFT = 'practice:situation';

export default function Practices() {
  const practices = useResource<List<PracticeInfo>>('/practices');
  const skills = useResource<List<SkillInfo>>('/practice-skills');
  return (
    <Page title={words.nav.practice} lead={words.practice.lead}>
      <div className="stack wide">
        <Problem text={practices.error ?? skills.error} />
        <SetUp skills={skills.data?.items ?? []} />
        {practices.data !== null && practices.data.items.length > 0 && (
          <section aria-label={words.practice.earlier}>
            <h2>{words.practice.earlier}</h2>
            <ul className="list">
              {practices.data.items.map((practice) => (
                <li key={practice.id}>
                  <Link href={`/practice/${practice.id}`}>
                    <strong>{words.practice.with(practice.partner)}</strong>
                    <small>{practice.situation}</small>
                  </Link>
                  <small className="soft">
                    <When time={practice.updated} />
                  </small>
                  <DeleteButton
                    what={words.practice.with(practice.partner)}
                    onDelete={async () => {
                      await remove(`/practices/${practice.id}`);
                      await practices.reload();
                    }}
                  />
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </Page>
  );
}

function SetUp(props: { skills: SkillInfo[] }) {
  const [, go] = useLocation();
  const [situation, setSituation] = useState(() => readDraft(DRAFT));
  const [partner, setPartner] = useState('');
  const [difficulty, setDifficulty] = useState<Difficulty>('medium');
  const [chosen, setChosen] = useState<string[]>([]);
  const [emotions, setEmotions] = useState<string[]>([]);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  function write(text: string) {
    setSituation(text);
    keepDraft(DRAFT, text);
  }

  async function begin() {
    if (situation.trim() === '') {
      setError(words.practice.needed);
      return;
    }
    setBusy(true);
    try {
      const body = { situation, difficulty, skills: chosen, emotions, ...(partner.trim() === '' ? {} : { partner }) };
      const practice = await send<Practice>('POST', '/practices', body);
      keepDraft(DRAFT, '');
      go(`/practice/${practice.id}`);
    } catch (problem) {
      setError(sentence(problem));
      setBusy(false);
    }
  }

  return (
    <section className="card" aria-label={words.practice.setUp}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void begin();
        }}
      >
        <h2>{words.practice.setUp}</h2>
        <Textarea
          label={words.practice.situation}
          description={words.practice.situationHelp}
          autosize
          minRows={3}
          maxLength={4000}
          value={situation}
          onChange={(event) => {
            write(event.currentTarget.value);
          }}
        />
        <div className="row">
          <span className="soft small">{words.practice.or}</span>
          {words.practice.examples.map((example) => (
            <button
              key={example.partner}
              type="button"
              className="starter"
              onClick={() => {
                write(example.situation);
                setPartner(example.partner);
              }}
            >
              {example.title}
            </button>
          ))}
        </div>
        <div className="two">
          <TextInput
            label={words.practice.partner}
            placeholder={words.practice.partnerHelp}
            maxLength={200}
            value={partner}
            onChange={(event) => {
              setPartner(event.currentTarget.value);
            }}
          />
          <div>
            <p id="difficulty" className="field-label">
              {words.practice.difficulty}
            </p>
            <SegmentedControl
              fullWidth
              aria-labelledby="difficulty"
              value={difficulty}
              onChange={(value) => {
                setDifficulty(value as Difficulty);
              }}
              data={(['easy', 'medium', 'hard'] as const).map((value) => ({ value, label: words.practice.levels[value] }))}
            />
          </div>
        </div>
        <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
          <legend className="field-label" style={{ padding: '0 0 0.3rem' }}>
            {words.practice.skills}
          </legend>
          <Chip.Group multiple value={chosen} onChange={setChosen}>
            <div className="row">
              {props.skills.map((skill) => (
                <Chip key={skill.slug} value={skill.slug} variant="outline">
                  {skill.title}
                </Chip>
              ))}
            </div>
          </Chip.Group>
        </fieldset>
        <TagsInput
          label={words.practice.emotions}
          description={words.practice.emotionsHelp}
          maxTags={12}
          value={emotions}
          onChange={setEmotions}
          data={words.practice.emotionList}
        />
        <Problem text={error} />
        <div className="row end">
          <Button type="submit" size="md" loading={busy}>
            {words.practice.begin}
          </Button>
        </div>
      </form>
    </section>
  );
}
