import { createContext, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { useMantineColorScheme } from '@mantine/core';
import { get, send, sentence } from './api/client';
import type { Me, Settings } from './api/types';

interface MeState {
  me: Me;
  reload: () => Promise<void>;
  set: (me: Me) => void;
  change: (changes: Partial<Settings>) => Promise<void>;
}

const MeContext = createContext<MeState | null>(null);
const LOADING_EVERY = 2000; // milliseconds between looks while models load

/** Who is here, settings, help lines; loaded once and kept up to date. */
export function MeProvider(props: { children: React.ReactNode; fallback: (error: string | null, again: () => void) => React.ReactNode }) {
  const [me, set] = useState<Me | null>(null);
  const [error, setError] = useState<string | null>(null);
  const { setColorScheme } = useMantineColorScheme();

  const reload = useCallback(async () => {
    try {
      const found = await get<Me>('/me');
      set(found);
      setError(null);
    } catch (problem) {
      setError(sentence(problem));
    }
  }, []);

  useEffect(() => {
    get<Me>('/me').then(set, (problem: unknown) => {
      setError(sentence(problem));
    });
    const signedOut = () => {
      set((old) => (old?.accounts ? { ...old, user: null } : old));
    };
    window.addEventListener('signed-out', signedOut);
    return () => {
      window.removeEventListener('signed-out', signedOut);
    };
  }, []);

  const status = me?.model_status;
  useEffect(() => {
    if (status !== 'loading') return;
    const timer = setInterval(() => void reload(), LOADING_EVERY);
    return () => {
      clearInterval(timer);
    };
  }, [status, reload]);

  const theme = me?.settings.theme;
  useEffect(() => {
    if (theme !== undefined) setColorScheme(theme);
  }, [theme, setColorScheme]);

  const change = useCallback(
    async (changes: Partial<Settings>) => {
      // Shown at once, and taken back where the studio refuses it.
      set((old) => (old === null ? old : { ...old, settings: { ...old.settings, ...changes } }));
      try {
        const settings = await send<Settings>('PATCH', '/me/settings', changes);
        set((old) => (old === null ? old : { ...old, settings }));
      } catch (problem) {
        await reload();
        throw problem;
      }
      // Help lines and disclosure depend on region and language.
      if (changes.region !== undefined || changes.language !== undefined) await reload();
    },
    [reload],
  );

  const value = useMemo(() => (me === null ? null : { me, reload, set, change }), [me, reload, change]);
  if (value === null) return props.fallback(error, () => void reload());
  return <MeContext.Provider value={value}>{props.children}</MeContext.Provider>;
}

export function useMe(): MeState {
  const value = useContext(MeContext);
  if (value === null) throw new Error('useMe outside of MeProvider');
  return value;
}
