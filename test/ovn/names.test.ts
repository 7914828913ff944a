import test from 'ava';
import * as names from '../../src/ovn/names.js';

test('rows have the names that users and tools search by', (t) => {
  t.deepEqual(
    [
      names.gatewayRouterName('a'),
      names.externalSwitchName('a'),
      names.toJoin('GR_a'),
      names.joinTo('GR_a'),
      names.toSwitch('a'),
      names.switchTo('a'),
      names.toOutside('GR_a'),
      names.outsideTo('GR_a'),
      names.localPortName('breth0', 'a'),
      names.managementPortName('a'),
    ],
    [
      ...['GR_a', 'ext_a', 'rtoj-GR_a', 'jtor-GR_a', 'rtos-a', 'stor-a', 'rtoe-GR_a', 'etor-GR_a'],
      ...['breth0_a', 'k8s-a'],
    ],
  );
});

test('the node is read from a name, and there is none in another kind of name', (t) => {
  t.is(names.nodeOfGatewayRouter(names.gatewayRouterName('edge-1')), 'edge-1');
  t.is(names.nodeOfRouterPort(names.toSwitch('edge-1')), 'edge-1');
  t.is(names.nodeOfManagementPort(names.managementPortName('edge-1')), 'edge-1');
  t.is(names.nodeOfGatewayRouter('edge-1'), undefined);
  t.is(names.nodeOfRouterPort(names.toJoin('edge-1')), undefined);
  t.is(names.nodeOfManagementPort('default_k8s-web'), undefined);
});

test('an interface name is cut to the 15 characters that the kernel takes', (t) => {
  t.is(names.managementInterfaceName('edge-1'), 'k8s-edge-1');
  t.is(names.managementInterfaceName('a-long-node-name'), 'k8s-a-long-node');
});
