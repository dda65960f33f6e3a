import { words } from '../strings';
import { eventsOf, type StreamEvent } from './stream';

const BASE = '/api/v1';

/** What went wrong, in one sentence for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** One sentence for whatever was thrown. */
export function sentence(error: unknown): string {
  if (error instanceof ApiError) {
    const text = error.message.trim();
    return text === '' ? words.errors.unknown : text[0]?.toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
  }
  return words.errors.unknown;
}

async function request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const init: RequestInit = { method, headers: {}, signal: signal ?? null };
  if (body instanceof FormData) init.body = body;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  let response: Response;
  try {
    response = await fetch(BASE + path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'unreachable', words.errors.unreachable);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    if (response.status === 401 && error.code === 'not_signed_in') window.dispatchEvent(new Event('signed-out'));
    return new ApiError(response.status, error.code, error.message);
  } catch {
    return new ApiError(response.status, 'failed', words.errors.unknown);
  }
}

export async function get<Body>(path: string, signal?: AbortSignal): Promise<Body> {
  return (await (await request('GET', path, undefined, signal)).json()) as Body;
}

export async function send<Body>(method: 'POST' | 'PATCH', path: string, body?: unknown): Promise<Body> {
  return (await (await request(method, path, body)).json()) as Body;
}

/** POST without a body, and without one in the answer. */
export async function order(path: string): Promise<void> {
  await request('POST', path);
}

export async function remove(path: string): Promise<void> {
  await request('DELETE', path);
}

/** POST, and the events of the answer as they come. */
export async function* stream(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<StreamEvent> {
  const response = await request('POST', path, body, signal);
  if (response.body !== null) yield* eventsOf(response.body);
}
