/** The parts of an HTML mail. All texts are escaped HTML. */
export interface MailParts {
  locale: string;
  subject: string;
  tenant: string;
  /** A color such as #2563eb. */
  color: string;
  /** HTML of each paragraph. */
  paragraphs: readonly string[];
  footer: string;
}

/** Long names, addresses and links break anywhere. Programs that do not know the first property know the second. */
const WRAP = 'overflow-wrap:anywhere;word-break:break-word';

const BLACK = '#000000';

/** The width comes from the window, not from the longest word. */
const FIXED = 'table-layout:fixed';

const WHITE = 'max-width:560px;background:#ffffff;border-radius:8px';
const HEAD =
  'border-radius:8px 8px 0 0;padding:24px 32px 0;font-size:18px;font-weight:600;color:#111827';
const FOOT =
  'border-top:1px solid #e5e7eb;padding:16px 32px;font-size:13px;line-height:18px;color:#6b7280';

const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/**
 * The one layout of all mails: tables and inline styles, which mail programs show alike. It has no images, so opening a mail
 * tells no server, and no scripts.
 */
export function htmlMail({
  locale,
  subject,
  tenant,
  color,
  paragraphs,
  footer,
}: MailParts): string {
  return `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${subject}</title>
</head>
<body style="margin:0;padding:0;background:#f3f4f6;${FONT}">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f3f4f6;${FIXED}">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="${WHITE};${FIXED}">
<tr><td style="border-top:6px solid ${color};${HEAD};${WRAP}">${tenant}</td></tr>
<tr><td style="padding:8px 32px 24px;font-size:16px;line-height:24px;color:#374151">
${paragraphs.map((paragraph) => `<div style="margin:16px 0;${WRAP}">${paragraph}</div>`).join('\n')}
</td></tr>
<tr><td style="${FOOT};${WRAP}">${footer}</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
}

/** A button with the link, and the link as text below it. */
export function htmlButton({
  link,
  label,
  hint,
  color,
}: Record<'link' | 'label' | 'hint' | 'color', string>): string {
  const text = textOn(color);
  // A button of a pale color would not stand out from the white page.
  const border = text === BLACK ? '#6b7280' : color;
  return (
    `<a href="${link}" style="display:inline-block;background:${color};color:${text};padding:12px 24px;` +
    `border:1px solid ${border};border-radius:6px;text-decoration:none;font-weight:600">${label}</a>` +
    `<div style="margin-top:16px;font-size:13px;line-height:18px;color:#6b7280">${hint}<br>` +
    `<a href="${link}" style="color:#374151">${link}</a></div>`
  );
}

export function htmlCode(code: string): string {
  return `<span style="font-size:32px;line-height:40px;letter-spacing:6px;font-weight:700;color:#111827">${code}</span>`;
}

/** Black or white, whichever has the higher contrast (WCAG 2.2, relative luminance). */
function textOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 0.179 ? BLACK : '#ffffff';
}
