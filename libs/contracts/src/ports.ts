/** The ports that the services listen on unless PORT is set. */
export const DEFAULT_PORTS = { authService: 3000, tracker: 3001 } as const;
