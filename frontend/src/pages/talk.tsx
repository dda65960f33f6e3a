import { Button, Modal } from '@mantine/core';
import { IconList, IconPlus } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { get, remove, send, sentence } from '../api/client';
import type { Chat, Message, Page } from '../api/types';
import { useResource } from '../api/use-resource';
import { DeleteButton, Problem, useTitle } from '../components/parts';
import { Composer } from '../conversation/composer';
import { TurnList } from '../conversation/turn-list';
import { useConversation } from '../conversation/use-conversation';
import { useMe } from '../me';
import { words } from '../strings';

const MOST = 8000;

const create = async () => (await send<Chat>('POST', '/chats', {})).id;
const load = async (id: string) => (await get<Page<Message>>(`/chats/${id}/messages`)).items;

export default function Talk({ id }: { id: string | null }) {
  useTitle(words.nav.talk);
  const { me, change } = useMe();
  const [, go] = useLocation();
  const chats = useResource<Page<Chat>>('/chats');
  const [picking, setPicking] = useState(false);
  const [put, setPut] = useState<{ text: string } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const onCreated = useCallback(
    (chat: string) => {
      go(`/talk/${chat}`, { replace: true });
    },
    [go],
  );
  const talk = useConversation({ kind: 'chats', id, load, create, onCreated });

  const { reload } = chats;
  const say = useCallback(
    async (text: string) => {
      const kept = await talk.say(text);
      void reload();
      return kept;
    },
    [talk, reload],
  );

  async function drop(chat: string) {
    await remove(`/chats/${chat}`);
    await reload();
    if (chat === id) go('/talk');
  }

  const { settings } = me;
  const list = (
    <ChatList
      chats={chats.data?.items ?? []}
      here={id}
      onDelete={drop}
      onPick={() => {
        setPicking(false);
      }}
    />
  );
  const title = chats.data?.items.find((chat) => chat.id === id)?.title || words.talk.fresh;
  return (
    <div className="talk">
      <aside className="talk-list" aria-label={words.talk.list}>
        {list}
      </aside>
      <div className="talk-bar">
        <strong>{title}</strong>
        <Button
          variant="default"
          size="compact-sm"
          h={36}
          leftSection={<IconList size={18} aria-hidden="true" />}
          onClick={() => {
            setPicking(true);
          }}
        >
          {words.talk.list}
        </Button>
      </div>
      <Modal
        opened={picking}
        onClose={() => {
          setPicking(false);
        }}
        title={words.talk.list}
        closeButtonProps={{ 'aria-label': words.close }}
      >
        <div className="talk-list picked">{list}</div>
      </Modal>
      <section className="conversation" aria-label={words.talk.conversation}>
        {(id !== null || talk.turns.length > 0) && <h1 className="visually-hidden">{title}</h1>}
        <TurnList
          turns={talk.turns}
          said={talk.said}
          showReading={settings.show_reading}
          showPlan={settings.show_plan}
          other={words.talk.companion}
          onListen={talk.listenAgain}
        >
          {!settings.disclosure_seen && (
            <aside className="disclosure" aria-label={words.disclosure.label}>
              <img src="/favicon.svg" alt="" width={36} height={36} />
              <div>
                <p>{me.disclosure}</p>
                <Button
                  size="compact-md"
                  onClick={() => {
                    change({ disclosure_seen: true }).catch((error: unknown) => {
                      setProblem(sentence(error));
                    });
                  }}
                >
                  {words.disclosure.seen}
                </Button>
              </div>
            </aside>
          )}
          {id === null && talk.turns.length === 0 && (
            <div className="welcome">
              <h1>{words.talk.welcome}</h1>
              <p>{words.talk.lead}</p>
              <div className="starters">
                {words.talk.starters.map((text) => (
                  <button
                    type="button"
                    key={text}
                    className="starter"
                    onClick={() => {
                      setPut({ text });
                    }}
                  >
                    {text}
                  </button>
                ))}
              </div>
            </div>
          )}
        </TurnList>
        <div style={{ padding: '0 1.25rem' }}>
          <Problem
            text={talk.error ?? problem ?? chats.error}
            onClose={() => {
              talk.clearError();
              setProblem(null);
            }}
          />
        </div>
        <Composer
          draft={`talk:${id ?? 'new'}`}
          label={words.talk.message}
          placeholder={words.talk.placeholder}
          writing={talk.writing}
          most={MOST}
          onSend={say}
          onStop={talk.stop}
          put={put}
        />
      </section>
    </div>
  );
}

function ChatList(props: { chats: Chat[]; here: string | null; onDelete: (id: string) => Promise<void>; onPick: () => void }) {
  const [, go] = useLocation();
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconPlus size={18} aria-hidden="true" />}
        onClick={() => {
          props.onPick();
          go('/talk');
        }}
      >
        {words.talk.fresh}
      </Button>
      <ul>
        {props.chats.map((chat) => (
          <li key={chat.id} data-here={chat.id === props.here}>
            <Link href={`/talk/${chat.id}`} aria-current={chat.id === props.here ? 'true' : undefined} onClick={props.onPick}>
              {chat.title || words.talk.untitled}
            </Link>
            <DeleteButton what={chat.title || words.talk.untitled} onDelete={() => props.onDelete(chat.id)} />
          </li>
        ))}
      </ul>
    </>
  );
}
