import { type Message, OFP10 } from './message.js';
import { WireReader } from './reader.js';

/** An error message of the switch (OpenFlow 1.4.1 section 7.5.4). */
export interface SwitchError {
  readonly type: number;
  readonly code: number;
  /** The name that OVS has for it: `OFPBMC_BAD_PREREQ`. */
  readonly text: string;
}

/** @throws MalformedMessage */
export function readError({ version, body }: Message): SwitchError {
  const reader = new WireReader(body);
  const type = reader.u16();
  const code = reader.u16();
  const [prefix, codes] = (version === OFP10 ? KINDS_10 : KINDS).get(type) ?? [];
  const name = codes?.split(' ')[code];
  return { type, code, text: name === undefined ? `error ${type}/${code}` : `${prefix}_${name}` };
}

/**
 * The names of OVS for the codes of one error type: their prefix, then the rest of each name in the order of the
 * codes.
 */
type Kind = readonly [prefix: string, codes: string];
type Kinds = ReadonlyMap<number, Kind>;

const HELLO_FAILED: Kind = ['OFPHFC', 'INCOMPATIBLE EPERM'];

const KINDS: Kinds = new Map<number, Kind>([
  [0, HELLO_FAILED],
  [
    1,
    [
      'OFPBRC',
      'BAD_VERSION BAD_TYPE BAD_STAT BAD_VENDOR BAD_SUBTYPE EPERM BAD_LEN BUFFER_EMPTY BUFFER_UNKNOWN BAD_TABLE_ID IS_SECONDARY BAD_PORT BAD_PACKET MULTIPART_BUFFER_OVERFLOW MULTIPART_REQUEST_TIMEOUT MULTIPART_REPLY_TIMEOUT',
    ],
  ],
  [
    2,
    [
      'OFPBAC',
      'BAD_TYPE BAD_LEN BAD_VENDOR BAD_VENDOR_TYPE BAD_OUT_PORT BAD_ARGUMENT EPERM TOO_MANY BAD_QUEUE BAD_OUT_GROUP MATCH_INCONSISTENT UNSUPPORTED_ORDER BAD_TAG BAD_SET_TYPE BAD_SET_LEN BAD_SET_ARGUMENT',
    ],
  ],
  [
    3,
    [
      'OFPBIC',
      'UNKNOWN_INST UNSUP_INST BAD_TABLE_ID UNSUP_METADATA UNSUP_METADATA_MASK BAD_EXPERIMENTER BAD_EXP_TYPE BAD_LEN EPERM DUP_INST',
    ],
  ],
  [
    4,
    [
      'OFPBMC',
      'BAD_TYPE BAD_LEN BAD_TAG BAD_DL_ADDR_MASK BAD_NW_ADDR_MASK BAD_WILDCARDS BAD_FIELD BAD_VALUE BAD_MASK BAD_PREREQ DUP_FIELD EPERM',
    ],
  ],
  [
    5,
    [
      'OFPFMFC',
      'UNKNOWN TABLE_FULL BAD_TABLE_ID OVERLAP EPERM BAD_TIMEOUT BAD_COMMAND BAD_FLAGS CANT_SYNC BAD_PRIORITY',
    ],
  ],
  [7, ['OFPPMFC', 'BAD_PORT BAD_HW_ADDR BAD_CONFIG BAD_ADVERTISE EPERM']],
  [10, ['OFPSCFC', 'BAD_FLAGS BAD_LEN EPERM']],
  [
    17,
    [
      'OFPBFC',
      'UNKNOWN EPERM BAD_ID BUNDLE_EXIST BUNDLE_CLOSED OUT_OF_BUNDLES BAD_TYPE BAD_FLAGS MSG_BAD_LEN MSG_BAD_XID MSG_UNSUP MSG_CONFLICT MSG_TOO_MANY MSG_FAILED TIMEOUT BUNDLE_IN_PROGRESS',
    ],
  ],
]);

/** The errors of OpenFlow 1.0 that our requests can cause (OpenFlow 1.0.1 section 5.4.4). */
const KINDS_10: Kinds = new Map<number, Kind>([
  [0, HELLO_FAILED],
  [1, ['OFPBRC', 'BAD_VERSION BAD_TYPE BAD_STAT BAD_VENDOR BAD_SUBTYPE EPERM BAD_LEN']],
  [4, ['OFPPMFC', 'BAD_PORT BAD_HW_ADDR']],
]);
