import { Resolver } from 'node:dns/promises';
import { Injectable } from '@nestjs/common';
import { parseAddress } from '@poc-tracker/http-service';
import { isPublicAddress } from '../../protection/country/public-addresses.js';
import { DeliveryError } from './mail-transport.js';

const TIMEOUT_MS = 2_000;
const TRIES = 2;

/**
 * Finds the address of a tenant's mail server. A tenant chooses the name, so it must not lead into the network of the service:
 * every address must be public, and the connection is made to the address that was checked, not to the name again.
 */
@Injectable()
export class ServerAddresses {
  /**
   * Not `dns.lookup`, which waits in the thread pool that hashes passwords.
   * @throws DeliveryError `unreachable`
   */
  async find(host: string): Promise<string> {
    const addresses = await this.resolve(host);
    const [first] = addresses;
    if (first === undefined) throw new DeliveryError('unreachable', 'dns');
    if (!addresses.every(isPublic)) throw new DeliveryError('unreachable', 'address_not_public');
    return first;
  }

  protected async resolve(host: string): Promise<string[]> {
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  }
}

function isPublic(address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && isPublicAddress(parsed);
}
