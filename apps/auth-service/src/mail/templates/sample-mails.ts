import { definitionOf, type MailKind, type ValueType } from './mail-kinds.js';
import type { MailData } from './mail-renderer.js';

const NAMED: Readonly<Record<string, string>> = {
  inviter: 'Bia Souza',
  role: 'manager',
  newEmail: 'a***@new.example',
  device: 'Firefox, Windows',
  address: '203.0.113.7',
  country: 'BR',
  factor: 'totp',
  action: 'read',
  resource: 'storage',
  percent: '80',
  allowed: '5',
  reason: 'Ticket 4711',
};

const BY_TYPE: Readonly<Record<ValueType, string | Date>> = {
  link: 'https://acme.poctracker.com/links/a?token=kYV3dGhlIHNhbXBsZSB0b2tlbg&lang=pt',
  code: '482913',
  time: new Date('2026-11-30T17:30:00Z'),
  text: 'text',
  word: 'word',
};

/** Values for a preview of a kind of mail. */
export function sampleValues(kind: MailKind): MailData['values'] {
  return Object.fromEntries(
    Object.entries(definitionOf(kind).values).map(([name, type]) => [
      name,
      NAMED[name] ?? BY_TYPE[type],
    ]),
  );
}
