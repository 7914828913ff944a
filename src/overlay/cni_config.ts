import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeWhole, writeWhole } from '../daemon/whole_file.js';
import { ProductError } from '../net/errors.js';
import { makeDirectory } from './directory.js';

/** The directories in which the container runtime looks for network configurations and plugins. */
export interface CniDirectories {
  readonly conf: string;
  readonly bin: string;
}

const CONFIGURATION = '10-net.conf';
const TYPE = 'ovn_cni';
const CONTENT = `${JSON.stringify({ cniVersion: '1.0.0', name: 'ovn-kubernetes', type: TYPE }, null, 2)}\n`;

/** Creates the directories; called before anything else changes. @throws ProductError `ERR_CNI` */
export function makeCniDirectories({ conf, bin }: CniDirectories): void {
  guarded(bin, '--cni-bin-dir', () => readdirSync(makeDirectory(bin)));
  guarded(conf, '--cni-conf-dir', () => readdirSync(makeDirectory(conf)));
}

/**
 * Links the plugin into the runtime's directory and writes its configuration. An existing configuration is kept,
 * because it may be an operator's, unless it is the first part of ours: an earlier version wrote that to a full disk.
 * @param program the running executable
 * @throws ProductError `ERR_CNI` if a directory cannot be written
 */
export function installCni({ conf, bin }: CniDirectories, program = process.argv[1]): void {
  guarded(bin, '--cni-bin-dir', () => {
    const link = join(bin, TYPE);
    const target = pluginPath(program);
    const isLink = lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    if (isLink ? readlinkSync(link) === target : existsSync(link)) return;
    // A runtime finds the old link or the new one at any time.
    const next = `${link}.new`;
    rmSync(next, { force: true });
    symlinkSync(target, next);
    renameSync(next, link);
  });
  guarded(conf, '--cni-conf-dir', () => {
    const file = join(conf, CONFIGURATION);
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (text !== CONTENT && CONTENT.startsWith(text)) writeWhole(file, CONTENT);
  });
}

/** Removes the link and the configuration that {@link installCni} made; keeps a configuration that differs. */
export function uninstallCni({ conf, bin }: CniDirectories): void {
  guarded(bin, '--cni-bin-dir', () => {
    const link = join(bin, TYPE);
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link);
  });
  guarded(conf, '--cni-conf-dir', () => {
    const file = join(conf, CONFIGURATION);
    if (existsSync(file) && CONTENT.startsWith(readFileSync(file, 'utf8'))) removeWhole(file);
  });
}

/**
 * Returns the path of the plugin, which is beside the running executable. `npm link` and `npm install --global` make a
 * link to the executable in a folder where the plugin has another name.
 */
function pluginPath(program = fileURLToPath(import.meta.url)): string {
  return join(dirname(realpathSync(program)), 'ovn_cni.cjs');
}

function guarded(directory: string, option: string, use: () => void): void {
  try {
    use();
  } catch (error) {
    throw new ProductError('ERR_CNI', `cannot write ${directory}; give another ${option}`, { cause: error });
  }
}
