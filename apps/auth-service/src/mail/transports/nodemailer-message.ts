import type { SendMailOptions } from 'nodemailer';
import type { OutboundMessage } from './mail-transport.js';

/**
 * The message for nodemailer. Addresses are objects, which it does not parse, and it encodes line breaks in header values.
 * `Auto-Submitted` keeps absence notices from answering (RFC 3834, 5).
 */
export function nodemailerMessage(message: OutboundMessage): SendMailOptions {
  const { messageId, date, from, replyTo, to, subject, text, html } = message;
  return {
    messageId,
    date,
    from,
    to: { name: '', address: to },
    ...(replyTo !== undefined && { replyTo: { name: '', address: replyTo } }),
    subject,
    text,
    html,
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
