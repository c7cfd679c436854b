/** A request that waits for its turn. */
export interface WaitingRequest {
  /** Names the client that sends it, among those of its queue. */
  readonly client: string;
  /** What the requests of a round take turns by. */
  readonly tenant: string;
  readonly enteredAt: number;
  readonly isAbandoned: () => boolean;
}

/** A client with requests that wait, or that this round has started. */
interface Client {
  readonly name: string;
  lastRound: number;
  waiting: number;
}

/** The requests of a round, one of each client, by tenant. */
type Round<Request> = Map<string, Request[]>;

/**
 * A queue in which clients take turns: start-time fair queuing (Goyal, Vin and Cheng, 1996) of equal clients. Each has one request
 * in a round. Within a round the tenants that the requests name take turns, so that a client waits for one request of a tenant
 * with many clients.
 */
export class RequestRounds<Request extends WaitingRequest> {
  private readonly rounds = new Map<number, Round<Request>>();
  private readonly clients = new Map<string, Client>();
  private round = 0;
  /** The clients whose requests this round has started. */
  private started: Client[] = [];
  private waiting = 0;

  /** Clients that it remembers: those with requests that wait, or that this round has started. */
  get clientCount(): number {
    return this.clients.size;
  }

  get size(): number {
    return this.waiting;
  }

  waitingOf(client: string): number {
    return this.clients.get(client)?.waiting ?? 0;
  }

  add(request: Request): void {
    const client = this.clientOf(request.client);
    const round = this.nextRoundOf(client);
    this.clients.set(client.name, client);
    client.lastRound = round;
    client.waiting += 1;
    this.waiting += 1;
    const members = this.rounds.get(round) ?? new Map<string, Request[]>();
    this.rounds.set(round, members);
    const ofTenant = members.get(request.tenant);
    if (ofTenant === undefined) members.set(request.tenant, [request]);
    else ofTenant.push(request);
  }

  /** The next request, apart from those whose clients are gone. */
  take(): Request | undefined {
    while (this.waiting > 0) {
      const request = this.takeOfRound();
      if (request === undefined) {
        this.startRound();
        continue;
      }
      this.waiting -= 1;
      const client = this.clientOf(request.client);
      client.waiting -= 1;
      this.started.push(client);
      if (!request.isAbandoned()) return request;
    }
    this.startRound();
    return undefined;
  }

  /** Removes the last request of a later round than the next one of this client would get. @returns undefined if there is none */
  removeAfter(client: string): Request | undefined {
    const last = Math.max(...this.rounds.keys());
    if (last <= this.nextRoundOf(this.clientOf(client))) return undefined;
    return this.removeOfRound(last);
  }

  /** Removes the last request of the last round. */
  removeLast(): Request | undefined {
    return this.removeOfRound(Math.max(...this.rounds.keys()));
  }

  private removeOfRound(round: number): Request | undefined {
    const [tenant, requests] = [...(this.rounds.get(round) ?? [])].at(-1) ?? [];
    const removed = requests?.pop();
    if (tenant === undefined || removed === undefined) return undefined;
    if (requests?.length === 0) this.rounds.get(round)?.delete(tenant);
    if (this.rounds.get(round)?.size === 0) this.rounds.delete(round);
    const client = this.clientOf(removed.client);
    this.waiting -= 1;
    client.waiting -= 1;
    client.lastRound = round - 1;
    // Otherwise nothing would remove a client whose only request this was.
    if (client.lastRound < this.round) this.clients.delete(client.name);
    return removed;
  }

  private clientOf(name: string): Client {
    return this.clients.get(name) ?? { name, lastRound: this.round - 1, waiting: 0 };
  }

  private nextRoundOf({ lastRound }: Client): number {
    return Math.max(this.round, lastRound + 1);
  }

  /** The next request of the tenant whose turn it is in this round. */
  private takeOfRound(): Request | undefined {
    const members = this.rounds.get(this.round);
    const [next] = members ?? [];
    if (members === undefined || next === undefined) return undefined;
    const [tenant, requests] = next;
    const request = requests.shift();
    members.delete(tenant);
    if (requests.length > 0) members.set(tenant, requests);
    return request;
  }

  private startRound(): void {
    this.rounds.delete(this.round);
    this.round += 1;
    for (const { name, waiting } of this.started) if (waiting === 0) this.clients.delete(name);
    this.started = [];
  }
}
