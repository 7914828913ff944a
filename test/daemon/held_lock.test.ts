import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { tryLock } from '../../src/daemon/held_lock.js';

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'lock-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Takes a read lock on a file as another user (fcntl(2)); prints what came of it. */
const READ_LOCK = `use Fcntl qw(F_SETLK F_RDLCK); $| = 1;
open(my $file, '<', $ARGV[0]) or do { print "refused: $!\n"; exit };
fcntl($file, F_SETLK, pack('s s l! l! i', F_RDLCK, 0, 0, 0, 0)) or do { print "refused: $!\n"; exit };
print "locked\n"; <STDIN>;`;

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot('a local user cannot hold off a daemon or a move by a lock of his on its file', async (t) => {
  const dir = directory(t);
  chmodSync(dir, 0o755);
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  for (const name of ['x.pid', 'ovn-k8s-util.lock']) {
    const path = join(dir, name);
    // As an earlier version left it.
    writeFileSync(path, '', { mode: 0o644 });
    const first = tryLock(path);
    if (first !== 'held') first.close();
    const user = execa('setpriv', [...nobody, 'perl', '-e', READ_LOCK, path], {
      reject: false,
      buffer: false,
    });
    t.teardown(() => user.kill());
    const [said] = await once(user.stdout, 'data');
    const second = tryLock(path);
    t.not(second, 'held', `${name}: ${said}`);
    if (second !== 'held') second.close();
    t.regex(String(said), /^refused: Permission denied/);
    user.stdin.end();
    await user;
  }
});

test('a lock follows no symbolic link', (t) => {
  const dir = directory(t);
  const [victim, path] = [join(dir, 'victim'), join(dir, 'x.lock')];
  writeFileSync(victim, 'untouched', { mode: 0o644 });
  symlinkSync(victim, path);
  t.throws(() => tryLock(path), { message: /open/ });
  t.is(statSync(victim).mode & 0o777, 0o644);
  t.throws(() => tryLock(join(dir, 'none', 'x.lock')));
});
