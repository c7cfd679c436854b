/** Loads the values of keys. A key that it does not return has no value. */
export type Loader<T> = (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>;

/** A load for the keys that no other request is loading. */
export interface SharedLoad<T> {
  /** Of the data when the load starts. */
  readonly version: number;
  readonly load: Loader<T>;
  /** Whether a request that joined a load may use its value. It began before the request, so a change may have overtaken it. */
  readonly isCurrent: (value: T, version: number) => boolean;
}

export interface SharedResult<T> {
  readonly values: ReadonlyMap<string, T>;
  /** Keys whose joined load was overtaken by a change. */
  readonly overtaken: readonly string[];
}

interface Flight<T> {
  readonly version: number;
  readonly values: Promise<ReadonlyMap<string, T>>;
}

/** Loads a key once for all requests that miss it at the same time. */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  /**
   * Joins the loads that have started, and starts one for the other keys.
   * @throws what a load throws. Requests that start later load again.
   */
  async run(
    keys: readonly string[],
    { version, load, isCurrent }: SharedLoad<T>,
  ): Promise<SharedResult<T>> {
    const joined = keys.flatMap((key) => {
      const flight = this.flights.get(key);
      return flight === undefined ? [] : [{ key, flight }];
    });
    const rest = keys.filter((key) => !this.flights.has(key));
    const values = new Map(rest.length === 0 ? [] : await this.startLoad(rest, version, load));
    const overtaken: string[] = [];
    for (const { key, flight } of joined) {
      const value = (await flight.values).get(key);
      if (value === undefined) continue;
      if (isCurrent(value, flight.version)) values.set(key, value);
      else overtaken.push(key);
    }
    return { values, overtaken };
  }

  private async startLoad(
    keys: readonly string[],
    version: number,
    load: Loader<T>,
  ): Promise<ReadonlyMap<string, T>> {
    const flight = { version, values: load(keys) };
    for (const key of keys) this.flights.set(key, flight);
    try {
      return await flight.values;
    } finally {
      for (const key of keys) this.flights.delete(key);
    }
  }
}
