import { Resolver } from 'node:dns/promises';
import { ApiError } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';

/** Where the proof of a domain is looked up. */
export abstract class TxtResolver {
  /**
   * The TXT records of a name, each put together from its parts; none when there is no such name.
   * @throws ApiError SERVICE_UNAVAILABLE when the DNS gives no answer in time.
   */
  abstract txt(name: string): Promise<string[]>;
}

const TIMEOUT_MS = 3_000;
const TRIES = 2;

const NO_SUCH_RECORD = ['ENOTFOUND', 'ENODATA'];

/** The resolvers of the machine. */
@Injectable()
export class DnsTxtResolver extends TxtResolver {
  override async txt(name: string): Promise<string[]> {
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
    try {
      const records = await resolver.resolveTxt(name);
      return records.map((parts) => parts.join(''));
    } catch (error) {
      if (NO_SUCH_RECORD.includes((error as NodeJS.ErrnoException).code ?? '')) return [];
      throw new ApiError('SERVICE_UNAVAILABLE', { retryAfter: 10, cause: error });
    }
  }
}
