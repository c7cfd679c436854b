import { COUNTRY_CIRCLES } from './country-circles.js';

const EARTH_RADIUS_KM = 6_371;

/** A little more than an airliner, without the way to the airport. */
const MAX_SPEED_KM_PER_HOUR = 1_000;

/** Countries that are less far apart are neighbors: one can cross the border within minutes, or use the network across it. */
const NEAR_KM = 500;

/** A circle around a country. */
interface Circle {
  /** Degrees. */
  latitude: number;
  longitude: number;
  radiusKm: number;
}

const CIRCLES: ReadonlyMap<string, Circle> = new Map(
  COUNTRY_CIRCLES.split(',').map((text) => {
    const [country = '', ...numbers] = text.trim().split(' ');
    const [latitude = NaN, longitude = NaN, radiusKm = NaN] = numbers.map(Number);
    return [country, { latitude, longitude, radiusKm }];
  }),
);

/**
 * The shortest time in hours in which one can travel from one country to another. 0 for neighbors, and if a country is
 * unknown. Countries are circles around all of their land, so the distance is never longer than the true one between
 * any two of their places.
 */
export function travelHours(from: string | undefined, to: string | undefined): number {
  const [one, other] = [CIRCLES.get(from ?? ''), CIRCLES.get(to ?? '')];
  if (from === to || one === undefined || other === undefined) return 0;
  const apart = greatCircleKm(one, other) - one.radiusKm - other.radiusKm;
  return apart < NEAR_KM ? 0 : apart / MAX_SPEED_KM_PER_HOUR;
}

/** By the haversine formula. */
function greatCircleKm(one: Circle, other: Circle): number {
  const [a, b] = [radians(one.latitude), radians(other.latitude)];
  const [latitude, longitude] = [b - a, radians(other.longitude - one.longitude)];
  const haversine =
    Math.sin(latitude / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin(longitude / 2) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(haversine));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
