/** Shortest reason that can say why; `-- ok` says nothing. */
const MIN_REASON_LENGTH = 12;

const DIRECTIVE =
  /^\s*eslint-disable(-next-line|-line)?\b(?<rules>(?:(?!\s--\s).)*)(?:\s--\s+(?<reason>.*))?$/s;

/** A suppression names the rules that it switches off and says why: `// eslint-disable-next-line rule -- reason`. */
export const explainedSuppressions = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      rules:
        'Name the rules that are switched off; a blanket suppression also hides the next mistake.',
      reason: 'Say why after two dashes: `// eslint-disable-next-line rule -- reason`.',
    },
  },
  create(context) {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          const directive = DIRECTIVE.exec(comment.value)?.groups;
          if (!directive) continue;
          // Placed just before the directive, which would otherwise suppress its own report.
          const loc = { line: comment.loc.start.line, column: -1 };
          if (directive.rules.trim() === '') context.report({ loc, messageId: 'rules' });
          else if ((directive.reason ?? '').trim().length < MIN_REASON_LENGTH) {
            context.report({ loc, messageId: 'reason' });
          }
        }
      },
    };
  },
};
