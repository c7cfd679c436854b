import type { MailKind } from './mail-kinds.js';

/**
 * Subject and text of a mail. Both are Liquid with variables only, such as `{{ tenant }}`. The text is plain: an empty line
 * separates paragraphs. A paragraph that is a link or a code alone is shown as a button, or in large type.
 */
export interface MailText {
  readonly subject: string;
  readonly body: string;
}

/** The mails of one language. */
export interface MailLanguage {
  readonly texts: Readonly<Record<MailKind, MailText>>;
  /** What the button with the link says. */
  readonly actions: Readonly<Partial<Record<MailKind, string>>>;
  /** Before the text, with the first name or without one. */
  readonly greeting: { readonly named: string; readonly unnamed: string };
  /** Above the link under a button. */
  readonly linkHint: string;
  /** Below the text. It is a Liquid template as well. */
  readonly footer: string;
  /** Values of the type `word`. */
  readonly words: Readonly<Record<string, string>>;
}
