/** The place of a tenant's SMTP password, to which its encrypted form is bound. */
export function passwordContext(tenantId: string): string {
  return `tenant_mail.smtp_password:${tenantId}`;
}
