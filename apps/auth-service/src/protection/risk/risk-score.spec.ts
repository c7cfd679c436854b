import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type FormerLogin,
  isSuspicious,
  type LoginAttempt,
  type LoginHistory,
  RISK_WEIGHTS,
  type RiskReason,
  scoreLogin,
} from './risk-score.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A Wednesday, 9:00 in São Paulo. */
const NOW = new Date('2026-03-18T12:00:00Z');
const NIGHT = new Date('2026-03-18T05:00:00Z');

const CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';

const before = (milliseconds: number, at = NOW) => new Date(at.getTime() - milliseconds);

/** A log-in in Brazil, at nine in the morning. */
const former = (changes: Partial<FormerLogin> = {}): FormerLogin => {
  const { at = before(DAY) } = changes;
  const country = 'country' in changes ? changes.country : 'BR';
  return {
    at,
    lastUsedAt: at,
    lastUsedIn: country,
    ipAddress: '198.51.100.1',
    country,
    userAgent: CHROME,
    deviceId: undefined,
    ...changes,
  };
};

/** Two weeks of mornings at work. */
const MORNINGS = Array.from({ length: 14 }, (_, day) => former({ at: before((day + 1) * DAY) }));

const STRANGERS = ['203.0.113.1', '203.0.113.2', '203.0.113.3', '2001:db8::1'];

/** One more morning, on the device and in the country of the others. */
const attempt = (changes: Partial<LoginAttempt> = {}): LoginAttempt => ({
  at: NOW,
  ipAddress: '198.51.100.1',
  country: 'BR',
  userAgent: CHROME,
  deviceId: undefined,
  isKnownDevice: true,
  timeZone: 'America/Sao_Paulo',
  passwordIsLeaked: false,
  ...changes,
});

const history = (logins = MORNINGS, failedFrom: string[] = []): LoginHistory => ({
  logins,
  failedFrom,
});

const NEW_DEVICE = { isKnownDevice: false };
const NEW_BROWSER = { isKnownDevice: false, userAgent: FIREFOX };

/** The examples of docs/protection.md, in its words. */
const EXAMPLES: [example: string, LoginAttempt, LoginHistory, number, RiskReason[]][] = [
  [
    'the first log-in of an account, from wherever',
    attempt({ ...NEW_BROWSER, country: 'RU' }),
    history([], STRANGERS),
    0,
    [],
  ],
  ['the usual device at the usual place and hour', attempt(), history(), 0, []],
  [
    'the same, after another update of the browser and from another address',
    attempt({ userAgent: CHROME.replace('131', '140'), ipAddress: '198.51.100.77' }),
    history(),
    0,
    [],
  ],
  ['a browser whose cookies were deleted', attempt(NEW_DEVICE), history(), 25, ['new_device']],
  ['a new phone', attempt(NEW_BROWSER), history(), 40, ['new_device', 'new_user_agent']],
  [
    'a new phone at night',
    attempt({ ...NEW_BROWSER, at: NIGHT }),
    history(),
    60,
    ['new_device', 'new_user_agent', 'unusual_hour'],
  ],
  [
    'the usual device at night, with a password that has leaked',
    attempt({ at: NIGHT, passwordIsLeaked: true }),
    history(),
    30,
    ['unusual_hour', 'leaked_password'],
  ],
  [
    'the usual device on a journey, at whatever hour',
    attempt({ at: NIGHT, country: 'DE' }),
    history(),
    30,
    ['new_country'],
  ],
  [
    'the usual device behind a VPN abroad',
    attempt({ country: 'DE' }),
    history([former({ lastUsedAt: before(HOUR) })]),
    60,
    ['new_country', 'impossible_travel'],
  ],
  [
    'the usual device while strangers guess the password',
    attempt(),
    history(MORNINGS, STRANGERS),
    0,
    [],
  ],
  [
    'a new phone while strangers guess the password',
    attempt(NEW_BROWSER),
    history(MORNINGS, STRANGERS),
    70,
    ['new_device', 'new_user_agent', 'many_addresses'],
  ],
  [
    'the same browser in a new country at night',
    attempt({ ...NEW_DEVICE, at: NIGHT, country: 'DE' }),
    history(),
    75,
    ['new_country', 'new_device', 'unusual_hour'],
  ],
  [
    'a new device abroad an hour after the last use at home',
    attempt({ ...NEW_BROWSER, country: 'RU' }),
    history([former({ lastUsedAt: before(HOUR) })]),
    100,
    ['new_country', 'impossible_travel', 'new_device', 'new_user_agent'],
  ],
  [
    'a leaked password from one of many addresses, on a new device',
    attempt({ ...NEW_BROWSER, passwordIsLeaked: true }),
    history(MORNINGS, STRANGERS),
    80,
    ['new_device', 'new_user_agent', 'many_addresses', 'leaked_password'],
  ],
];

describe('scoreLogin', () => {
  it.each(EXAMPLES)('scores %s', (_example, tried, known, score, reasons) => {
    expect(scoreLogin(tried, known)).toEqual({ score, reasons });
    expect(isSuspicious({ score, reasons })).toBe(score > 70);
  });

  it('counts a leaked password without any history', () => {
    const risk = scoreLogin(attempt({ passwordIsLeaked: true }), history([]));
    expect(risk).toEqual({ score: 10, reasons: ['leaked_password'] });
  });

  it('has a score of at most 100', () => {
    const tried = { ...NEW_BROWSER, at: NIGHT, country: 'RU', passwordIsLeaked: true };
    const logins = [former({ lastUsedAt: before(HOUR, NIGHT) }), ...MORNINGS];
    const risk = scoreLogin(attempt(tried), history(logins, STRANGERS));
    expect(risk).toEqual({ score: 100, reasons: Object.keys(RISK_WEIGHTS) });
  });

  it('never finds a known device suspicious, whatever else is unusual', () => {
    const scores = [false, true].flatMap((passwordIsLeaked) =>
      [NOW, NIGHT].flatMap((at) =>
        ['BR', 'AR', 'RU', undefined].flatMap((country) =>
          [HOUR, DAY].flatMap((ago) =>
            [CHROME, FIREFOX, null].map((userAgent) => {
              const logins = [former({ lastUsedAt: before(ago, at), country: 'CN' }), ...MORNINGS];
              const tried = attempt({ passwordIsLeaked, at, country, userAgent });
              return scoreLogin(tried, history(logins, STRANGERS)).score;
            }),
          ),
        ),
      ),
    );
    expect(Math.max(...scores)).toBe(70);
  });
});

describe('a new country', () => {
  it('is not new if any former log-in came from there', () => {
    const logins = [...MORNINGS, former({ country: 'DE' })];
    expect(scoreLogin(attempt({ country: 'DE' }), history(logins)).reasons).toEqual([]);
  });

  it('stays new, and the country of the log-in known, when a session is used abroad with a refresh token', () => {
    const logins = [former({ lastUsedAt: before(DAY), lastUsedIn: 'US' })];
    const abroad = attempt({ country: 'US', isKnownDevice: false });
    expect(scoreLogin(abroad, history(logins)).reasons).toContain('new_country');
    const atHome = attempt({ isKnownDevice: false });
    expect(scoreLogin(atHome, history(logins)).reasons).toEqual(['new_device']);
  });

  it.each([
    ['the address has no country', attempt({ country: undefined }), history()],
    [
      'no former address has one',
      attempt({ country: 'DE' }),
      history([former({ country: undefined })]),
    ],
  ])('is not found if %s', (_why, tried, known) => {
    expect(scoreLogin(tried, known).reasons).toEqual([]);
  });
});

describe('impossible travel', () => {
  const travel = (hours: number, from: string, to: string) =>
    scoreLogin(
      attempt({ country: to }),
      history([former({ lastUsedAt: before(hours * HOUR), country: from })]),
    ).reasons.includes('impossible_travel');

  it.each([
    [1, 'BR', 'DE'],
    [5, 'BR', 'DE'],
    [1, 'BR', 'US'],
    [0, 'UY', 'RU'],
    [-0.001, 'UY', 'RU'],
  ])('is found %d hours after a use in %s, from %s', (hours, from, to) => {
    expect(travel(hours, from, to)).toBe(true);
  });

  it.each([
    [12, 'BR', 'DE'],
    [0, 'BR', 'AR'],
    [0, 'FR', 'GB'],
    [0, 'US', 'CA'],
    [0, 'BR', 'BR'],
  ])('is not found %d hours after a use in %s, from %s', (hours, from, to) => {
    expect(travel(hours, from, to)).toBe(false);
  });
});

describe('a new device', () => {
  const reasons = (tried: Partial<LoginAttempt>, logins = MORNINGS) =>
    scoreLogin(attempt({ ...NEW_DEVICE, ...tried }), history(logins)).reasons;

  it('is not new if the app has named it before', () => {
    const logins = [...MORNINGS, former({ deviceId: 'ana-phone' })];
    expect(reasons({ deviceId: 'ana-phone' }, logins)).toEqual([]);
    expect(reasons({ deviceId: 'ana-tablet' }, logins)).toEqual(['new_device']);
  });

  it('still has a new user agent if only its name is known, which anyone can send', () => {
    const logins = [former({ deviceId: 'ana-phone' })];
    const tried = { deviceId: 'ana-phone', userAgent: FIREFOX };
    expect(reasons(tried, logins)).toEqual(['new_user_agent']);
  });
});

describe('many addresses', () => {
  const counted = (failedFrom: string[], logins: FormerLogin[] = []) =>
    scoreLogin(
      attempt({ ...NEW_DEVICE, ipAddress: '198.51.100.2' }),
      history([former(), ...logins], failedFrom),
    ).reasons.includes('many_addresses');

  it('are the networks of the log-in and of three others', () => {
    expect(counted(STRANGERS.slice(0, 3))).toBe(true);
    expect(counted(STRANGERS.slice(0, 2))).toBe(false);
  });

  it('are counted once each, and a /64 of IPv6 as one', () => {
    expect(counted(['198.51.100.2', '203.0.113.1', '203.0.113.1', '203.0.113.2'])).toBe(false);
    expect(counted(['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::', '203.0.113.2'])).toBe(
      false,
    );
    expect(counted(['2001:db8::1', '2001:db8:0:1::1', '203.0.113.2'])).toBe(true);
  });

  it('include those of log-ins within ten minutes', () => {
    const recent = (minutes: number) =>
      former({ at: before(minutes * 60_000), ipAddress: '203.0.113.9' });
    expect(counted(STRANGERS.slice(0, 2), [recent(9)])).toBe(true);
    expect(counted(STRANGERS.slice(0, 2), [recent(11)])).toBe(false);
  });
});

describe('docs/protection.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../../docs/protection.md'), 'utf8');

  it('has the weight of every reason', () => {
    const rows = [...text.matchAll(/^\| `([a-z_]+)` +\| +(\d+) \|/gm)];
    const documented = Object.fromEntries(
      rows.map(([, reason = '', weight]) => [reason, Number(weight)]),
    );
    expect(documented).toEqual(RISK_WEIGHTS);
  });

  it('has every example with its score', () => {
    for (const [example, , , score] of EXAMPLES)
      expect(text).toMatch(new RegExp(`^\\| ${example} +\\| +${score} \\|`, 'm'));
  });
});
