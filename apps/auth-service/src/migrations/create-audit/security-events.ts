import {
  ACTOR_KIND,
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  hasPermission,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { appendOnly } from './audit-log.js';

/* Without foreign keys: an entry outlives the user that it is about. */
const TABLE = `
  CREATE TABLE public.security_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    type text NOT NULL CONSTRAINT security_events_type_check CHECK (type ~ '^[a-z0-9_.]+$'),
    result text NOT NULL CONSTRAINT security_events_result_check CHECK (result IN ('success', 'failure')),
    actor_id uuid,
    -- anonymous: a caller who is not authenticated. system: work of the service itself, outside of any request.
    actor_kind text NOT NULL CONSTRAINT security_events_actor_kind_check
      CHECK (actor_kind IN ('user', 'operator', 'system', 'anonymous')),
    target_type text,
    target_id text,
    ip_address inet,
    user_agent text,
    request_id text,
    details jsonb NOT NULL DEFAULT '{}'
      CONSTRAINT security_events_details_check CHECK (jsonb_typeof(details) = 'object'),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT security_events_pkey PRIMARY KEY (tenant_id, id)
  );
  -- The fields by which entries are found, each with the tenant before it and the order of pages behind it.
  CREATE INDEX security_events_type_idx ON public.security_events (tenant_id, type, id);
  CREATE INDEX security_events_result_idx ON public.security_events (tenant_id, result, id);
  CREATE INDEX security_events_actor_id_idx ON public.security_events (tenant_id, actor_id, id);
  CREATE INDEX security_events_target_id_idx ON public.security_events (tenant_id, target_id, id);
  CREATE INDEX security_events_request_id_idx ON public.security_events (tenant_id, request_id, id)`;

const EVENT = [
  'tenant_id',
  'type',
  'result',
  'actor_id',
  'actor_kind',
  'target_type',
  'target_id',
  'details',
];

const POLICIES = protectTenantTable({
  table: 'security_events',
  policies: {
    select: hasPermission('view_audit'),
    // The service cannot insert an entry in the name of an operator.
    insert: `actor_kind <> 'operator'`,
  },
  columns: { insert: [...EVENT, 'ip_address', 'user_agent', 'request_id'] },
  operators: ['select', 'insert'],
  gatekeeper: { select: true, insert: EVENT, delete: true },
});

const RECORD_LIMIT_EVENT = definerFunction({
  signature: 'record_limit_event()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  INSERT INTO public.security_events (${EVENT.join(', ')})
  VALUES (
    NEW.tenant_id,
    CASE NEW.level WHEN 'warning' THEN 'limit.warning' ELSE 'limit.reached' END,
    'success',
    ${CURRENT_USER_ID},
    ${ACTOR_KIND},
    'limit',
    NEW.resource,
    jsonb_build_object('used', NEW.used, 'allowed', NEW.allowed));
  RETURN NULL;
END`,
});

/*
 * The addresses of failed log-ins to the account of the current user since a time. A log-in compares itself with them, without
 * the permission to see the audit log. Ids start with their time, so that it is one range of the index of targets; the limit
 * keeps a flood of failures from slowing down the log-in of its victim.
 */
const FAILED_LOGIN_ADDRESSES = definerFunction({
  signature: 'failed_login_addresses(p_since timestamptz)',
  returns: 'SETOF inet',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT DISTINCT f.ip_address
  FROM (SELECT e.type, e.ip_address
          FROM public.security_events e
         WHERE e.tenant_id = ${CURRENT_TENANT} AND e.target_id = ${CURRENT_USER_ID}::text
           AND e.id >= encode(substring(int8send((extract(epoch FROM p_since) * 1000)::bigint) FROM 3)
                              || decode('70008000000000000000', 'hex'), 'hex')::uuid
         ORDER BY e.id DESC LIMIT 1000) f
 WHERE f.type = 'login.failed' AND f.ip_address IS NOT NULL`,
});

const USAGE_EVENTS = `
  CREATE TRIGGER usage_events_recorded AFTER INSERT ON public.usage_events
    FOR EACH ROW EXECUTE FUNCTION public.record_limit_event()`;

/** The security events: what users did and what the service refused, beside the rows that changed. */
export const SECURITY_EVENTS: SchemaPart = {
  up: [
    TABLE,
    POLICIES,
    appendOnly('security_events'),
    asGatekeeper(RECORD_LIMIT_EVENT, USAGE_EVENTS, FAILED_LOGIN_ADDRESSES),
  ],
  down: [
    'DROP TRIGGER usage_events_recorded ON public.usage_events',
    'DROP FUNCTION public.record_limit_event(), public.failed_login_addresses(timestamptz)',
    'DROP TABLE public.security_events',
  ],
};
