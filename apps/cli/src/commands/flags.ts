/**
 * What the parser hands to each command. Types alone, apart from the commands: those load their implementations, which
 * read these.
 */
import type { AwaitedStage } from '@cd-push/client';

type Mode = 'local' | 'remote' | 'hybrid';
type Trigger = 'file-save' | 'file-update' | 'schema-change' | 'cli' | 'ai-agent';

type PlaceFlags = {
  readonly environment?: string;
  readonly mode?: Mode;
  readonly data?: string;
};

export type AddressFlags = {
  readonly target?: readonly string[];
  readonly group?: readonly string[];
  readonly label?: readonly string[];
};

type WaitFlags = {
  readonly wait: AwaitedStage;
  readonly timeout: number;
  readonly silent?: boolean;
};

export type PushFlags = PlaceFlags &
  AddressFlags &
  WaitFlags & {
    readonly trigger?: Trigger;
    readonly stdin: boolean;
    readonly resource?: string;
    readonly propose: boolean;
    readonly json: boolean;
  };

export type WatchFlags = PlaceFlags &
  AddressFlags & {
    readonly trigger?: Trigger;
    readonly silent?: boolean;
    readonly acceptEdits?: boolean;
    readonly json: boolean;
  };

export type ResolveFlags = PlaceFlags &
  WaitFlags & {
    readonly take?: 'ours' | 'theirs' | 'both' | 'base';
    readonly done: boolean;
    readonly json: boolean;
  };

export type UpFlags = {
  readonly environment?: string;
  readonly data?: string;
  readonly port?: number;
  readonly host: boolean;
  readonly admin?: string;
  readonly entry?: string;
  readonly watch: boolean;
  readonly acceptEdits?: boolean;
  readonly json: boolean;
};

export type TargetsFlags = PlaceFlags & { readonly all: boolean; readonly json: boolean };

export type TargetsRemoveFlags = Omit<PlaceFlags, 'environment'> & {
  readonly yes: boolean;
  readonly json: boolean;
};

export type TrackFlags = PlaceFlags & { readonly json: boolean };

export type HistoryFlags = PlaceFlags & {
  readonly outcome?: 'open' | 'completed' | 'partial' | 'failed' | 'expired';
  readonly resource?: string;
  readonly target?: string;
  readonly sender?: string;
  readonly before?: number;
  readonly limit: number;
  readonly json: boolean;
};

export type DiffFlags = PlaceFlags & {
  readonly from?: string;
  readonly to?: string;
  readonly pushed: boolean;
  readonly json: boolean;
};

export type RollbackFlags = PlaceFlags &
  AddressFlags & {
    readonly to?: string;
    readonly targets?: readonly string[];
    readonly dryRun: boolean;
    readonly yes: boolean;
    readonly propose: boolean;
    readonly timeout: number;
    readonly silent?: boolean;
    readonly json: boolean;
  };

export type ObserveFlags = PlaceFlags & {
  readonly resource?: string;
  readonly target?: string;
  readonly guid?: string;
  readonly retry: boolean;
  readonly retryBudget?: number;
  readonly json: boolean;
};

export type RetryFlags = PlaceFlags & {
  readonly failed: boolean;
  readonly target?: readonly string[];
  readonly wait: AwaitedStage;
  readonly timeout: number;
  readonly json: boolean;
};

export type ReplayFlags = Omit<PlaceFlags, 'environment'> & {
  readonly to?: readonly string[];
  readonly yes: boolean;
  readonly wait: AwaitedStage;
  readonly timeout: number;
  readonly silent?: boolean;
  readonly json: boolean;
};

export type IdentityFlags = Omit<PlaceFlags, 'environment'> & { readonly json: boolean };

export type IdentityRevokeFlags = IdentityFlags & { readonly yes: boolean };

export type IdentityTrustFlags = Pick<PlaceFlags, 'data'> & {
  readonly any: boolean;
  readonly yes: boolean;
  readonly json: boolean;
};

export type PolicyFlags = Pick<PlaceFlags, 'data'> & { readonly relay?: Mode; readonly json: boolean };

export type PolicySetFlags = PolicyFlags & {
  readonly group?: readonly string[];
  readonly label?: readonly string[];
  readonly environment?: string;
  readonly hold?: boolean;
  readonly silent?: boolean;
  readonly mode?: Mode;
};

export type AuditExportFlags = Omit<PlaceFlags, 'environment'> & { readonly json: boolean };

export type AuditHeadsFlags = AuditExportFlags;

export type AuditVerifyFlags = {
  readonly head?: readonly string[];
  readonly issuerKeys?: string;
  readonly json: boolean;
};

export type SayFlags = PlaceFlags & AddressFlags & WaitFlags & { readonly json: boolean };

export type OperationFlags = SayFlags & { readonly propose: boolean };

export type ProposalsFlags = Omit<PlaceFlags, 'environment'> & {
  readonly waiting: boolean;
  readonly withdraw?: string;
  readonly json: boolean;
};

export type ApproveFlags = Omit<PlaceFlags, 'environment'> & {
  readonly yes: boolean;
  readonly source: boolean;
  readonly json: boolean;
};

export type ConfigFlags = PlaceFlags & { readonly sources: boolean; readonly json: boolean };

export type JoinCodeFlags = PlaceFlags & {
  readonly uses: number;
  readonly ttl: number;
  readonly label?: readonly string[];
  readonly group?: readonly string[];
  readonly approvals: number;
  readonly json: boolean;
};

export type BuildFlags = {
  readonly out: string;
  readonly apiUrl?: string;
  readonly relayUrl?: string;
  readonly entry?: string;
  readonly environment?: string;
  readonly json: boolean;
};

export type LoginFlags = { readonly user?: string; readonly json: boolean };
