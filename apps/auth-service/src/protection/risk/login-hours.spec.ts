import { describe, expect, it } from 'vitest';
import { isUnusualHour } from './login-hours.js';

const SAO_PAULO = 'America/Sao_Paulo';

/** UTC. In São Paulo it is three hours earlier. */
const at = (time: string) => new Date(`2026-03-31T${time}:00Z`);

/** Log-ins at these times of day, each on a day of its own. */
const onDays = (...times: string[]) =>
  times.map((time, index) => new Date(`2026-03-${String(index + 1).padStart(2, '0')}T${time}:00Z`));

/** A week of mornings, 9:00 in São Paulo. */
const MORNINGS = onDays(...Array.from({ length: 7 }, () => '12:00'));

describe('isUnusualHour', () => {
  it.each(['10:00', '12:00', '14:00'])('finds %s UTC usual for log-ins at 12:00 UTC', (time) => {
    expect(isUnusualHour(at(time), MORNINGS, SAO_PAULO)).toBe(false);
  });

  it.each(['09:59', '14:01', '00:00'])('finds %s UTC unusual for log-ins at 12:00 UTC', (time) => {
    expect(isUnusualHour(at(time), MORNINGS, SAO_PAULO)).toBe(true);
  });

  it('sees that a quarter to twelve at night is near a quarter past', () => {
    const midnights = onDays(...Array.from({ length: 7 }, () => '03:15'));
    expect(isUnusualHour(at('02:45'), midnights, SAO_PAULO)).toBe(false);
  });

  it('says nothing of log-ins on fewer than seven days, however many they are', () => {
    expect(isUnusualHour(at('00:00'), MORNINGS.slice(1), SAO_PAULO)).toBe(false);
    const oneDay = Array.from({ length: 50 }, () => at('12:00'));
    expect(isUnusualHour(at('00:00'), oneDay, SAO_PAULO)).toBe(false);
    expect(isUnusualHour(at('00:00'), [], SAO_PAULO)).toBe(false);
  });

  it('needs more than one exception in 30 log-ins to find it usual', () => {
    const mornings = Array.from({ length: 28 }, () => '12:00');
    expect(isUnusualHour(at('00:00'), onDays(...mornings, '00:00'), SAO_PAULO)).toBe(true);
    expect(isUnusualHour(at('00:00'), onDays(...mornings, '00:00', '01:00'), SAO_PAULO)).toBe(
      false,
    );
  });

  it('compares hours of the local clock, also across a change to summer time', () => {
    const berlin = 'Europe/Berlin';
    // 9:00 in Berlin. The clock changed on 29 March.
    const winter = onDays(...Array.from({ length: 14 }, () => '08:00'));
    expect(isUnusualHour(at('05:00'), winter, berlin)).toBe(false);
    expect(isUnusualHour(at('09:30'), winter, berlin)).toBe(true);
  });

  it('counts the days of the local calendar', () => {
    // 22:00 and 23:00 UTC are the same day in São Paulo; 02:00 UTC is the evening before.
    const evenings = [1, 2, 3, 4, 5, 6].flatMap((day) => [
      new Date(`2026-03-0${day}T22:00:00Z`),
      new Date(`2026-03-0${day + 1}T02:00:00Z`),
    ]);
    expect(isUnusualHour(at('12:00'), evenings, SAO_PAULO)).toBe(false);
    expect(isUnusualHour(at('12:00'), evenings, 'UTC')).toBe(true);
  });

  it('says nothing if the time zone is unknown', () => {
    expect(isUnusualHour(at('00:00'), MORNINGS, 'Mars/Olympus')).toBe(false);
  });
});
