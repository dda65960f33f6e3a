import { describe, expect, it } from 'vitest';
import { callsOf, partsOf } from './calls';

const hrefs = (contact: string) => callsOf(contact).map((call) => call.href);

describe('callsOf', () => {
  it.each([
    ['116 123', ['tel:116123']],
    ['1-800-668-6868', ['tel:18006686868']],
    ['*4141', ['tel:*4141']],
    ['0800 111 0 111 or 0800 111 0 222', ['tel:08001110111', 'tel:08001110222']],
    ['call or text 988 (24/7)', ['tel:988', 'sms:988']],
    ['text HOME to 741741', ['sms:741741?body=HOME']],
    ['findahelpline.com', ['https://findahelpline.com']],
    ['999 or 112', ['tel:999', 'tel:112']],
    ['see the website', []],
  ])('%s', (contact, expected) => {
    expect(hrefs(contact)).toEqual(expected);
  });
});

describe('partsOf', () => {
  it('finds the lines between the words', () => {
    const parts = partsOf('It matters.\n\n- 988 Line: call or text 988\n- Elsewhere: findahelpline.com\n\nIn danger: 911.');
    expect(parts).toEqual({
      before: 'It matters.',
      lines: [
        { name: '988 Line', contact: 'call or text 988' },
        { name: 'Elsewhere', contact: 'findahelpline.com' },
      ],
      after: 'In danger: 911.',
    });
  });

  it('takes a text without lines whole', () => {
    expect(partsOf('Only words.')).toEqual({ before: 'Only words.', lines: [], after: '' });
  });
});
