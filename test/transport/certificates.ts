/** Certificates for tests, made anew in every run. */
import { generate } from 'selfsigned';

export interface Certified {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** The authority of the group. */
  readonly ca: string;
  /** Two peers that it vouches for. */
  readonly a: Certified;
  readonly b: Certified;
  /** Somebody whom another authority vouches for. */
  readonly stranger: Certified & { readonly ca: string };
}

export async function certificates(): Promise<Certificates> {
  const group = await authority('the group');
  const other = await authority('somebody else');
  return {
    ca: group.cert,
    a: await issue('a', group),
    b: await issue('b', group),
    stranger: { ...(await issue('a', other)), ca: other.cert },
  };
}

async function authority(name: string): Promise<Certified> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert, key };
}

/** A certificate for the loopback addresses, to dial and to listen with. */
async function issue(name: string, { cert: ca, key: caKey }: Certified): Promise<Certified> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { cert: ca, key: caKey },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { cert, key };
}
