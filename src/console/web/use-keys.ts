import { useEffect, useRef } from "preact/hooks";

/** Calls what belongs to a key such as `j` or `Ctrl-k`, unless a dialog is open or, without Ctrl, the user is writing. */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.altKey || event.defaultPrevented || document.querySelector("dialog[open]") !== null) return;
      const isChord = event.ctrlKey || event.metaKey;
      if (!isChord && isWriting(event.target)) return;
      const key = isChord ? `Ctrl-${event.key.toLowerCase()}` : event.key;
      const act = Object.hasOwn(current.current, key) ? current.current[key] : undefined;
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(?:INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
}
