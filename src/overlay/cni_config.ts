import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProductError } from '../net/errors.js';
import { makeDirectory } from './directory.js';

/** Where the runtime looks for plugins and for the network to use. */
export interface CniDirectories {
  readonly conf: string;
  readonly bin: string;
}

const CONFIGURATION = '10-net.conf';
const TYPE = 'ovn_cni';
const CONTENT = `${JSON.stringify({ cniVersion: '1.0.0', name: 'ovn-kubernetes', type: TYPE }, null, 2)}\n`;

/** Makes the directories: where that fails, nothing else has been done yet. @throws ProductError `ERR_CNI` */
export function makeCniDirectories({ conf, bin }: CniDirectories): void {
  guarded(bin, '--cni-bin-dir', () => readdirSync(makeDirectory(bin)));
  guarded(conf, '--cni-conf-dir', () => readdirSync(makeDirectory(conf)));
}

/**
 * Links the plugin where the runtime finds it and writes its configuration. A configuration that is there is kept:
 * it may be an operator's.
 * @throws ProductError `ERR_CNI` for a directory that cannot be written
 */
export function installCni({ conf, bin }: CniDirectories): void {
  guarded(bin, '--cni-bin-dir', () => {
    const link = join(bin, TYPE);
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link);
    if (!existsSync(link)) symlinkSync(pluginPath(), link);
  });
  guarded(conf, '--cni-conf-dir', () => {
    const file = join(conf, CONFIGURATION);
    if (!existsSync(file)) writeFileSync(file, CONTENT);
  });
}

/** Takes away what {@link installCni} made, and nothing else. */
export function uninstallCni({ conf, bin }: CniDirectories): void {
  guarded(bin, '--cni-bin-dir', () => {
    const link = join(bin, TYPE);
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link);
  });
  guarded(conf, '--cni-conf-dir', () => {
    const file = join(conf, CONFIGURATION);
    if (existsSync(file) && readFileSync(file, 'utf8') === CONTENT) rmSync(file);
  });
}

/** The plugin beside the executable that runs now. */
function pluginPath(): string {
  const own = process.argv[1] ?? fileURLToPath(import.meta.url);
  return join(dirname(own), 'ovn-k8s-cni-overlay.js');
}

function guarded(directory: string, option: string, use: () => void): void {
  try {
    use();
  } catch (error) {
    throw new ProductError('ERR_CNI', `cannot write ${directory}; give another ${option}`, { cause: error });
  }
}
