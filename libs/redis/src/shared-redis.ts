import { RedisOutages } from './redis-outages.js';

/** The Redis of a process. Each library that uses it has a connection of its own. */
export interface SharedRedis {
  readonly url: string;
  /** Name of the service. The connections are named after it, such as `<name>-cache`. */
  readonly applicationName: string;
  readonly outages: RedisOutages;
}

/** @returns undefined without a URL: the process then does without Redis. */
export function shareRedis(
  url: string | undefined,
  applicationName: string,
): SharedRedis | undefined {
  return url === undefined ? undefined : { url, applicationName, outages: new RedisOutages() };
}
