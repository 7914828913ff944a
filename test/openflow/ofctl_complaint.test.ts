import test from 'ava';
import { execa } from 'execa';
import { complaintOf } from '../../src/openflow/ofctl_complaint.js';

test('a command that ovs-ofctl lacks, as ct-flush before 3.1, is named with its remedy', async (t) => {
  const error = await t.throwsAsync(execa('ovs-ofctl', ['ct-flush-2', 'unix:/run/none.mgmt']));
  t.is(complaintOf(error), 'ovs-ofctl has no command ct-flush-2; install a newer Open vSwitch');
});
