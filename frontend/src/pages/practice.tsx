import { Button, Select } from '@mantine/core';
import { useCallback, useState } from 'react';
import { Link } from 'wouter';
import { percent } from '../affect/reading';
import { get, send, sentence } from '../api/client';
import type { Feedback, Page as List, Practice as PracticeBody, SkillInfo } from '../api/types';
import { useResource } from '../api/use-resource';
import { Bars } from '../components/affect';
import { CrisisCard } from '../components/help-lines';
import { Problem, useTitle } from '../components/parts';
import { Composer } from '../conversation/composer';
import { TurnList } from '../conversation/turn-list';
import { useConversation } from '../conversation/use-conversation';
import { words } from '../strings';

const MOST = 4000;
const load = async (id: string) => (await get<PracticeBody>(`/practices/${id}`)).messages;

export default function Practice({ id }: { id: string }) {
  const practice = useResource<PracticeBody>(`/practices/${id}`);
  const skills = useResource<List<SkillInfo>>('/practice-skills');
  const talk = useConversation({ kind: 'practices', id, load });
  const [draft, setDraft] = useState('');
  const [put, setPut] = useState<{ text: string } | null>(null);
  const [skill, setSkill] = useState<string | null>(null);
  const [feedback, setFeedback] = useState<Feedback | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const body = practice.data;
  const partner = body?.partner ?? words.practice.other;
  useTitle(words.practice.with(partner));

  const { reload } = practice;
  const say = useCallback(
    async (text: string) => {
      const kept = await talk.say(text);
      if (kept) {
        setFeedback(null);
        void reload();
      }
      return kept;
    },
    [talk, reload],
  );

  async function ask() {
    if (draft.trim() === '') {
      setError(words.practice.draftNeeded);
      return;
    }
    setBusy(true);
    setError(null);
    try {
      setFeedback(await send<Feedback>('POST', `/practices/${id}/feedback`, { text: draft.trim(), skill: wanted }));
    } catch (problem) {
      setError(sentence(problem));
    } finally {
      setBusy(false);
    }
  }

  const known = (skills.data?.items ?? []).filter((one) => !body?.skills.length || body.skills.includes(one.slug));
  const next = body?.next_skill ?? null;
  const wanted = skill ?? next?.skill ?? known[0]?.slug ?? null;
  const info = known.find((one) => one.slug === wanted);
  return (
    <div className="practice">
      <section className="conversation" aria-label={words.practice.conversation}>
        <TurnList turns={talk.turns} said={talk.said} showReading={false} showPlan={false} other={partner} onListen={talk.listenAgain}>
          <div className="situation">
            <Link className="back" href="/practice">
              {words.practice.all}
            </Link>
            <h1 style={{ fontSize: '1.35rem', margin: 0 }}>{words.practice.with(partner)}</h1>
            <p>{body?.situation}</p>
            {talk.turns.length === 0 && body !== null && <p className="soft small">{words.practice.first}</p>}
          </div>
        </TurnList>
        <div style={{ padding: '0 1.25rem' }}>
          <Problem text={talk.error ?? practice.error} onClose={talk.clearError} />
        </div>
        <Composer
          draft={`practice:${id}`}
          label={words.practice.draft}
          placeholder={words.practice.placeholder(partner)}
          writing={talk.writing}
          most={MOST}
          onSend={say}
          onStop={talk.stop}
          onChange={setDraft}
          put={put}
          left={
            <Button variant="light" radius="xl" h={42} loading={busy} onClick={() => void ask()}>
              {words.practice.ask}
            </Button>
          }
        />
      </section>
      <aside className="coach" aria-label={words.practice.coach}>
        <div className="stack">
          <h2 style={{ margin: 0, fontSize: '1.2rem' }}>{words.practice.coach}</h2>
          <Select
            label={words.practice.rated}
            allowDeselect={false}
            data={known.map((one) => ({ value: one.slug, label: one.title }))}
            value={wanted}
            onChange={(value) => {
              setSkill(value);
              setFeedback(null);
            }}
          />
          {info && <p style={{ margin: 0 }}>{info.description}</p>}
          {next !== null && wanted === next.skill && <p className="soft small" style={{ margin: 0 }}>{next.why}</p>}
          {info?.frame && feedback === null && (
            <div>
              <p className="soft small" style={{ margin: '0 0 0.3rem' }}>{words.practice.frame}</p>
              <Suggested text={info.frame} onTake={(text) => { setPut({ text }); }} />
            </div>
          )}
          <Problem text={error} onClose={() => { setError(null); }} />
          <div aria-live="polite">
            {feedback !== null && <FeedbackCard feedback={feedback} info={info} onTake={(text) => { setPut({ text }); }} />}
          </div>
          <p className="soft small" style={{ margin: 0 }}>{words.practice.note}</p>
        </div>
      </aside>
    </div>
  );
}

function Suggested(props: { text: string; onTake: (text: string) => void }) {
  return (
    <div className="pair" style={{ margin: 0 }}>
      <blockquote className="better">{props.text}</blockquote>
      <div>
        <button type="button" className="link-button" onClick={() => { props.onTake(props.text); }}>
          {words.practice.take}
        </button>
      </div>
    </div>
  );
}

/** A phrase as a sentence. */
function whole(text = ''): string {
  return text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

function FeedbackCard(props: { feedback: Feedback; info: SkillInfo | undefined; onTake: (text: string) => void }) {
  const { feedback } = props;
  if (feedback.help !== null) return <CrisisCard text={feedback.help} />;
  const share = feedback.probabilities[feedback.rating];
  return (
    <div className="stack" role="group" aria-label={words.practice.feedback}>
      <div>
        <div className="rating">
          <span className={feedback.rating === 'strong' ? 'tag good' : 'tag bad'}>{words.practice.ratings[feedback.rating]}</span>
          {props.info?.title}
        </div>
        <p className="soft small" style={{ margin: '0.35rem 0 0' }}>
          {whole(props.info?.levels[feedback.rating])} {share !== undefined && words.practice.sure(percent(share))}
        </p>
      </div>
      <Bars shares={feedback.probabilities} label={words.practice.probabilities} />
      {feedback.reasons.length > 0 && (
        <ul style={{ margin: 0, paddingLeft: '1.2rem' }}>
          {feedback.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {feedback.suggestion !== '' && (
        <div>
          <h3 style={{ fontSize: '1rem', margin: '0 0 0.2rem' }}>{words.practice.suggestion}</h3>
          <p style={{ margin: 0 }}>{feedback.suggestion}</p>
        </div>
      )}
      {feedback.rewrite !== '' && feedback.rewrite !== feedback.text && (
        <div>
          <h3 style={{ fontSize: '1rem', margin: '0 0 0.3rem' }}>{words.practice.rewrite}</h3>
          <Suggested text={feedback.rewrite} onTake={props.onTake} />
        </div>
      )}
      {feedback.examples.length > 0 && (
        <details className="fold" open>
          <summary>{words.practice.pairs}</summary>
          {feedback.examples.map(({ worse, better }) => (
            <div className="pair" key={worse.text + better.text}>
              {better.context !== '' && <small>{better.context}</small>}
              <blockquote>
                {worse.text}
                <small>{words.practice.example(words.practice.ratings[worse.rating as Feedback['rating']] ?? worse.rating, worse.reason)}</small>
              </blockquote>
              <blockquote className="better">
                {better.text}
                <small>{words.practice.example(words.practice.ratings[better.rating as Feedback['rating']] ?? better.rating, better.reason)}</small>
              </blockquote>
            </div>
          ))}
        </details>
      )}
    </div>
  );
}
