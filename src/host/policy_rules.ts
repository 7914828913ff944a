import { RULE } from './ip_shapes.js';
import { readIpJson } from './iproute_read.js';
import type { Rule } from './snapshot.js';

/** Returns the policy rules of both families. @throws ProductError `ERR_IP` */
export async function readPolicyRules(): Promise<Rule[]> {
  const both = await Promise.all(
    ([4, 6] as const).map(async (family) => {
      const rules = await readIpJson<Rule>(RULE, '-N', `-${family}`, 'rule', 'show');
      return rules.map((rule) => ({ ...rule, family }));
    }),
  );
  return both.flat();
}
