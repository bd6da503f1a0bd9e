/** Something to go to or to do. */
export interface PaletteEntry {
  name: string;
  /** What kind of thing it is, in a word. */
  what: string;
  act: () => void;
}

/** The entries that have every word of the text, those that begin with it first, else in their order. */
export function filterEntries<T extends Pick<PaletteEntry, "name" | "what">>(
  entries: readonly T[],
  text: string,
): T[] {
  const wanted = text.trim().toLowerCase();
  const words = wanted.split(/\s+/).filter(Boolean);
  const isFound = ({ name, what }: T): boolean => {
    const searched = `${name} ${what}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  };
  const found = entries.filter(isFound);
  const isFirst = ({ name }: T): boolean => wanted !== "" && name.toLowerCase().startsWith(wanted);
  return [...found.filter(isFirst), ...found.filter((entry) => !isFirst(entry))];
}
