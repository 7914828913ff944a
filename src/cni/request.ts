import { isAbsolute } from 'node:path';
import { isInterfaceName } from '../net/interface_name.js';
import { printable } from '../net/printable.js';
import { CniError, CODES } from './errors.js';
import { type CniVersion, isSupported, SUPPORTED } from './versions.js';

/** The interface of one container that the runtime names. */
export interface Attachment {
  readonly containerId: string;
  /** The path of the container's network namespace; may be empty in DEL, when the namespace has gone. */
  readonly netns: string;
  /** The interface's name in that namespace. */
  readonly ifName: string;
  /** Namespace and pod name the logical port; both are empty in DEL, which needs neither. */
  readonly namespace: string;
  readonly pod: string;
  /** The pod's UID; `undefined` in DEL, and if the runtime does not pass it. */
  readonly uid: string | undefined;
}

/** The network configuration (`10-net.conf`) that the runtime passes on standard input. */
export interface NetworkConfiguration {
  readonly cniVersion: CniVersion;
  readonly name: string;
  /** The MTU of the pod's interface, in bytes. */
  readonly mtu: number | undefined;
  /** The time limit for a pod's annotation and flows together, in milliseconds. */
  readonly timeoutMs: number;
  readonly db: string | undefined;
  readonly prevResult: unknown;
}

/** The length limit of Kubernetes' names, of UIDs and of container IDs. */
const MAX_CHARACTERS = 253;
/** The length limit of a label (RFC 1123), such as the name of a namespace. */
const MAX_LABEL = 63;
/** Kubelet and the runtimes pass some hundred characters. */
const MAX_ARGS = 4096;
/** The kernel's PATH_MAX, less the zero octet. */
const MAX_PATH = 4095;
const TIMEOUT_SECONDS = 60;

/**
 * Reads the environment of ADD, DEL and CHECK (CNI specification, "Parameters"). DEL needs only container ID and interface.
 * @throws CniError for a variable that is missing or not a valid name
 */
export function readAttachment(env: NodeJS.ProcessEnv): Attachment {
  const isDel = env.CNI_COMMAND === 'DEL';
  const args = isDel ? new Map<string, string>() : readArgs(env.CNI_ARGS ?? '');
  return {
    // CNI specification, "Parameters". It is written to the database.
    containerId: variable(env, 'CNI_CONTAINERID', 'container ID', /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/),
    ifName: readIfName(env.CNI_IFNAME ?? ''),
    netns: readNetns(env.CNI_NETNS ?? '', isDel),
    // The default of kubectl; runtimes other than kubelet's, such as podman, do not pass a namespace.
    namespace: isDel ? '' : kubernetesName(args, 'K8S_POD_NAMESPACE', LABEL, MAX_LABEL, 'default'),
    pod: isDel ? '' : kubernetesName(args, 'K8S_POD_NAME', SUBDOMAIN, MAX_CHARACTERS),
    uid: readUid(args),
  };
}

/**
 * Parses the network configuration.
 * @throws CniError for invalid JSON, an unsupported version or an invalid value
 */
export function readConfiguration(text: string): NetworkConfiguration {
  const value = parse(text);
  const cniVersion = value.cniVersion ?? '0.3.0';
  if (typeof cniVersion !== 'string' || !isSupported(cniVersion))
    throw new CniError(
      CODES.incompatibleVersion,
      `cniVersion ${show(cniVersion)} is none of ${SUPPORTED.join(', ')}`,
    );
  const seconds = optionalNumber(value, 'timeout', 1, 3600) ?? TIMEOUT_SECONDS;
  return {
    cniVersion,
    name: optionalText(value, 'name') ?? '',
    mtu: optionalNumber(value, 'mtu', 68, 65_535),
    timeoutMs: seconds * 1000,
    db: optionalText(value, 'db'),
    prevResult: value.prevResult,
  };
}

function readArgs(text: string): ReadonlyMap<string, string> {
  if (text.length > MAX_ARGS)
    throw new CniError(
      CODES.invalidEnvironment,
      `CNI_ARGS has ${text.length} characters; at most ${MAX_ARGS} are read`,
    );
  const pairs = text.split(';').filter((pair) => pair !== '');
  return new Map(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 1)
        throw new CniError(CODES.invalidEnvironment, `CNI_ARGS: ${show(pair)} is not KEY=VALUE`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** Names of namespaces and of pods (RFC 1123). Neither has `_`, which joins them in the name of a logical port. */
const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

function kubernetesName(
  args: ReadonlyMap<string, string>,
  key: string,
  pattern: RegExp,
  longest: number,
  absent = '',
): string {
  const name = args.get(key) ?? absent;
  if (!pattern.test(name) || name.length > longest)
    throw new CniError(
      CODES.invalidEnvironment,
      `CNI_ARGS: ${key}=${show(name)} is not a valid name of Kubernetes`,
    );
  return name;
}

/** Reads the pod's UID. A static pod's is a hash, not a UUID. */
function readUid(args: ReadonlyMap<string, string>): string | undefined {
  const uid = args.get('K8S_POD_UID') ?? '';
  if (uid === '') return undefined;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(uid) || uid.length > MAX_CHARACTERS)
    throw new CniError(CODES.invalidEnvironment, `CNI_ARGS: K8S_POD_UID=${show(uid)} is not a valid UID`);
  return uid;
}

function variable(env: NodeJS.ProcessEnv, name: string, what: string, pattern: RegExp): string {
  const value = env[name] ?? '';
  if (!pattern.test(value) || value.length > MAX_CHARACTERS)
    throw new CniError(CODES.invalidEnvironment, `${name}=${show(value)} is not a valid ${what}`);
  return value;
}

function readIfName(name: string): string {
  if (isInterfaceName(name)) return name;
  throw new CniError(CODES.invalidEnvironment, `CNI_IFNAME=${show(name)} is not a valid interface name`);
}

function readNetns(path: string, mayBeGone: boolean): string {
  const isPath = isAbsolute(path) && !path.includes('\0') && path.length <= MAX_PATH;
  if (!isPath && !(mayBeGone && path === ''))
    throw new CniError(CODES.invalidEnvironment, `CNI_NETNS=${show(path)} is not the path of a namespace`);
  return path;
}

type Fields = Readonly<Record<string, unknown>>;

function parse(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CniError(CODES.undecodable, 'the network configuration is not JSON', { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CniError(CODES.undecodable, 'the network configuration is not a JSON object');
  return value as Fields;
}

function optionalText(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  if (value === undefined || typeof value === 'string') return value;
  throw new CniError(CODES.invalidConfiguration, `${key}: ${show(value)} is not a string`);
}

function optionalNumber(fields: Fields, key: string, least: number, most: number): number | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new CniError(
    CODES.invalidConfiguration,
    `${key}: ${show(value)} is not a whole number from ${least} to ${most}`,
  );
}

/** Formats a value of the request for a message. Never goes into a list or an object, which can be nested too deep. */
function show(value: unknown): string {
  if (typeof value === 'string') return printable(JSON.stringify(value));
  return typeof value === 'object' && value !== null
    ? `a ${Array.isArray(value) ? 'list' : 'map'}`
    : String(value);
}
