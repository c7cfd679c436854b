/** Only a user who knows the address recognizes it. */
export function maskedAddress(email: string): string {
  // After the last @: the local part may contain a quoted one.
  const domain = email.slice(email.lastIndexOf('@') + 1);
  return `${[...email][0] ?? ''}***@${domain}`;
}
