/** Where a peer listens and is dialled: `ws://host:port/path`. */

/**
 * Parses the URL of a peer. Until links are authenticated, a peer is reached through the loopback
 * interface and in no other way.
 * @throws TypeError that says what is wrong.
 */
export function parsePeerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'ws:') throw new TypeError(`${text}: not a URL of the form ws://host:port`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError(`${text}: a peer's URL has a host, a port and a path, and nothing else`);
  }
  if (!isLoopback(url.hostname)) {
    throw new TypeError(
      `${text}: links are not authenticated yet, so peers use loopback addresses only ` +
        '(127.0.0.1, [::1] or localhost)',
    );
  }
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** The same URL with the port that the system gave. */
export function withPort(url: URL, port: number): string {
  const path = url.pathname === '/' ? '' : url.pathname;
  return `ws://${url.hostname}:${port}${path}`;
}
