import { describe, expect, it } from 'vitest';
import { isTimeZone } from './time-zone.validator.js';

describe('a time zone', () => {
  it.each([
    'America/Sao_Paulo',
    'America/Argentina/Buenos_Aires',
    'UTC',
    'Etc/GMT+3',
    'Asia/Kolkata',
    'Africa/Porto-Novo',
  ])('is valid: %s', (zone) => {
    expect(isTimeZone(zone)).toBe(true);
  });

  it.each([
    '',
    'Mars/Olympus',
    '+03:00',
    '-03:00',
    'America/Sao Paulo',
    "UTC'; --",
    3,
    null,
    ['UTC'],
  ])('is not valid: %s', (zone) => {
    expect(isTimeZone(zone)).toBe(false);
  });
});
