import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
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
 * @throws ProductError `ERR_CNI` if a directory cannot be written
 */
export function installCni({ conf, bin }: CniDirectories): void {
  guarded(bin, '--cni-bin-dir', () => {
    const link = join(bin, TYPE);
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link);
    if (!existsSync(link)) symlinkSync(pluginPath(), link);
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

/** Returns the path of the plugin, which is beside the running executable. */
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
