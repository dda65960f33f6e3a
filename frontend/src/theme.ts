import { createTheme, type MantineColorsTuple, Modal, rem } from '@mantine/core';

const tide: MantineColorsTuple = [
  '#e9f5f3', '#d3e9e5', '#a9d4cd', '#7bbfb5', '#55ada1', '#2f9a8e', '#147a73', '#0f6d68', '#0b5a56', '#074744',
]; // prettier-ignore
const clay: MantineColorsTuple = [
  '#fcf0ea', '#f6dfd4', '#edbfab', '#e49c7e', '#dc7e58', '#cc6440', '#b0502f', '#9d4425', '#83371d', '#682a14',
]; // prettier-ignore
const sand: MantineColorsTuple = [
  '#f8f5ef', '#f1ece3', '#e8e1d5', '#d9d0c1', '#c2b8a8', '#a39a8b', '#8a8578', '#66645c', '#454743', '#262b2e',
]; // prettier-ignore
const ink: MantineColorsTuple = [
  '#e9eaeb', '#cfd3d5', '#a9b1b6', '#86919a', '#67737c', '#4d5861', '#343d43', '#262e33', '#1c2327', '#14191c',
]; // prettier-ignore

export const SANS = "'Source Sans 3 Variable', 'Source Sans 3', system-ui, -apple-system, 'Segoe UI', sans-serif";
export const SERIF = "'Source Serif 4 Variable', 'Source Serif 4', 'Iowan Old Style', Georgia, serif";

export const theme = createTheme({
  colors: { tide, clay, gray: sand, dark: ink },
  primaryColor: 'tide',
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  luminanceThreshold: 0.36,
  fontFamily: SANS,
  headings: { fontFamily: SERIF, fontWeight: '560' },
  defaultRadius: 'md',
  fontSizes: { xs: rem(13), sm: rem(15), md: rem(17), lg: rem(19), xl: rem(22) },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    // A dialog's title bar is a header element, which would count as a second banner of the page.
    Modal: Modal.extend({ defaultProps: { attributes: { header: { role: 'presentation' } } } }),
  },
});
