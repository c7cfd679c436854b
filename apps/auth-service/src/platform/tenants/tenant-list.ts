/** The columns of a tenant in a list. */
export const SUMMARY = `
  t.id, t.name, t.subdomain, t.plan_type AS "planType", t.status,
  t.subscription_ends_at AS "subscriptionEndsAt", t.created_at AS "createdAt"` as const;

/** After the tenant $1, with a status ($2) and a plan ($3), up to $4. */
const CONDITIONS = `($1::uuid IS NULL OR t.id > $1)
     AND ($2::text IS NULL OR t.status = $2)
     AND ($3::text IS NULL OR t.plan_type = $3)` as const;

/* FOR KEY SHARE: the audit entry of this access would stay behind if the tenant were deleted at the same time. */
const PAGE = `
   ORDER BY t.id LIMIT $4
     FOR KEY SHARE` as const;

/** One page of tenants, in the order of their creation. */
export const LIST_TENANTS = `
  SELECT ${SUMMARY} FROM tenants t
   WHERE ${CONDITIONS} ${PAGE}` as const;

/** The same, of the tenants whose name or subdomain starts with $5. Compares with the bounds of the prefix, as the indexes do. */
export const SEARCH_TENANTS = `
  SELECT ${SUMMARY} FROM tenants t
   WHERE ${CONDITIONS}
     AND ((search_key(t.name) COLLATE "C" >= search_key($5) AND search_key(t.name) COLLATE "C" < search_key($5) || chr(1114111))
       OR (t.subdomain COLLATE "C" >= lower($5) AND t.subdomain COLLATE "C" < lower($5) || chr(1114111))) ${PAGE}` as const;
