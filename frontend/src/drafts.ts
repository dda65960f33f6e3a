// What is being written survives a reload and an error. Kept for this tab only, and gone with "delete everything".

const PREFIX = 'draft:';

export function readDraft(name: string): string {
  try {
    return sessionStorage.getItem(PREFIX + name) ?? '';
  } catch {
    return '';
  }
}

export function keepDraft(name: string, text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(PREFIX + name);
    else sessionStorage.setItem(PREFIX + name, text);
  } catch {
    // A browser without storage keeps the draft in the page only.
  }
}

export function forgetDrafts(): void {
  try {
    Object.keys(sessionStorage)
      .filter((key) => key.startsWith(PREFIX))
      .forEach((key) => {
        sessionStorage.removeItem(key);
      });
  } catch {
    // See keepDraft.
  }
}
