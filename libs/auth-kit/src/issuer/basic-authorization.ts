/** HTTP Basic, each part form-encoded (RFC 6749, 2.3.1). */
export function basicAuthorization(clientId: string, clientSecret: string): string {
  const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':');
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
