import type { SystemSettings } from '../../src/switch/system_settings.js';

/** The `external_ids` of a host, which a test sets. */
export class FakeSettings implements SystemSettings {
  private readonly listeners = new Set<() => void>();
  private ids: ReadonlyMap<string, string>;

  constructor(ids: Readonly<Record<string, string>> = {}) {
    this.ids = new Map(Object.entries(ids));
  }

  read(): ReadonlyMap<string, string> {
    return this.ids;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Replaces all `external_ids`. */
  set(ids: Readonly<Record<string, string>>): void {
    this.ids = new Map(Object.entries(ids));
    for (const listener of this.listeners) listener();
  }

  get listening(): number {
    return this.listeners.size;
  }
}
