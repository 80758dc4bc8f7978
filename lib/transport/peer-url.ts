/** Where a peer listens and is dialled: `ws://host:port/path`, or `wss:` for TLS. */

/**
 * Parses the URL of a peer.
 * @throws TypeError that says what is wrong.
 */
export function parsePeerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'ws:' && url?.protocol !== 'wss:') {
    throw new TypeError(`${text}: not a URL of the form ws://host:port or wss://host:port`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError(`${text}: a peer's URL has a host, a port and a path, and nothing else`);
  }
  return url;
}

/** Whether only this machine can mean it: `127.0.0.1` and its like, `::1` or `localhost`. */
export function isLoopback(hostname: string): boolean {
  const host = withoutBrackets(hostname);
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** An IPv6 address as sockets want it. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** The same URL with the port that the system gave. */
export function withPort(url: URL, port: number): string {
  const path = url.pathname === '/' ? '' : url.pathname;
  return `${url.protocol}//${url.hostname}:${port}${path}`;
}
