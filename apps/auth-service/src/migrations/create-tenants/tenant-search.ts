import { GATEKEEPER_ROLE, type SchemaPart } from '@poc-tracker/tenancy';

/*
 * For the operators' search by the start of a name or subdomain: under collation "C" a prefix is a range. The gatekeeper
 * updates tenants as well, and computes the key of the index then.
 */
const INDEXES = `
  CREATE INDEX tenants_search_name_idx ON public.tenants ((public.search_key(name)) COLLATE "C");
  CREATE INDEX tenants_search_subdomain_idx ON public.tenants (subdomain COLLATE "C");
  GRANT EXECUTE ON FUNCTION public.search_key(text) TO ${GATEKEEPER_ROLE}`;

/** The indexes by which operators find tenants. */
export const TENANT_SEARCH: SchemaPart = {
  up: [INDEXES],
  down: [
    `REVOKE EXECUTE ON FUNCTION public.search_key(text) FROM ${GATEKEEPER_ROLE}`,
    'DROP INDEX public.tenants_search_name_idx, public.tenants_search_subdomain_idx',
  ],
};
