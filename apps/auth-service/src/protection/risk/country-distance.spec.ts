import { describe, expect, it } from 'vitest';
import { COUNTRY_CIRCLES } from './country-circles.js';
import { travelHours } from './country-distance.js';

describe('travelHours', () => {
  it.each([
    ['BR', 'PY'],
    ['BR', 'GF'],
    ['AR', 'UY'],
    ['CL', 'PE'],
    ['US', 'CA'],
    ['US', 'MX'],
    ['US', 'RU'],
    ['US', 'CU'],
    ['RU', 'PL'],
    ['RU', 'JP'],
    ['CN', 'KR'],
    ['FR', 'GB'],
    ['ES', 'PT'],
    ['ES', 'MA'],
    ['IT', 'TN'],
    ['AU', 'PG'],
    ['GG', 'JE'],
  ])('takes no time between %s and %s, which touch or are near', (one, other) => {
    expect(travelHours(one, other)).toBe(0);
    expect(travelHours(other, one)).toBe(0);
  });

  // The shortest flights between their cities, in kilometers.
  it.each([
    ['BR', 'PT', 'Natal and Lisbon', 5_650],
    ['BR', 'US', 'Belém and Miami', 4_600],
    ['BR', 'NG', 'Recife and Lagos', 4_400],
    ['AR', 'ZA', 'Buenos Aires and Cape Town', 6_870],
    ['CL', 'NZ', 'Santiago and Auckland', 9_660],
    ['US', 'GB', 'Boston and London', 5_240],
    ['DE', 'RO', 'Munich and Timișoara', 740],
  ])('never takes longer between %s and %s than between %s', (one, other, _cities, kilometers) => {
    expect(travelHours(one, other)).toBeLessThan(kilometers / 1_000);
    expect(travelHours(other, one)).toBe(travelHours(one, other));
  });

  it.each([
    ['BR', 'DE', 5],
    ['BR', 'CN', 9],
    ['UY', 'RU', 7],
    ['BR', 'US', 1],
    ['AR', 'GB', 7],
  ])('takes hours between %s and %s', (one, other, hours) => {
    expect(travelHours(one, other)).toBeGreaterThan(hours);
  });

  it('takes no time within a country, and none if one is unknown', () => {
    expect(travelHours('BR', 'BR')).toBe(0);
    expect(travelHours('BR', 'ZZ')).toBe(0);
    expect(travelHours(undefined, 'BR')).toBe(0);
    expect(travelHours('BR', undefined)).toBe(0);
  });
});

describe('the circles of countries', () => {
  it('are complete numbers of places on Earth, each country once', () => {
    const circles = COUNTRY_CIRCLES.split(',').map((text) => text.trim());
    for (const circle of circles)
      expect(circle).toMatch(/^[A-Z]{2} -?\d{1,2}(\.\d)? -?\d{1,3}(\.\d)? [1-9]\d{0,3}$/);
    const codes = circles.map((circle) => circle.slice(0, 2));
    expect(codes).toEqual([...new Set(codes)].sort());
    expect(codes.length).toBeGreaterThan(240);
  });
});
