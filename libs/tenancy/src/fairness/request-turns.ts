import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '@poc-tracker/contracts';
import { TENANT_HEADER, TENANT_PARAMETER } from '../resolution/tenant-naming.js';
import { addressBlock } from './address-block.js';

/** Requests that wait for their turn: in all, and of one client. They bound the memory of a burst. */
const MAX_WAITING = 2_000;
const MAX_WAITING_OF_CLIENT = 500;

/** As for a connection to the database: a request that waits for longer is better repeated. */
const MAX_WAIT_MS = 5_000;

const TENANT_IN_QUERY = new RegExp(`[?&]${TENANT_PARAMETER}=([^&]*)`);

/** A request of which only the headers have been read. */
export interface ArrivedRequest {
  /** The address of the client; empty if the connection is closed. Called only if the request has to wait. */
  client(): string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** True if the client has closed the connection since. */
  isAbandoned(): boolean;
}

interface WaitingRequest {
  readonly client: Client;
  readonly enteredAt: number;
  readonly isAbandoned: () => boolean;
  readonly start: (refusal?: ApiError) => void;
}

/** A client with requests that wait, or that this round has started. */
interface Client {
  readonly block: string;
  lastRound: number;
  waiting: number;
}

/** The requests of a round, one of each client, by the tenant that they name. */
type Round = Map<string, WaitingRequest[]>;

/**
 * Spreads the requests that arrive at once over the turns of the event loop: without it, hundreds that one client sends
 * together would be worked on before the next request of anyone else is read. A request starts at once unless another one has
 * started in this turn of the loop. Then it waits, and one starts in each turn.
 *
 * The order is start-time fair queuing (Goyal, Vin and Cheng, 1996) of equal clients: each has one request in a round. Within a
 * round the tenants that the requests name take turns, so that a client waits for one request of a tenant with many clients.
 * Nothing has verified that name, but it cannot move a request to another round: what a client sends delays others by one
 * request.
 */
export class RequestTurns {
  private readonly rounds = new Map<number, Round>();
  private readonly clients = new Map<string, Client>();
  private round = 0;
  /** The clients whose requests this round has started. */
  private started: Client[] = [];
  private waiting = 0;
  /** Whether a request has started in this turn of the event loop, or one waits. */
  private isTaken = false;

  /**
   * @param nextTurn calls its argument in the next turn of the event loop
   * @param now a monotonic clock in milliseconds
   */
  constructor(
    private readonly nextTurn: (callback: () => void) => void = setImmediate,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * @param start called once, unless the client closes the connection: with an ApiError SERVICE_BUSY if too many wait, or if it
   *   has waited for too long
   */
  enter(request: ArrivedRequest, start: WaitingRequest['start']): void {
    if (this.isTaken) {
      this.wait(request, start);
      return;
    }
    this.isTaken = true;
    this.nextTurn(this.startNext);
    start();
  }

  private wait(request: ArrivedRequest, start: WaitingRequest['start']): void {
    const client = this.clientOf(addressBlock(request.client()));
    const round = Math.max(this.round, client.lastRound + 1);
    const isFull =
      client.waiting >= MAX_WAITING_OF_CLIENT ||
      (this.waiting >= MAX_WAITING && !this.refuseAfter(round));
    if (isFull) {
      start(busy());
      return;
    }
    const waiting = {
      client,
      enteredAt: this.now(),
      isAbandoned: () => request.isAbandoned(),
      start,
    };
    this.clients.set(client.block, client);
    client.lastRound = round;
    client.waiting += 1;
    this.waiting += 1;
    const members = this.rounds.get(round) ?? new Map<string, WaitingRequest[]>();
    this.rounds.set(round, members);
    const tenant = claimedTenant(request);
    const ofTenant = members.get(tenant);
    if (ofTenant === undefined) members.set(tenant, [waiting]);
    else ofTenant.push(waiting);
  }

  private clientOf(block: string): Client {
    return this.clients.get(block) ?? { block, lastRound: this.round - 1, waiting: 0 };
  }

  /** Makes room by refusing a request of a later round, whose client has others that wait. @returns false if there is none */
  private refuseAfter(round: number): boolean {
    const last = Math.max(...this.rounds.keys());
    if (last <= round) return false;
    const [tenant, requests] = [...(this.rounds.get(last) ?? [])].at(-1) ?? [];
    const refused = requests?.pop();
    if (tenant === undefined || refused === undefined) return false;
    if (requests?.length === 0) this.rounds.get(last)?.delete(tenant);
    if (this.rounds.get(last)?.size === 0) this.rounds.delete(last);
    this.waiting -= 1;
    refused.client.waiting -= 1;
    refused.client.lastRound = last - 1;
    refused.start(busy());
    return true;
  }

  private take(): WaitingRequest | undefined {
    while (this.waiting > 0) {
      const request = this.takeOfRound();
      if (request === undefined) this.startRound();
      else {
        this.waiting -= 1;
        request.client.waiting -= 1;
        this.started.push(request.client);
        if (!request.isAbandoned()) return request;
      }
    }
    this.startRound();
    return undefined;
  }

  /** The next request of the tenant whose turn it is in this round. */
  private takeOfRound(): WaitingRequest | undefined {
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
    for (const { block, waiting } of this.started) if (waiting === 0) this.clients.delete(block);
    this.started = [];
  }

  private readonly startNext = (): void => {
    const request = this.take();
    this.isTaken = request !== undefined;
    if (request === undefined) return;
    this.nextTurn(this.startNext);
    const isLate = this.now() - request.enteredAt > MAX_WAIT_MS;
    request.start(isLate ? busy() : undefined);
  };
}

/** The tenant that a request claims to be for. */
function claimedTenant({ headers, url }: ArrivedRequest): string {
  const named = headers[TENANT_HEADER] ?? TENANT_IN_QUERY.exec(url)?.[1];
  return tenantOfToken(headers.authorization) ?? String(named ?? headers.host);
}

function tenantOfToken(authorization = ''): string | undefined {
  const [, payload] = authorization.split('.', 2);
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const tenantId = (claims as { tenant_id?: unknown } | null)?.tenant_id;
    return typeof tenantId === 'string' ? tenantId : undefined;
  } catch {
    return undefined;
  }
}

const busy = (): ApiError => new ApiError('SERVICE_BUSY', { retryAfter: 1 });
