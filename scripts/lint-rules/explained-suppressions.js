/** A shorter reason, such as `-- ok`, does not say why. */
const MIN_REASON_LENGTH = 12;

const DIRECTIVE =
  /^\s*eslint-disable(-next-line|-line)?\b(?<rules>(?:(?!\s--\s).)*)(?:\s--\s+(?<reason>.*))?$/s;

/** A suppression names the rules that it disables, and the reason: `// eslint-disable-next-line rule -- reason`. */
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
          // Reported just before the directive, which would otherwise suppress this report.
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
