import { canonicalTimeZone } from '@poc-tracker/text';

const MINUTES_PER_DAY = 24 * 60;

/** Log-ins on fewer days are no habit. */
const MIN_DAYS = 7;

/** Minutes between log-ins of about the same time. */
const SAME_TIME_MINUTES = 120;

/** The share of log-ins at about this time below which it is unusual: a single night of work makes no habit. */
const MIN_SHARE = 0.05;

/** The local day and minute of a time. */
interface LocalTime {
  day: string;
  minute: number;
}

/**
 * Whether a user who has logged in at the `former` times hardly ever does so at this time of day. False if the log-ins are too
 * few to tell, or the time zone is unknown.
 */
export function isUnusualHour(at: Date, former: readonly Date[], timeZone: string): boolean {
  if (former.length < MIN_DAYS || canonicalTimeZone(timeZone) === null) return false;
  const toLocal = localTimeIn(timeZone);
  const times = former.map(toLocal);
  if (new Set(times.map(({ day }) => day)).size < MIN_DAYS) return false;
  const { minute } = toLocal(at);
  const close = times.filter((time) => minutesApart(time.minute, minute) <= SAME_TIME_MINUTES);
  return close.length < MIN_SHARE * times.length;
}

/** On a clock, where a quarter to twelve and a quarter past are half an hour apart. */
function minutesApart(one: number, other: number): number {
  const difference = Math.abs(one - other);
  return Math.min(difference, MINUTES_PER_DAY - difference);
}

function localTimeIn(timeZone: string): (at: Date) => LocalTime {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
    hourCycle: 'h23',
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const [day, hour, minute] = [parts.get('day'), parts.get('hour'), parts.get('minute')];
    return {
      day: `${parts.get('year')}-${parts.get('month')}-${day}`,
      minute: Number(hour) * 60 + Number(minute),
    };
  };
}
