import { describe, expect, it } from 'vitest';

import { requestOf, UsageError } from '../src/cli/usage.ts';
import { caseOf, conflictOf, fileOf, run, zipped } from './support.ts';

describe('the command line', () => {
  it('one file, and --json', () => {
    expect(requestOf(['a.gz', '--json'])).toEqual({ kind: 'measure', file: 'a.gz', json: true });
    expect(requestOf(['a.gz'])).toEqual({ kind: 'measure', file: 'a.gz', json: false });
    expect(requestOf(['-h'])).toEqual({ kind: 'help' });
  });

  it.each([[[]], [['a', 'b']], [['a', '--all']]])('%j is refused', (args) => {
    expect(() => requestOf(args)).toThrow(UsageError);
  });
});

describe('the command', () => {
  it('prints the figures as one line of JSON and ends with 0 where all holds', () => {
    const { status, stdout, stderr } = run(fileOf(caseOf(), conflictOf()), '--json');
    expect(JSON.parse(stdout)).toEqual({
      clean: { cases: 1, equalToGit: 1 },
      conflicts: { cases: 1, resolved: 1, equalToHuman: 1, unparsable: 0 },
      lostLines: 0,
      notIdempotent: 0,
      notSymmetric: 0,
      ms: { median: expect.any(Number), p95: expect.any(Number), max: expect.any(Number) },
    });
    expect(stdout.trimEnd()).not.toContain('\n');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('prints them all the same and ends with 1 where something does not hold, and says what', () => {
    const { status, stdout } = run(fileOf(caseOf({ git_result: 'something else' })));
    expect(status).toBe(1);
    expect(stdout).toMatch(/clean, equal to git +0 of 1 .*fails/);
  });

  it('ends with 2 where it could not run, and says why', () => {
    const bad = run(zipped('{}'), '--json');
    expect({ status: bad.status, stdout: bad.stdout }).toEqual({ status: 2, stdout: '' });
    expect(bad.stderr).toContain('line 1: ');
    expect(run().status).toBe(2);
  });
});
