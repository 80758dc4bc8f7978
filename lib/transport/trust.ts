/** How a transport knows its own, and where it lets them in. */
import type { Server } from 'node:http';
import type { SecureContextOptions } from 'node:tls';

/** What the peers of a group show each other. */
export interface Trust {
  /** Of this peer. */
  readonly id: number;
  /** Of the group; the first signs, all verify. Empty: links are not authenticated by a secret. */
  readonly secrets: readonly string[];
  /** Own certificate and key, and the authorities whose certificates are taken. */
  readonly tls: SecureContextOptions | undefined;
  /** Whoever reaches the port may come in. */
  readonly insecure: boolean;
}

/** Nothing to show: loopback addresses only. */
export const NO_TRUST: Trust = { id: 0, secrets: [], tls: undefined, insecure: false };

/** Where links come in. What is not given is as in the own URL. */
export type Binding =
  | {
      readonly type: 'own';
      readonly host: string | undefined;
      readonly port: number | undefined;
      readonly path: string | undefined;
    }
  /** On a server of the application, which it listens with, and closes. */
  | { readonly type: 'mounted'; readonly server: Server; readonly path: string | undefined }
  /** The application calls `handleUpgrade`. */
  | { readonly type: 'manual' };

export const OWN_URL: Binding = { type: 'own', host: undefined, port: undefined, path: undefined };

/** Whether a certificate is asked of whoever dials. Without authorities of its own a group cannot tell. */
export function asksForCertificates({ tls }: Trust): boolean {
  const ca = tls?.ca;
  return ca !== undefined && ca.length > 0;
}

/** Whether strangers are kept out. */
export function isAuthenticated(trust: Trust): boolean {
  return trust.secrets.length > 0 || asksForCertificates(trust);
}
