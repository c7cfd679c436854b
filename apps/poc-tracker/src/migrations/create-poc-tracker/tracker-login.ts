import {
  grantRole,
  asGatekeeper,
  CURRENT_USER_ID,
  revokeRole,
  hasPermission,
  type SchemaPart,
  TRACKER_ROLE,
} from '@poc-tracker/tenancy';

const SIGNED_IN = `${CURRENT_USER_ID} IS NOT NULL`;
const CREATES_POCS = hasPermission('create_pocs');
const MANAGES_POCS = hasPermission('manage_pocs');
const IS_CREATOR = `created_by = ${CURRENT_USER_ID}`;
const OWNS = `${MANAGES_POCS} OR (${CREATES_POCS} AND ${IS_CREATOR})`;

/** Compares the JSON and does not read from it, so that a malformed value is no error. */
const isSet = (setting: string, value: boolean): string =>
  `EXISTS (SELECT FROM public.tenant_settings s
            WHERE s.setting_key = 'features' AND s.setting_value @> '{"${setting}": ${value}}')`;

/** Off by default. */
const PUBLIC_POCS = `(select ${isSet('allowPublicPocs', true)})`;
/** On by default. */
const COLLABORATION = `(select NOT ${isSet('enableCollaboration', false)})`;

const createdPocOf = (table: string): string =>
  `EXISTS (SELECT FROM public.pocs p
            WHERE p.tenant_id = ${table}.tenant_id AND p.id = ${table}.poc_id AND p.created_by = ${CURRENT_USER_ID})`;

const collaborates = (table: string, poc: string): string =>
  `${COLLABORATION} AND EXISTS (SELECT FROM public.poc_collaborators c
    WHERE c.tenant_id = ${table}.tenant_id AND c.poc_id = ${table}.${poc} AND c.user_id = ${CURRENT_USER_ID})`;

const TABLES: Parameters<typeof grantRole>[1][] = [
  {
    table: 'pocs',
    policies: {
      select: `${SIGNED_IN} OR (is_public AND ${PUBLIC_POCS})`,
      insert: `${CREATES_POCS} AND ${IS_CREATOR}`,
      update: `${OWNS} OR (${CREATES_POCS} AND ${collaborates('pocs', 'id')})`,
      delete: OWNS,
    },
    columns: { update: ['title', 'description', 'status', 'is_public', 'updated_at'] },
  },
  {
    table: 'poc_collaborators',
    policies: {
      select: SIGNED_IN,
      insert: `${COLLABORATION} AND public.validate_tenant_access(user_id, tenant_id)
        AND (${MANAGES_POCS} OR (${CREATES_POCS} AND ${createdPocOf('poc_collaborators')}))`,
      delete: `${MANAGES_POCS} OR (${CREATES_POCS} AND ${createdPocOf('poc_collaborators')})`,
    },
  },
  {
    table: 'poc_files',
    policies: {
      select: SIGNED_IN,
      insert: `${IS_CREATOR} AND (${MANAGES_POCS}
        OR (${CREATES_POCS} AND (${createdPocOf('poc_files')} OR (${collaborates('poc_files', 'poc_id')}))))`,
      update: `${IS_CREATOR} AND (${MANAGES_POCS} OR ${CREATES_POCS})`,
      delete: `${OWNS} OR (${CREATES_POCS} AND ${createdPocOf('poc_files')})`,
    },
    columns: { update: ['content_sha256', 'uploaded_at', 'updated_at'] },
  },
  {
    table: 'tenant_settings',
    policies: { select: `setting_key = 'features'` },
    columns: { select: ['tenant_id', 'setting_key', 'setting_value'] },
  },
];

const PLAIN_FUNCTIONS = `FUNCTION public.uuid_v7(), public.set_user_context(uuid, uuid, text, text[]),
  public.role_permissions(text), public.has_permission(text), public.search_key(text),
  public.is_line_of_text(text), public.is_text(text)`;

/**
 * They resolve the tenant, read the session status and the revocation feed, tell whether a user of the tenant is active,
 * and list the files to delete, all by id.
 */
const DEFINER_FUNCTIONS = `FUNCTION public.session_status(uuid, uuid, uuid), public.revocations_since(text),
  public.resolve_tenant(uuid, text, text), public.validate_tenant_access(uuid, uuid),
  public.purged_tenants_with_files(), public.confirm_files_deleted(uuid)`;

/**
 * What the login of the tracker may do. Its policies are here and not with their tables, because those of pocs and
 * of poc_collaborators read each other's table.
 */
export const TRACKER_LOGIN: SchemaPart = {
  up: [
    ...TABLES.map((table) => grantRole(TRACKER_ROLE, table)),
    `GRANT USAGE ON SCHEMA public TO ${TRACKER_ROLE}`,
    `GRANT EXECUTE ON ${PLAIN_FUNCTIONS} TO ${TRACKER_ROLE}`,
    asGatekeeper(`GRANT EXECUTE ON ${DEFINER_FUNCTIONS} TO ${TRACKER_ROLE}`),
  ],
  down: [
    ...TABLES.map(({ table, policies }) =>
      revokeRole(TRACKER_ROLE, table, Object.keys(policies) as (keyof typeof policies)[]),
    ),
    `REVOKE EXECUTE ON ${PLAIN_FUNCTIONS} FROM ${TRACKER_ROLE}`,
    asGatekeeper(`REVOKE EXECUTE ON ${DEFINER_FUNCTIONS} FROM ${TRACKER_ROLE}`),
    `REVOKE USAGE ON SCHEMA public FROM ${TRACKER_ROLE}`,
  ],
};
