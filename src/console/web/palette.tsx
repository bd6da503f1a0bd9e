import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { agentRuns } from "../../api/resources.ts";
import { printableLine } from "../../kube/printable.ts";
import { hashOf, NO_FILTER, type Place } from "./address.ts";
import { readNames } from "./api.ts";
import { Dialog } from "./help.tsx";
import { filterEntries, type PaletteEntry } from "./palette-entries.ts";
import { pageLinks } from "./view.tsx";

const MAX_SHOWN = 50;
const LIST_ID = "palette-list";

/** Everything that can be done here and gone to, found by typing. `namespace`: undefined is all. */
export function Palette({
  place,
  namespace,
  close,
}: {
  place: Place;
  namespace: string | undefined;
  close: () => void;
}) {
  const [text, setText] = useState("");
  const [selected, setSelected] = useState(0);
  const runs = useRunEntries(namespace);
  // What the page offers while the palette is open is what it offered before.
  const here = useMemo(() => entriesOnPage(), []);
  const pages = useMemo(() => pageEntries(place), [place]);
  const shown = useMemo(
    () => filterEntries([...here, ...pages, ...runs], text).slice(0, MAX_SHOWN),
    [here, pages, runs, text],
  );
  const list = useRef<HTMLUListElement>(null);
  const index = Math.min(selected, shown.length - 1);
  useEffect(() => list.current?.children[index]?.scrollIntoView({ block: "nearest" }), [index, shown]);
  const choose = (entry: PaletteEntry | undefined): void => {
    if (entry === undefined) return;
    // At once: what is behind an open dialog cannot have the focus.
    list.current?.closest("dialog")?.close();
    entry.act();
  };
  const press = (event: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined) {
      event.preventDefault();
      setSelected(Math.min(shown.length - 1, Math.max(0, index + by)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(shown[index]);
    }
  };
  return (
    <Dialog title="Go to or do" close={close}>
      <input
        type="text"
        class="palette-text"
        role="combobox"
        aria-label="What to go to or do"
        aria-expanded="true"
        aria-controls={LIST_ID}
        aria-autocomplete="list"
        {...(shown.length > 0 ? { "aria-activedescendant": `palette-${index}` } : {})}
        autoComplete="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setSelected(0);
        }}
        onKeyDown={press}
      />
      <ul id={LIST_ID} class="palette" role="listbox" aria-label="What there is" ref={list}>
        {shown.map((entry, at) => (
          <li
            key={`${entry.what} ${at}`}
            id={`palette-${at}`}
            role="option"
            aria-selected={at === index}
            onClick={() => choose(entry)}
          >
            <bdi>{entry.name}</bdi> <span class="muted">{entry.what}</span>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p class="muted">Nothing is called like that.</p>}
    </Dialog>
  );
}

function useRunEntries(namespace: string | undefined): readonly PaletteEntry[] {
  const [entries, setEntries] = useState<readonly PaletteEntry[]>([]);
  useEffect(() => {
    if (namespace === undefined) return undefined;
    const stop = new AbortController();
    const read = async (): Promise<void> => {
      const names = await readNames(agentRuns, namespace, stop.signal);
      const found = names.map((name) => ({
        name,
        what: "run",
        act: () => void (location.hash = hashOf({ page: "run", namespace, name })),
      }));
      if (!stop.signal.aborted) setEntries(found);
    };
    // Without the runs there are still the pages and what can be done on this one.
    read().catch(() => undefined);
    return () => stop.abort();
  }, [namespace]);
  return entries;
}

function pageEntries(place: Place): PaletteEntry[] {
  const { namespace } = place;
  const go = (to: Place) => () => void (location.hash = hashOf(to));
  return [
    ...pageLinks(place).map(({ title, to }) => ({ name: title, what: "page", act: go(to) })),
    { name: "New run", what: "page", act: go({ page: "new", namespace, from: "", how: "" }) },
    ...(["Failed", "Running", "Pending"] as const).map((phase) => ({
      name: `Runs: ${phase}`,
      what: "filter",
      act: go({ page: "runs", namespace, filter: { ...NO_FILTER, phase } }),
    })),
  ];
}

/** What can be pressed on the page that is open, under the words that it has there. */
function entriesOnPage(): PaletteEntry[] {
  const found = document.querySelectorAll<HTMLElement>(
    "main :is(button:not(:disabled), a.button, .title a, summary), .top button",
  );
  return [...found].flatMap((element) => {
    const name = printableLine(element.getAttribute("aria-label") ?? element.innerText ?? "").trim();
    const act = (): void => {
      element.scrollIntoView({ block: "nearest" });
      element.focus();
      element.click();
    };
    return name === "" || !element.checkVisibility() ? [] : [{ name, what: "here", act }];
  });
}
