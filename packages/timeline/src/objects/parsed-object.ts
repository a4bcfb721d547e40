import type { Conflict } from '../frames/conflict.ts';
import type { Constant, Frame } from '../frames/frame.ts';
import type { StoredObject } from '../space/space.ts';
import type { Address } from './address.ts';

interface Parsed extends StoredObject {
  /** Every address that it refers to, each once and in their order: parents, timeline, relations, links within its data. */
  readonly refers: readonly Address[];
}

/** An object that was read: its bytes are what its address says, and it is what its kind demands by itself. */
export interface FrameObject<Read extends Frame = Frame> extends Parsed {
  readonly type: 'frame';
  readonly frame: Read;
  /** Address of the timeline's first frame, which may be this one. */
  readonly timeline: Address;
  readonly height: number;
}

export interface ConstantObject extends Parsed {
  readonly type: 'constant';
  readonly constant: Constant;
}

export interface ConflictObject extends Parsed {
  readonly type: 'conflict';
  readonly conflict: Conflict;
}

/** Bytes of a file; they refer to nothing. */
export interface BlobObject extends Parsed {
  readonly type: 'blob';
}

/** One whose kind a {@link ControlKind} reads. */
export interface ControlObject extends Parsed {
  readonly type: 'control';
  readonly kind: string;
  /** As that kind has read it. */
  readonly value: unknown;
}

export type DomainObject = FrameObject | ConstantObject | ConflictObject | BlobObject;
export type ParsedObject = DomainObject | ControlObject;
