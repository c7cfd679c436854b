import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  protectTenantTable,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { MAY_RESET } from './user-factors.js';

const IS_OWN = `user_id = ${CURRENT_USER_ID}`;

const TABLE = `
  CREATE TABLE public.recovery_codes (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    user_id uuid NOT NULL,
    -- SHA-256. A code has 100 random bits, so a slow hash would add nothing.
    code_hash bytea NOT NULL CONSTRAINT recovery_codes_code_hash_check CHECK (octet_length(code_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz,
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT recovery_codes_code_key UNIQUE (tenant_id, user_id, code_hash),
    CONSTRAINT recovery_codes_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
  )`;

const POLICIES = protectTenantTable({
  table: 'recovery_codes',
  policies: { select: MAY_RESET, insert: IS_OWN, delete: MAY_RESET },
  columns: {
    // Without code_hash, which only use_recovery_code() compares.
    select: ['tenant_id', 'id', 'user_id', 'created_at', 'used_at'],
    insert: ['tenant_id', 'user_id', 'code_hash'],
  },
  operators: ['select', 'delete'],
  gatekeeper: { select: true, update: ['used_at'] },
});

/* Uses a code of the current user. A parallel call waits for the row lock, and then finds the code used. */
const USE_RECOVERY_CODE = definerFunction({
  signature: 'use_recovery_code(p_code_hash bytea)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [SERVICE_ROLE],
  body: `
BEGIN
  UPDATE public.recovery_codes c SET used_at = now()
   WHERE c.tenant_id = ${CURRENT_TENANT} AND c.user_id = ${CURRENT_USER_ID} AND c.code_hash = p_code_hash
     AND c.used_at IS NULL;
  RETURN FOUND;
END`,
});

/** Codes that replace a lost factor, each once. */
export const RECOVERY_CODES: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(USE_RECOVERY_CODE)],
  down: ['DROP FUNCTION public.use_recovery_code(bytea)', 'DROP TABLE public.recovery_codes'],
};
