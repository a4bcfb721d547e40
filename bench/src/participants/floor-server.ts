import { readFileSync, watch } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { Type } from 'typebox';
import { WebSocketServer } from 'ws';

import { fileOf } from '../save/project.ts';
import { listenLocally } from './listen-locally.ts';
import { command, serve } from './serve.ts';

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Measured</title>
    <link rel="icon" href="data:," />
    <style></style>
  </head>
  <body>
    <main id="widget"></main>
    <script type="module">
      const take = {
        style: (text) => {
          document.querySelector('style').textContent = text;
        },
        module: async (text) => {
          const code = text.replaceAll("'./", \`'\${location.origin}/src/\`);
          const next = await import(\`data:text/javascript;charset=utf-8,\${encodeURIComponent(code)}\`);
          next.show(document.querySelector('#widget'));
          bench.applied('module', next.saved);
        },
      };
      const socket = new WebSocket(\`ws://\${location.host}\`);
      socket.onmessage = ({ data }) => {
        const { kind, text } = JSON.parse(data);
        void take[kind](text);
      };
      socket.onopen = () => bench.applied('start', 1);
    </script>
  </body>
</html>
`;

/**
 * What is left of a save if nothing is promised: a watch on one folder, the file's text over a WebSocket, and a page that puts
 * it in. Nobody signs in, and nothing is transformed, signed, kept, checked, tracked or taken back.
 */
serve({
  start: command(Type.Object({ root: Type.String() }), async ({ root }) => {
    const http = createServer(({ url = '/' }, response) => {
      const dependency = url === `/${fileOf.dependency}`;
      response.writeHead(200, {
        'content-type': dependency ? 'text/javascript' : 'text/html',
        'access-control-allow-origin': '*',
      });
      response.end(dependency ? readFileSync(join(root, fileOf.dependency)) : page);
    });
    const pages = new WebSocketServer({ server: http, perMessageDeflate: false });
    watch(join(root, 'src'), (_event, name) => {
      const kind = (['style', 'module'] as const).find((one) => fileOf[one] === `src/${name}`);
      const text = kind && readFileSync(join(root, fileOf[kind]), 'utf8');
      // A file is empty for a moment while it is written.
      if (text === undefined || text === '') return;
      for (const socket of pages.clients) socket.send(JSON.stringify({ kind, text }));
    });
    return { url: `http://127.0.0.1:${await listenLocally(http)}/` };
  }),
});
