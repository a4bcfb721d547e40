// Sets the workspace up, runs every test suite and every check through turbo's cache, and ends
// with one line for people and CI alike: 'N passed, N failed', summed over all suites, whether they
// ran now or were answered from the cache. A check that fails counts as one failure. What failed is
// told again just before that line, since suites print between each other.
import { readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setup } from './setup.mjs';
import { binFolder, readJson, root, run, say, workspaceFolders } from './workspace.mjs';

const tasks = [
  'build',
  'typecheck',
  'test',
  'test:scripts',
  'lint',
  'format:check',
  'knip',
  'check:imports',
  'check:rooms',
  'check:package',
];

/** Written by vitest (vitest.shared.ts) and kept by turbo as the task's output. */
const reportPath = join('dist-test', 'report.json');
const runsFolder = join(root, '.turbo', 'runs');

try {
  await setup();
} catch (error) {
  say(`cd-push: ${error.message}`);
  finish({ passed: 0, failed: 1 }, 1);
}

// What an earlier run left must not be counted; turbo brings back what is still valid.
for (const folder of ['.', ...workspaceFolders()]) rmSync(join(root, folder, reportPath), { force: true });
rmSync(runsFolder, { recursive: true, force: true });

const extra = process.argv.slice(2);
const code = await run(join(binFolder, 'turbo'), [
  'run',
  ...tasks,
  // One failure must not hide the others.
  '--continue=dependencies-successful',
  '--output-logs=new-only',
  '--summarize',
  ...extra,
]);

const total = { passed: 0, failed: 0 };
for (const task of executedTasks()) {
  const isSuite = task.task === 'test' || task.task === 'test:scripts';
  const report = isSuite ? readReport(task.directory) : undefined;
  total.passed += report?.numPassedTests ?? 0;
  total.failed += report?.numFailedTests ?? 0;
  const hasFailed = (task.execution?.exitCode ?? 1) !== 0;
  // A check, or a suite that ended before or beside its tests, for instance in an import.
  if (hasFailed && !report?.numFailedTests) total.failed += 1;
  if (hasFailed) say(`failed: ${task.taskId}`);
  for (const failure of failuresOf(report)) say(failure);
}
if (code !== 0 && total.failed === 0) total.failed = 1;
finish(total, code === 0 && total.failed > 0 ? 1 : code);

function finish({ passed, failed }, exitCode) {
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exit(exitCode);
}

function executedTasks() {
  try {
    const [summary] = readdirSync(runsFolder);
    return readJson(join(runsFolder, summary)).tasks;
  } catch {
    return []; // turbo ended before it ran anything, and has said why
  }
}

/** Each failed test of a suite by file and title, with the beginning of what went wrong. */
function failuresOf(report) {
  return (report?.testResults ?? []).flatMap(({ name, message, assertionResults }) => {
    const failures = assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => `${fullName}\n${indented(failureMessages.join('\n'))}`);
    if (failures.length === 0 && message) failures.push(indented(message));
    return failures.map((failure) => `  ${relative(root, name)}: ${failure}`);
  });
}

function indented(text) {
  return text
    .split('\n')
    .slice(0, 20)
    .map((line) => `    ${line}`)
    .join('\n');
}

function readReport(folder) {
  try {
    return readJson(join(root, folder, reportPath));
  } catch {
    return undefined;
  }
}
