/** A text in its stored form, or the reason why it is refused: the rest of a sentence that starts with the field. */
export type CheckedText = { text: string } | { refusal: string };

export const FORBIDDEN_CHARACTER_REFUSAL = {
  refusal: 'must not contain control, invisible or direction characters',
};
