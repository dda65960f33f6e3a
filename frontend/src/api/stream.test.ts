import { describe, expect, it } from 'vitest';
import { EventParser, eventsOf } from './stream';

const TEXT = ': waiting\n\nevent: delta\ndata: {"text":"Grüße,\\n 1"}\n\nevent: done\r\ndata: {"a":\r\ndata: 2}\r\n\r\ndata: 7\n\n';
const EVENTS = [
  { name: 'delta', data: { text: 'Grüße,\n 1' } },
  { name: 'done', data: { a: 2 } },
  { name: 'message', data: 7 },
];

describe('EventParser', () => {
  it('gives the same events wherever the pieces end', () => {
    for (let cut = 0; cut <= TEXT.length; cut++) {
      const parser = new EventParser();
      expect([...parser.push(TEXT.slice(0, cut)), ...parser.push(TEXT.slice(cut))]).toEqual(EVENTS);
    }
  });

  it('holds back what is not whole', () => {
    const parser = new EventParser();
    expect(parser.push('event: delta\ndata: {"text":"a"}\n')).toEqual([]);
    expect(parser.push('\n')).toEqual([{ name: 'delta', data: { text: 'a' } }]);
  });

  it('leaves out what is no JSON', () => {
    expect(new EventParser().push('data: {"text\n\ndata: 1\n\n')).toEqual([{ name: 'message', data: 1 }]);
  });
});

describe('eventsOf', () => {
  it('joins letters that are cut between bytes', async () => {
    const bytes = new TextEncoder().encode(TEXT);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const found = [];
    for await (const event of eventsOf(body)) found.push(event);
    expect(found).toEqual(EVENTS);
  });
});
