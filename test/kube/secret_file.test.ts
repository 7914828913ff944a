import { execFileSync } from 'node:child_process';
import { chmod, chown, lchown, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { checkToken, readSecretFile } from '../../src/kube/secret_file.js';

const NOBODY = 65_534;

/** Makes a directory with a good file `token`, and returns how to read a file of it. */
async function folder(t: ExecutionContext) {
  const dir = await mkdtemp(join(tmpdir(), 'secret-'));
  t.teardown(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, 'token'), 'abc\n', { mode: 0o600 });
  const read = (name: string) => readSecretFile(join(dir, name), 'the setting');
  const refused = (name: string, why: RegExp) =>
    t.throwsAsync(read(name), { code: 'ERR_SECRET_FILE', message: why });
  return { dir, read, refused };
}

test('a file that only its owner may read is read, also if its group may', async (t) => {
  const { dir, read } = await folder(t);
  for (const mode of [0o600, 0o400, 0o640, 0o700]) {
    await chmod(join(dir, 'token'), mode);
    t.is(await read('token'), 'abc\n');
  }
});

for (const mode of [0o644, 0o604, 0o660, 0o602, 0o601, 0o777])
  test(`a file of mode ${mode.toString(8)} is refused with the chmod that mends it`, async (t) => {
    const { dir, refused } = await folder(t);
    const path = join(dir, 'token');
    await chmod(path, mode);
    await refused(
      'token',
      new RegExp(`^the setting=${path}: its mode 0${mode.toString(8)} .*; run chmod 600 ${path}$`),
    );
  });

const asRoot = process.geteuid?.() === 0 ? test : test.skip;
asRoot("another user's file, and another user's link to a good file, are refused", async (t) => {
  const { dir, refused } = await folder(t);
  await writeFile(join(dir, 'other'), 'x', { mode: 0o600 });
  await chown(join(dir, 'other'), NOBODY, NOBODY);
  await refused('other', /: belongs to user 65534; run chown root /);
  await symlink(join(dir, 'token'), join(dir, 'link'));
  await lchown(join(dir, 'link'), NOBODY, NOBODY);
  await refused('link', /: is a symbolic link of user 65534; replace it by a file$/);
});

test('a link of this user is followed, as Kubernetes replaces a mounted token by a link', async (t) => {
  const { dir, read, refused } = await folder(t);
  for (const version of ['one', 'two']) {
    await mkdir(join(dir, version));
    await writeFile(join(dir, version, 'mounted'), version, { mode: 0o600 });
  }
  await symlink('one', join(dir, '..data'));
  await symlink('..data/mounted', join(dir, 'mounted'));
  t.is(await read('mounted'), 'one');
  await symlink('two', join(dir, '..new'));
  await rename(join(dir, '..new'), join(dir, '..data'));
  t.is(await read('mounted'), 'two');
  await chmod(join(dir, 'two', 'mounted'), 0o644);
  await refused('mounted', /run chmod 600/);
});

test('what is no readable regular file of a bounded size is refused, and nothing waits for it', async (t) => {
  const { dir, refused } = await folder(t);
  await mkdir(join(dir, 'directory'), { mode: 0o700 });
  await refused('directory', /is not a regular file$/);
  execFileSync('mkfifo', ['-m', '600', join(dir, 'fifo')]);
  await refused('fifo', /is not a regular file$/);
  await writeFile(join(dir, 'large'), Buffer.alloc(1024 * 1024 + 1), { mode: 0o600 });
  await refused('large', /is larger than 1048576 bytes$/);
  await refused('missing', /: cannot be read$/);
  await symlink('loop', join(dir, 'loop'));
  await refused('loop', /: cannot be read$/);
  await t.throwsAsync(readSecretFile('token', 'the setting'), {
    code: 'ERR_SECRET_FILE',
    message: 'the setting=token: is not an absolute path',
  });
});

test('a token that cannot be in a header is refused and not shown', (t) => {
  t.is(checkToken('abc.DEF-1_2~3+/==\n', 'x'), 'abc.DEF-1_2~3+/==');
  for (const bad of ['', ' \n', 'secret two', 'secret\nsecret', 'secret\r\nHost: x', 'sécret', 'secret\0'])
    t.notRegex(t.throws(() => checkToken(bad, 'x'), { code: 'ERR_SECRET_FILE' })?.message ?? '', /s.cret/);
});
