import { posix } from 'node:path';
import ts from 'typescript';

/** A method of a class, and the file of the class relative to the repository. */
export interface Method {
  file: string;
  className: string;
  name: string;
}

/** A route of which a reader opens at most `maxFiles` files. */
export interface ReadableRoute extends Method {
  maxFiles: number;
  /** Files of classes that are neither followed nor counted: their methods say all that the route needs to know. */
  boundaries: readonly string[];
}

/** A class as it is written. */
interface Unit {
  source: ts.SourceFile;
  /** The types of the parameters of the constructor. */
  injected: ReadonlyMap<string, string>;
  methods: ReadonlyMap<string, ts.MethodDeclaration>;
}

/**
 * Counts the files that one opens in order to read what a route does: its controller, the class of its body, and every
 * injected class that it uses, method by method. Libraries and plain functions are not followed.
 * @throws Error if a call cannot be followed, because the count would be too low.
 */
export function findCallPathFaults(
  { maxFiles, boundaries, ...route }: ReadableRoute,
  read: (file: string) => string,
): string[] {
  const files = new CallPath(read, boundaries).filesOf(route);
  if (files.length <= maxFiles) return [];
  return [
    `${route.className}.${route.name} passes through ${files.length} files. At most ${maxFiles} are allowed: ` +
      `move what belongs to another feature behind one of its services.\n  ${files.join('\n  ')}`,
  ];
}

class CallPath {
  private readonly visited = new Set<string>();
  private readonly reached = new Set<string>();

  constructor(
    private readonly read: (file: string) => string,
    private readonly boundaries: readonly string[],
  ) {}

  filesOf(route: Method): string[] {
    this.follow(route);
    const { source, methods } = this.unitOf(route);
    for (const { type, modifiers } of methods.get(route.name)?.parameters ?? []) {
      if (!type || !modifiers?.some((modifier) => modifier.getText(source) === '@Body()')) continue;
      const file = importOf(source, type.getText(source));
      if (file !== undefined) this.reached.add(file);
    }
    return [...this.reached].sort();
  }

  private follow(method: Method): void {
    const { file, className, name } = method;
    const key = `${file} ${className}.${name}`;
    if (this.visited.has(key) || this.boundaries.includes(file)) return;
    this.visited.add(key);
    this.reached.add(file);
    const unit = this.unitOf(method);
    const declaration = unit.methods.get(name);
    if (declaration === undefined)
      throw new Error(`${file} has no method ${className}.${name}, so its calls are unknown.`);
    for (const used of usesOfThis(declaration)) this.followUse(unit, method, used);
  }

  /** `this.name` or `this.injected.name`. */
  private followUse({ source, injected, methods }: Unit, from: Method, [first, second]: Use): void {
    if (methods.has(first)) this.follow({ ...from, name: first });
    const className = injected.get(first);
    if (className === undefined || second === undefined) return;
    const file = importOf(source, className);
    if (file !== undefined) this.follow({ file, className, name: second });
  }

  private unitOf({ file, className }: Method): Unit {
    const source = ts.createSourceFile(file, this.read(file), ts.ScriptTarget.Latest, true);
    const declaration = source.statements.find(
      (statement): statement is ts.ClassDeclaration =>
        ts.isClassDeclaration(statement) && statement.name?.text === className,
    );
    if (declaration === undefined) throw new Error(`${file} has no class ${className}.`);
    const [constructor] = declaration.members.filter(ts.isConstructorDeclaration);
    return {
      source,
      injected: new Map(
        constructor?.parameters.map(({ name, type }) => [
          name.getText(source),
          type?.getText(source) ?? '',
        ]),
      ),
      methods: new Map(
        declaration.members
          .filter(ts.isMethodDeclaration)
          .map((member) => [member.name.getText(source), member]),
      ),
    };
  }
}

/** The names after `this`. A method that is passed on without a call counts as well. */
type Use = readonly [first: string, second?: string];

function usesOfThis(node: ts.Node): Use[] {
  const uses: Use[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isPropertyAccessExpression(child)) {
      const { expression, name } = child;
      if (expression.kind === ts.SyntaxKind.ThisKeyword) uses.push([name.text]);
      else if (
        ts.isPropertyAccessExpression(expression) &&
        expression.expression.kind === ts.SyntaxKind.ThisKeyword
      )
        uses.push([expression.name.text, name.text]);
    }
    ts.forEachChild(child, visit);
  };
  visit(node);
  return uses;
}

/** The file that a value is imported from, if it belongs to the app. Nest injects no mere type. */
function importOf(source: ts.SourceFile, name: string): string | undefined {
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const { importClause, moduleSpecifier } = statement;
    const named = importClause?.namedBindings;
    if (importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) continue;
    if (!named || !ts.isNamedImports(named) || !ts.isStringLiteral(moduleSpecifier)) continue;
    const path = moduleSpecifier.text;
    if (
      path.startsWith('.') &&
      named.elements.some((one) => !one.isTypeOnly && one.name.text === name)
    )
      return posix.join(posix.dirname(source.fileName), path.replace(/\.js$/, '.ts'));
  }
  return undefined;
}
