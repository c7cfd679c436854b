/** A file of the repository: code, configuration or documentation. */
export interface TextFile {
  /** Relative to the repository. */
  path: string;
  text: string;
}

/** Texts, names and comments have American spelling: what is wrong, and what to write. */
const SPELLINGS: readonly (readonly [wrong: RegExp, american: string])[] = [
  [/\be-mail/i, 'email'],
  [/time-out/i, 'timeout'],
  [/(?:behavi|col|fav|flav|hon|lab|neighb)our/i, '-or'],
  [/licence/i, 'license'],
  [/centre/i, 'center'],
  [/cancelled/i, 'canceled'],
  [/labelled/i, 'labeled'],
  [/grey/i, 'gray'],
  [/(?:author|initial|minim|normal|organ|recogn|serial|summar|util)is(?:e|ing|ation)/i, '-iz-'],
  [/analys(?:e|ing)\b/i, '-yz-'],
];

/** Texts in Portuguese. */
const OTHER_LANGUAGE = /\.pt-br\.ts$/;

/** Which lines do not have American spelling. */
export function findSpellingFaults(files: readonly TextFile[]): string[] {
  const english = files.filter(({ path }) => !OTHER_LANGUAGE.test(path));
  return english.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) =>
      SPELLINGS.flatMap(([wrong, american]) => {
        const [found] = wrong.exec(line) ?? [];
        return found === undefined
          ? []
          : [`${path}:${index + 1} has "${found}". American spelling is ${american}.`];
      }),
    ),
  );
}
