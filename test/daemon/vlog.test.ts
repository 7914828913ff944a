import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Vlog } from '../../src/daemon/vlog.js';
import { parseVlogSpec } from '../../src/daemon/vlog_spec.js';
import { ProductError, UsageError } from '../../src/net/errors.js';

function vlogAt(time = '2026-11-23T02:23:45.678Z') {
  const lines: string[] = [];
  const vlog = new Vlog({ now: () => new Date(time), console: (line) => lines.push(line) });
  const set = (...specs: string[]) => {
    for (const spec of specs) vlog.set(parseVlogSpec(spec));
  };
  return { vlog, lines, set };
}

function logFile(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'vlog-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return join(directory, 'daemon.log');
}

test('a line looks like one of OVS: time in UTC, number, module, level, text', (t) => {
  const { vlog, lines } = vlogAt();
  vlog.module('gateway').info('text');
  vlog.module('ovsdb').warn('two\nlines');
  vlog.module('gateway').err('pipes | stay');
  t.deepEqual(lines, [
    '2026-11-23T02:23:45.678Z|00001|gateway|INFO|text\n',
    '2026-11-23T02:23:45.678Z|00002|ovsdb|WARN|two lines\n',
    '2026-11-23T02:23:45.678Z|00003|gateway|ERR|pipes | stay\n',
  ]);
});

test('dbg lines are written only after the level is set, for one module or all', (t) => {
  const { vlog, lines, set } = vlogAt();
  const [gateway, ovsdb] = [vlog.module('gateway'), vlog.module('ovsdb')];
  gateway.dbg('no');
  set('gateway:dbg');
  gateway.dbg('yes');
  ovsdb.dbg('no');
  set('dbg');
  ovsdb.dbg('yes');
  vlog.module('made_later').dbg('yes');
  t.deepEqual(
    lines.map((line) => line.replace(/^[^|]*\|\d+\|/, '')),
    ['gateway|DBG|yes\n', 'ovsdb|DBG|yes\n', 'made_later|DBG|yes\n'],
  );
});

test('a level that is set before its module exists applies to it', (t) => {
  const { vlog, lines, set } = vlogAt();
  set('gateway:dbg');
  vlog.module('gateway').dbg('yes');
  t.is(lines.length, 1);
});

test('-vconsole:emer -vfile:info leaves the console silent and the file full', (t) => {
  const { vlog, lines, set } = vlogAt();
  const path = logFile(t);
  vlog.openFile(path);
  set('console:emer', 'file:info');
  const log = vlog.module('gateway');
  log.err('bad');
  log.info('good');
  log.dbg('detail');
  t.deepEqual(lines, []);
  t.regex(
    readFileSync(path, 'utf8'),
    /^[^|]+\|00001\|gateway\|ERR\|bad\n[^|]+\|00002\|gateway\|INFO\|good\n$/,
  );
});

test('vlog/reopen writes to a new file after logrotate has renamed the old one', (t) => {
  const { vlog } = vlogAt();
  const path = logFile(t);
  t.throws(() => vlog.reopen(), { instanceOf: ProductError, message: 'Logging to file not configured' });
  vlog.openFile(path);
  const log = vlog.module('gateway');
  log.info('before');
  renameSync(path, `${path}.1`);
  log.info('between');
  vlog.reopen();
  log.info('after');
  t.regex(readFileSync(`${path}.1`, 'utf8'), /before\n.*between\n$/);
  t.regex(readFileSync(path, 'utf8'), /^[^\n]*after\n$/);
});

test('a full disk does not end a daemon, and a file that cannot be opened is an error at the start', (t) => {
  const { vlog } = vlogAt();
  vlog.openFile('/dev/full');
  t.notThrows(() => vlog.module('gateway').info('lost'));
  t.throws(() => vlog.openFile('/nonexistent/x.log'), {
    code: 'ERR_LOG_FILE',
    message: /\/nonexistent\/x\.log/,
  });
});

test('a SPEC has module, facility and level in any order, separated by colon, space or comma', (t) => {
  const any = undefined;
  t.deepEqual(parseVlogSpec('console:emer'), { module: any, facility: 'console', level: 'emer' });
  t.deepEqual(parseVlogSpec('gateway:dbg'), { module: 'gateway', facility: any, level: 'dbg' });
  t.deepEqual(parseVlogSpec('dbg,gateway file'), { module: 'gateway', facility: 'file', level: 'dbg' });
  t.deepEqual(parseVlogSpec('ANY:Syslog:Off'), { module: any, facility: 'syslog', level: 'off' });
  t.deepEqual(parseVlogSpec('gateway'), { module: 'gateway', facility: any, level: 'dbg' });
  t.deepEqual(parseVlogSpec(''), { module: any, facility: any, level: 'dbg' });
});

for (const spec of ['gateway:ovsdb', 'info:warn', 'file:console', '9', 'gateway:info:dbg', 'a/b']) {
  test(`"${spec}" is not a SPEC`, (t) => {
    t.throws(() => parseVlogSpec(spec), { instanceOf: UsageError, message: /cannot place/ });
  });
}

test('a message from outside takes one line of bounded length, and no character of it reaches the terminal as a command', (t) => {
  const { vlog, lines } = vlogAt();
  const forged = 'x\n2026-11-23T02:23:45.678Z|00002|gateway|ERR|forged';
  vlog
    .module('gateway')
    .warn(`Service ${forged}: \x1b]0;owned\x07\x9b2J\u202e ${'y'.repeat(262_144)}; delete it`);
  t.is(lines.length, 1);
  const [line = ''] = lines;
  t.is(line.indexOf('\n'), line.length - 1);
  t.regex(line.trimEnd(), /^[\x20-\x7e…]+$/);
  t.true(line.length < 700, String(line.length));
  t.true(line.endsWith('; delete it\n'));
});
