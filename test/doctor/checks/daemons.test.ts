import { finds } from '../finds.js';

const daemon = (state: 'absent' | 'dead' | 'mute') => ({
  daemons: [{ program: 'ovn-controller', isNeeded: true, state, detail: 'no pid 7' }],
});

finds('daemons', [
  ['a daemon does not run', daemon('absent'), 'fail', /ovn-controller does not run/],
  ['a daemon died and left its pidfile', daemon('dead'), 'fail', /ovn-controller has died/],
  ['a daemon hangs', daemon('mute'), 'fail', /ovn-controller does not answer/],
]);
