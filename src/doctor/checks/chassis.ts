import { SYSTEM_ID } from '../../switch/external_ids.js';
import { type Check, fail, given, ok } from '../finding.js';

/** Whether OVN knows of this host. */
export const chassis: Check = {
  name: 'chassis',
  run: ({ local, southbound, controllerConnection }) => [
    ...given(local, ({ externalIds }) =>
      given(southbound, (sb) => {
        const id = externalIds.get(SYSTEM_ID);
        return [
          sb.chassis.some(({ name }) => name === id)
            ? ok(`OVN_Southbound has Chassis ${id}`)
            : fail(
                `OVN_Southbound has no Chassis ${id}`,
                'see whether ovn-controller runs, and that external_ids ovn-remote, ovn-encap-type and ovn-encap-ip are set',
              ),
        ];
      }),
    ),
    ...given(controllerConnection, (said) => [
      said === 'connected'
        ? ok('ovn-controller is connected to OVN_Southbound')
        : fail(
            `ovn-controller is ${said}`,
            'see external_ids:ovn-remote, and the last lines of ovn-controller.log',
          ),
    ]),
  ],
};
