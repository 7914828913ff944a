/** The versions of the CNI specification whose results the plugin can write. */
export const SUPPORTED = ['0.3.0', '0.3.1', '0.4.0', '1.0.0'] as const;
export type CniVersion = (typeof SUPPORTED)[number];

/** The version of an answer to a request that names none, or an unsupported one. */
export const NEWEST: CniVersion = '1.0.0';

export function isSupported(version: string): version is CniVersion {
  return (SUPPORTED as readonly string[]).includes(version);
}

/** Formats the answer to VERSION. */
export function formatVersions(): string {
  return JSON.stringify({ cniVersion: NEWEST, supportedVersions: SUPPORTED });
}
