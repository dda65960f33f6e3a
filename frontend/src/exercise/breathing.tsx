import { Button } from '@mantine/core';
import { useReducedMotion } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { words } from '../strings';
import { momentAt } from './phases';

const SMALL = 0.45;

/** Paced breathing: a circle that grows and shrinks; with reduced motion words and seconds alone. */
export function Breathing(props: { pattern: readonly number[]; rounds: number }) {
  const { pattern, rounds } = props;
  const still = useReducedMotion();
  const [started, setStarted] = useState<number | null>(null);
  const [seconds, setSeconds] = useState(0);

  useEffect(() => {
    if (started === null) return;
    const timer = setInterval(() => {
      const now = (Date.now() - started) / 1000;
      setSeconds(now);
      if (momentAt(now, pattern, rounds) === null) setStarted(null);
    }, 100);
    return () => {
      clearInterval(timer);
    };
  }, [started, pattern, rounds]);

  const moment = started === null ? null : momentAt(seconds, pattern, rounds);
  const over = started === null && seconds > 0;
  const large = moment?.phase === 'in' || moment?.phase === 'hold';
  return (
    <div className="breath">
      <div className="lung">
        {!still && (
          <i
            aria-hidden="true"
            style={
              { '--breath': large ? 1 : SMALL, '--breath-time': `${String(moment?.length ?? 1)}s` } as React.CSSProperties
            }
          />
        )}
        <strong>
          <span aria-live="polite">
            {moment !== null ? words.breathing[moment.phase] : over ? words.breathing.over : words.breathing.ready}
          </span>
          {moment !== null && <span aria-hidden="true"> {Math.ceil(moment.left)}</span>}
        </strong>
      </div>
      <p className="soft small" style={{ margin: 0 }}>
        {words.breathing.round(moment?.round ?? (over ? rounds : 0), rounds)}
      </p>
      <Button
        variant="default"
        onClick={() => {
          setSeconds(0);
          setStarted(started === null ? Date.now() : null);
        }}
      >
        {started !== null ? words.breathing.stop : over ? words.breathing.again : words.breathing.start}
      </Button>
    </div>
  );
}
