/** Methods whose first argument is SQL text: pg, TypeORM's QueryRunner and EntityManager, TenantDatabase. */
const SQL_METHODS = new Set(['query', 'lookup']);

const isLiteralType = (type) =>
  type.isStringLiteral() ||
  type.isNumberLiteral() ||
  (type.isUnion() && type.types.every(isLiteralType));

/**
 * SQL text is built from constants only; values are parameters. One injection is enough to leave the tenant, because SQL
 * can change the setting that names the tenant. A function may pass on its own parameter: then its callers are checked.
 */
export const sqlFromConstants = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      built:
        'SQL is built from a value here. Write $1 and pass the value as a parameter; ' +
        'for a shared piece of SQL use a constant declared `as const`.',
    },
  },
  create(context) {
    const services = context.sourceCode.parserServices;

    function variableOf(identifier) {
      for (let scope = context.sourceCode.getScope(identifier); scope; scope = scope.upper) {
        const variable = scope.set.get(identifier.name);
        if (variable) return variable;
      }
      return undefined;
    }

    function isConstant(node) {
      switch (node.type) {
        case 'Literal':
          return true;
        case 'TemplateLiteral':
          return node.expressions.every(isConstant);
        case 'BinaryExpression':
          return node.operator === '+' && isConstant(node.left) && isConstant(node.right);
        case 'ConditionalExpression':
          return isConstant(node.consequent) && isConstant(node.alternate);
        case 'TSAsExpression':
          return isConstant(node.expression);
        default:
          return isConstantVariable(node) || isLiteralType(services.getTypeAtLocation(node));
      }
    }

    function isConstantVariable(node) {
      if (node.type !== 'Identifier') return false;
      const [definition] = variableOf(node)?.defs ?? [];
      return (
        definition?.type === 'Variable' &&
        definition.parent.kind === 'const' &&
        definition.node.id.type === 'Identifier' &&
        definition.node.init !== null &&
        isConstant(definition.node.init)
      );
    }

    const isOwnParameter = (node) =>
      node.type === 'Identifier' && variableOf(node)?.defs[0]?.type === 'Parameter';

    /** Other methods are called `query` too, so only text is checked. */
    const isText = (node) => {
      const type = services.getTypeAtLocation(node);
      return (
        type.isStringLiteral() || services.program.getTypeChecker().typeToString(type) === 'string'
      );
    };

    return {
      'CallExpression[callee.type="MemberExpression"][callee.computed=false]'(node) {
        const [sql] = node.arguments;
        if (!sql || !SQL_METHODS.has(node.callee.property.name) || sql.type === 'SpreadElement')
          return;
        if (isText(sql) && !isOwnParameter(sql) && !isConstant(sql)) {
          context.report({ node: sql, messageId: 'built' });
        }
      },
    };
  },
};
