import { ConfigurationError, EnvironmentReader } from '@poc-tracker/http-service';
import { describe, expect, it } from 'vitest';
import { RateLimitPolicy } from './rate-limit-policy.js';
import { readRateLimits } from './rate-limit-settings.js';
import { RULE_NAMES } from './rule-catalogue.js';

function read(env: NodeJS.ProcessEnv) {
  const reader = new EnvironmentReader(env);
  const limits = readRateLimits(reader);
  reader.assertValid();
  return limits;
}

const namesOf = (rules: readonly { policy: string }[]) => rules.map(({ policy }) => policy);

describe('the settings of rate limits', () => {
  it('have the limits of the contract by default', () => {
    const policy = new RateLimitPolicy(read({}));
    expect(namesOf(policy.rulesOf('login'))).toEqual([
      '"auth:ip";q=10;w=900',
      '"login:user";q=5;w=900',
      '"login:tenant";q=500;w=3600',
    ]);
    expect(namesOf(policy.rulesOf('register')).slice(1)).toEqual([
      '"register:user";q=3;w=3600',
      '"register:tenant";q=300;w=3600',
    ]);
    expect(namesOf(policy.rulesOf('refresh')).slice(1)).toEqual([
      '"refresh:user";q=10;w=300',
      '"refresh:tenant";q=1000;w=3600',
    ]);
    expect(namesOf(policy.rulesOf('secrets'))).toEqual([
      '"secrets:user";q=20;w=300',
      '"secrets:tenant";q=2000;w=3600',
    ]);
  });

  it('replace single rules, or switch them off', () => {
    const policy = new RateLimitPolicy(read({ RATE_LIMITS: 'auth:ip=off, login:user=20/60' }));
    expect(namesOf(policy.rulesOf('login'))).toEqual([
      '"login:user";q=20;w=60',
      '"login:tenant";q=500;w=3600',
    ]);
  });

  it('replace all rules that they do not name', () => {
    const policy = new RateLimitPolicy(read({ RATE_LIMITS: 'all=99/9,auth:ip=off' }));
    expect(namesOf(policy.rulesOf('login'))).toEqual([
      '"login:user";q=99;w=9',
      '"login:tenant";q=99;w=9',
    ]);
  });

  it('put rules into shadow mode', () => {
    const shadowed = (RATE_LIMIT_SHADOW: string) =>
      new RateLimitPolicy(read({ RATE_LIMIT_SHADOW }))
        .rulesOf('login')
        .filter(({ shadow }) => shadow)
        .map(({ name }) => name);
    expect(shadowed('login:user')).toEqual(['login:user']);
    expect(shadowed('all')).toHaveLength(3);
    expect(read({ RATE_LIMIT_SHADOW: 'all' }).shadow).toEqual(RULE_NAMES);
  });

  it.each([
    [{ RATE_LIMITS: 'logins:user=5/900' }, 'names the unknown rule "logins:user"'],
    [{ RATE_LIMITS: 'login:user=5' }, 'must give "login:user" attempts/seconds or off, not "5"'],
    [{ RATE_LIMITS: 'login:user=5/900=3' }, 'or off, not "5/900=3"'],
    [{ RATE_LIMITS: 'login:user=0/900' }, 'must give "login:user"'],
    [{ RATE_LIMITS: 'login:user=5/90000' }, 'must give "login:user"'],
    [{ RATE_LIMITS: 'login:user=off,login:user=5/9' }, 'names "login:user" twice'],
    [{ RATE_LIMIT_SHADOW: 'logins' }, 'names the unknown rule "logins"'],
  ])('are refused at the start if they are wrong: %j', (env, problem) => {
    expect(() => read(env)).toThrow(ConfigurationError);
    expect(() => read(env)).toThrow(problem);
  });

  it('give way to the overrides of a tenant, unless those are no limits', () => {
    const policy = new RateLimitPolicy(read({ RATE_LIMITS: 'login:user=20/60' }));
    const overrides = {
      rules: { 'login:user': '7/70', 'auth:ip': 'off', 'login:tenant': 'many' },
      shadow: ['login:user', 'unknown'],
    };
    expect(policy.rulesOf('login', overrides)).toMatchObject([
      { name: 'login:user', limit: 7, windowSeconds: 70, shadow: true },
      { name: 'login:tenant', limit: 500, shadow: false },
    ]);
    expect(policy.rulesOf('login')).toHaveLength(3);
  });
});
