import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeFullFolder } from '../../lab/full_folder.js';
import { removeWhole, syncFolder, writeWhole } from '../../src/daemon/whole_file.js';

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'whole-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** A pid that no process has: above the kernel's limit (PID_MAX_LIMIT of linux/threads.h). */
const NO_PID = 4_194_305;

test('a file is written with its mode, replaced, and kept if asked', (t) => {
  const dir = folder(t);
  const file = join(dir, 'file');
  const umask = process.umask(0o077);
  t.teardown(() => process.umask(umask));
  writeWhole(file, 'one');
  t.is(statSync(file).mode & 0o777, 0o644);
  writeWhole(file, 'two', { mode: 0o600 });
  t.is(statSync(file).mode & 0o777, 0o600);
  writeWhole(file, 'three', { keep: true });
  t.is(readFileSync(file, 'utf8'), 'two');
  writeWhole(join(dir, 'other'), 'four', { keep: true });
  t.is(readFileSync(join(dir, 'other'), 'utf8'), 'four');
  t.deepEqual(readdirSync(dir).toSorted(), ['file', 'other']);
});

test('no symbolic link is followed, neither at the name nor at the name of the temporary file', (t) => {
  const dir = folder(t);
  const victim = join(dir, 'victim');
  writeFileSync(victim, 'untouched');
  const file = join(dir, 'file');
  for (const link of [file, `${file}.tmp${process.pid}`, `${file}.tmp`, `${file}.new`])
    symlinkSync(victim, link);
  writeWhole(file, 'text');
  t.is(readFileSync(victim, 'utf8'), 'untouched');
  t.true(statSync(file).isFile());
  t.is(readFileSync(file, 'utf8'), 'text');
  symlinkSync(join(dir, 'nothing'), join(dir, 'dangling'));
  writeWhole(join(dir, 'dangling'), 'text', { keep: true });
  t.throws(() => statSync(join(dir, 'nothing')), { code: 'ENOENT' });
});

test('a folder that is a symbolic link gets the file, and keeps the link', (t) => {
  const dir = folder(t);
  mkdirSync(join(dir, 'real'));
  symlinkSync('real', join(dir, 'link'));
  writeWhole(join(dir, 'link', 'file'), 'text', { mode: 0o640 });
  t.is(readFileSync(join(dir, 'real', 'file'), 'utf8'), 'text');
  t.true(lstatSync(join(dir, 'link')).isSymbolicLink());
  t.deepEqual(readdirSync(join(dir, 'real')), ['file']);
});

test('a file system that cannot sync a folder is no failure, and a missing folder is one', (t) => {
  // procfs has no fsync: it answers EINVAL.
  t.notThrows(() => syncFolder('/proc'));
  t.throws(() => syncFolder('/nonexistent'), { code: 'ENOENT' });
});

test('what a killed process left is deleted by the next, and what a running one writes is not', (t) => {
  const dir = folder(t);
  const file = join(dir, 'file');
  for (const pid of [NO_PID, process.ppid]) writeFileSync(`${file}.tmp${pid}`, 'half');
  writeFileSync(join(dir, 'file.tmpl'), 'mine');
  writeWhole(file, 'text');
  t.deepEqual(readdirSync(dir).toSorted(), ['file', `file.tmp${process.ppid}`, 'file.tmpl']);
  writeFileSync(`${file}.tmp${NO_PID}`, 'half');
  removeWhole(file);
  t.deepEqual(readdirSync(dir).toSorted(), [`file.tmp${process.ppid}`, 'file.tmpl']);
  t.notThrows(() => removeWhole(join(dir, 'none/file')));
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot('on a full disk the file stays as it was, or absent, and no part of it is left', async (t) => {
  const disk = await makeFullFolder();
  t.teardown(() => disk.dispose());
  const [old, fresh] = [join(disk.path, 'old'), join(disk.path, 'fresh')];
  writeWhole(old, 'as it was');
  disk.fill();
  t.throws(() => writeWhole(old, 'new'), { code: 'ENOSPC' });
  t.throws(() => writeWhole(fresh, 'new', { keep: true }), { code: 'ENOSPC' });
  t.is(readFileSync(old, 'utf8'), 'as it was');
  disk.free();
  t.deepEqual(readdirSync(disk.path), ['old']);
  writeWhole(fresh, 'new', { keep: true });
  t.is(readFileSync(fresh, 'utf8'), 'new');
});
