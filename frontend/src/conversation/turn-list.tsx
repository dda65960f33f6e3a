import { useEffect, useRef, useState } from 'react';
import { percent, shown } from '../affect/reading';
import type { Plan } from '../api/types';
import { Bars, ReadingPanel } from '../components/affect';
import { CrisisCard } from '../components/help-lines';
import { words } from '../strings';
import { replyTo, type Turn } from './turns';

const NEAR = 160; // pixels from the end within which the list follows what is written

const MARGIN = 12; // pixels above help that is taller than the list

interface TurnListProps {
  turns: readonly Turn[];
  said: string;
  showReading: boolean;
  showPlan: boolean;
  /** How the other side is called for screen readers. */
  other: string;
  wide?: boolean;
  onListen: (reply: Turn) => void;
  children?: React.ReactNode;
}

/** Messages, what was perceived beside each, and why each reply is as it is. */
export function TurnList(props: TurnListProps) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);

  useEffect(() => {
    const element = box.current;
    if (element === null || !follows.current) return;
    element.scrollTop = element.scrollHeight;
    // Help is read from its beginning.
    const card = element.querySelector('ol > li:last-child .crisis');
    const above = card === null ? 0 : card.getBoundingClientRect().top - element.getBoundingClientRect().top - MARGIN;
    if (above < 0) element.scrollTop += above;
  }, [props.turns]);

  return (
    <div
      className="turns"
      data-reading={props.showReading}
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={words.talk.messages}
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        follows.current = scrollHeight - scrollTop - clientHeight < NEAR;
      }}
    >
      {props.children}
      <ol>
        {props.turns.map((turn) =>
          turn.role === 'user' ? (
            <UserTurn key={turn.id} turn={turn} reply={replyTo(turn, props.turns)} showReading={props.showReading} />
          ) : (
            <ReplyTurn key={turn.id} turn={turn} other={props.other} openPlan={props.showPlan} onListen={props.onListen} />
          ),
        )}
      </ol>
      {/* Screen readers hear sentences, not letters. */}
      <div className="visually-hidden" aria-live="polite">
        {props.said && <p key={props.said}>{props.said}</p>}
      </div>
    </div>
  );
}

function UserTurn(props: { turn: Turn; reply: Turn | null; showReading: boolean }) {
  const reading = props.reply?.reading ?? null;
  return (
    <li className="turn user">
      <div className="bubble">
        <span className="visually-hidden">{words.talk.you}: </span>
        {props.turn.content}
      </div>
      {props.showReading && reading !== null && <Reading reading={reading} />}
    </li>
  );
}

/** Open beside the message where there is room, folded below it where there is none. */
function Reading(props: { reading: Parameters<typeof ReadingPanel>[0]['reading'] }) {
  const [folded] = useState(() => window.matchMedia('(max-width: 76rem)').matches);
  return <ReadingPanel reading={props.reading} folded={folded} />;
}

function ReplyTurn(props: { turn: Turn; other: string; openPlan: boolean; onListen: (reply: Turn) => void }) {
  const { turn } = props;
  const [open, setOpen] = useState(props.openPlan);
  const [touched, setTouched] = useState(false);
  if (turn.kind === 'crisis') {
    return (
      <li className="turn assistant">
        <CrisisCard text={turn.content} />
      </li>
    );
  }
  const waits = turn.status === 'waiting' || turn.status === 'writing';
  const broken = turn.status === 'failed' || turn.status === 'interrupted';
  const id = `plan-${turn.id}`;
  return (
    <li className="turn assistant">
      <div>
        {(turn.content !== '' || (waits && !turn.stopping)) && (
          <div className="bubble" style={{ width: 'fit-content' }}>
            <span className="visually-hidden">{props.other}: </span>
            {turn.content}
            {waits && !turn.stopping && turn.content === '' && (
              <span className="writing" role="img" aria-label={words.talk.writing}>
                <i />
                <i />
                <i />
              </span>
            )}
          </div>
        )}
        <div className="below">
          {waits && turn.stopping && <span>{words.talk.stopping}</span>}
          {turn.status === 'stopped' && <span>{words.talk.stopped}</span>}
          {broken && (
            <>
              <span>{words.talk.broken}</span>
              <button type="button" className="link-button" onClick={() => { props.onListen(turn); }}>
                {words.again}
              </button>
            </>
          )}
          {turn.replaced && turn.status === 'complete' && <span>{words.talk.replaced}</span>}
          {turn.plan !== null && !waits && (
            <button
              type="button"
              className="link-button"
              aria-expanded={open}
              aria-controls={id}
              onClick={() => {
                setOpen(!open);
                setTouched(true);
              }}
            >
              {words.plan.button}
            </button>
          )}
        </div>
        {turn.risk === 'concern' && turn.help !== null && <p className="plan">{turn.help}</p>}
        {turn.plan !== null && !waits && open && <PlanPanel id={id} plan={turn.plan} opened={touched} />}
      </div>
    </li>
  );
}

function PlanPanel(props: { id: string; plan: Plan; opened: boolean }) {
  const { plan, opened } = props;
  const panel = useRef<HTMLDivElement>(null);
  // Below the last reply it would open out of sight.
  useEffect(() => {
    if (opened) panel.current?.scrollIntoView({ block: 'nearest' });
  }, [opened]);
  const share = plan.shares[plan.strategy];
  return (
    <div className="plan" ref={panel} id={props.id} role="group" aria-label={words.plan.button}>
      <p>
        {words.plan.chosen} <strong>{shown(plan.strategy)}</strong>
        {share !== undefined && ` (${percent(share)})`}. {plan.why}
      </p>
      {plan.emotion && <p>{words.plan.emotion(shown(plan.emotion))}</p>}
      <Bars shares={plan.shares} most={4} label={words.plan.bars} />
    </div>
  );
}
