import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
} from '@nestjs/throttler';
import { addressBlock, findCurrentRequest } from '@poc-tracker/tenancy';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Hit, Verdict } from '../counting/hit-counter.js';
import { RateLimitHits } from '../rate-limit-hits.js';
import { hitKey, RateLimitStorage } from '../rate-limit.storage.js';
import { type ActiveRule, RateLimitPolicy } from '../rules/rate-limit-policy.js';
import type { RouteGroup, RuleKind } from '../rules/rule-catalogue.js';
import { rateLimitFields } from './rate-limit-fields.js';
import { type LimitedTenant, RateLimitSubjects, type Subjects } from './rate-limit-subjects.js';
import { RateLimitReporter } from './rate-limit.reporter.js';
import { refusalKey, RefusedRequests } from './refused-requests.js';
import { RouteGroupReader } from './route-group.reader.js';

/** A rule, and whose attempts it counts in this request. */
interface Subjected {
  rule: ActiveRule;
  source: string;
}

/**
 * Limits requests by address, account, tenant and service client. It runs after the guards that find out who sends a
 * request and for which tenant, and before the one that authorizes it.
 * @throws ApiError RATE_LIMIT_EXCEEDED.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() private readonly counters: RateLimitStorage,
    reflector: Reflector,
    private readonly groups: RouteGroupReader,
    private readonly policy: RateLimitPolicy,
    private readonly subjects: RateLimitSubjects,
    private readonly refused: RefusedRequests,
    private readonly hits: RateLimitHits,
    private readonly reporter: RateLimitReporter,
  ) {
    super(options, counters, reflector);
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const group = this.groups.of(context);
    if (group === undefined) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const { tenant, subjected } = await this.resolve(request, group);
    if (subjected.length === 0) return true;
    const verdicts = await this.counters.take(subjected.map(toHit));
    const exceeded = subjected.filter((_, index) => verdicts[index]?.exceeded === true);
    const [longest] = subjected
      .map(({ rule }, index) => ({ rule, verdict: verdicts[index] }))
      .filter(({ rule, verdict }) => !rule.shadow && verdict?.exceeded === true)
      .sort((one, other) => (other.verdict?.resetMs ?? 0) - (one.verdict?.resetMs ?? 0));
    const report = (refused: FastifyRequest): void => this.report(refused, tenant?.id, exceeded);
    if (longest === undefined) {
      if (exceeded.length > 0) report(request);
    } else {
      const { rule, verdict } = longest;
      const source = this.subjects.sourceIn(request, group);
      const key = refusalKey(rule.name, request, source, rule.perTenant);
      const refusal = this.refused.add(key, verdict?.resetMs ?? 0, { rule, report });
      this.refused.refuse(refusal, request, reply);
    }
    tellLimits(reply, subjected, verdicts, request.principal !== undefined);
    return true;
  }

  /** The rules that apply to the request, each with the source that it counts. */
  private async resolve(
    request: FastifyRequest,
    group: RouteGroup,
  ): Promise<{ tenant: LimitedTenant | undefined; subjected: Subjected[] }> {
    const { principal } = request;
    const named = principal?.tenant ?? findCurrentRequest()?.tenant;
    const subjects: Subjects =
      principal === undefined
        ? await this.subjects.of(request, group, named?.id)
        : { user: principal.userId };
    const tenant = named ?? subjects.tenant;
    const subjected = this.policy
      .rulesOf(group, tenant?.rateLimits)
      .flatMap((rule) => this.subjectedTo(rule, request, subjects, tenant));
    return { tenant, subjected };
  }

  private subjectedTo(
    rule: ActiveRule,
    request: FastifyRequest,
    { user, client, skipsTenant = false }: Subjects,
    tenant: LimitedTenant | undefined,
  ): Subjected[] {
    const sources: Record<RuleKind, () => string | undefined> = {
      ip: () => {
        const address = addressBlock(request.ip);
        return this.subjects.hash(rule.perTenant ? `${tenant?.id ?? ''} ${address}` : address);
      },
      user: () => user,
      tenant: () => (skipsTenant ? undefined : tenant?.id),
      client: () => client,
    };
    const source = sources[rule.kind]();
    return source === undefined ? [] : [{ rule, source }];
  }

  private report(
    request: FastifyRequest,
    tenantId: string | undefined,
    exceeded: readonly Subjected[],
  ): void {
    const endpoint = request.routeOptions.url ?? '';
    for (const { rule, source } of exceeded) {
      this.hits.add(tenantId, endpoint, rule.kind);
      this.reporter.report({ rule, source, tenantId, endpoint, request });
    }
  }
}

function toHit({ rule, source }: Subjected): Hit {
  const { name, limit, windowSeconds, shadow } = rule;
  return { key: hitKey(name, windowSeconds, source), limit, windowSeconds, shadow };
}

function tellLimits(
  reply: FastifyReply,
  subjected: readonly Subjected[],
  verdicts: readonly Verdict[],
  hasSession: boolean,
): void {
  const fields = rateLimitFields(
    subjected.map(({ rule }) => rule),
    verdicts,
    hasSession,
  );
  if (fields === undefined) return;
  void reply.header('ratelimit-policy', fields.policy);
  void reply.header('ratelimit', fields.state);
}
