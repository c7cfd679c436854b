import type { ApiDescription } from '@poc-tracker/http-service';

/** The title, the introduction and the tags of the OpenAPI document, in the order of the Swagger page. */
export const API_DESCRIPTION: ApiDescription = {
  title: 'POC Tracker: POCs and their files',
  description:
    'To try it, log in at the authentication service. Then enter the access token under "Authorize" and call a route.',
  tags: {
    pocs: 'Proofs of concept, their analytics and their export.',
    collaborators: 'The users who may see or change a POC.',
    files: 'The files of a POC.',
    events: 'The changes of a POC as server-sent events.',
    'public pocs': 'POCs that are published to everyone.',
    health: 'The state of this instance.',
  },
};
