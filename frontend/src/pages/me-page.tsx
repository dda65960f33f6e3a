import { Button, CopyButton, Modal, SegmentedControl, Select, Slider, Switch, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { remove, send, sentence } from '../api/client';
import { type Key, type Page as List, type Personality, type Settings, type Theme, TRAITS } from '../api/types';
import { useResource } from '../api/use-resource';
import { DeleteButton, Page, Problem, When } from '../components/parts';
import { forgetDrafts } from '../drafts';
import { useMe } from '../me';
import { words } from '../strings';

const MIDDLE: Personality = { openness: 0.5, conscientiousness: 0.5, extraversion: 0.5, agreeableness: 0.5, neuroticism: 0.5 };

export default function MePage() {
  const { me } = useMe();
  return (
    <Page narrow title={words.nav.me} lead={words.me.lead}>
      <div className="stack wide">
        <SettingsForm />
        <Keys />
        <section aria-label={words.me.data}>
          <h2>{words.me.data}</h2>
          <div className="card stack">
            <p>{me.encrypted ? words.me.encrypted : words.me.plain}</p>
            <div className="row">
              <Button
                component="a"
                href="/api/v1/me/export"
                download
                variant="default"
                leftSection={<IconDownload size={18} aria-hidden="true" />}
              >
                {words.me.export}
              </Button>
              <DeleteAll />
            </div>
          </div>
        </section>
        {me.accounts && <SignOut />}
        <section aria-label={words.me.about}>
          <h2>{words.me.about}</h2>
          <p className="soft" style={{ margin: 0 }}>{me.disclosure}</p>
          <p className="soft small">{words.me.licenses} <a href="/THIRD_PARTY_LICENSES.txt">THIRD_PARTY_LICENSES.txt</a></p>
        </section>
      </div>
    </Page>
  );
}

function SettingsForm() {
  const { me, change } = useMe();
  const { settings } = me;
  const [error, setError] = useState<string | null>(null);

  function set(changes: Partial<Settings>) {
    setError(null);
    change(changes).catch((problem: unknown) => {
      setError(sentence(problem));
    });
  }

  return (
    <section aria-label={words.me.settings}>
      <h2>{words.me.settings}</h2>
      <div className="card settings" style={{ maxWidth: 'none' }}>
        <Problem text={error} />
        <Select
          label={words.me.region}
          description={words.me.regionHelp}
          searchable
          allowDeselect={false}
          data={me.regions.map((one) => ({ value: one.code, label: one.name }))}
          value={settings.region}
          onChange={(region) => {
            if (region !== null) set({ region });
          }}
        />
        <Select
          label={words.me.language}
          description={words.me.languageHelp}
          allowDeselect={false}
          data={me.languages.map((code) => ({ value: code, label: words.languages[code] ?? code }))}
          value={settings.language}
          onChange={(language) => {
            if (language !== null) set({ language });
          }}
        />
        <div>
          <p id="theme" className="field-label">
            {words.theme.label}
          </p>
          <SegmentedControl
            aria-labelledby="theme"
            value={settings.theme}
            onChange={(theme) => {
              set({ theme: theme as Theme });
            }}
            data={(['auto', 'light', 'dark'] as const).map((value) => ({ value, label: words.theme[value] }))}
          />
        </div>
        <Switch
          label={words.me.showReading}
          checked={settings.show_reading}
          onChange={(event) => {
            set({ show_reading: event.currentTarget.checked });
          }}
        />
        <Switch
          label={words.me.showPlan}
          checked={settings.show_plan}
          onChange={(event) => {
            set({ show_plan: event.currentTarget.checked });
          }}
        />
        <Switch
          label={words.me.personality}
          description={words.me.personalityHelp}
          checked={settings.personality !== null}
          onChange={(event) => {
            set({ personality: event.currentTarget.checked ? MIDDLE : null });
          }}
        />
        {settings.personality !== null && (
          <Traits
            value={settings.personality}
            onChange={(personality) => {
              set({ personality });
            }}
          />
        )}
      </div>
    </section>
  );
}

function Traits(props: { value: Personality; onChange: (value: Personality) => void }) {
  const [value, setValue] = useState(props.value);
  return (
    <div className="traits">
      {TRAITS.map((trait) => (
        <div key={trait}>
          <p style={{ margin: 0, fontSize: '0.95rem' }}>
            {words.traits[trait]} <span className="soft">{value[trait].toFixed(2)}</span>
          </p>
          <Slider
            thumbLabel={words.traits[trait]}
            min={0}
            max={1}
            step={0.05}
            label={null}
            value={value[trait]}
            onChange={(next) => {
              setValue({ ...value, [trait]: next });
            }}
            onChangeEnd={(next) => {
              props.onChange({ ...value, [trait]: next });
            }}
          />
        </div>
      ))}
    </div>
  );
}

function Keys() {
  const keys = useResource<List<Key>>('/me/keys');
  const [name, setName] = useState('');
  const [made, setMade] = useState<Key | null>(null);
  const [error, setError] = useState<string | null>(null);

  async function make() {
    setError(null);
    try {
      setMade(await send<Key>('POST', '/me/keys', name.trim() === '' ? {} : { name: name.trim() }));
      setName('');
      await keys.reload();
    } catch (problem) {
      setError(sentence(problem));
    }
  }

  return (
    <section aria-label={words.keys.title}>
      <h2>{words.keys.title}</h2>
      <div className="card stack">
        <p>{words.keys.lead}</p>
        {made?.secret && (
          <div className="problem" role="status" style={{ flexWrap: 'wrap' }}>
            <p style={{ overflowWrap: 'anywhere' }}>
              {words.keys.once} <code>{made.secret}</code>
            </p>
            <CopyButton value={made.secret}>
              {({ copied, copy }) => (
                <Button variant="default" size="compact-sm" onClick={copy}>
                  {copied ? words.keys.copied : words.keys.copy}
                </Button>
              )}
            </CopyButton>
          </div>
        )}
        {(keys.data?.items.length ?? 0) > 0 && (
          <ul className="list">
            {keys.data?.items.map((key) => (
              <li key={key.id}>
                <div style={{ flex: 1 }}>
                  <strong>{key.name}</strong>
                  <small>
                    <When time={key.created} day /> · {key.used === null ? words.keys.unused : <>{words.keys.used} <When time={key.used} /></>}
                  </small>
                </div>
                <DeleteButton
                  what={key.name}
                  onDelete={async () => {
                    await remove(`/me/keys/${key.id}`);
                    await keys.reload();
                  }}
                />
              </li>
            ))}
          </ul>
        )}
        <Problem text={error ?? keys.error} />
        <form
          className="row"
          style={{ alignItems: 'flex-end' }}
          onSubmit={(event) => {
            event.preventDefault();
            void make();
          }}
        >
          <TextInput
            label={words.keys.name}
            maxLength={120}
            value={name}
            onChange={(event) => {
              setName(event.currentTarget.value);
            }}
          />
          <Button type="submit" variant="default">
            {words.keys.make}
          </Button>
        </form>
      </div>
    </section>
  );
}

function DeleteAll() {
  const { reload } = useMe();
  const [, go] = useLocation();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function erase() {
    setBusy(true);
    setError(null);
    try {
      await remove('/me');
      forgetDrafts();
      await reload();
      go('/talk');
    } catch (problem) {
      setError(sentence(problem));
      setBusy(false);
    }
  }

  return (
    <>
      <Button
        color="clay"
        variant="outline"
        onClick={() => {
          setTyped('');
          setOpen(true);
        }}
      >
        {words.me.erase}
      </Button>
      <Modal
        opened={open}
        onClose={() => {
          setOpen(false);
        }}
        title={words.me.erase}
        centered
        closeButtonProps={{ 'aria-label': words.close }}
      >
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (typed.trim().toLowerCase() === words.me.eraseWord) void erase();
          }}
        >
          <p style={{ margin: 0 }}>{words.me.eraseSure}</p>
          <TextInput
            label={words.me.eraseType(words.me.eraseWord)}
            autoComplete="off"
            data-autofocus
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
            }}
          />
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
            <Button type="submit" color="clay" loading={busy} disabled={typed.trim().toLowerCase() !== words.me.eraseWord}>
              {words.me.erase}
            </Button>
          </div>
        </form>
      </Modal>
    </>
  );
}

function SignOut() {
  const { me, reload } = useMe();
  const [error, setError] = useState<string | null>(null);
  return (
    <section aria-label={words.account.title}>
      <h2>{words.account.title}</h2>
      <div className="card row apart">
        <span>{words.account.as(me.user?.name ?? '')}</span>
        <Problem text={error} />
        <Button
          variant="default"
          onClick={() => {
            remove('/session')
              .then(() => {
                forgetDrafts();
                return reload();
              })
              .catch((problem: unknown) => {
                setError(sentence(problem));
              });
          }}
        >
          {words.account.signOut}
        </Button>
      </div>
    </section>
  );
}
