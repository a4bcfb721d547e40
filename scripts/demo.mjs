// Sets the workspace up, then runs the demo of examples/hello-shell with the workspace's Node.
// Arguments are passed on; stdout carries the demo's own output and nothing else.
import { join } from 'node:path';
import { setupOrExit } from './setup.mjs';
import { readJson, root, run, say, workspaceNode } from './workspace.mjs';

await setupOrExit();

const folder = join(root, 'examples', 'hello-shell');
const script = readJson(join(folder, 'package.json')).scripts?.demo ?? '';
const [program, ...args] = script.split(' ');
if (program !== 'node') {
  say(
    `cd-push: the demo script of examples/hello-shell must be of the form "node <file> …", not "${script}"`,
  );
  process.exit(1);
}
// Node is started directly, without a package manager or shell in between that would
// print lines of its own or keep signals to itself.
process.exitCode = await run(workspaceNode, [...args, ...process.argv.slice(2)], { cwd: folder });
