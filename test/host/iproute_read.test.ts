import test from 'ava';
import { LINK } from '../../src/host/ip_shapes.js';
import { ipFailure, readIpJson, readIpText } from '../../src/host/iproute_read.js';

test('ip shows loopback, as objects and as a text', async (t) => {
  const links = await readIpJson<{ ifname: string }>(LINK, 'link', 'show', 'dev', 'lo');
  t.deepEqual(
    links.map(({ ifname }) => ifname),
    ['lo'],
  );
  t.regex(await readIpText('link', 'show', 'dev', 'lo'), /LOOPBACK/);
});

test('a command that fails is an error with the command and the first line of its reason', async (t) => {
  const expected = { code: 'ERR_IP', message: /^ip link show dev none9: .*none9/ };
  await t.throwsAsync(readIpText('link', 'show', 'dev', 'none9'), expected);
  await t.throwsAsync(readIpJson(LINK, 'link', 'show', 'dev', 'none9'), expected);
  t.is(ipFailure(['link', 'show'], 'one\ntwo').message, 'ip link show: one');
});
