import { ActionIcon, Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import {
  IconBarbell,
  IconBooks,
  IconChartDots,
  IconDots,
  IconGauge,
  IconHeartHandshake,
  IconMessageCircle,
  IconMessages,
  IconMoon,
  IconSun,
  IconTestPipe,
  IconUser,
} from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMe } from '../me';
import { words } from '../strings';
import { HelpModal } from './help-lines';

const PART_OF: Partial<Record<string, string[]>> = {
  '/talk': ['companion'],
  '/practice': ['practice'],
  '/exercises': ['exercises', 'questionnaires'],
};

/** Whether a page is open: an arm of a trial may have fewer parts. */
export function isOpen(page: string, uses: readonly string[]): boolean {
  return PART_OF[page]?.some((part) => uses.includes(part)) ?? true;
}

const ITEMS = [
  { to: '/talk', icon: IconMessageCircle, text: words.nav.talk, first: true },
  { to: '/practice', icon: IconMessages, text: words.nav.practice, first: true },
  { to: '/exercises', icon: IconBarbell, text: words.nav.exercises, first: true },
  { to: '/analyze', icon: IconChartDots, text: words.nav.analyze, first: true },
  { to: '/assess', icon: IconGauge, text: words.nav.assess, first: false },
  { to: '/studies', icon: IconBooks, text: words.nav.studies, first: false },
  { to: '/trial', icon: IconTestPipe, text: words.nav.trial, first: false },
  { to: '/me', icon: IconUser, text: words.nav.me, first: false },
];

export function Shell(props: { children: React.ReactNode }) {
  const { me, change } = useMe();
  const [help, setHelp] = useState(false);
  const [path, go] = useLocation();
  const main = useRef<HTMLElement>(null);
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const section = `/${path.split('/')[1] ?? ''}`;

  // A new page begins at its top, and the keyboard begins there, too.
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    main.current?.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [section]);

  const items = ITEMS.filter((item) => (item.to === '/trial' ? me.trial : isOpen(item.to, me.uses)));
  const inside = !(me.accounts && me.user === null);

  function toggleTheme() {
    const theme = dark ? 'light' : 'dark';
    setColorScheme(theme);
    if (inside) void change({ theme }).catch(() => undefined);
  }

  return (
    <div className="shell">
      <a className="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        main.current?.focus();
      }}>
        {words.skip}
      </a>
      <header className="shell-head">
        <Link className="brand" href="/talk">
          <img src="/favicon.svg" alt="" width={30} height={30} />
          <span>
            thymos <small>studio</small>
          </span>
        </Link>
        <p className="model" data-status={me.model_status} style={{ margin: 0 }} role="status">
          <i aria-hidden="true" />
          <span>{words.model[me.model_status](me.model ?? '')}</span>
        </p>
        <ActionIcon variant="subtle" color="gray" size={40} aria-label={dark ? words.theme.toLight : words.theme.toDark} onClick={toggleTheme}>
          {dark ? <IconSun size={21} color="var(--ink-soft)" /> : <IconMoon size={21} color="var(--ink-soft)" />}
        </ActionIcon>
        <button
          type="button"
          className="help-button"
          onClick={() => {
            setHelp(true);
          }}
        >
          <IconHeartHandshake size={20} aria-hidden="true" />
          {words.help.button}
        </button>
      </header>
      <nav className="shell-nav" aria-label={words.nav.label}>
        <ul>
          {items.map((item) => (
            <li key={item.to} className={item.first ? undefined : 'second'}>
              {item.to === '/assess' && <div className="rule" />}
              <Link href={item.to} aria-current={inside && section === item.to ? 'page' : undefined}>
                <item.icon size={21} stroke={1.7} aria-hidden="true" />
                {item.text}
              </Link>
            </li>
          ))}
          <li className="more-item">
            <Menu position="top-end" shadow="md" width={190}>
              <Menu.Target>
                <button
                  type="button"
                  className="more-button"
                  data-here={inside && items.some((item) => !item.first && item.to === section)}
                >
                  <IconDots size={21} stroke={1.7} aria-hidden="true" />
                  {words.nav.more}
                </button>
              </Menu.Target>
              <Menu.Dropdown>
                {items
                  .filter((item) => !item.first)
                  .map((item) => (
                    <Menu.Item
                      key={item.to}
                      leftSection={<item.icon size={19} aria-hidden="true" />}
                      onClick={() => {
                        go(item.to);
                      }}
                    >
                      {item.text}
                    </Menu.Item>
                  ))}
              </Menu.Dropdown>
            </Menu>
          </li>
        </ul>
        <p className="foot">{words.foot}</p>
      </nav>
      <main className="shell-main" id="main" ref={main} tabIndex={-1}>
        {props.children}
      </main>
      <HelpModal
        opened={help}
        onClose={() => {
          setHelp(false);
        }}
      />
    </div>
  );
}
