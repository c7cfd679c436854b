import { type Plan, PLAN_CATALOGUE, PLANS } from '@poc-tracker/contracts';

/** One tenant of the demo data. */
export interface SeededTenant {
  /** From 1 up. Name, subdomain and ids are derived from it. */
  index: number;
  name: string;
  subdomain: string;
  plan: Plan;
  users: number;
  maxUsers: number;
}

const COMPANIES = [
  'Aurora',
  'Ipê',
  'Horizonte',
  'Cobalto',
  'Pampa',
  'Maré',
  'Jatobá',
  'Vértice',
  'Solaris',
  'Caravela',
  'Boreal',
  'Quartzo',
];
const TRADES = [
  'Logística',
  'Software',
  'Alimentos',
  'Engenharia',
  'Saúde',
  'Educação',
  'Têxtil',
  'Energia',
  'Agro',
  'Consultoria',
];

/**
 * The number of users of each tenant, largest first. A few tenants have most of the users (Zipf's law), and each has at
 * least one. The sum is exactly `users`.
 * @throws RangeError if there are more tenants than users
 */
export function distributeUsers(tenants: number, users: number): number[] {
  if (tenants > users) throw new RangeError('Each tenant needs at least one user.');
  const weights = Array.from({ length: tenants }, (_, rank) => 1 / (rank + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const spread = users - tenants;
  const counts = weights.map((weight) => 1 + Math.floor((weight / total) * spread));
  // Rounding leaves some over. The largest tenants get one each.
  const left = users - counts.reduce((sum, count) => sum + count, 0);
  for (let rank = 0; rank < left; rank += 1) counts[rank] = (counts[rank] ?? 0) + 1;
  return counts;
}

/** The tenants of a label. The same numbers give the same tenants, so that a run can be continued. */
export function planTenants(label: string, tenants: number, users: number): SeededTenant[] {
  return distributeUsers(tenants, users).map((count, rank) => {
    const index = rank + 1;
    const company = COMPANIES[rank % COMPANIES.length] ?? '';
    const trade = TRADES[Math.floor(rank / COMPANIES.length) % TRADES.length] ?? '';
    const plan =
      PLANS.find((name) => count <= PLAN_CATALOGUE[name].limits.maxUsers) ?? 'enterprise';
    return {
      index,
      name: `${company} ${trade} ${index}`,
      subdomain: `${label}-${index}`,
      plan,
      users: count,
      maxUsers: Math.max(PLAN_CATALOGUE[plan].limits.maxUsers, 2 * count),
    };
  });
}

/** Groups tenants into batches of about `users` users, one per transaction. A larger tenant is a batch of its own. */
export function inBatches(tenants: readonly SeededTenant[], users: number): SeededTenant[][] {
  const batches: SeededTenant[][] = [];
  let size = Infinity;
  for (const tenant of tenants) {
    if (size + tenant.users > users) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)?.push(tenant);
    size += tenant.users;
  }
  return batches;
}
