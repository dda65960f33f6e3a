import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { words } from '../strings';

export function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${String(Math.floor(whole / 60))}:${String(whole % 60).padStart(2, '0')}`;
}

/** A timer that is started by hand. Nobody has to wait for its end. */
export function Countdown(props: { seconds: number; quiet?: boolean }) {
  const [until, setUntil] = useState<number | null>(null);
  const [left, setLeft] = useState(props.seconds);

  useEffect(() => {
    if (until === null) return;
    const timer = setInterval(() => {
      const rest = (until - Date.now()) / 1000;
      setLeft(Math.max(0, rest));
      if (rest <= 0) setUntil(null);
    }, 250);
    return () => {
      clearInterval(timer);
    };
  }, [until]);

  const over = left <= 0;
  return (
    <div className="row" style={{ justifyContent: props.quiet ? 'flex-start' : 'center' }}>
      <span className={props.quiet ? 'tag' : 'clock'} role="timer" aria-label={words.exercises.timer(clock(left))}>
        {clock(left)}
      </span>
      <Button
        variant="default"
        size="compact-md"
        h={36}
        onClick={() => {
          if (until !== null) setUntil(null);
          else {
            const from = over ? props.seconds : left;
            setLeft(from);
            setUntil(Date.now() + from * 1000);
          }
        }}
      >
        {until !== null ? words.exercises.pause : over ? words.exercises.timerAgain : words.exercises.start}
      </Button>
      <span className="visually-hidden" aria-live="polite">
        {over ? words.exercises.timeOver : ''}
      </span>
    </div>
  );
}
