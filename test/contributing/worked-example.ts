/** A fenced block of CONTRIBUTING.md that belongs to a file: a new file, or an edit of an existing one. */
export interface ExampleBlock {
  file: string;
  kind: 'ts' | 'diff';
  lines: string[];
}

/** The blocks of the worked example, in the order of the page. */
export function readExample(markdown: string): ExampleBlock[] {
  const blocks: ExampleBlock[] = [];
  const fence = /^```(ts|diff) file=(\S+)\n([^]*?)\n```$/gm;
  for (const [, kind, file, text] of markdown.matchAll(fence))
    blocks.push({
      kind: kind as ExampleBlock['kind'],
      file: file ?? '',
      lines: text?.split('\n') ?? [],
    });
  return blocks;
}

/**
 * Applies a diff block: a run of lines that start with a space (as in the file, where a line may go on), `-` or `+`.
 * @throws Error unless the unchanged and removed lines occur exactly once in the source.
 */
export function applyEdit(source: string, { file, lines }: ExampleBlock): string {
  const before = lines.filter((line) => !line.startsWith('+')).map((line) => line.slice(1));
  const sourceLines = source.split('\n');
  const places = sourceLines
    .map((_, start) => start)
    .filter((start) => before.every((line, i) => sourceLines[start + i]?.startsWith(line)));
  const [start] = places;
  if (start === undefined || places.length > 1)
    throw new Error(
      `${file}: the lines of the example occur ${places.length} times:\n${before.join('\n')}`,
    );
  let position = start;
  const after = lines.flatMap((line) => {
    if (line.startsWith('+')) return [line.slice(1)];
    position += 1;
    return line.startsWith('-') ? [] : [sourceLines[position - 1] ?? ''];
  });
  return [...sourceLines.slice(0, start), ...after, ...sourceLines.slice(position)].join('\n');
}
