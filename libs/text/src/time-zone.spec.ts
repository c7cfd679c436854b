import { describe, expect, it } from 'vitest';
import { canonicalTimeZone } from './time-zone.js';

describe('canonicalTimeZone', () => {
  it.each([
    ['America/Sao_Paulo', 'America/Sao_Paulo'],
    ['america/sao_paulo', 'America/Sao_Paulo'],
    ['america/nEw_york', 'America/New_York'],
    ['AMERICA/ARGENTINA/BUENOS_AIRES', 'America/Argentina/Buenos_Aires'],
    ['America/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['america/port-au-prince', 'America/Port-au-Prince'],
    ['africa/porto-novo', 'Africa/Porto-Novo'],
    ['AFRICA/DAR_ES_SALAAM', 'Africa/Dar_es_Salaam'],
    ['antarctica/dumontdurville', 'Antarctica/DumontDUrville'],
    ['antarctica/mcmurdo', 'Antarctica/McMurdo'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['asia/calcutta', 'Asia/Kolkata'],
    ['europe/kyiv', 'Europe/Kyiv'],
    ['Europe/Kiev', 'Europe/Kyiv'],
    ['asia/ho_chi_minh', 'Asia/Ho_Chi_Minh'],
    ['us/eastern', 'America/New_York'],
    ['Brazil/East', 'America/Sao_Paulo'],
    ['etc/gmt+3', 'Etc/GMT+3'],
    ['UTC', 'UTC'],
    ['utc', 'UTC'],
    ['Etc/UTC', 'UTC'],
    ['gmt', 'UTC'],
  ])('stores %s as %s', (text, zone) => {
    expect(canonicalTimeZone(text)).toBe(zone);
    expect(canonicalTimeZone(zone)).toBe(zone);
  });

  it.each([
    '',
    ' UTC',
    'Mars/Olympus',
    'America',
    'America/',
    'America/Nova_Iorque',
    '+03:00',
    '-03:00',
    'America/Sao Paulo',
    'America/S\u00e3o_Paulo',
    'Amer\u0131ca/Sao_Paulo',
    "UTC'; --",
    'BST',
    'ist',
    'SystemV/AST4',
  ])('refuses %j', (text) => {
    expect(canonicalTimeZone(text)).toBeNull();
  });

  it('returns a stored name unchanged, for every zone that the runtime knows', () => {
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      const stored = canonicalTimeZone(zone.toLowerCase()) ?? '';
      expect(canonicalTimeZone(stored), zone).toBe(stored);
      expect(canonicalTimeZone(stored.toUpperCase()), zone).toBe(stored);
    }
  });
});
