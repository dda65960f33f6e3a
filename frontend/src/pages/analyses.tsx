import { Button, Select, Textarea, TextInput } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { remove, send, sentence } from '../api/client';
import type { AnalysisInfo, Page as List } from '../api/types';
import { useResource } from '../api/use-resource';
import { DeleteButton, Page, Problem, When } from '../components/parts';
import { keepDraft, readDraft } from '../drafts';
import { words } from '../strings';

const TEXT = 'analyze:text';
const USE = 'analyze:use';
const ACCEPTED = 'audio/*,video/*,image/*,.txt,.md,.csv,.tsv,.jsonl,.ndjson,.srt,.ass';
const OTHER = 'other';

export default function Analyses() {
  const list = useResource<List<AnalysisInfo>>('/analyses');
  return (
    <Page title={words.nav.analyze} lead={words.analyze.lead}>
      <div className="stack wide">
        <NewAnalysis />
        <Problem text={list.error} />
        {list.data !== null && list.data.items.length > 0 && (
          <section aria-label={words.analyze.earlier}>
            <h2>{words.analyze.earlier}</h2>
            <ul className="list">
              {list.data.items.map((one) => (
                <li key={one.id}>
                  <Link href={`/analyze/${one.id}`}>
                    <strong>{one.name}</strong>
                    <small>
                      {words.analyze.kinds[one.kind]}
                      {one.use !== '' && ` · ${one.use}`}
                      {one.status !== 'done' && ` · ${words.analyze.status[one.status]}`}
                    </small>
                  </Link>
                  <small className="soft">
                    <When time={one.created} />
                  </small>
                  <DeleteButton
                    what={one.name}
                    onDelete={async () => {
                      await remove(`/analyses/${one.id}`);
                      await list.reload();
                    }}
                  />
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </Page>
  );
}

function NewAnalysis() {
  const [, go] = useLocation();
  const [text, setText] = useState(() => readDraft(TEXT));
  const [file, setFile] = useState<File | null>(null);
  const [over, setOver] = useState(false);
  const [use, setUse] = useState<string | null>(() => readDraft(USE) || null);
  const [ownUse, setOwnUse] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const declared = use === OTHER ? ownUse.trim() : (use ?? '');

  async function analyze() {
    if (file === null && text.trim() === '') {
      setError(words.analyze.needed);
      return;
    }
    const form = new FormData();
    if (file !== null) form.set('file', file);
    else form.set('text', text);
    form.set('use', declared);
    setBusy(true);
    setError(null);
    try {
      const made = await send<AnalysisInfo>('POST', '/analyses', form);
      keepDraft(TEXT, '');
      go(`/analyze/${made.id}`);
    } catch (problem) {
      setError(sentence(problem));
      setBusy(false);
    }
  }

  return (
    <form
      className="card stack"
      aria-label={words.analyze.fresh}
      onSubmit={(event) => {
        event.preventDefault();
        void analyze();
      }}
    >
      <div className="two">
        <div
          className="drop"
          data-over={over}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => {
            setOver(false);
          }}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            setFile(event.dataTransfer.files[0] ?? null);
          }}
        >
          <IconFileUpload size={34} stroke={1.4} aria-hidden="true" color="var(--accent)" />
          {file === null ? (
            <>
              <strong>{words.analyze.drop}</strong>
              <span className="soft small">{words.analyze.dropKinds}</span>
            </>
          ) : (
            <>
              <strong style={{ overflowWrap: 'anywhere' }}>{file.name}</strong>
              <span className="soft small">{words.analyze.size(file.size)}</span>
            </>
          )}
          <input
            ref={input}
            type="file"
            accept={ACCEPTED}
            aria-label={words.analyze.drop}
            onChange={(event) => {
              setFile(event.currentTarget.files?.[0] ?? null);
            }}
          />
        </div>
        {file === null ? (
          <Textarea
            label={words.analyze.text}
            description={words.analyze.textHelp}
            minRows={5}
            rows={5}
            maxLength={200000}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              keepDraft(TEXT, event.currentTarget.value);
            }}
          />
        ) : (
          <div>
            <Button
              variant="default"
              onClick={() => {
                setFile(null);
                if (input.current) input.current.value = '';
              }}
            >
              {words.analyze.unchoose}
            </Button>
          </div>
        )}
      </div>
      <div className="two">
        <Select
          label={words.analyze.use}
          description={words.analyze.useHelp}
          data={[...words.analyze.uses.map((one) => ({ value: one, label: one })), { value: OTHER, label: words.analyze.otherUse }]}
          value={use}
          clearable
          clearButtonProps={{ 'aria-label': words.analyze.clearUse }}
          onChange={(value) => {
            setUse(value);
            keepDraft(USE, value === OTHER ? '' : (value ?? ''));
          }}
        />
        {use === OTHER && (
          <TextInput
            label={words.analyze.ownUse}
            description={words.analyze.ownUseHelp}
            maxLength={300}
            value={ownUse}
            onChange={(event) => {
              setOwnUse(event.currentTarget.value);
            }}
          />
        )}
      </div>
      <Problem text={error} />
      <div className="row apart">
        <span className="soft small">{words.analyze.deleted}</span>
        <Button type="submit" size="md" loading={busy}>
          {words.analyze.go}
        </Button>
      </div>
    </form>
  );
}
