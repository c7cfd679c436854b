/** Licenses that ask for no more than the copyright notice to be kept. */
export const LICENSES: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
  '(MIT OR Apache-2.0)',
  'PDDL-1.0',
  'Python-2.0',
]);

/** Further licenses for development packages. They are not shipped and not changed, so these licenses ask nothing of us. */
export const EXTRA_LICENSES: ReadonlySet<string> = new Set([
  'MPL-2.0',
  'MPL 2.0',
  '(MIT AND Zlib)',
  '(MIT OR EUPL-1.1+)',
]);

/** Packages that state no license in package.json. Theirs was read in the file LICENSE or README. */
export const UNSTATED_LICENSES: Readonly<Record<string, string>> = {
  'passport-strategy': 'MIT',
  pause: 'MIT',
};
