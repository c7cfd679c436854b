/**
 * Packs libs/auth-kit into a package that an application outside of this repository can install: compiled ES modules
 * with their types, including libs/contracts, and nothing else of the workspace. Prints the path of the tarball.
 *
 *     npm run pack:auth-kit [-- <folder>]     default dist/auth-kit
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');
const KIT = join(ROOT, 'libs/auth-kit');
const CONTRACTS = '@poc-tracker/contracts';

/** Packages of which the application and this library must use the same copy. */
const PEERS = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];
const DEPENDENCIES = ['@nestjs/jwt', '@nestjs/passport', 'passport', 'passport-jwt'];

const ENTRIES = { '.': 'index', './testing': 'testing' };

interface Manifest {
  version: string;
  dependencies: Record<string, string>;
  engines: Record<string, string>;
}

const { version, dependencies, engines } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as Manifest;

/** The tested version and those compatible with it. */
function ranges(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `^${dependencies[name]}`]));
}

function entry(file: string): { types: string; default: string } {
  return { types: `./lib/auth-kit/src/${file}.d.ts`, default: `./lib/auth-kit/src/${file}.js` };
}

function manifest(): object {
  return {
    name: '@poc-tracker/auth-kit',
    version,
    description: 'Authenticates and authorizes the users of POC Tracker in a Nest application',
    type: 'module',
    engines: { node: engines['node'] },
    exports: {
      ...Object.fromEntries(Object.entries(ENTRIES).map(([path, file]) => [path, entry(file)])),
      './contracts': {
        types: './lib/contracts/src/index.d.ts',
        default: './lib/contracts/src/index.js',
      },
      './package.json': './package.json',
    },
    files: ['lib', 'README.md'],
    peerDependencies: ranges(PEERS),
    dependencies: ranges(DEPENDENCIES),
  };
}

/** Compiles the entries and their imports, with `@poc-tracker/contracts` replaced by a relative path. */
function compile(folder: string): void {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) =>
    readFileSync(path, 'utf8'),
  );
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const program = ts.createProgram(
    Object.values(ENTRIES).map((file) => join(KIT, `src/${file}.ts`)),
    {
      ...options,
      noEmit: false,
      noEmitOnError: true,
      declaration: true,
      sourceMap: false,
      rootDir: join(ROOT, 'libs'),
      outDir: join(folder, 'lib'),
    },
  );
  const { diagnostics } = program.emit(undefined, (path, text) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, withoutWorkspace(path, text, folder));
  });
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) {
    throw new Error(
      ts.formatDiagnostics(problems, {
        getCanonicalFileName: (name) => name,
        getCurrentDirectory: () => ROOT,
        getNewLine: () => '\n',
      }),
    );
  }
}

/** @throws Error for an import that the package does not contain */
function withoutWorkspace(path: string, text: string, folder: string): string {
  const contracts = relative(dirname(path), join(folder, 'lib/contracts/src/index.js'));
  const own = text
    .replaceAll(`'${CONTRACTS}'`, `'${contracts}'`)
    .replaceAll(`"${CONTRACTS}"`, `"${contracts}"`);
  const known = [...PEERS, ...DEPENDENCIES];
  for (const [, name = ''] of own.matchAll(/(?:from|import|import\()\s*["']([^."'][^"']*)["']/g)) {
    const isKnown =
      name.startsWith('node:') ||
      builtinModules.includes(name) ||
      known.some((dependency) => name === dependency || name.startsWith(`${dependency}/`));
    if (!isKnown)
      throw new Error(
        `${relative(ROOT, path)} imports ${name}, which the package does not depend on: add it to scripts/pack-auth-kit.ts.`,
      );
  }
  return own;
}

const folder = resolve(process.argv[2] ?? join(ROOT, 'dist/auth-kit'));
rmSync(folder, { recursive: true, force: true });
compile(folder);
copyFileSync(join(KIT, 'README.md'), join(folder, 'README.md'));
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
  cwd: folder,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
});
const [{ filename = '' } = {}] = JSON.parse(packed) as { filename?: string }[];
console.log(join(folder, filename));
