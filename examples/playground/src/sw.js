// The build puts VERSION, a hash of the page, and FILES, the names of its files, before this.
/* global VERSION, FILES */

/** Caches belong to the origin, on which another copy of the page may stand elsewhere. */
const OURS = `nn-embedding playground ${self.registration.scope} `;
const CACHE = OURS + VERSION;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(["./", ...FILES])));
  self.skipWaiting();
});

/** Other versions go. */
self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith(OURS) && name !== CACHE;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

/** The page itself from the network while there is one, so that a newer one is seen; its parts, named by hash, from here. */
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  const kept = () => caches.match(request, { ignoreSearch: true, ignoreVary: true });
  event.respondWith(
    request.mode === "navigate"
      ? fetch(request).catch(async (error) => (await kept()) ?? Promise.reject(error))
      : kept().then((response) => response ?? fetch(request)),
  );
});
