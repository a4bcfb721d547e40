// Keeps the page openable without a network, and never shows anything old while there is one: every request goes to the
// network first, and what is kept from the last visit answers only where that fails. Code and its map are named by their
// digest, so a kept copy of them is never the wrong one.
const cacheName = 'hello-shell';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const isOwn = new URL(request.url).origin === self.location.origin;
  if (request.method === 'GET' && isOwn) event.respondWith(networkFirst(event));
});

const networkFirst = async (event) => {
  const { request } = event;
  const cache = await caches.open(cacheName);
  try {
    const answer = await fetch(request);
    const mayKeep = answer.ok && !answer.headers.get('cache-control')?.includes('no-store');
    if (mayKeep) event.waitUntil(cache.put(request, answer.clone()));
    return answer;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept === undefined) throw error;
    return kept;
  }
};
