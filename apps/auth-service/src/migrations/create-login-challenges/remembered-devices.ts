import {
  asGatekeeper,
  CURRENT_USER_ID,
  definerFunction,
  dropTriggers,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';

const IS_OWN = `user_id = ${CURRENT_USER_ID}`;

/* The device is the one that a signed device cookie names. */
const TABLE = `
  CREATE TABLE public.remembered_devices (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    device_id uuid NOT NULL,
    expires_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '30 days',
    CONSTRAINT remembered_devices_pkey PRIMARY KEY (tenant_id, user_id, device_id),
    CONSTRAINT remembered_devices_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
  )`;

const POLICIES = protectTenantTable({
  table: 'remembered_devices',
  policies: { select: IS_OWN, insert: IS_OWN, delete: IS_OWN },
  operators: [],
  gatekeeper: { select: ['tenant_id', 'user_id', 'device_id'], delete: true },
});

const FORGET_DEVICES = definerFunction({
  signature: 'forget_devices()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  DELETE FROM public.remembered_devices d WHERE d.tenant_id = NEW.tenant_id AND d.user_id = NEW.id;
  RETURN NULL;
END`,
});

/* The first names must_change_password, which every statement that sets a new password sets: see users_former_password. */
const TRIGGERS = `
  CREATE TRIGGER users_password_forgets_devices AFTER UPDATE OF must_change_password ON public.users
    FOR EACH ROW WHEN (OLD.password_hash <> NEW.password_hash) EXECUTE FUNCTION public.forget_devices();
  CREATE TRIGGER users_forget_devices AFTER UPDATE ON public.users
    FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.email <> NEW.email OR OLD.factors <> NEW.factors)
    EXECUTE FUNCTION public.forget_devices()`;

/** Devices on which a user is not asked for the second factor again, for 30 days. */
export const REMEMBERED_DEVICES: SchemaPart = {
  up: [TABLE, POLICIES, asGatekeeper(FORGET_DEVICES, TRIGGERS)],
  down: [
    ...dropTriggers(TRIGGERS),
    'DROP FUNCTION public.forget_devices()',
    'DROP TABLE public.remembered_devices',
  ],
};
