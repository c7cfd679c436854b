import { type Plan, PLAN_CATALOGUE, PLANS } from '@poc-tracker/contracts';

/** One tenant of the demo data. */
export interface SeededTenant {
  /** From 1 up; name, subdomain and ids follow from it. */
  index: number;
  name: string;
  subdomain: string;
  plan: Plan;
  users: number;
  maxUsers: number;
  maxPocs: number;
  maxStorageGb: number;
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
 * How many people each of `tenants` has, largest first: as in life, few tenants have most of the people (Zipf's law),
 * and each has one at least. The sum is exactly `users`.
 * @throws RangeError when there are more tenants than people.
 */
export function distributePeople(tenants: number, users: number): number[] {
  if (tenants > users) throw new RangeError('There must be a person for each tenant at least.');
  const weights = Array.from({ length: tenants }, (_, rank) => 1 / (rank + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const spread = users - tenants;
  const counts = weights.map((weight) => 1 + Math.floor((weight / total) * spread));
  // What rounding has left over, one each from the largest on.
  const left = users - counts.reduce((sum, count) => sum + count, 0);
  for (let rank = 0; rank < left; rank += 1) counts[rank] = (counts[rank] ?? 0) + 1;
  return counts;
}

/** The tenants of a label, always the same for the same numbers: that is what makes a seed repeatable. */
export function planTenants(label: string, tenants: number, users: number): SeededTenant[] {
  return distributePeople(tenants, users).map((count, rank) => {
    const index = rank + 1;
    const company = COMPANIES[rank % COMPANIES.length] ?? '';
    const trade = TRADES[Math.floor(rank / COMPANIES.length) % TRADES.length] ?? '';
    const plan =
      PLANS.find((name) => count <= PLAN_CATALOGUE[name].limits.maxUsers) ?? 'enterprise';
    const { limits } = PLAN_CATALOGUE[plan];
    return {
      ...limits,
      index,
      name: `${company} ${trade} ${index}`,
      subdomain: `${label}-${index}`,
      plan,
      users: count,
      maxUsers: Math.max(limits.maxUsers, 2 * count),
    };
  });
}

/** Tenants in groups of about `people` people: what one transaction writes. A larger tenant is a group of its own. */
export function inBatches(tenants: readonly SeededTenant[], people: number): SeededTenant[][] {
  const batches: SeededTenant[][] = [];
  let size = Infinity;
  for (const tenant of tenants) {
    if (size + tenant.users > people) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)?.push(tenant);
    size += tenant.users;
  }
  return batches;
}
