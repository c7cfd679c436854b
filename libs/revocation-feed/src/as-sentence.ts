/** The message of a driver as a sentence, because another one follows in the log. */
export function asSentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
