/** Names of browsers, before those whose names they also send. */
const BROWSERS: readonly [name: string, pattern: RegExp][] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\b(?:OPR|OPT|Opera)\//],
  ['Samsung', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS|Chromium)\//],
  ['Safari', /\bSafari\//],
];

/** The same of systems: Android calls itself Linux as well, and iOS like macOS. */
const SYSTEMS: readonly [name: string, pattern: RegExp][] = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(?:iPhone|iPad|iPod|iOS)\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\b(?:Macintosh|macOS)\b/],
  ['Linux', /\bLinux\b/],
];

/**
 * The browser or app and the system of a User-Agent, without versions: an update is no other device. An app that is not a browser
 * is known by its first product name.
 */
export function deviceKind(userAgent: string | null): string {
  const text = userAgent ?? '';
  const app = nameIn(BROWSERS, text) ?? /^[^\s/]*/.exec(text)?.[0] ?? '';
  return `${app} ${nameIn(SYSTEMS, text) ?? ''}`.trimEnd();
}

function nameIn(names: readonly [string, RegExp][], text: string): string | undefined {
  return names.find(([, pattern]) => pattern.test(text))?.[0];
}
