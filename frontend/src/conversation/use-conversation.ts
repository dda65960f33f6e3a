import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError, order, sentence, stream } from '../api/client';
import type { StreamEvent } from '../api/stream';
import type { Message } from '../api/types';
import { words } from '../strings';
import { apply, listened, type Turn } from './turns';

const TRIES = 4; // of listening again after the connection broke
const FIRST_WAIT = 400; // milliseconds; doubles

export interface Conversation {
  turns: Turn[];
  loading: boolean;
  error: string | null;
  writing: boolean;
  /** The newest whole sentence, for screen readers. */
  said: string;
  /** True as soon as the message is kept; false when it was not, with `error` set. */
  say: (content: string) => Promise<boolean>;
  /** Listen to a reply again, or have a broken one made anew. */
  listenAgain: (reply: Turn) => void;
  stop: () => void;
  clearError: () => void;
}

interface Source {
  kind: 'chats' | 'practices';
  id: string | null;
  load: (id: string) => Promise<Message[]>;
  /** Makes the talk of a first message; `onCreated` hears of it once the message is kept. */
  create?: () => Promise<string>;
  onCreated?: (id: string) => void;
}

/** Messages of a talk, and replies as they are written. */
export function useConversation({ kind, id, load, create, onCreated }: Source): Conversation {
  const [turns, setTurns] = useState<Turn[]>([]);
  const [loading, setLoading] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [said, setSaid] = useState('');
  const here = useRef<string | null>(null);
  const listening = useRef(new Map<string, AbortController>());
  const unsent = useRef<{ content: string; clientId: string } | null>(null);

  const listen = useCallback(
    async (key: string, content: string, clientId: string, onAccepted?: () => void) => {
      const control = new AbortController();
      listening.current.get(clientId)?.abort();
      listening.current.set(clientId, control);
      const take = (event: StreamEvent) => {
        if (here.current !== key || control.signal.aborted) return;
        if (event.name === 'accepted') onAccepted?.();
        if (event.name === 'delta' || event.name === 'crisis') setSaid((event.data as { text: string }).text);
        if (event.name === 'error') setError(sentence(new ApiError(200, 'failed', (event.data as { message: string }).message)));
        setTurns((old) => apply(old, event, clientId));
      };
      try {
        for (let attempt = 0; ; attempt++) {
          try {
            let over = false;
            for await (const event of stream(`/${kind}/${key}/messages`, { content, client_id: clientId }, control.signal)) {
              take(event);
              over = event.name === 'done' || event.name === 'error';
            }
            if (over) return;
          } catch (problem) {
            if (control.signal.aborted) return;
            if (problem instanceof ApiError && problem.status !== 0) throw problem;
          }
          if (control.signal.aborted) return;
          if (attempt + 1 >= TRIES) throw new ApiError(0, 'unreachable', words.errors.unreachable);
          await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT * 2 ** attempt));
        }
      } finally {
        if (listening.current.get(clientId) === control) listening.current.delete(clientId);
      }
    },
    [kind],
  );

  const follow = useCallback(
    (key: string, reply: Turn, all: readonly Turn[]) => {
      const question = listened(reply, all);
      if (question?.client_id == null) return;
      setTurns((old) => old.map((turn) => (turn.id === reply.id ? { ...turn, status: 'writing' } : turn)));
      listen(key, question.content, question.client_id).catch((problem: unknown) => {
        setError(sentence(problem));
        setTurns((old) => old.map((turn) => (turn.id === reply.id ? { ...turn, status: 'interrupted' } : turn)));
      });
    },
    [listen],
  );

  useEffect(() => {
    if (here.current === id) return;
    for (const control of listening.current.values()) control.abort();
    here.current = id;
    // What was said in one talk must not be seen for a moment in the next one.
     
    setTurns([]);
    setError(null);
    setLoading(id !== null);
    if (id === null) return;
    load(id)
      .then((messages) => {
        if (here.current !== id) return;
        setTurns(messages);
        for (const reply of messages) {
          if (reply.status === 'waiting' || reply.status === 'writing') follow(id, reply, messages);
        }
      })
      .catch((problem: unknown) => {
        if (here.current === id) setError(sentence(problem));
      })
      .finally(() => {
        if (here.current === id) setLoading(false);
      });
  }, [id, load, follow]);

  useEffect(() => {
    const running = listening.current;
    return () => {
      for (const control of running.values()) control.abort();
      here.current = null;
    };
  }, []);

  const say = useCallback(
    async (content: string) => {
      setError(null);
      // A message that failed on its way keeps its name, so that it can never stand twice.
      const clientId = unsent.current?.content === content ? unsent.current.clientId : crypto.randomUUID();
      unsent.current = { content, clientId };
      try {
        let key = here.current;
        if (key === null) {
          if (create === undefined) return false;
          key = await create();
          here.current = key;
        }
        const talk = key;
        return await new Promise<boolean>((resolve) => {
          let accepted = false;
          listen(talk, content, clientId, () => {
            if (accepted) return; // heard again
            accepted = true;
            unsent.current = null;
            if (id === null) onCreated?.(talk);
            resolve(true);
          })
            .then(() => {
              resolve(accepted);
            })
            .catch((problem: unknown) => {
              setError(sentence(problem));
              setTurns((old) => apply(old, { name: 'lost', data: null }, clientId));
              resolve(accepted);
            });
        });
      } catch (problem) {
        setError(sentence(problem));
        return false;
      }
    },
    [create, id, listen, onCreated],
  );

  const listenAgain = useCallback(
    (reply: Turn) => {
      setError(null);
      if (here.current !== null) follow(here.current, reply, turns);
    },
    [follow, turns],
  );

  const stop = useCallback(() => {
    const key = here.current;
    if (key === null) return;
    const mark = (reply: Turn, stopping: boolean) => {
      setTurns((old) => old.map((turn) => (turn.id === reply.id ? { ...turn, stopping } : turn)));
    };
    for (const reply of turns.filter(isWriting)) {
      mark(reply, true);
      // The stream is listened to until its end, which tells what is kept.
      order(`/${kind}/${key}/messages/${reply.id}/stop`).catch((problem: unknown) => {
        mark(reply, false);
        setError(sentence(problem));
      });
    }
  }, [kind, turns]);

  const clearError = useCallback(() => {
    setError(null);
  }, []);
  return { turns, loading, error, said, say, stop, listenAgain, clearError, writing: turns.some(isWriting) };
}

function isWriting(turn: Turn): boolean {
  return (turn.status === 'waiting' || turn.status === 'writing') && turn.role === 'assistant' && turn.stopping !== true;
}
