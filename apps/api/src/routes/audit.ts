import {
  GetAuditAnswerSchema,
  limits,
  NameSchema,
  parse,
  ProblemError,
  type SignedAuditHead,
} from '@cd-push/protocol';
import { signAuditHead } from '@cd-push/timeline';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import type { Api } from '../context.ts';
import { users } from '../server/guards.ts';

/** Digits, and not whatever else a program might take for an integer. */
const NumberSchema = Type.String({ pattern: '^[0-9]{1,16}$' });

const QuerySchema = Type.Object(
  {
    /** Where the last page ended: both, or neither for the beginning. */
    node: Type.Optional(NameSchema),
    sequence: Type.Optional(NumberSchema),
    limit: Type.Optional(NumberSchema),
  },
  { additionalProperties: false, dependentRequired: { node: ['sequence'], sequence: ['node'] } },
);

/** Rows of the api's audit as they were hashed, and where its chains stand, signed by the issuer; for admins. */
export const auditRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/audit',
      {
        schema: {
          summary: 'Rows of the audit, node by node',
          security: [{ bearer: [] }],
          querystring: QuerySchema,
          response: { 200: GetAuditAnswerSchema },
        },
        onRequest: users(api, 'admin'),
      },
      async (request) => {
        const { node, sequence, limit: most } = request.query;
        const query = parse('GetAudit', {
          ...(node === undefined ? {} : { after: { node, sequence: Number(sequence) } }),
          ...(most === undefined ? {} : { limit: Number(most) }),
        });
        if (!query.ok) throw new ProblemError(query.problem);
        const { after, limit = limits.auditRowsPerPage } = query.value;
        // Before the rows, so that what they name is among them.
        const heads = await signedHeads(api);
        const rows = await api.store.audit.rows(after, limit + 1);
        return { rows: rows.slice(0, limit), more: rows.length > limit, heads };
      },
    );
  };

const signedHeads = async ({ store, issuer, settings, now }: Api): Promise<SignedAuditHead[]> => {
  const places = await store.audit.heads(limits.auditHeads);
  const at = now();
  return Promise.all(
    places.map(({ node, sequence, hash }) =>
      signAuditHead({ v: 1, tenant: settings.tenant, node, sequence, hash, at }, issuer.signing.key, null),
    ),
  );
};
