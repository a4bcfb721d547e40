import { Type } from 'typebox';
import { expect, it } from 'vitest';

import { Participant } from '../src/participants/participant.ts';

it('a participant that ends by itself ends the run, also where nobody was waiting for it', async () => {
  const participant = await Participant.start({ program: 'anchor-client' });
  process.kill(participant.pid, 'SIGKILL');
  await expect(participant[Symbol.asyncDispose]()).rejects.toThrow('anchor-client ended with');
});

it('a participant that is let go of ends without a complaint', async () => {
  const participant = await Participant.start({ program: 'anchor-client' });
  await expect(participant.ask('unknown', {}, Type.Unknown())).rejects.toThrow('There is no command');
  await participant[Symbol.asyncDispose]();
});
