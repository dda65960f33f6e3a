import { useCallback, useEffect, useState } from 'react';
import { get, sentence } from './client';

export interface Resource<Body> {
  data: Body | null;
  error: string | null;
  loading: boolean;
  reload: () => Promise<void>;
  set: (data: Body) => void;
}

/** What an address answers; null addresses are not asked. Data of an earlier address is never shown for a later one. */
export function useResource<Body>(path: string | null): Resource<Body> {
  const [state, setState] = useState<{ path: string | null; data: Body | null; error: string | null }>({
    path: null,
    data: null,
    error: null,
  });

  const load = useCallback(
    async (signal?: AbortSignal) => {
      if (path === null) return;
      try {
        const data = await get<Body>(path, signal);
        setState({ path, data, error: null });
      } catch (error) {
        if (!signal?.aborted) setState((old) => ({ path, data: old.path === path ? old.data : null, error: sentence(error) }));
      }
    },
    [path],
  );

  useEffect(() => {
    const control = new AbortController();
    void load(control.signal);
    return () => {
      control.abort();
    };
  }, [load]);

  const set = useCallback((data: Body) => {
    setState({ path, data, error: null });
  }, [path]);
  const reload = useCallback(() => load(), [load]);
  const here = state.path === path;
  return {
    data: here ? state.data : null,
    error: here ? state.error : null,
    loading: path !== null && !here,
    reload,
    set,
  };
}
