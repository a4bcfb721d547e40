import type { Statements } from '../statements/statements.ts';

const chainShape = { node: 'text', sequence: 'integer', at: 'integer', hash: 'text' } as const;

/** The rows of an audit, each with the digest of its text; where each of its chains stands; and where one was cut back, and when. */
export const auditShapes = {
  audit: { ...chainShape, text: 'text' },
  audit_chains: chainShape,
  audit_cuts: chainShape,
} as const;

/** What the tables are called: both audits may lie in one database. */
export type AuditNames = Readonly<Record<keyof typeof auditShapes, string>>;
export const journalAudit: AuditNames = {
  audit: 'audit',
  audit_chains: 'audit_chains',
  audit_cuts: 'audit_cuts',
};
export const identityAudit: AuditNames = {
  audit: 'identity_audit',
  audit_chains: 'identity_audit_chains',
  audit_cuts: 'identity_audit_cuts',
};

export type AuditStatements = Statements<typeof auditShapes>;
