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
    readonly json: boolean;
  };

export type WatchFlags = PlaceFlags &
  AddressFlags & {
    readonly trigger?: Trigger;
    readonly silent?: boolean;
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
  readonly json: boolean;
};

export type TargetsFlags = PlaceFlags & { readonly all: boolean; readonly json: boolean };

export type TrackFlags = PlaceFlags & { readonly json: boolean };

export type SayFlags = PlaceFlags & AddressFlags & WaitFlags & { readonly json: boolean };

export type ConfigFlags = PlaceFlags & { readonly sources: boolean; readonly json: boolean };

export type JoinCodeFlags = PlaceFlags & {
  readonly uses: number;
  readonly ttl: number;
  readonly label?: readonly string[];
  readonly group?: readonly string[];
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
