import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '@poc-tracker/contracts';
import { TENANT_HEADER, TENANT_PARAMETER } from '../resolution/tenant-naming.js';
import { addressBlock } from './address-block.js';
import { RequestRounds, type WaitingRequest } from './request-rounds.js';

/** Requests that wait for their turn: in all, and of one client. Others are refused. As many wait for their refusal at most. */
const MAX_WAITING = 2_000;
const MAX_WAITING_OF_CLIENT = 500;

/** Queues of which a request starts in one turn of the event loop. */
const MAX_STARTS = 4;

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

/** The user who sends a request, as a token tells whose signature has been verified. */
interface KnownUser {
  readonly tenantId: string;
  readonly userId: string;
}

interface ArrivedTurn extends WaitingRequest {
  readonly start: (refusal?: ApiError) => void;
}

/** The requests of a tenant's known users, or those of all strangers. */
type Queue = RequestRounds<ArrivedTurn>;

/** The queue of requests from which no token says reliably whose they are. */
const STRANGERS = '';

/** The queue of health checks: a load balancer must not take a busy process for a broken one. */
const PROBES = 'probes';
const PROBE = /^\/health\/(?:live|ready)(?:\?|$)/;

/**
 * Spreads the requests that arrive at once over the turns of the event loop: without it, hundreds that one client sends
 * together would be worked on before the next request of anyone else is read. A request starts at once unless another one has
 * started in this turn of the loop. Then it waits.
 *
 * Each turn starts one request of up to four queues, which take turns: one of each tenant whose users this process has authenticated
 * before, one for the requests of all strangers, and one for health checks. So a tenant is not delayed by the number of those who
 * send requests without a token, even if all its users have one address. Within a tenant the users take turns, and strangers by
 * their addresses. Which tenant strangers name orders them within a round only: nothing has verified that name.
 */
export class RequestTurns {
  /** In the order of their turns. */
  private readonly queues = new Map<string, Queue>();
  private waiting = 0;
  /** Requests that get no turn. Their refusals are spread as well: hundreds at once would stop the event loop. */
  private readonly refused: ArrivedTurn[] = [];
  /** Whether a request has started in this turn of the event loop, or one waits. */
  private isTaken = false;

  /**
   * @param knownUser the user of a request with a token that this process has verified before
   * @param nextTurn calls its argument in the next turn of the event loop
   * @param now a monotonic clock in milliseconds
   */
  constructor(
    private readonly knownUser: (headers: IncomingHttpHeaders) => KnownUser | undefined,
    private readonly nextTurn: (callback: () => void) => void = setImmediate,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * @param start called once, unless the client closes the connection: with an ApiError SERVICE_BUSY if too many wait, or if it
   *   has waited for too long
   */
  enter(request: ArrivedRequest, start: ArrivedTurn['start']): void {
    if (this.isTaken) {
      this.wait(request, start);
      return;
    }
    this.isTaken = true;
    this.nextTurn(this.startNext);
    start();
  }

  private wait(request: ArrivedRequest, start: ArrivedTurn['start']): void {
    const user = this.knownUser(request.headers);
    const name = user?.tenantId ?? (PROBE.test(request.url) ? PROBES : STRANGERS);
    const queue = this.queues.get(name) ?? new RequestRounds();
    const client = user?.userId ?? addressBlock(request.client());
    const isFull =
      queue.waitingOf(client) >= MAX_WAITING_OF_CLIENT ||
      (this.waiting >= MAX_WAITING && !this.makeRoom(queue, client));
    const turn = {
      client,
      tenant: user === undefined ? claimedTenant(request) : name,
      enteredAt: this.now(),
      isAbandoned: () => request.isAbandoned(),
      start,
    };
    if (isFull) {
      this.refuse(turn);
      return;
    }
    queue.add(turn);
    this.waiting += 1;
    this.queues.set(name, queue);
  }

  /**
   * Refuses a request of the longest queue; within the same queue, one of a later round, whose client has others that wait.
   * @returns false if there is none
   */
  private makeRoom(queue: Queue, client: string): boolean {
    const longest = [...this.queues.values()].reduce(longerOf);
    const refused = longest.size > queue.size ? longest.removeLast() : queue.removeAfter(client);
    if (refused === undefined) return false;
    this.waiting -= 1;
    this.refuse(refused);
    return true;
  }

  /** Beyond the limit at once: a client that sends one request after the other has to read the responses before it can go on. */
  private refuse(turn: ArrivedTurn): void {
    if (this.refused.length < MAX_WAITING) this.refused.push(turn);
    else turn.start(busy());
  }

  private takeRefused(): ArrivedTurn | undefined {
    let refused = this.refused.shift();
    while (refused?.isAbandoned() === true) refused = this.refused.shift();
    return refused;
  }

  /** The next request of each queue whose turn it is. A queue is removed when its turn comes and none is left. */
  private take(): ArrivedTurn[] {
    const taken: ArrivedTurn[] = [];
    for (const [name, queue] of [...this.queues].slice(0, MAX_STARTS)) {
      const before = queue.size;
      const request = queue.take();
      this.waiting -= before - queue.size;
      this.queues.delete(name);
      if (request === undefined) continue;
      this.queues.set(name, queue);
      taken.push(request);
    }
    return taken;
  }

  private readonly startNext = (): void => {
    const requests = this.take();
    const refused = this.takeRefused();
    this.isTaken = requests.length > 0 || refused !== undefined || this.queues.size > 0;
    if (!this.isTaken) return;
    this.nextTurn(this.startNext);
    for (const { enteredAt, start } of requests)
      start(this.now() - enteredAt > MAX_WAIT_MS ? busy() : undefined);
    refused?.start(busy());
  };
}

function longerOf(one: Queue, other: Queue): Queue {
  return other.size > one.size ? other : one;
}

/** The tenant that a request claims to be for. */
function claimedTenant({ headers, url }: ArrivedRequest): string {
  return String(headers[TENANT_HEADER] ?? TENANT_IN_QUERY.exec(url)?.[1] ?? headers.host);
}

const busy = (): ApiError => new ApiError('SERVICE_BUSY', { retryAfter: 1 });
