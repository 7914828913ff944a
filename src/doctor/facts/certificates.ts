import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CA_FILES, tlsFiles } from '../../ovn/tls.js';
import type { Certificates } from './facts.js';

/** Reads whose certificates this host accepts from the servers of OVN's databases. */
export async function readCertificates(sysconf: string): Promise<Certificates> {
  const [northbound, southbound] = await Promise.all([
    isOfOneCa(sysconf, CA_FILES.northbound),
    isOfOneCa(sysconf, CA_FILES.southbound),
  ]);
  return { northbound, southbound };
}

/** Returns whether this host's own certificate is of the CA that the servers must have. */
async function isOfOneCa(sysconf: string, name: string): Promise<boolean | undefined> {
  const { certificate, ca } = tlsFiles(sysconf, name);
  try {
    const [own, authority] = (await Promise.all([readFile(certificate), readFile(ca)])).map(
      (pem) => new X509Certificate(pem),
    );
    return own !== undefined && authority !== undefined && own.checkIssued(authority);
  } catch {
    // Without these files there is no connection; another check says so.
    return undefined;
  }
}
