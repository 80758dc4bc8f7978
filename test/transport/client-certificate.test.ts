import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { it } from 'node:test';
import { TLSSocket } from 'node:tls';
import { isCertifiedBy } from '../../lib/transport/client-certificate.ts';
import { certificates } from './certificates.ts';

interface Shown {
  readonly raw: Buffer;
  readonly issuerCertificate: Shown | undefined;
}

/** A connection that the application's server has let in, and what was shown on it. */
function connection(...chain: readonly string[]): unknown {
  const shown = chain.reduceRight<Shown | undefined>(
    (issuerCertificate, text) => ({ raw: new X509Certificate(text).raw, issuerCertificate }),
    undefined,
  );
  return Object.create(TLSSocket.prototype, {
    authorized: { value: true },
    getPeerCertificate: { value: () => shown },
  });
}

it('a certificate of the group is shown with nothing below it but what it has signed', async () => {
  const { ca, a, stranger } = await certificates();
  assert.equal(isCertifiedBy(ca, connection(a.cert)), true);
  assert.equal(isCertifiedBy(ca, connection(a.cert, ca)), true);
  assert.equal(isCertifiedBy(ca, connection(stranger.cert, stranger.ca)), false);
  // Certificates are no secrets: a stranger shows its own, and then one that it has seen a peer show.
  assert.equal(isCertifiedBy(ca, connection(stranger.cert, a.cert, ca)), false);
  assert.equal(isCertifiedBy(ca, connection(stranger.cert, ca, ca)), false);
});
