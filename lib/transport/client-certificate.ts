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
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  for (let length = 0; length < CHAIN_MAX && certificate?.raw !== undefined; length += 1) {
    const own = new X509Certificate(certificate.raw);
    if (authorities.some((authority) => isIssuedBy(own, authority))) return true;
    certificate = certificate.issuerCertificate;
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
