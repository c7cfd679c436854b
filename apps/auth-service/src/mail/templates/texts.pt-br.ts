import type { MailLanguage } from './mail-text.js';

const NOT_YOU = 'Se não foi você, altere sua senha agora e avise um administrador de {{ tenant }}.';

export const PT_BR: MailLanguage = {
  texts: {
    verify_email: {
      subject: 'Confirme seu endereço de e-mail',
      body: `Confirme que {{ email }} é seu endereço para concluir seu cadastro em {{ tenant }}.

{{ link }}

O link é válido até {{ expiresAt }}. Se você não se cadastrou, ignore este e-mail.`,
    },
    known_address: {
      subject: 'Você já tem uma conta',
      body: `Alguém informou seu endereço {{ email }} em {{ tenant }}. Ele já pertence à sua conta, então nada foi alterado.

{{ link }}

Se foi você, entre na sua conta ou redefina sua senha nessa página. Se não foi você, ignore este e-mail.`,
    },
    reset_password: {
      subject: 'Redefina sua senha',
      body: `Você pode definir uma nova senha para sua conta em {{ tenant }}.

{{ link }}

O link funciona uma única vez, até {{ expiresAt }}. Se você não fez esse pedido, ignore este e-mail: sua senha continua a mesma.`,
    },
    magic_link: {
      subject: 'Seu link para entrar',
      body: `Use este link para entrar em {{ tenant }}.

{{ link }}

O link funciona uma única vez, até {{ expiresAt }}. Não encaminhe este e-mail. Se você não fez esse pedido, ignore-o.`,
    },
    login_code: {
      subject: 'Seu código para entrar',
      body: `Digite este código para entrar em {{ tenant }}.

{{ code }}

O código funciona uma única vez, até {{ expiresAt }}. {{ tenant }} nunca pede esse código por telefone ou e-mail. Se você não \
tentou entrar, não o informe a ninguém. Se o pedido não foi seu, altere sua senha.`,
    },
    confirm_new_email: {
      subject: 'Confirme seu novo endereço de e-mail',
      body: `Você pediu para usar {{ email }} na sua conta em {{ tenant }}. Confirme que esse endereço é seu.

{{ link }}

O link é válido até {{ expiresAt }}. Até lá, seu endereço continua o mesmo. Se você não fez esse pedido, ignore este e-mail.`,
    },
    test_mail: {
      subject: 'Teste das configurações de e-mail',
      body: `Este e-mail mostra que as configurações de e-mail de {{ tenant }} funcionam. Você pediu este teste.`,
    },
    invitation: {
      subject: '{{ inviter }} convidou você para {{ tenant }}',
      body: `{{ inviter }} convidou você para participar de {{ tenant }} com o papel de {{ role }}.

{{ link }}

O convite é para {{ email }} e é válido até {{ expiresAt }}. Se você não conhece quem enviou, ignore este e-mail.`,
    },
    limit_warning: {
      subject: '{{ tenant }} está perto de um limite',
      body: `{{ tenant }} usava {{ percent }}% de um limite em {{ at }}.

Limite: {{ allowed }} {{ resource }}

Quando o limite for atingido, nada mais poderá ser adicionado até que algo seja excluído ou o plano mude.`,
    },
    limit_reached: {
      subject: '{{ tenant }} atingiu um limite',
      body: `{{ tenant }} atingiu um limite em {{ at }}.

Limite: {{ allowed }} {{ resource }}

Nada mais pode ser adicionado até que algo seja excluído ou o plano mude.`,
    },
    email_changed: {
      subject: 'Seu endereço de e-mail foi alterado',
      body: `O endereço da sua conta em {{ tenant }} foi alterado para {{ newEmail }}. Se foi você, não é preciso fazer nada.

Se não foi você, desfaça a alteração:

{{ link }}

O link é válido até {{ expiresAt }}. Ele também encerra todas as sessões da sua conta.`,
    },
    password_changed: {
      subject: 'Sua senha foi alterada',
      body: `A senha da sua conta em {{ tenant }} foi alterada em {{ at }}. As outras sessões foram encerradas.

Se não foi você, redefina sua senha agora e avise um administrador de {{ tenant }}.`,
    },
    new_device: {
      subject: 'Acesso de um novo dispositivo',
      body: `Sua conta em {{ tenant }} foi usada pela primeira vez em um dispositivo.

Dispositivo: {{ device }}
Endereço IP: {{ address }}
País: {{ country }}
Data: {{ at }}

${NOT_YOU}`,
    },
    factor_added: {
      subject: 'Um segundo fator foi adicionado',
      body: `Um segundo fator foi adicionado à sua conta em {{ tenant }} em {{ at }}: {{ factor }}.

${NOT_YOU}`,
    },
    factor_removed: {
      subject: 'Um segundo fator foi removido',
      body: `Um segundo fator foi removido da sua conta em {{ tenant }} em {{ at }}: {{ factor }}.

${NOT_YOU}`,
    },
    factors_reset: {
      subject: 'Seus segundos fatores foram redefinidos',
      body: `Um administrador de {{ tenant }} removeu todos os segundos fatores da sua conta em {{ at }}. Você pode configurar \
novos no próximo acesso.

Se você não pediu isso, avise um administrador de {{ tenant }}.`,
    },
    account_locked: {
      subject: 'Sua conta está bloqueada por pouco tempo',
      body: `Houve tentativas demais com a senha errada, então sua conta em {{ tenant }} está bloqueada até {{ until }}. Depois \
disso, você pode entrar novamente.

Se não foi você, alguém pode estar tentando adivinhar sua senha. Se ela é forte e você não a usa em nenhum outro lugar, não é \
preciso fazer nada.`,
    },
    suspicious_login: {
      subject: 'Acesso suspeito',
      body: `Um acesso à sua conta em {{ tenant }} com a senha correta foi incomum.

Dispositivo: {{ device }}
Endereço IP: {{ address }}
País: {{ country }}
Data: {{ at }}

${NOT_YOU}`,
    },
    operator_access: {
      subject: 'Um operador acessou seus dados',
      body: `Um operador da plataforma acessou dados de {{ tenant }} em {{ at }}.

Acesso: {{ action }}
Motivo: {{ reason }}

Você recebe um e-mail como este por dia e por operador. O registro de auditoria de {{ tenant }} mostra todos os acessos.`,
    },
  },
  actions: {
    verify_email: 'Confirmar endereço',
    known_address: 'Entrar',
    reset_password: 'Definir nova senha',
    magic_link: 'Entrar',
    confirm_new_email: 'Confirmar endereço',
    invitation: 'Aceitar convite',
    email_changed: 'Desfazer a alteração',
  },
  greeting: { named: 'Olá, {{ name }}!', unnamed: 'Olá!' },
  linkHint: 'Se o botão não funcionar, abra este endereço:',
  footer: 'Enviado para {{ email }} por {{ tenant }}. Este e-mail foi escrito automaticamente.',
  words: {
    admin: 'administrador',
    manager: 'gerente',
    user: 'usuário',
    viewer: 'leitor',
    totp: 'aplicativo autenticador',
    passkey: 'chave de acesso',
    recovery_codes: 'códigos de recuperação',
    email: 'código por e-mail',
    no_reason: 'não informado',
    read: 'consulta dos dados da organização',
    usage: 'consulta do uso',
    'rate-limits': 'consulta dos limites de requisições',
    unlock: 'desbloqueio de um usuário',
    'repair-usage': 'recontagem do uso',
    suspend: 'suspensão da organização',
    reactivate: 'reativação da organização',
    cancel: 'cancelamento da organização',
    restore: 'restauração da organização',
    purge: 'exclusão da organização',
    users: 'usuários',
    pocs: 'POCs',
    storage: 'GB de armazenamento',
    '': 'desconhecido',
  },
};
