import type { StreamEvent } from '../api/stream';
import type { CrisisNote, Message, Plan, Reading } from '../api/types';

/** A message as it is shown; of a reply that is `stopping` the end was asked for. */
export interface Turn extends Message {
  stopping?: boolean;
}

/** The turns after an event of the stream of one message. Events may come again from the first one on. */
export function apply(turns: readonly Turn[], event: StreamEvent, clientId: string): Turn[] {
  if (event.name === 'accepted') {
    const { message, reply } = event.data as { message: Message; reply: Message };
    const fresh: Turn = { ...reply, content: '', status: reply.status === 'complete' ? 'writing' : reply.status };
    const others = turns.filter((turn) => turn.id !== message.id && turn.id !== reply.id);
    return [...others, message, fresh].sort((a, b) => a.seq - b.seq);
  }
  const question = turns.findIndex((turn) => turn.client_id === clientId);
  const reply = turns[question + 1];
  if (question < 0 || reply?.role !== 'assistant') return [...turns];
  const changed = changedReply(reply, event);
  return turns.map((turn) => (turn.id === reply.id ? changed : turn));
}

function changedReply(reply: Turn, { name, data }: StreamEvent): Turn {
  switch (name) {
    case 'reading':
      return { ...reply, reading: data as Reading };
    case 'plan':
      return { ...reply, plan: data as Plan };
    case 'delta':
      return { ...reply, status: 'writing', content: reply.content + (data as { text: string }).text };
    case 'crisis': {
      const note = data as CrisisNote;
      return { ...reply, kind: 'crisis', content: note.text, help: note.help, risk: note.risk };
    }
    case 'done':
      return (data as { message: Message }).message;
    case 'error':
      return { ...reply, status: 'failed' };
    case 'lost':
      return { ...reply, status: 'interrupted' };
    default:
      return reply;
  }
}

/** The message that a reply answers. */
export function listened(reply: Turn, turns: readonly Turn[]): Turn | null {
  const before = turns.filter((turn) => turn.seq < reply.seq && turn.role === 'user');
  return before.at(-1) ?? null;
}

/** The reply to a message, if it has one yet. */
export function replyTo(turn: Turn, turns: readonly Turn[]): Turn | null {
  const next = turns.find((other) => other.seq > turn.seq);
  return next?.role === 'assistant' ? next : null;
}
