import type { ApiDescription } from '@poc-tracker/http-service';

/** The title, the introduction and the tags of the OpenAPI document, in the order of the Swagger page. */
export const API_DESCRIPTION: ApiDescription = {
  title: 'POC Tracker: tenants, users and sessions',
  description:
    'To try it, log in with `POST /api/v1/auth/login`. Name the tenant by its subdomain or with the header x-tenant-id. Then ' +
    'enter the access token of the response under "Authorize" and call a protected route.',
  tags: {
    auth: 'Log in, register, and manage your own account.',
    factors: 'Your second factors: authenticator apps, passkeys and recovery codes.',
    sessions: 'Your own sessions.',
    users: 'The users of a tenant, for those who manage them.',
    roles: 'Permissions and the custom roles of a tenant.',
    invitations: 'Invitations by address, and links that several users can register with.',
    tenants: 'Sign-up, and the settings, branding, domains and usage of a tenant.',
    mail: 'How the mails of a tenant are sent, their texts, and the addresses that get none.',
    audit: 'The audit log of a tenant and its hash chain.',
    oauth: 'Introspection, revocation and the revocation feed, for other services.',
    keys: 'The public keys that verify access tokens.',
    platform: 'All tenants, for operators at the address of the platform.',
    health: 'The state of this instance.',
  },
};
