import { ActionIcon, Textarea } from '@mantine/core';
import { IconArrowUp, IconPlayerStopFilled } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { keepDraft, readDraft } from '../drafts';
import { words } from '../strings';

interface ComposerProps {
  /** Name under which what is written is kept. */
  draft: string;
  label: string;
  placeholder: string;
  writing: boolean;
  most: number;
  onSend: (text: string) => Promise<boolean>;
  onStop: () => void;
  /** A text put in from outside, e.g. a suggestion; a new object each time. */
  put?: { text: string } | null;
  onChange?: (text: string) => void;
  left?: React.ReactNode;
}

/** Where a message is written. What is written stays until the studio has it. */
export function Composer(props: ComposerProps) {
  const { draft, put, onChange } = props;
  const [text, setText] = useState(() => readDraft(draft));
  const [sending, setSending] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);

  const [shownDraft, setShownDraft] = useState(draft);
  if (shownDraft !== draft) {
    setShownDraft(draft);
    setText(readDraft(draft));
  }

  const [taken, setTaken] = useState(put);
  if (put !== taken) {
    setTaken(put);
    if (put) setText(put.text);
  }
  useEffect(() => {
    if (put) {
      keepDraft(draft, put.text);
      field.current?.focus();
    }
  }, [put, draft]);

  useEffect(() => {
    onChange?.(text);
  }, [text, onChange]);

  async function send() {
    const wanted = text.trim();
    if (wanted === '' || sending) return;
    setSending(true);
    const kept = await props.onSend(wanted);
    setSending(false);
    if (kept) {
      setText('');
      keepDraft(draft, '');
    }
    field.current?.focus();
  }

  return (
    <div className="composer">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Textarea
          ref={field}
          aria-label={props.label}
          placeholder={props.placeholder}
          autosize
          minRows={1}
          maxRows={8}
          maxLength={props.most}
          readOnly={sending}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            keepDraft(draft, event.currentTarget.value);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
              event.preventDefault();
              void send();
            }
          }}
        />
        {props.left}
        {props.writing && (
          <ActionIcon variant="default" size={42} radius="xl" aria-label={words.talk.stop} title={words.talk.stop} onClick={props.onStop}>
            <IconPlayerStopFilled size={18} />
          </ActionIcon>
        )}
        <ActionIcon type="submit" size={42} radius="xl" aria-label={words.talk.send} title={words.talk.send} data-empty={text.trim() === ''}>
          <IconArrowUp size={22} />
        </ActionIcon>
      </form>
      <p className="hint">{words.talk.hint}</p>
    </div>
  );
}
