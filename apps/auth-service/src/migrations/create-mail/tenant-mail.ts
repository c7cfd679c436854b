import {
  asGatekeeper,
  auditTable,
  hasPermission,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';

const MANAGES_SETTINGS = hasPermission('manage_settings');

const SETTINGS_TABLE = `
  CREATE TABLE public.tenant_mail (
    tenant_id uuid NOT NULL
      CONSTRAINT tenant_mail_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    sender_name varchar(100)
      CONSTRAINT tenant_mail_sender_name_check CHECK (public.is_line_of_text(sender_name)),
    sender_address varchar(255)
      CONSTRAINT tenant_mail_sender_address_check CHECK (public.is_email_address(sender_address)),
    reply_to varchar(255) CONSTRAINT tenant_mail_reply_to_check CHECK (public.is_email_address(reply_to)),
    -- The tenant's own server, or null: mails are sent by that of the service.
    smtp_host varchar(253),
    smtp_port integer CONSTRAINT tenant_mail_smtp_port_check CHECK (smtp_port IN (25, 465, 587, 2525)),
    smtp_user varchar(255),
    -- Encrypted. The login of the service can write it, and only the workers can read it.
    smtp_password bytea,
    has_password boolean NOT NULL GENERATED ALWAYS AS (smtp_password IS NOT NULL) STORED,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_mail_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT tenant_mail_server_check CHECK ((smtp_host IS NULL) = (smtp_port IS NULL)
      AND (smtp_user IS NULL) = (smtp_password IS NULL) AND (smtp_user IS NULL OR smtp_host IS NOT NULL)
      AND (smtp_host IS NULL OR sender_address IS NOT NULL))
  )`;

const VISIBLE = [
  'tenant_id',
  'sender_name',
  'sender_address',
  'reply_to',
  'smtp_host',
  'smtp_port',
  'smtp_user',
  'has_password',
  'updated_at',
];

const WRITTEN = [
  'sender_name',
  'sender_address',
  'reply_to',
  'smtp_host',
  'smtp_port',
  'smtp_user',
  'smtp_password',
  'updated_at',
];

const SETTINGS_POLICIES = [
  protectTenantTable({
    table: 'tenant_mail',
    policies: {
      select: MANAGES_SETTINGS,
      insert: MANAGES_SETTINGS,
      update: MANAGES_SETTINGS,
      delete: MANAGES_SETTINGS,
    },
    columns: { select: VISIBLE, insert: ['tenant_id', ...WRITTEN], update: WRITTEN },
    operators: ['select', 'update'],
  }),
  'GRANT SELECT (smtp_password) ON public.tenant_mail TO super_admin',
];

const TEMPLATES_TABLE = `
  CREATE TABLE public.mail_templates (
    tenant_id uuid NOT NULL
      CONSTRAINT mail_templates_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    kind text NOT NULL,
    locale text NOT NULL CONSTRAINT mail_templates_locale_check CHECK (locale IN ('pt-BR', 'en-US')),
    subject varchar(200) NOT NULL
      CONSTRAINT mail_templates_subject_check CHECK (public.is_line_of_text(subject)),
    body varchar(4000) NOT NULL
      CONSTRAINT mail_templates_body_check CHECK (body <> '' AND public.is_text(body)),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT mail_templates_pkey PRIMARY KEY (tenant_id, kind, locale)
  )`;

const TEMPLATES_POLICIES = protectTenantTable({
  table: 'mail_templates',
  policies: {
    select: MANAGES_SETTINGS,
    insert: MANAGES_SETTINGS,
    update: MANAGES_SETTINGS,
    delete: MANAGES_SETTINGS,
  },
  columns: { update: ['subject', 'body', 'updated_at'] },
  operators: ['select'],
});

/** How the mails of a tenant are sent, and its texts in place of those of the service. */
export const TENANT_MAIL: SchemaPart = {
  up: [
    SETTINGS_TABLE,
    ...SETTINGS_POLICIES,
    TEMPLATES_TABLE,
    TEMPLATES_POLICIES,
    asGatekeeper(auditTable('tenant_mail'), auditTable('mail_templates')),
  ],
  down: ['DROP TABLE public.mail_templates', 'DROP TABLE public.tenant_mail'],
};
