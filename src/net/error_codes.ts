/** What a person can do about an error; the message names the object and the values. */
interface ErrorHelp {
  readonly cause: string;
  readonly remedy: string;
}

/**
 * Every error code, in alphabetical order. `docs/errors.md` is generated from this table by `npm run docs:errors`, so
 * the texts are Markdown.
 */
export const ERROR_CODES = {
  ERR_ADDRESS_CONFLICT: {
    cause: 'Another host of the network answers for an address given with `--physical-ip`.',
    remedy: "Give an address of this host, or `--force` if the other host's answer is expected.",
  },
  ERR_ADDRESS_TAKEN: {
    cause: 'An address given with `--physical-ip` belongs to the gateway router of another node.',
    remedy: "Give this host's own address, or run `ovn-k8s-overlay gateway-deinit` on the other node.",
  },
  ERR_ALREADY_RUNNING: {
    cause: 'A process holds the lock on the pidfile.',
    remedy: 'Stop that process, or start with another `--pidfile` or with `--overwrite-pidfile`.',
  },
  ERR_API_BAD_ANSWER: {
    cause: 'The API server answered with something that is not what was asked for.',
    remedy: 'The daemons retry. Check that `external_ids:k8s-api-server` names an API server.',
  },
  ERR_API_LIMIT: {
    cause:
      'The API server sent more than is read: a page over 32 MiB, a line of a watch over 4 MiB, a list without end.',
    remedy: 'The daemons keep what they know and retry. Check the API server, and what lies between.',
  },
  ERR_API_STATUS: {
    cause: 'The API server refused a request. The code ends with the HTTP status, such as `ERR_API_403`.',
    remedy: 'The daemons retry. For 401 and 403, give a token whose role allows the request.',
  },
  ERR_API_UNREACHABLE: {
    cause: 'No API server answered.',
    remedy: 'The daemons retry. Check `external_ids:k8s-api-server`, the network and the API server.',
  },
  ERR_ARGUMENTS: {
    cause: 'A command on a control socket got wrong arguments.',
    remedy: 'See `ovs-appctl -t DAEMON list-commands`.',
  },
  ERR_BAD_PORT_RANGE: {
    cause: 'A port range is not `LO-HI` with 1 <= LO <= HI <= 65535.',
    remedy: 'Correct the range.',
  },
  ERR_BAD_PREFIX: {
    cause: 'A prefix length is not valid for the address, or a subnet has too few addresses.',
    remedy: 'Correct the prefix length, or give a larger subnet.',
  },
  ERR_BAD_REPLY: {
    cause: 'A database server sent a reply or a row that contradicts RFC 7047 or its own schema.',
    remedy: 'Check that an `ovsdb-server` listens at the address.',
  },
  ERR_BAD_ROW: {
    cause:
      'A row of OVN_Northbound, such as that of a switch or of a gateway, has a value that cannot be read.',
    remedy: 'Correct the row that the message names. The watcher serves all other rows meanwhile.',
  },
  ERR_BAD_SETTING: {
    cause: 'A value in `external_ids` of the local `Open_vSwitch` row cannot be parsed.',
    remedy: 'Correct it with `ovs-vsctl set Open_vSwitch . external_ids:KEY=VALUE`.',
  },
  ERR_BAD_STATE: {
    cause: 'The JSON of a gateway state is incomplete, or of another version.',
    remedy: 'Save it again with `ovs-appctl -t ovn-k8s-gateway-helper state/show` of the same version.',
  },
  ERR_BRIDGE_IN_USE: {
    cause: 'Another `ovn-k8s-gateway-helper` keeps the flows of this bridge, perhaps with another pidfile.',
    remedy: 'Stop the process that the message names, or give another `--physical-bridge`.',
  },
  ERR_BUNDLE_REFUSED: {
    cause: 'The switch refused a bundle of flows. It changed none of them.',
    remedy: 'The message names the flow and the reason. Report it: the helper should not send such a flow.',
  },
  ERR_BUNDLE_UNKNOWN: {
    cause: 'The switch did not confirm a bundle in time, so the flows may have changed or not.',
    remedy: 'None needed: the helper reads the flows back and tries again.',
  },
  ERR_BUSY: {
    cause:
      'Another `nics-to-bridge`, `bridge-to-nics` or `gateway-init --confirm` is running on this host, or is taken back.',
    remedy: 'Wait until it ends, then run the command again.',
  },
  ERR_CANNOT_MOVE: {
    cause: 'An interface, or one of its routes or rules, cannot be moved to or from a bridge.',
    remedy: 'The message names the obstacle and how to remove it.',
  },
  ERR_CANNOT_USE: {
    cause: 'The interface or bridge given with an option cannot serve as the gateway of this node.',
    remedy: 'The message says why, and what to give instead.',
  },
  ERR_CAPTURE: {
    cause: 'An interface or a capture file cannot be read, or no longer.',
    remedy: 'Check that the interface is up, or that the file is a pcap file of an Ethernet interface.',
  },
  ERR_CNI: {
    cause:
      "The CNI plugin cannot do what the container runtime asks, or cannot write the plugin's configuration.",
    remedy: 'See the message. The runtime gets it with an error code of the CNI specification.',
  },
  ERR_CLEARTEXT: {
    cause: 'A token would go to another host over `http://`, where everyone on the network can read it.',
    remedy: 'Give `https://` in `external_ids:k8s-api-server`, or remove the token.',
  },
  ERR_CONNECTION_CLOSED: {
    cause: 'The connection to a database or to the switch ended.',
    remedy: 'None needed in a daemon, which connects again. Check that the server runs.',
  },
  ERR_CONNECT_TIMEOUT: {
    cause: 'A connection to a database or to the switch was not established in time.',
    remedy: 'Check the address, the network and the server.',
  },
  ERR_CONNTRACK: {
    cause: '`conntrack` failed.',
    remedy:
      'Install the package conntrack. Until then UDP clients that go on sending from one socket keep the translation that their first packet had.',
  },
  ERR_CONSTRAINT_VIOLATION: {
    cause: 'A database refused a transaction that breaks a constraint of its schema.',
    remedy: 'The message names the column. Another program may have written a conflicting row.',
  },
  ERR_DATABASE_IO: {
    cause: 'A database server could not write its file.',
    remedy: 'Check the disk of the server, which may be full.',
  },
  ERR_DATABASE_UNREACHABLE: {
    cause: 'No address of a database answered in time.',
    remedy: 'Check the address in the message, the network, and that the server runs.',
  },
  ERR_DHCP: {
    cause:
      'The DHCP client could not be stopped or started during the move of a NIC, or has an option that is not carried over.',
    remedy:
      'See the message. Move without `--restart-dhcp` and restart the client by hand if it has such an option.',
  },
  ERR_ECHO: {
    cause: 'An ICMP echo request could not be sent.',
    remedy: 'Check that the interface is up and has a route to the address.',
  },
  ERR_FLOW_NOT_ENCODABLE: {
    cause: 'A flow has no form in OpenFlow, such as a port without a protocol.',
    remedy: 'Report it: the helper should not make such a flow.',
  },
  ERR_GATEWAY_SILENT: {
    cause: 'A default gateway does not answer ARP or neighbour discovery.',
    remedy: 'Check the cable and the address; `--force` sets up a gateway without this check.',
  },
  ERR_INTERFACE_DOWN: {
    cause: 'The interface to read packets from is down, or was removed.',
    remedy: 'Run `ip link set DEVICE up`, or name an interface that exists.',
  },
  ERR_HOST_IN_USE: {
    cause: "Another `ovn-k8s-node` keeps this host's routes and nft table, perhaps with another pidfile.",
    remedy: 'Stop the process that the message names.',
  },
  ERR_IN_USE: {
    cause:
      'The node to remove from the cluster is a gateway, or other nodes still use its router; or a bridge to delete is that of a gateway.',
    remedy: 'Run the `gateway-deinit` and `minion-deinit` that the message names first.',
  },
  ERR_IP: {
    cause: '`ip` failed.',
    remedy: 'The message has the command and its output.',
  },
  ERR_IP_ADDRESS: {
    cause: 'The addresses of a device cannot be listed with `ip address`.',
    remedy: 'Check that iproute2 is installed and the device exists.',
  },
  ERR_JOIN_FULL: {
    cause: 'The logical switch `join` has no free address for one more gateway.',
    remedy: 'Run `ovn-k8s-overlay gateway-deinit` for gateways that no longer exist.',
  },
  ERR_JOURNAL: {
    cause: "The journal of a NIC's move cannot be read or written.",
    remedy: 'If a move was interrupted, restore the NIC by what the file contains, then delete the file.',
  },
  ERR_KEEPER: {
    cause:
      'The process that takes a command with `--confirm` back could not be started. Nothing was changed.',
    remedy: 'The message says why. Run the command again.',
  },
  ERR_KUBE_CONFIG: {
    cause: 'The address of the API server is not valid, or there is no CA for it.',
    remedy:
      'Set `external_ids:k8s-api-server` and `external_ids:k8s-ca-certificate`, or install `k8s-ca.crt`.',
  },
  ERR_LINK: {
    cause: 'The packet socket for ARP and neighbour discovery failed.',
    remedy: 'The message has the errno. Check the interface.',
  },
  ERR_LINK_BUSY: {
    cause: 'The queue of an interface is full.',
    remedy: 'A daemon sends the packet later. Run a command again when the interface carries less.',
  },
  ERR_LINK_DOWN: {
    cause: 'An interface is down, has no carrier, or was removed.',
    remedy: 'Run `ip link set DEVICE up`, and check the cable.',
  },
  ERR_LOG_FILE: {
    cause: 'The log file cannot be opened, or `vlog/reopen` was called without a log file.',
    remedy: 'Check the directory and its permissions, or start with `--log-file`.',
  },
  ERR_MESSAGE_TOO_LARGE: {
    cause: 'A peer sent a message that is larger, or nested deeper, than any valid one.',
    remedy: 'Check that a database, a switch or a control socket listens at the address.',
  },
  ERR_NFT: {
    cause: '`nft` failed.',
    remedy: 'Install the package nftables. The message has the output of the command.',
  },
  ERR_NOTHING_TO_CONFIRM: {
    cause: 'No command waits to be confirmed: none was given `--confirm`, or its time is over.',
    remedy: 'Run the command again, with `--confirm` and more seconds.',
  },
  ERR_NOT_AN_ADDRESS: {
    cause: 'A text is not an IPv4 or IPv6 address.',
    remedy: 'Correct the address. Zones (`fe80::1%eth0`) and octal numbers are not accepted.',
  },
  ERR_NOT_AN_INTERFACE_NAME: {
    cause:
      'A name cannot be that of an interface or a bridge: the kernel refuses it, or it has a character that means something else in a file or a command.',
    remedy:
      'Give 1 to 15 letters, digits and `. _ - + @`, without a `-` at the start. Rename an interface with `ip link set OLD name NEW`.',
  },
  ERR_NOT_A_MAC: {
    cause: 'A text is not an Ethernet address.',
    remedy: 'Give six octets, such as `0a:58:0a:01:02:03`.',
  },
  ERR_NOT_CONFIGURED: {
    cause: 'A required key of `external_ids` in the local `Open_vSwitch` row is not set.',
    remedy: 'The message has the `ovs-vsctl` command that sets it.',
  },
  ERR_NOT_CONFIRMED: {
    cause: 'The last step of a NIC move was made, but its effect is not seen.',
    remedy: 'Check the NIC and the bridge; the message says what is missing.',
  },
  ERR_NOT_ETHERNET: {
    cause: 'An interface is not an Ethernet device.',
    remedy: 'Name an Ethernet interface.',
  },
  ERR_NOT_IMPLEMENTED: {
    cause: 'The watcher was asked for a mode other than `--overlay`.',
    remedy: 'Use `--overlay`.',
  },
  ERR_NOT_JSON: {
    cause: 'A peer does not speak JSON-RPC.',
    remedy: 'Check that a database or a control socket listens at the address.',
  },
  ERR_NOT_LEADER: {
    cause: 'A server does not lead its database cluster, or has lost contact with it.',
    remedy: 'None needed: the client tries the other servers. List all of them in `external_ids:ovn-nb`.',
  },
  ERR_NOT_OWNER: {
    cause: 'A database refused a transaction that needs a lock which the client does not have.',
    remedy: 'Report it: no program of this package uses such locks.',
  },
  ERR_NOT_RUNNING: {
    cause: 'The daemon has no pidfile.',
    remedy: 'Start it with `--pidfile`, or set `OVS_RUNDIR` to its run directory.',
  },
  ERR_NO_ADDON: {
    cause: 'The native addon is not built.',
    remedy: 'Run `npm run install`.',
  },
  ERR_NO_ANSWER: {
    cause: 'The switch did not answer an OpenFlow request in time.',
    remedy: 'Check `ovs-vswitchd`, which may be overloaded.',
  },
  ERR_NO_BRIDGE: {
    cause: 'There is no Open vSwitch bridge of this name.',
    remedy: 'See `ovs-vsctl list-br`; `ovn-k8s-util nics-to-bridge` makes the bridge of a NIC.',
  },
  ERR_NO_CA: {
    cause: "A database server does not send its CA's certificate, so it cannot be stored on first use.",
    remedy: "Copy the CA's certificate to the file in the message.",
  },
  ERR_NO_CLUSTER: {
    cause: 'The northbound database has no cluster router.',
    remedy: 'Run `ovn-k8s-overlay master-init` first.',
  },
  ERR_NO_COLUMN: {
    cause: 'The program wrote a column that it does not know.',
    remedy: 'Report it: this is a fault of the program.',
  },
  ERR_NO_COMMAND: {
    cause: 'A daemon has no such command.',
    remedy: 'See `ovs-appctl -t DAEMON list-commands`.',
  },
  ERR_NO_DEVICE: {
    cause: 'A network device did not appear or disappear in time.',
    remedy: 'The message quotes `ovs-vswitchd`: see its log for more.',
  },
  ERR_NO_ECHO: {
    cause: 'A database or the switch did not answer a keepalive.',
    remedy: 'None needed in a daemon, which connects again. Check the server if it persists.',
  },
  ERR_NO_FLOW: {
    cause: 'The flows of a gateway state do not decide on a packet.',
    remedy: 'Report it with the state: some flow always matches.',
  },
  ERR_NO_INTERFACE: {
    cause: 'There is no interface of this name.',
    remedy: 'See `ip link`.',
  },
  ERR_NO_MASK: {
    cause: 'An address has no prefix length.',
    remedy: 'Give it as `ADDRESS/PREFIX`.',
  },
  ERR_NO_NET_RAW: {
    cause: 'The process lacks CAP_NET_RAW, which ARP and neighbour discovery need.',
    remedy: 'Run it as root.',
  },
  ERR_NO_PCAP: {
    cause: 'The npm package pcap is not installed, or not in the version that is known.',
    remedy: 'Install libpcap-dev, then run `npm install`.',
  },
  ERR_NO_PERMISSION: {
    cause: 'The process lacks CAP_NET_RAW, which reading packets needs.',
    remedy: 'Run it as root.',
  },
  ERR_NO_PORT: {
    cause: 'The bridge lacks a port that is needed, or `ovs-vswitchd` cannot open it.',
    remedy: 'See `ovs-vsctl show`; `ovn-k8s-util nics-to-bridge` puts a NIC on its bridge.',
  },
  ERR_NO_RAW_SOCKET: {
    cause: 'Neither ping nor the npm package raw-socket is installed, or a raw socket cannot be opened.',
    remedy: 'Run `apt-get install iputils-ping`, and run the command as root.',
  },
  ERR_NO_RING: {
    cause: 'The kernel gives no packet ring for an interface.',
    remedy: 'None needed without `--capture=ring`: packets are then read with libpcap.',
  },
  ERR_NO_STATE: {
    cause: 'The state of the gateway is not available, from the helper or from a file.',
    remedy: 'Start the helper and see its `status`, or give `--state=FILE`.',
  },
  ERR_NO_SWITCH: {
    cause: 'The local Open vSwitch is not set up, or did not accept the flows in time.',
    remedy: 'Check that `ovs-vswitchd` runs; `ovs-vsctl init` sets up an empty database.',
  },
  ERR_NO_TLS_FILES: {
    cause:
      'A private key, a certificate or a CA file for a database is missing or cannot be read or written.',
    remedy: 'Install the file in the message; `ovs-pki` makes key pairs.',
  },
  ERR_OPENFLOW_MALFORMED: {
    cause: 'The switch sent a message that is not valid OpenFlow.',
    remedy: 'Report it with the version of Open vSwitch; use `--flow-channel=ofctl` meanwhile.',
  },
  ERR_OPENFLOW_VERSION: {
    cause: 'The bridge does not speak OpenFlow 1.4.',
    remedy: 'Add `OpenFlow10` and `OpenFlow14` to the column `protocols` of its Bridge row.',
  },
  ERR_OTHER_CLUSTER: {
    cause: 'The northbound database already has a cluster router of another name.',
    remedy: 'Run `master-init` with the `--node-name` in the message, or `minion-init` on this node.',
  },
  ERR_OUTCOME_UNKNOWN: {
    cause: 'A database did not answer a transaction in time, so it may have been committed or not.',
    remedy: 'Run the command again: it writes only what is missing.',
  },
  ERR_OVERLAP: {
    cause: 'The subnet of a node overlaps that of another node.',
    remedy: 'Give each node a subnet of its own.',
  },
  ERR_PEER_NOT_READING: {
    cause: 'A peer sent requests and did not read the answers. The connection was closed.',
    remedy: 'None needed in a daemon, which connects again. Check the peer if it persists.',
  },
  ERR_PERMISSION_DENIED: {
    cause: 'A database refused a transaction because of its access control (RBAC).',
    remedy: 'Use a certificate or an address that may write.',
  },
  ERR_PERSIST: {
    cause:
      'Configuration files of a network manager could not be read, written or taken up for the move of a NIC, or somebody edited them since.',
    remedy: 'The message names the file. Nothing else has changed, or the message says what has.',
  },
  ERR_PIDFILE: {
    cause: 'The pidfile, or the lock of a bridge, cannot be read, locked or written.',
    remedy: 'Check its directory and permissions.',
  },
  ERR_POD_PORT: {
    cause:
      'A pod can have no logical port now, the row of its port cannot be read, or it has too many host ports.',
    remedy: 'Do what the message says. The watcher serves all other pods meanwhile.',
  },
  ERR_PORTS_IN_USE: {
    cause: 'The host uses ports of the range given with `--snat-port-range`.',
    remedy: 'Stop the program in the message, or give another range.',
  },
  ERR_RAMPOUT: {
    cause: 'A subnet given with `--rampout-ip-subnets` cannot be routed to this gateway.',
    remedy: 'The message names the conflict; give another subnet.',
  },
  ERR_REFERENTIAL_INTEGRITY: {
    cause: 'A database refused a transaction that leaves a reference to a row that does not exist.',
    remedy: 'Run the command again: another program changed the rows meanwhile.',
  },
  ERR_RESOURCES_EXHAUSTED: {
    cause: 'A database server lacks memory or disk space for a transaction.',
    remedy: 'Free resources on the server.',
  },
  ERR_RPC: {
    cause: 'A database server answered a request with an error.',
    remedy: 'The message has the method and the error.',
  },
  ERR_RULES_CHANGED: {
    cause: 'The flows changed during an audit, so its counters cannot be compared.',
    remedy: 'Run `ovn-k8s-util audit` again.',
  },
  ERR_SCHEMA_MISMATCH: {
    cause: 'A database server does not have the database, table or column that is needed.',
    remedy: 'Check the address; Open vSwitch 2.13 and OVN 20.03 or later have all of them.',
  },
  ERR_SECRET_FILE: {
    cause: 'The file of a token or a kubeconfig cannot be read, or other users can read or replace it.',
    remedy: 'Make it with `umask 077`, or run the `chmod` or `chown` of the message.',
  },
  ERR_SERVICE: {
    cause: 'A port, protocol or address of a Kubernetes service is not valid, or it has too many of them.',
    remedy: 'Correct the service. It is ignored until then.',
  },
  ERR_STEP_FAILED: {
    cause: 'A step of a NIC move failed.',
    remedy: 'The message says why, and whether the earlier steps were undone.',
  },
  ERR_SUBNET_FULL: {
    cause: "All addresses of a node's logical switch are taken.",
    remedy: 'Delete pods of the node, or give the node a larger subnet.',
  },
  ERR_SUBNET_LENGTH: {
    cause:
      "A subnet that leaves by a gateway, because it is that node's or ramped out, is longer than the subnet of a node. OVN would send traffic from one to the other to the gateway.",
    remedy: 'Give all nodes subnets of one length, or ramp out whole subnets of nodes.',
  },
  ERR_SWITCH_REFUSED: {
    cause: 'The switch answered an OpenFlow request with an error.',
    remedy: 'The message has the name that Open vSwitch gives to the error.',
  },
  ERR_SWITCH_RESTART: {
    cause: '`restart-switch` was cancelled, its command failed, or OVN did not send its flows again in time.',
    remedy: 'The switch forwards packets all the same. See `ovs-vswitchd.log` and `ovn-controller.log`.',
  },
  ERR_SWITCH_UNREACHABLE: {
    cause: 'The switch cannot be asked. Nothing was changed.',
    remedy: 'Check that `ovs-vswitchd` runs and the bridge exists.',
  },
  ERR_SYSCTL: {
    cause: 'A kernel parameter, or the file that keeps it across reboots, cannot be written.',
    remedy: 'Run the command as root, or give another `--sysctl-dir`.',
  },
  ERR_TRACE: {
    cause: 'The switch cannot trace a frame that is shorter than an Ethernet header.',
    remedy: 'Leave that frame out.',
  },
  ERR_TRANSACTION: {
    cause: 'A database refused a transaction with an error that has no code of its own.',
    remedy: 'The message has the error, and the operation that caused it.',
  },
  ERR_UNCONFIRMED: {
    cause: 'A command with `--confirm` is not confirmed yet, and another one would build upon it.',
    remedy: 'Run `ovn-k8s-util confirm` to keep its changes, or wait until it is taken back.',
  },
  ERR_UNIXCTL: {
    cause: 'A control socket cannot be made, or the daemon behind it does not answer in time.',
    remedy: 'Check that the daemon runs, and the permissions of the run directory.',
  },
  ERR_UNIXCTL_REFUSED: {
    cause: 'A daemon refused a command on its control socket.',
    remedy: "The message has the daemon's own words.",
  },
  ERR_UNTRUSTED_SERVER: {
    cause: 'The certificate of a database server is not signed by the CA in the CA file.',
    remedy: 'If the CA was replaced, delete the CA file; the next connection stores the new one.',
  },
  ERR_USAGE: {
    cause: 'An option or argument is wrong or contradicts another. The exit code is 2.',
    remedy: 'See `--help`.',
  },
  ERR_WAIT_EXPIRED: {
    cause: 'A database did not reach an expected state in time.',
    remedy:
      'Check the daemon that should have changed it; the message quotes `ovs-vswitchd` if it is that one.',
  },
  ERR_WAIT_TIMED_OUT: {
    cause: 'A row was no longer what a transaction expected, so the transaction changed nothing.',
    remedy: 'Run the command again: another program changed the row meanwhile.',
  },
} as const satisfies Readonly<Record<`ERR_${string}`, ErrorHelp>>;

/** A code of {@link ProductError}. That of an HTTP status, `ERR_API_STATUS` in the table, ends with the status. */
export type ErrorCode = Exclude<keyof typeof ERROR_CODES, 'ERR_API_STATUS'> | `ERR_API_${number}`;
