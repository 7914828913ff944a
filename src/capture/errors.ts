import { hasDevice } from '../host/device.js';
import { ProductError } from '../net/errors.js';

export function noInterface(device: string): ProductError {
  return new ProductError(
    'ERR_NO_INTERFACE',
    `there is no interface ${device}; ip link lists the interfaces of this host`,
  );
}

export function noPermission(device: string, cause: unknown): ProductError {
  return new ProductError(
    'ERR_NO_PERMISSION',
    `${device}: reading packets needs CAP_NET_RAW; run this as root`,
    { cause },
  );
}

export function notEthernet(device: string): ProductError {
  return new ProductError('ERR_NOT_ETHERNET', `${device} is not Ethernet: its packets have no class`);
}

/** Tells an interface that is down from one that no longer exists. */
export function interfaceDown(device: string): ProductError {
  return hasDevice(device)
    ? new ProductError('ERR_INTERFACE_DOWN', `${device} is down; run ip link set ${device} up`)
    : new ProductError('ERR_INTERFACE_DOWN', `${device} has gone; ip link lists the interfaces of this host`);
}

export function captureClosed(device: string): ProductError {
  return new ProductError('ERR_CAPTURE', `${device}: the capture is closed`);
}
