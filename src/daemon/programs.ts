/** The names of this product's daemons: executables, pidfiles and control sockets carry them. */
export const GATEWAY_HELPER = 'ovn-k8s-gateway-helper';
export const WATCHER = 'ovn-k8s-watcher';
export const NODE_DAEMON = 'ovn-k8s-node';
