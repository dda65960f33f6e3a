import '@mantine/core/styles.css';
import './styles/fonts.css';
import './styles/base.css';
import './styles/affect.css';
import './styles/talk.css';
import './styles/pages.css';
import { MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { theme } from './theme';

// Styles that libraries write into the page carry the nonce that the studio put into this page.
const nonce = document.querySelector('meta[name="csp-nonce"]')?.getAttribute('content') ?? '';
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = nonce;

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
        <App />
      </MantineProvider>
    </StrictMode>,
  );
}
