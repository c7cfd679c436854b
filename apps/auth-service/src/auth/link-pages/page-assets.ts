/*
 * The script and the style of the pages, as text: the service is bundled into one file. The script reads the token from the
 * fragment, and changes nothing until the button is used. It writes text only, never markup.
 */

export const PAGE_SCRIPT = `'use strict';
const form = document.querySelector('form');
const status = document.querySelector('[role=status]');
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
const { action, token: tokenField, withoutToken } = form.dataset;
const texts = status.dataset;
let confirmed = false;

function tell(text) {
  status.textContent = text;
  status.focus();
}

function textOf({ code, details, error }) {
  if (code === 'INVALID_LINK' || code === 'INVALID_INVITE') return texts.invalid;
  if (code === 'RATE_LIMIT_EXCEEDED') return texts.rate;
  if (code === 'INVALID_CREDENTIALS') return texts.password;
  const faults = Array.isArray(details) ? details.map(({ message }) => message).filter(Boolean) : [];
  return [texts.other, ...(faults.length > 0 ? faults : [error])].join(' ');
}

async function send() {
  const body = Object.fromEntries(new FormData(form));
  if (tokenField) body[tokenField] = token;
  if (confirmed) body.confirm = true;
  const response = await fetch(action, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) {
    confirmed = answer.code === 'CONFIRMATION_REQUIRED';
    tell(confirmed ? texts.confirm : textOf(answer));
    return;
  }
  form.hidden = true;
  history.replaceState(null, '', location.pathname);
  tell(answer.data.confirmation ? texts.pending : texts.done);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  send()
    .catch(() => tell(texts.other))
    .finally(() => { button.disabled = false; });
});

if (tokenField && token === '') {
  if (withoutToken) location.replace(withoutToken);
  else { form.hidden = true; tell(texts.noToken); }
} else {
  form.hidden = false;
}
`;

export const PAGE_STYLE = `:root { color-scheme: light dark; --accent: #1d4ed8; --on-accent: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --accent: #93c5fd; --on-accent: #0b1220; } }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
main { max-width: 28rem; margin: 10vh auto; padding: 1.5rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; }
label { display: block; margin: 1rem 0 0.25rem; }
input { width: 100%; min-height: 2.75rem; padding: 0.5rem; font: inherit; border: 1px solid GrayText; border-radius: 0.375rem; }
button { min-height: 2.75rem; margin: 1.25rem 0; padding: 0.5rem 1.25rem; font: inherit; font-weight: 600; border: 0;
  border-radius: 0.375rem; background: var(--accent); color: var(--on-accent); cursor: pointer; }
button:disabled { opacity: 0.6; cursor: default; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[role=status]:empty { display: none; }
`;
