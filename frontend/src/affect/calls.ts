// Numbers and addresses in the words of a help line, as links that a telephone understands.

export interface Call {
  href: string;
  label: string;
  kind: 'call' | 'text' | 'web';
}

const TEXT_TO = /text\s+(\S+)\s+to\s+(\d{3,})/i;
const NUMBER = /[*+]?\d(?:[\s-]?\d){2,}/g; // three digits at least: 24/7 is none
const ADDRESS = /\b(?:https?:\/\/)?((?:[a-z0-9-]+\.)+[a-z]{2,}(?:\/\S*)?)/gi;

/** Everything in a text that can be tapped. */
export function callsOf(contact: string): Call[] {
  const word = TEXT_TO.exec(contact);
  if (word?.[1] !== undefined && word[2] !== undefined) {
    return [{ href: `sms:${word[2]}?body=${encodeURIComponent(word[1])}`, label: `${word[1]} → ${word[2]}`, kind: 'text' }];
  }
  const calls: Call[] = [];
  const rest = contact.replace(ADDRESS, (_, address: string) => {
    calls.push({ href: `https://${address}`, label: address, kind: 'web' });
    return ' ';
  });
  const numbers = [...rest.matchAll(NUMBER)].map(([number]) => number.trim());
  const also = /\b(?:or|and)\s+text\b/i.test(rest);
  return [
    ...numbers.map((label): Call => ({ href: `tel:${label.replaceAll(/[\s()-]/g, '')}`, label, kind: 'call' })),
    ...(also ? numbers.map((label): Call => ({ href: `sms:${label.replaceAll(/\D/g, '')}`, label, kind: 'text' })) : []),
    ...calls,
  ];
}

export interface HelpText {
  before: string;
  lines: { name: string; contact: string }[];
  after: string;
}

/** The parts of the guard's message: words, lines that begin with a dash ("name: contact"), words. */
export function partsOf(text: string): HelpText {
  const all = text.split('\n');
  const listed = all.flatMap((line, at) => (line.startsWith('- ') ? [at] : []));
  const first = listed[0] ?? all.length;
  const last = listed.at(-1) ?? all.length;
  return {
    before: all.slice(0, first).join('\n').trim(),
    lines: listed.map((at) => {
      const line = (all[at] ?? '').slice(2);
      const colon = line.lastIndexOf(': ');
      const name = colon < 0 ? line : line.slice(0, colon);
      return { name: name.charAt(0).toUpperCase() + name.slice(1), contact: colon < 0 ? line : line.slice(colon + 2) };
    }),
    after: all.slice(last + 1).filter((line) => !line.startsWith('- ')).join('\n').trim(),
  };
}
