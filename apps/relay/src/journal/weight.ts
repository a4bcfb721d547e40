import type { AcceptedPush } from './tracked-push.ts';

/** What a push holds of memory, about in bytes: characters of its texts, and something for every value. */
export interface Weight {
  /** What is known of it for as long as anybody may ask. */
  readonly facts: number;
  /** What is kept while somebody may still be sent it. */
  readonly body: number;
}

/** A recipient's track with its times, and its places in the indexes. */
const perRecipient = 250;
/** A push that says nothing to nobody. */
const perPush = 1_000;
/** An array or object by itself, and a number or an empty text. */
const perContainer = 56;
const perScalar = 16;

export const weightOf = ({ signed, recipients, body }: AcceptedPush): Weight => {
  const { envelope, contents } = body;
  const { statement = '', certificate = '', contents: sent = [], ...pushData } = envelope.pushData;
  const facts = perPush + recipients.length * perRecipient + weightOfValue(signed?.patches ?? []);
  // A content that came whole is the same in both lists.
  const opened = contents.filter((content) => !sent.includes(content));
  return {
    facts: facts + statement.length + certificate.length,
    body:
      weightOfValue([pushData, envelope.req, envelope.resp]) + weightOfValue(sent) + weightOfValue(opened),
  };
};

/** Values that were received as JSON, and so nest no deeper than the limit. */
const weightOfValue = (value: unknown): number => {
  if (typeof value === 'string') return perScalar + value.length;
  if (typeof value !== 'object' || value === null) return perScalar;
  let weight = perContainer;
  if (Array.isArray(value)) {
    for (const member of value) weight += weightOfValue(member);
    return weight;
  }
  for (const [name, member] of Object.entries(value)) weight += name.length + weightOfValue(member);
  return weight;
};
