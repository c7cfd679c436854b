import { addressBlock } from '@poc-tracker/tenancy';
import { travelHours } from './country-distance.js';
import { isUnusualHour } from './login-hours.js';
import { deviceKind } from './user-agent.js';

/**
 * What each reason adds to the score of a log-in.
 *
 * They are chosen so that a known device stays at 70 at most, whatever else is unusual: `new_country`, `impossible_travel`
 * and `leaked_password` together, or `unusual_hour` in place of the first. So does a new device at a usual hour in a country
 * that the account knows, with a password that has not leaked, while strangers guess it. A new device in a new country at an
 * unusual hour is above.
 */
export const RISK_WEIGHTS = {
  /** None of the former log-ins came from the country. Travelers do this too. */
  new_country: 30,
  /** The user cannot have traveled the distance since a session was last used elsewhere. So does a VPN that is switched on. */
  impossible_travel: 30,
  /** Every new phone, and every browser whose cookies were deleted. */
  new_device: 25,
  /** No former log-in had this browser or app on this system. On top of new_device, which a common browser alone cannot show. */
  new_user_agent: 15,
  /** The user hardly ever logs in within two hours of this time of day. */
  unusual_hour: 20,
  /** Attempts from 4 networks within 10 minutes. Strangers can cause it, so it is nothing without other reasons. */
  many_addresses: 30,
  /** Anyone can know the password. It says nothing about who uses it. */
  leaked_password: 10,
} as const;

export type RiskReason = keyof typeof RISK_WEIGHTS;

/** In the order of the weights' table. */
const REASONS = Object.keys(RISK_WEIGHTS) as RiskReason[];

const MAX_SCORE = 100;

/** A log-in with a higher score is suspicious. */
const MAX_UNSUSPICIOUS_SCORE = 70;

/** Phones change networks: from Wi-Fi to mobile and back are three within minutes. */
const MANY_NETWORKS = 4;

/** Milliseconds within which attempts from several networks count together. */
export const RECENT_MS = 10 * 60 * 1_000;

/** A log-in with the right password. */
export interface LoginAttempt {
  readonly at: Date;
  /** Null if the client has closed the connection. */
  readonly ipAddress: string | null;
  /** ISO 3166-1 alpha-2; undefined if the address is private or unknown. */
  readonly country: string | undefined;
  readonly userAgent: string | null;
  /** As the app names it: anyone can send it. */
  readonly deviceId: string | undefined;
  /** Whether a device cookie or a session proves that the device has logged in to the account before. */
  readonly isKnownDevice: boolean;
  /** IANA time zone of the user. */
  readonly timeZone: string;
  /** Whether the password is on the list of breached passwords. */
  readonly passwordIsLeaked: boolean;
}

/** A former log-in of the user: a session, whether or not it has ended. */
export interface FormerLogin {
  readonly at: Date;
  /** When and where a refresh or the log-in used the session last: with a stolen token, that need not be the user. */
  readonly lastUsedAt: Date;
  readonly lastUsedIn: string | undefined;
  readonly ipAddress: string | null;
  readonly country: string | undefined;
  readonly userAgent: string | null;
  readonly deviceId: string | undefined;
}

/** What is known of an account before a log-in. */
export interface LoginHistory {
  readonly logins: readonly FormerLogin[];
  /** Addresses of failed log-ins to the account within the last 10 minutes. */
  readonly failedFrom: readonly string[];
}

export interface RiskScore {
  /** From 0 to 100. */
  readonly score: number;
  readonly reasons: readonly RiskReason[];
}

/** Scores a log-in by what is unusual for its user. Without former log-ins nothing is. */
export function scoreLogin(attempt: LoginAttempt, history: LoginHistory): RiskScore {
  const reasons = REASONS.filter(
    (reason) =>
      (reason === 'leaked_password' || history.logins.length > 0) &&
      APPLIES[reason](attempt, history),
  );
  const sum = reasons.reduce((score, reason) => score + RISK_WEIGHTS[reason], 0);
  return { score: Math.min(sum, MAX_SCORE), reasons };
}

export function isSuspicious({ score }: RiskScore): boolean {
  return score > MAX_UNSUSPICIOUS_SCORE;
}

const APPLIES: Record<RiskReason, (attempt: LoginAttempt, history: LoginHistory) => boolean> = {
  new_country: isFromNewCountry,
  impossible_travel: ({ at, country }, { logins }) =>
    logins.some(
      (login) => hoursBetween(login.lastUsedAt, at) < travelHours(login.lastUsedIn, country),
    ),
  new_device: ({ isKnownDevice, deviceId }, { logins }) =>
    !isKnownDevice &&
    (deviceId === undefined || logins.every((login) => login.deviceId !== deviceId)),
  new_user_agent: ({ isKnownDevice, userAgent }, { logins }) => {
    const kind = deviceKind(userAgent);
    return !isKnownDevice && logins.every((login) => deviceKind(login.userAgent) !== kind);
  },
  // A traveler keeps other hours: on a known device in a new country the hour is no sign of its own.
  unusual_hour: (attempt, history) =>
    !(attempt.isKnownDevice && isFromNewCountry(attempt, history)) &&
    isUnusualHour(
      attempt.at,
      history.logins.map(({ at }) => at),
      attempt.timeZone,
    ),
  many_addresses: ({ isKnownDevice, at, ipAddress }, { logins, failedFrom }) => {
    if (isKnownDevice) return false;
    const recent = logins.filter((login) => at.getTime() - login.at.getTime() <= RECENT_MS);
    const addresses = [ipAddress, ...recent.map((login) => login.ipAddress), ...failedFrom];
    return new Set(addresses.flatMap(networkOf)).size >= MANY_NETWORKS;
  },
  leaked_password: ({ passwordIsLeaked }) => passwordIsLeaked,
};

function isFromNewCountry({ country }: LoginAttempt, { logins }: LoginHistory): boolean {
  const known = logins.flatMap((login) => login.country ?? []);
  return country !== undefined && known.length > 0 && !known.includes(country);
}

function networkOf(address: string | null): string[] {
  return address === null ? [] : [addressBlock(address)];
}

/** Never negative: the clocks of two transactions may be read in another order. */
function hoursBetween(from: Date, to: Date): number {
  return Math.max(0, to.getTime() - from.getTime()) / 3_600_000;
}
