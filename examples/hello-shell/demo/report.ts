import type { CommTrack, ComponentType, RecipientTrackView } from '@cd-push/protocol';

/** What a reader of the demo learns of one push. */
export interface PushReport {
  readonly pushGuid: string;
  readonly componentType: ComponentType;
  /** From just before the file was written until the page showed the change. */
  readonly saveToAppliedMs: number;
  readonly commTrack: CommTrack;
  readonly recipients: readonly RecipientReport[];
}

interface RecipientReport {
  readonly target: string;
  readonly kind: 'browser' | 'node';
  readonly stage: RecipientTrackView['stage'];
  readonly commTrack: CommTrack;
  /** What it showed to someone who looks from outside. */
  readonly observed: { readonly before: string; readonly after: string };
}

export const asJson = (report: PushReport): string => JSON.stringify(report);

/** A few lines for people: what was saved, then for each recipient when it reached which stage. */
export const asText = ({ componentType, saveToAppliedMs, recipients }: PushReport, file: string): string =>
  [
    `${componentType.padEnd(11)}${file.padEnd(28)}${saveToAppliedMs.toFixed(1).padStart(7)} ms from save to page`,
    ...recipients.map(
      ({ kind, stage, commTrack, observed }) =>
        `  ${kind.padEnd(9)}${stage.padEnd(11)}${timesOf(commTrack)}   ${observed.before} → ${observed.after}`,
    ),
    '',
  ].join('\n');

/** Milliseconds from the sender's signature to each stage. */
const timesOf = ({ initTime, relayTime, pushTime, deliveryTime, completedTime }: CommTrack): string =>
  (
    [
      ['relayed', relayTime],
      ['pushed', pushTime],
      ['delivered', deliveryTime],
      ['completed', completedTime],
    ] as const
  )
    .map(([stage, time]) =>
      `${stage} ${time === null || initTime === null ? '–' : `+${time - initTime}`}`.padEnd(15),
    )
    .join('');
