import { Button, CloseButton, Modal } from '@mantine/core';
import { IconAlertTriangle, IconArrowLeft, IconTrash } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { sentence } from '../api/client';
import { words } from '../strings';

/** A page: its heading is the title of the window, too. */
export function Page(props: {
  title: string;
  lead?: React.ReactNode;
  back?: { to: string; text: string };
  narrow?: boolean;
  children: React.ReactNode;
}) {
  useTitle(props.title);
  return (
    <div className={props.narrow ? 'page narrow' : 'page'}>
      <header>
        {props.back && (
          <Link className="back" href={props.back.to}>
            <IconArrowLeft size={18} aria-hidden="true" />
            {props.back.text}
          </Link>
        )}
        <h1>{props.title}</h1>
        {props.lead !== undefined && <p className="lead">{props.lead}</p>}
      </header>
      {props.children}
    </div>
  );
}

export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · ${words.title}`;
  }, [title]);
}

/** One sentence about what went wrong. */
export function Problem(props: { text: string | null; onClose?: () => void; children?: React.ReactNode }) {
  if (props.text === null) return null;
  return (
    <div className="problem" role="alert">
      <IconAlertTriangle size={22} aria-hidden="true" color="var(--warm)" />
      <p>{props.text}</p>
      {props.children}
      {props.onClose && <CloseButton aria-label={words.close} onClick={props.onClose} />}
    </div>
  );
}

/** A button that asks before it deletes. */
export function DeleteButton(props: { what: string; onDelete: () => Promise<void>; label?: string }) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function confirmed() {
    setBusy(true);
    try {
      await props.onDelete();
      setOpen(false);
    } catch (problem) {
      setError(sentence(problem));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        px={7}
        h={34}
        aria-label={words.remove.button(props.what)}
        onClick={() => {
          setError(null);
          setOpen(true);
        }}
      >
        <IconTrash size={18} aria-hidden="true" color="var(--ink-soft)" />
        {props.label !== undefined && <span style={{ marginLeft: 6, color: 'var(--ink-soft)' }}>{props.label}</span>}
      </Button>
      <Modal
        opened={open}
        onClose={() => {
          setOpen(false);
        }}
        title={words.remove.title}
        centered
        closeButtonProps={{ 'aria-label': words.close }}
      >
        <div className="stack">
          <p style={{ margin: 0 }}>{words.remove.sure(props.what)}</p>
          <Problem text={error} />
          <div className="row end">
            <Button
              variant="default"
              onClick={() => {
                setOpen(false);
              }}
            >
              {words.cancel}
            </Button>
            <Button color="clay" loading={busy} onClick={() => void confirmed()}>
              {words.remove.yes}
            </Button>
          </div>
        </div>
      </Modal>
    </>
  );
}

const DAY = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' });
const MOMENT = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });

export function When(props: { time: string; day?: boolean }) {
  const date = new Date(props.time);
  if (Number.isNaN(date.getTime())) return <>{props.time}</>;
  return <time dateTime={props.time}>{(props.day ? DAY : MOMENT).format(date)}</time>;
}
