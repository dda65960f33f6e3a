import { describe, expect, it } from 'vitest';
import type { Message } from '../api/types';
import { apply, listened, replyTo, type Turn } from './turns';

function message(seq: number, role: Message['role'], content = '', more: Partial<Message> = {}): Message {
  return {
    id: `m${String(seq)}`, seq, role, content, status: 'complete', kind: 'message', created: '', reading: null, plan: null,
    client_id: role === 'user' ? `client-${String(seq)}` : null, risk: null, help: null, replaced: false, problems: [],
    seconds_to_first: null, ...more,
  }; // prettier-ignore
}

const question = message(1, 'user', 'Hello');
const waiting = message(2, 'assistant', '', { status: 'waiting' });
const accepted = { name: 'accepted', data: { message: question, reply: waiting } };
const told = (text: string) => ({ name: 'delta', data: { text } });

function after(events: { name: string; data: unknown }[], start: Turn[] = []): Turn[] {
  return events.reduce<Turn[]>((turns, event) => apply(turns, event, 'client-1'), start);
}

describe('apply', () => {
  it('adds up a reply', () => {
    const done = message(2, 'assistant', 'One. Two.');
    const turns = after([accepted, told('One.'), told(' Two.')]);
    expect(turns.map((turn) => [turn.content, turn.status])).toEqual([
      ['Hello', 'complete'],
      ['One. Two.', 'writing'],
    ]);
    expect(after([{ name: 'done', data: { message: done } }], turns)).toEqual([question, done]);
  });

  it('begins anew when a stream is heard again', () => {
    const turns = after([accepted, told('One.'), accepted, told('One.'), told(' Two.')]);
    expect(turns).toHaveLength(2);
    expect(turns[1]?.content).toBe('One. Two.');
  });

  it('keeps the order of messages whose events mix', () => {
    const later = [message(3, 'user', 'And?'), message(4, 'assistant', '', { status: 'waiting' })] as const;
    let turns = apply([], { name: 'accepted', data: { message: later[0], reply: later[1] } }, 'client-3');
    turns = apply(turns, accepted, 'client-1');
    turns = apply(turns, told('B'), 'client-3');
    turns = apply(turns, told('A'), 'client-1');
    expect(turns.map((turn) => turn.content)).toEqual(['Hello', 'A', 'And?', 'B']);
  });

  it('shows help in the place of a reply', () => {
    const note = { text: 'There is help.', help: 'lines', risk: 'crisis', categories: [] };
    expect(after([accepted, { name: 'crisis', data: note }])[1]).toMatchObject({ kind: 'crisis', content: 'There is help.' });
  });

  it('marks what failed and keeps what was said', () => {
    expect(after([accepted, told('One.'), { name: 'error', data: {} }])[1]).toMatchObject({ status: 'failed', content: 'One.' });
    expect(after([accepted, { name: 'lost', data: null }])[1]).toMatchObject({ status: 'interrupted' });
    expect(after([told('One.')], [question])).toEqual([question]);
  });
});

describe('pairs', () => {
  it('finds the question of a reply and the reply of a question', () => {
    const turns = [question, waiting, message(3, 'user')];
    expect(listened(waiting, turns)).toBe(question);
    expect(replyTo(question, turns)).toBe(waiting);
    expect(replyTo(message(3, 'user'), turns)).toBeNull();
    expect(listened(message(0, 'assistant'), turns)).toBeNull();
  });
});
