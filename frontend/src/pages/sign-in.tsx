import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { send, sentence } from '../api/client';
import type { Me } from '../api/types';
import { Page, Problem } from '../components/parts';
import { useMe } from '../me';
import { words } from '../strings';

export default function SignIn() {
  const { me, set } = useMe();
  const [fresh, setFresh] = useState(false);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function enter() {
    setBusy(true);
    setError(null);
    try {
      set(await send<Me>('POST', fresh ? '/accounts' : '/session', { name, password }));
    } catch (problem) {
      setError(sentence(problem));
      setBusy(false);
    }
  }

  return (
    <Page narrow title={fresh ? words.account.make : words.account.signIn} lead={me.disclosure}>
      <form
        className="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <TextInput
          label={words.account.name}
          autoComplete="username"
          required
          value={name}
          onChange={(event) => {
            setName(event.currentTarget.value);
          }}
        />
        <PasswordInput
          label={words.account.password}
          description={fresh ? words.account.passwordHelp : undefined}
          autoComplete={fresh ? 'new-password' : 'current-password'}
          required
          value={password}
          visibilityToggleButtonProps={{ 'aria-label': words.account.show }}
          onChange={(event) => {
            setPassword(event.currentTarget.value);
          }}
        />
        <Problem text={error} />
        <div className="row apart">
          {me.registration ? (
            <button
              type="button"
              className="link-button"
              onClick={() => {
                setFresh(!fresh);
                setError(null);
              }}
            >
              {fresh ? words.account.have : words.account.none}
            </button>
          ) : (
            <span />
          )}
          <Button type="submit" size="md" loading={busy}>
            {fresh ? words.account.make : words.account.signIn}
          </Button>
        </div>
      </form>
    </Page>
  );
}
