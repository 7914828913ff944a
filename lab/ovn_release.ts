import { execFileSync } from 'node:child_process';
import test, { type ImplementationFn } from 'ava';

type DeclareTest = (title: string, implementation: ImplementationFn<[], unknown>) => void;

/**
 * Returns `declare`, or before Open vSwitch 3.2 a function that skips the test with the reason: its userspace datapath
 * tracks SCTP by addresses only, so it translates no port, and two associations of two hosts are one.
 */
export function whereSctpHasPorts(declare: DeclareTest): DeclareTest {
  return hasSctpPorts() ? declare : skipping('tracks SCTP without ports');
}

/** Returns whether the userspace datapath that is installed translates the ports of SCTP. */
export function hasSctpPorts(): boolean {
  return releaseOf('ovs-vswitchd') >= 3.2;
}

/**
 * Returns `declare`, or before Open vSwitch 3.2 a function that skips the test with the reason: its userspace datapath
 * aborts about once a minute under connections that are translated and new ones all the time.
 */
export function whereNatIsSteady(declare: DeclareTest): DeclareTest {
  return hasSteadyNat() ? declare : skipping('aborts under translated connections');
}

/** Returns whether the userspace datapath that is installed survives translated connections for long. */
export function hasSteadyNat(): boolean {
  return releaseOf('ovs-vswitchd') >= 3.2;
}

/** Returns a function that skips a test, with what the datapath of OVS 3.1 does in the title. */
function skipping(does: string): DeclareTest {
  return (title, implementation) =>
    test.serial.skip(`${title} (the userspace datapath before Open vSwitch 3.2 ${does})`, implementation);
}

/** Returns whether OVN can choose an endpoint by a client's IPv6 address. */
export function hashesIpv6(): boolean {
  return releaseOf('ovn-nbctl') >= 25.03;
}

/** Returns the release of an installed program as a number, such as 23.03; 0 if there is none. */
function releaseOf(program: string): number {
  try {
    const text = execFileSync(program, ['--version'], { encoding: 'utf8' });
    return Number(/(\d+\.\d+)/.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
