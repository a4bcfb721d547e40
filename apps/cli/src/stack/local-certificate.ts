import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';

import { generate } from 'selfsigned';

import { readPrivateFile, writePrivateFile } from '../credentials/private-file.ts';

export interface LocalCertificate {
  /** PEM texts of the server's own key and certificate. */
  readonly key: string;
  readonly cert: string;
  /** PEM file of the authority that signed it: what other devices are to trust. */
  readonly authorityFile: string;
}

const dayMs = 24 * 60 * 60 * 1000;
/** Browsers take none that holds longer than 398 days. */
const serverDays = 90;
const authorityDays = 3650;
/** A certificate is made anew this long before its end. */
const renewAheadMs = 14 * dayMs;

/**
 * The certificate for these names, signed by an authority of this data folder's own. The authority stays when names
 * change, so that a device has to be told to trust it once.
 */
export const localCertificate = async (
  folder: string,
  names: readonly string[],
): Promise<LocalCertificate> => {
  const authority = await keptPair(folder, 'authority', () => true, makeAuthority);
  const server = await keptPair(
    folder,
    'server',
    (cert) =>
      names.every((name) => coversName(cert, name)) &&
      cert.verify(new X509Certificate(authority.cert).publicKey),
    () => makeServer(authority, names),
  );
  return { ...server, authorityFile: join(folder, 'authority.cert.pem') };
};

interface Pair {
  readonly key: string;
  readonly cert: string;
}

const keptPair = async (
  folder: string,
  name: string,
  fits: (cert: X509Certificate) => boolean,
  make: () => Promise<Pair>,
): Promise<Pair> => {
  const [keyFile, certFile] = [join(folder, `${name}.key.pem`), join(folder, `${name}.cert.pem`)];
  const [key, cert] = [readPrivateFile(keyFile), readPrivateFile(certFile)];
  if (key !== undefined && cert !== undefined) {
    const read = new X509Certificate(cert);
    if (read.validToDate.getTime() - Date.now() > renewAheadMs && fits(read)) return { key, cert };
  }
  const made = await make();
  writePrivateFile(keyFile, made.key);
  writePrivateFile(certFile, made.cert);
  return made;
};

const coversName = (cert: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? cert.checkHost(name) : cert.checkIP(name)) !== undefined;

const lifetime = (days: number) => ({
  // Clocks of other devices may be a little behind.
  notBeforeDate: new Date(Date.now() - dayMs),
  notAfterDate: new Date(Date.now() + days * dayMs),
});

const makeAuthority = async (): Promise<Pair> => {
  const made = await generate([{ name: 'commonName', value: 'cd-push development authority' }], {
    ...lifetime(authorityDays),
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { key: made.private, cert: made.cert };
};

const makeServer = async (authority: Pair, names: readonly string[]): Promise<Pair> => {
  const made = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    ...lifetime(serverDays),
    keyType: 'ec',
    algorithm: 'sha256',
    ca: authority,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) =>
          isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name },
        ),
      },
    ],
  });
  return { key: made.private, cert: made.cert };
};
