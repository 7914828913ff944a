// The process of bridge_lock.test.ts: locks a bridge, says so, and holds the lock until it is killed.
import { lockBridge } from '../../src/gateway/bridge_lock.js';

const [bridge = '', rundir = ''] = process.argv.slice(2);
lockBridge(bridge, rundir);
process.send?.('locked');
process.on('message', () => {});
