/** Methods that run SQL, or give access to TypeORM: SqlRunner, TenantDatabase, PlatformDatabase. */
const DATABASE_METHODS = new Set(['query', 'lookup', 'manager']);

/** Services keep rules, events and their order; repositories keep SQL. */
export const sqlInRepositories = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      misplaced:
        'Move this statement into a *.repository.ts beside this file, and call its method here.',
    },
  },
  create(context) {
    return {
      'CallExpression[callee.type="MemberExpression"][callee.computed=false]'(node) {
        if (DATABASE_METHODS.has(node.callee.property.name))
          context.report({ node, messageId: 'misplaced' });
      },
    };
  },
};
