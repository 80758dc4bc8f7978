/** Whether a TLS connection to the application's server was made by a peer of the group. */
import { X509Certificate } from 'node:crypto';
import { type DetailedPeerCertificate, type SecureContextOptions, TLSSocket } from 'node:tls';

/** Longest chain of certificates that is followed. */
const CHAIN_MAX = 8;

/**
 * The application's server has verified the certificate, against authorities that may be good for all its
 * users. A peer's must come from those of the group.
 * @param socket of a request.
 */
export function isCertifiedBy(ca: SecureContextOptions['ca'], socket: unknown): boolean {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return false;
  const authorities = [ca ?? []].flat().flatMap(certificatesOf);
  let shown: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  let below: X509Certificate | undefined;
  for (let length = 0; length < CHAIN_MAX && shown?.raw !== undefined; length += 1) {
    const certificate = new X509Certificate(shown.raw);
    // Whoever dials chooses what else is shown, and Node links that by names: each must have signed the one below.
    if (below !== undefined && !(certificate.ca && isIssuedBy(below, certificate))) return false;
    if (authorities.some((authority) => isIssuedBy(certificate, authority))) return true;
    below = certificate;
    shown = shown.issuerCertificate;
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** A file may hold several. */
function certificatesOf(ca: string | Uint8Array): X509Certificate[] {
  const text = typeof ca === 'string' ? ca : Buffer.from(ca).toString('latin1');
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  return (blocks ?? []).map((block) => new X509Certificate(block));
}
