import { SYSTEM_ID } from '../../switch/external_ids.js';
import { type Check, fail, given, ok } from '../finding.js';

/** Checks that this host is registered in OVN, and that ovn-controller is connected. */
export const chassis: Check = {
  name: 'chassis',
  run: ({ local, southbound, controllerConnection }) => [
    ...given(local, ({ externalIds }) =>
      given(southbound, (sb) => {
        const id = externalIds.get(SYSTEM_ID);
        // The identity check reports a host without a system-id.
        if (id === undefined || id === '') return [];
        return [
          sb.chassis.some(({ name }) => name === id)
            ? ok(`OVN_Southbound has Chassis ${id}`)
            : fail(
                `OVN_Southbound has no Chassis ${id}`,
                'check that ovn-controller runs, and that external_ids ovn-remote, ovn-encap-type and ovn-encap-ip are set',
              ),
        ];
      }),
    ),
    ...given(controllerConnection, (said) => [
      said === 'connected'
        ? ok('ovn-controller is connected to OVN_Southbound')
        : fail(
            `ovn-controller is ${said}`,
            'check external_ids:ovn-remote; see the last lines of ovn-controller.log',
          ),
    ]),
  ],
};
