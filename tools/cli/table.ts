/** A column of a table. */
export interface Column<Row> {
  heading: string;
  value: (row: Row) => string | number | boolean | Date | null | undefined;
}

const GAP = '  ';

/** A table with headings, numbers aligned right, or "none" if there are no rows. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  if (rows.length === 0) return 'none\n';
  const cells = rows.map((row) => columns.map((column) => column.value(row)));
  const texts = cells.map((line) => line.map(toText));
  const widths = columns.map(({ heading }, index) =>
    Math.max(heading.length, ...texts.map((line) => line[index]?.length ?? 0)),
  );
  const numeric = columns.map((_, index) =>
    cells.every((line) => typeof line[index] === 'number' || line[index] == null),
  );
  const format = (line: readonly string[]): string =>
    line
      .map((text, index) =>
        numeric[index] === true
          ? text.padStart(widths[index] ?? 0)
          : text.padEnd(widths[index] ?? 0),
      )
      .join(GAP)
      .trimEnd();
  const headings = columns.map(({ heading }) => heading);
  const rule = widths.map((width) => '-'.repeat(width));
  return `${[headings, rule, ...texts].map(format).join('\n')}\n`;
}

/** Fields, one per line. */
export function formatFields(fields: Readonly<Record<string, unknown>>): string {
  const width = Math.max(0, ...Object.keys(fields).map((name) => name.length));
  const lines = Object.entries(fields).map(([name, value]) =>
    `${name.padEnd(width)}${GAP}${toText(value)}`.trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** Replaces control characters: a stored name could write over the terminal. */
function toText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (value instanceof Date) return value.toISOString();
  const text = typeof value === 'object' ? JSON.stringify(value) : `${value as string | number}`;
  // eslint-disable-next-line no-control-regex -- the expression looks for them
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
}
