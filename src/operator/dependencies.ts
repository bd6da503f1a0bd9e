/**
 * Which objects each waiting or planned object has read, so that a change of one of them plans its
 * readers again. Level-based: recorded again at every gather, whether or not the thing existed.
 */
export interface Dependencies {
  /** Replaces what `reader` depends on. */
  record(reader: string, references: Iterable<string>): void;
  forget(reader: string): void;
  readersOf(reference: string): Iterable<string>;
}

export function createDependencies(): Dependencies {
  const referencesBy = new Map<string, Set<string>>();
  const readersBy = new Map<string, Set<string>>();

  function forget(reader: string): void {
    for (const reference of referencesBy.get(reader) ?? []) {
      const readers = readersBy.get(reference);
      readers?.delete(reader);
      if (readers?.size === 0) readersBy.delete(reference);
    }
    referencesBy.delete(reader);
  }

  return {
    forget,
    record(reader, references) {
      forget(reader);
      const wanted = new Set(references);
      if (wanted.size === 0) return;
      referencesBy.set(reader, wanted);
      for (const reference of wanted) {
        const readers = readersBy.get(reference);
        if (readers) readers.add(reader);
        else readersBy.set(reference, new Set([reader]));
      }
    },
    readersOf: (reference) => [...(readersBy.get(reference) ?? [])],
  };
}
