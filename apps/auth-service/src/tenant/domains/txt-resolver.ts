import { Resolver } from 'node:dns/promises';
import { ApiError } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';

/** Looks up TXT records. */
export abstract class TxtResolver {
  /**
   * The TXT records of a name, each joined from its parts; none if the name does not exist.
   * @throws ApiError SERVICE_UNAVAILABLE if the DNS does not answer in time.
   */
  abstract txt(name: string): Promise<string[]>;
}

const TIMEOUT_MS = 3_000;
const TRIES = 2;

const NO_SUCH_RECORD = ['ENOTFOUND', 'ENODATA'];

/** Asks the resolvers that the operating system is configured with. */
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
