import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '@poc-tracker/contracts';
import { TENANT_HEADER, TENANT_PARAMETER } from '../resolution/tenant-naming.js';
import { addressBlock } from './address-block.js';

/** Requests that wait for their turn: in all, and of one tenant or client. They bound the memory of a burst. */
const MAX_WAITING = 2_000;
const MAX_WAITING_OF_GROUP = 500;

/** As for a connection to the database: a request that waits for longer is better repeated. */
const MAX_WAIT_MS = 5_000;

const TENANT_IN_QUERY = new RegExp(`[?&]${TENANT_PARAMETER}=([^&]*)`);

/** A request of which only the headers have been read. */
export interface ArrivedRequest {
  /** The address of the client; empty if the connection is closed. */
  readonly client: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** A request that waits. `groups` are the client and the tenant that it counts for. */
interface WaitingRequest {
  readonly groups: readonly string[];
  readonly enteredAt: number;
  readonly start: (refusal?: ApiError) => void;
}

/** The last round that has a request of a group, and how many of its requests wait. */
interface Group {
  lastRound: number;
  waiting: number;
}

/**
 * Spreads the requests that arrive at once over the turns of the event loop: without it, hundreds that one client sends
 * together would be worked on before the next request of anyone else is read. A request starts at once unless another one has
 * started in this turn of the loop. Then it waits, and one starts in each turn.
 *
 * The order is start-time fair queuing (Goyal, Vin and Cheng, 1996) of equal groups: in a round there is one request of each
 * client and of each tenant. Whatever the requests claim, a client with one request is served before the second one of others.
 */
export class RequestTurns {
  private readonly rounds = new Map<number, WaitingRequest[]>();
  private readonly groups = new Map<string, Group>();
  private round = 0;
  /** The groups of the requests that this round has started. */
  private started: string[] = [];
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
   * @param start called once: with an ApiError SERVICE_BUSY if too many wait, or if it has waited for too long
   */
  enter(request: ArrivedRequest, start: WaitingRequest['start']): void {
    if (this.isTaken) {
      this.wait({ groups: groupsOf(request), enteredAt: this.now(), start });
      return;
    }
    this.isTaken = true;
    this.nextTurn(this.startNext);
    start();
  }

  private wait(request: WaitingRequest): void {
    const groups = request.groups.map((name) => this.groupOf(name));
    const isFull =
      this.waiting >= MAX_WAITING || groups.some(({ waiting }) => waiting >= MAX_WAITING_OF_GROUP);
    if (isFull) {
      request.start(busy());
      return;
    }
    const round = Math.max(this.round, ...groups.map(({ lastRound }) => lastRound + 1));
    request.groups.forEach((name, index) => {
      const { waiting = 0 } = groups[index] ?? {};
      this.groups.set(name, { lastRound: round, waiting: waiting + 1 });
    });
    const members = this.rounds.get(round);
    if (members === undefined) this.rounds.set(round, [request]);
    else members.push(request);
    this.waiting += 1;
  }

  private groupOf(name: string): Group {
    return this.groups.get(name) ?? { lastRound: this.round - 1, waiting: 0 };
  }

  private take(): WaitingRequest | undefined {
    while (this.waiting > 0) {
      const request = this.rounds.get(this.round)?.shift();
      if (request === undefined) this.startRound();
      else {
        this.waiting -= 1;
        for (const name of request.groups) this.groupOf(name).waiting -= 1;
        this.started.push(...request.groups);
        return request;
      }
    }
    this.startRound();
    return undefined;
  }

  private startRound(): void {
    this.rounds.delete(this.round);
    this.round += 1;
    for (const name of this.started) if (this.groupOf(name).waiting === 0) this.groups.delete(name);
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

/** The client, and the tenant that the request claims to be for. Nothing has verified it: it only decides on the order. */
function groupsOf(request: ArrivedRequest): string[] {
  return [`client ${addressBlock(request.client)}`, `tenant ${claimedTenant(request)}`];
}

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
