import { isCountry } from '@poc-tracker/contracts';
import { parseAddress } from '@poc-tracker/http-service';
import { type CountryResponse, Reader } from 'mmdb-lib';
import { isPublicAddress } from './public-addresses.js';

/** A country of GeoLite2 and its like is `{country: {iso_code}}`, one of ip-location-db `{country_code}`. */
interface CountryRecord {
  readonly country_code?: unknown;
  readonly country?: { readonly iso_code?: unknown };
}

/** How many addresses of a block are looked up to see whether a database has countries at all. */
const SAMPLES = 256;

/** The blocks from which the regional registries give addresses of IPv6. */
const REGISTRIES = ['24', '26', '28', '2a', '2c'];

/** A database of countries by address, in the format of MaxMind (MMDB 2.0). */
export class CountryFile {
  private readonly reader: Reader<CountryResponse>;

  /**
   * @throws Error if the content is no such database, or has no countries for addresses of IPv4 or of IPv6. The message goes on
   *   after the name of the file.
   */
  constructor(content: Buffer) {
    try {
      this.reader = new Reader(content);
    } catch {
      throw new Error('is not a database in the MMDB format');
    }
    // In a tree of IPv4, an address of IPv6 would lead to the country of another address.
    if (this.reader.metadata.ipVersion !== 6) throw new Error('has no addresses of IPv6');
    for (const [family, addresses] of Object.entries(sampleAddresses())) {
      if (!addresses.some((address) => this.countryOf(address) !== undefined))
        throw new Error(`has no countries of addresses of ${family}`);
    }
  }

  /** When the database was made. */
  get builtAt(): Date {
    return this.reader.metadata.buildEpoch;
  }

  /** The country of an address in any notation; undefined if the database does not know it. Takes about 5 µs. */
  countryOf(text: string): string | undefined {
    const address = parseAddress(text);
    if (address === undefined || !isPublicAddress(address)) return undefined;
    const record = this.find(address);
    const code = record?.country_code ?? record?.country?.iso_code;
    return isCountry(code) ? code : undefined;
  }

  private find(address: string): CountryRecord | undefined {
    try {
      return (this.reader.get(address) as CountryRecord | null) ?? undefined;
    } catch {
      // The tree of a damaged file leads out of it.
      return undefined;
    }
  }
}

/** Addresses from all over the public internet. */
function sampleAddresses(): Record<'IPv4' | 'IPv6', string[]> {
  const steps = Array.from({ length: SAMPLES }, (_, step) => step);
  return {
    IPv4: steps.flatMap((first) => [`${first}.1.1.1`, `${first}.180.1.1`]),
    IPv6: REGISTRIES.flatMap((registry) =>
      steps.map((step) => `${registry}${hex(step >> 4)}:${hex((step % 16) * 16)}00::1`),
    ),
  };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
