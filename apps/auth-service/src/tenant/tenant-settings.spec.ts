import { describe, expect, it } from 'vitest';
import { DEFAULT_TENANT_SETTINGS, readTenantSettings } from './tenant-settings.js';

describe('readTenantSettings', () => {
  it('gives the defaults where nothing is stored', () => {
    expect(readTenantSettings([])).toEqual({
      theme: { primaryColor: '#2563eb', darkMode: false },
      notifications: { email: true, browser: true },
      security: { sessionTimeout: 24, requireMFA: false },
      features: { allowPublicPocs: false, enableCollaboration: true },
    });
  });

  it('takes what is stored, field by field', () => {
    const settings = readTenantSettings([
      { key: 'security', value: { sessionTimeout: 0.5 } },
      { key: 'theme', value: { darkMode: true, primaryColor: '#ABCDEF' } },
    ]);
    expect(settings.security).toEqual({ sessionTimeout: 0.5, requireMFA: false });
    expect(settings.theme).toEqual({ darkMode: true, primaryColor: '#ABCDEF' });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 8_761, '24', null, [12]])(
    'falls back to 24 hours where the session time-out is %s',
    (sessionTimeout) => {
      const { security } = readTenantSettings([{ key: 'security', value: { sessionTimeout } }]);
      expect(security.sessionTimeout).toBe(24);
    },
  );

  it.each([null, 'dark', 7, [], { primaryColor: 'red;} body{display:none' }, { darkMode: 'yes' }])(
    'falls back to the default theme where %j is stored',
    (value) => {
      expect(readTenantSettings([{ key: 'theme', value }]).theme).toEqual(
        DEFAULT_TENANT_SETTINGS.theme,
      );
    },
  );

  it('leaves out what it does not know, and never hands out the shared defaults themselves', () => {
    const settings = readTenantSettings([
      { key: 'features', value: { allowPublicPocs: true, backdoor: true } },
      { key: 'unknown', value: {} },
    ]);
    expect(settings.features).toEqual({ allowPublicPocs: true, enableCollaboration: true });
    expect(Object.keys(settings)).toEqual(['theme', 'notifications', 'security', 'features']);
    expect(settings.theme).not.toBe(DEFAULT_TENANT_SETTINGS.theme);
  });
});
