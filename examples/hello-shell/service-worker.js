// Lets the page open without a network, from its second visit on, and never shows anything old while there is one: every
// request goes to the network first, and what is kept from the last visit answers only where that fails. Code is named by
// its digest, so a kept copy of it is never the wrong one.
const cacheName = 'hello-shell';

/** Where api and relay are reached if they share the page's address: their answers are of the moment. */
const live = ['/cd-push/api/', '/socket.io/'];

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  const isKept = method === 'GET' && origin === self.location.origin;
  if (isKept && !live.some((path) => pathname.startsWith(path))) event.respondWith(networkFirst(event));
});

const networkFirst = async (event) => {
  const { request } = event;
  const cache = await caches.open(cacheName);
  try {
    const answer = await fetch(request);
    if (answer.ok) event.waitUntil(cache.put(request, answer.clone()));
    return answer;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept === undefined) throw error;
    return kept;
  }
};
