import { describe, expect, it } from 'vitest';
import { deviceKind } from './user-agent.js';

const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)';
const ANDROID = 'Mozilla/5.0 (Linux; Android 14; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko)';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)';

describe('deviceKind', () => {
  it.each([
    [`${WINDOWS} Chrome/131.0.0.0 Safari/537.36`, 'Chrome Windows'],
    [`${WINDOWS} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0`, 'Edge Windows'],
    [`${WINDOWS} Chrome/131.0.0.0 Safari/537.36 OPR/116.0.0.0`, 'Opera Windows'],
    [`${ANDROID} Chrome/131.0.0.0 Mobile Safari/537.36`, 'Chrome Android'],
    [`${ANDROID} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36`, 'Samsung Android'],
    [`${IPHONE} Version/17.4 Mobile/15E148 Safari/604.1`, 'Safari iOS'],
    [`${IPHONE} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1`, 'Chrome iOS'],
    [`${IPHONE} FxiOS/133.0 Mobile/15E148 Safari/605.1.15`, 'Firefox iOS'],
    [`${MAC} Version/18.1 Safari/605.1.15`, 'Safari macOS'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0', 'Firefox Linux'],
    ['Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/131.0.0.0 Safari/537.36', 'Chrome ChromeOS'],
    ['PocTracker/2.4.1 (iPhone; iOS 18.1)', 'PocTracker iOS'],
    ['okhttp/4.12.0', 'okhttp'],
    ['curl', 'curl'],
    ['', ''],
    [null, ''],
  ])('names the app and the system of %j', (userAgent, kind) => {
    expect(deviceKind(userAgent)).toBe(kind);
  });

  it('is the same after an update of the browser or the system', () => {
    expect(deviceKind(`${ANDROID} Chrome/140.0.0.0 Mobile Safari/537.36`)).toBe(
      deviceKind(`${ANDROID.replace('14', '15')} Chrome/131.0.0.0 Mobile Safari/537.36`),
    );
    expect(deviceKind('PocTracker/3.0 (iPhone; iOS 19.0)')).toBe(
      deviceKind('PocTracker/2.4.1 (iPhone; iOS 18.1)'),
    );
  });
});
