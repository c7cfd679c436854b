import { MAX_PASSWORD_LENGTH } from './password-text.js';

/** Why a password was refused. The sentences continue the name of the field. */
export const PORTUGUESE = {
  too_long: `deve ser um texto de no máximo ${MAX_PASSWORD_LENGTH} caracteres.`,
  too_short: 'deve ter pelo menos {count} caracteres.',
  personal:
    'não pode conter seu nome, seu e-mail, o nome do produto nem o nome, o domínio ou as palavras da organização.',
  reused: 'deve ser diferente das suas senhas anteriores.',
  breached: 'está em uma lista de senhas vazadas. Escolha outra.',
  weak: 'é fácil demais de adivinhar.',
};
