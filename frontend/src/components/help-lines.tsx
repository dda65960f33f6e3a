import { Modal } from '@mantine/core';
import { IconExternalLink, IconHeartHandshake, IconMessage2, IconPhone } from '@tabler/icons-react';
import { callsOf, partsOf } from '../affect/calls';
import { useMe } from '../me';
import { words } from '../strings';

/** What can be tapped in the words of a help line. */
export function Calls(props: { contact: string; name: string; strong?: boolean }) {
  const calls = callsOf(props.contact);
  if (calls.length === 0) return <span>{props.contact}</span>;
  return (
    <div className="calls">
      {calls.map((call, at) => {
        const Icon = call.kind === 'call' ? IconPhone : call.kind === 'text' ? IconMessage2 : IconExternalLink;
        return (
          <a
            key={call.href}
            className={props.strong && at === 0 ? 'call first' : 'call'}
            href={call.href}
            aria-label={words.help[call.kind](props.name, call.label)}
            {...(call.kind === 'web' ? { target: '_blank', rel: 'noreferrer noopener' } : {})}
          >
            <Icon size={18} aria-hidden="true" />
            {call.label}
          </a>
        );
      })}
    </div>
  );
}

/** Help lines of the region that is set. */
export function HelpList() {
  const { help } = useMe().me;
  return (
    <>
      <ul className="lines">
        <li>
          <div>
            <strong>{words.help.emergency}</strong>
            <small>{words.help.emergencyWhen}</small>
          </div>
          <Calls contact={help.emergency} name={words.help.emergency} strong />
        </li>
        {help.lines.map((line) => (
          <li key={line.name + line.contact}>
            <div>
              <strong>{line.name}</strong>
              <small>{[line.hours, line.languages].filter(Boolean).join(' · ')}</small>
            </div>
            <Calls contact={line.contact} name={line.name} />
          </li>
        ))}
      </ul>
    </>
  );
}

export function HelpModal(props: { opened: boolean; onClose: () => void }) {
  const { help } = useMe().me;
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      size="lg"
      title={words.help.title(help.name)}
      closeButtonProps={{ 'aria-label': words.close }}
    >
      <div className="stack">
        <p style={{ margin: 0 }}>{words.help.lead}</p>
        <HelpList />
        <p className="soft small" style={{ margin: 0 }}>
          {words.help.checked(
            help.lines.map((line) => line.checked).sort()[0] ?? '',
            help.lines.every((line) => line.how === 'operator'),
          )}
        </p>
      </div>
    </Modal>
  );
}

/** The guard's message in the place of a reply: its words, and its help lines so that they can be tapped. */
export function CrisisCard(props: { text: string; heading?: string }) {
  const { help } = useMe().me;
  const { before, lines, after } = partsOf(props.text);
  return (
    <section className="crisis" aria-label={words.crisis.label}>
      <h2>
        <IconHeartHandshake
          size={24}
          aria-hidden="true"
          style={{ verticalAlign: '-0.25rem', marginRight: 8, color: 'var(--warm)' }}
        />
        {props.heading ?? words.crisis.heading}
      </h2>
      <p className="said">{before}</p>
      {lines.length > 0 ? (
        <ul className="lines">
          {lines.map((line, at) => (
            <li key={line.name + line.contact}>
              <strong>{line.name}</strong>
              <Calls contact={line.contact} name={line.name} strong={at === 0} />
            </li>
          ))}
          <li>
            <div>
              <strong>{words.help.emergency}</strong>
              <small>{words.help.emergencyWhen}</small>
            </div>
            <Calls contact={help.emergency} name={words.help.emergency} />
          </li>
        </ul>
      ) : (
        <HelpList />
      )}
      {after !== '' && (
        <p className="said" style={{ margin: '1rem 0 0' }}>
          {after}
        </p>
      )}
    </section>
  );
}
