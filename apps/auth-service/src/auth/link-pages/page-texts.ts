import type { Locale } from '@poc-tracker/contracts';
import type { FieldName, PageName } from './page-definitions.js';

/** What a page says before and after its button is used. */
interface PageTexts {
  title: string;
  intro: string;
  button: string;
  done: string;
}

interface Texts {
  pages: Readonly<Record<PageName, PageTexts>>;
  fields: Readonly<Record<FieldName, string>>;
  errors: Readonly<Record<'invalid' | 'rate' | 'confirm' | 'password' | 'other', string>>;
  /** For a page without a token. */
  noToken: string;
  /** For a registration that waits for its confirmation. */
  pending: string;
  noScript: string;
}

/** Of the pages that links open. */
export const TEXTS: Readonly<Record<Locale, Texts>> = {
  'pt-BR': {
    pages: {
      'verify-email': {
        title: 'Confirmar e-mail',
        intro: 'Confirme que este endereço de e-mail é seu.',
        button: 'Confirmar',
        done: 'Seu endereço de e-mail foi confirmado.',
      },
      'reset-password': {
        title: 'Redefinir senha',
        intro: 'Escolha uma nova senha. Todas as suas sessões serão encerradas.',
        button: 'Salvar nova senha',
        done: 'Sua senha foi alterada. Entre com a nova senha.',
      },
      'forgot-password': {
        title: 'Redefinir senha',
        intro: 'Informe seu e-mail para receber um link que redefine a senha.',
        button: 'Enviar link',
        done: 'Se houver uma conta com este e-mail, você receberá um link em instantes.',
      },
      'magic-link': {
        title: 'Entrar',
        intro: 'Entre com este link. Ele pode ser usado uma única vez.',
        button: 'Entrar',
        done: 'Você entrou.',
      },
      'confirm-email': {
        title: 'Confirmar novo e-mail',
        intro: 'Confirme que este é o novo endereço da sua conta.',
        button: 'Confirmar',
        done: 'O endereço da sua conta foi alterado.',
      },
      'undo-email': {
        title: 'Desfazer troca de e-mail',
        intro:
          'O endereço anterior será restaurado, todas as sessões serão encerradas e você receberá um link para criar uma nova senha.',
        button: 'Restaurar endereço',
        done: 'O endereço foi restaurado. Veja seu e-mail para criar uma nova senha.',
      },
      'confirm-registration': {
        title: 'Confirmar cadastro',
        intro: 'Digite a senha que você escolheu no cadastro.',
        button: 'Confirmar cadastro',
        done: 'Seu cadastro foi confirmado.',
      },
      'accept-invitation': {
        title: 'Aceitar convite',
        intro: 'Crie sua conta para aceitar o convite.',
        button: 'Criar conta',
        done: 'Sua conta foi criada.',
      },
    },
    fields: {
      email: 'E-mail',
      firstName: 'Nome',
      lastName: 'Sobrenome',
      password: 'Senha',
      newPassword: 'Nova senha',
    },
    errors: {
      invalid: 'Este link não é válido, já foi usado ou expirou.',
      rate: 'Muitas tentativas. Tente de novo mais tarde.',
      confirm:
        'Este link foi pedido em outro navegador. Entre aqui somente se foi você quem o pediu.',
      password: 'A senha está errada.',
      other: 'Não foi possível concluir.',
    },
    noToken: 'O link está incompleto. Abra-o de novo a partir do e-mail.',
    pending: 'Enviamos um link para o seu e-mail. Abra-o para concluir o cadastro.',
    noScript: 'Ative o JavaScript para usar esta página.',
  },
  'en-US': {
    pages: {
      'verify-email': {
        title: 'Verify your email address',
        intro: 'Confirm that this email address is yours.',
        button: 'Confirm',
        done: 'Your email address is verified.',
      },
      'reset-password': {
        title: 'Reset your password',
        intro: 'Choose a new password. All your sessions will end.',
        button: 'Save new password',
        done: 'Your password has changed. Log in with the new one.',
      },
      'forgot-password': {
        title: 'Reset your password',
        intro: 'Enter your email address to get a link that resets the password.',
        button: 'Send link',
        done: 'If there is an account with this address, you will get a link in a moment.',
      },
      'magic-link': {
        title: 'Log in',
        intro: 'Log in with this link. It can be used once.',
        button: 'Log in',
        done: 'You are logged in.',
      },
      'confirm-email': {
        title: 'Confirm your new email address',
        intro: 'Confirm that this is the new address of your account.',
        button: 'Confirm',
        done: 'The address of your account has changed.',
      },
      'undo-email': {
        title: 'Undo the change of your email address',
        intro:
          'Your former address will be restored, all sessions will end, and you will get a link to set a new password.',
        button: 'Restore address',
        done: 'Your address is restored. Check your mail to set a new password.',
      },
      'confirm-registration': {
        title: 'Confirm your registration',
        intro: 'Enter the password that you chose when you registered.',
        button: 'Confirm registration',
        done: 'Your registration is confirmed.',
      },
      'accept-invitation': {
        title: 'Accept your invitation',
        intro: 'Create your account to accept the invitation.',
        button: 'Create account',
        done: 'Your account is created.',
      },
    },
    fields: {
      email: 'Email address',
      firstName: 'First name',
      lastName: 'Last name',
      password: 'Password',
      newPassword: 'New password',
    },
    errors: {
      invalid: 'This link is not valid, was used or has expired.',
      rate: 'Too many attempts. Try again later.',
      confirm:
        'Another browser asked for this link. Log in here only if you asked for it yourself.',
      password: 'The password is wrong.',
      other: 'This did not work.',
    },
    noToken: 'The link is incomplete. Open it again from the mail.',
    pending: 'We have sent a link to your address. Open it to complete the registration.',
    noScript: 'Enable JavaScript to use this page.',
  },
};
