import { render } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { hashOf, readPlace, type Place } from "./address.ts";
import { readSession, signIn, SIGNED_OUT, type Session } from "./api.ts";
import { credential } from "./credential.ts";
import { moveFocus } from "./focus-items.ts";
import { Help } from "./help.tsx";
import { Palette } from "./palette.tsx";
import { RunsPage } from "./runs-page.tsx";
import { SignedOut } from "./signed-out.tsx";
import { Notice } from "./text.tsx";
import { useKeys } from "./use-keys.ts";
import { namespaceIn, Navigation } from "./view.tsx";

/** The table is shown before the code of other pages is read. */
const OTHERS_AFTER_MS = 1000;

function App({ session }: { session: Session }) {
  const [place, setPlace] = useState(readPlace(location.hash));
  const [help, setHelp] = useState(false);
  const [palette, setPalette] = useState(false);
  const table = useRef<Place>({ ...readPlace("#/runs") });
  const opened = useRef<string | undefined>(undefined);
  useEffect(() => {
    const look = (): void => setPlace(readPlace(location.hash));
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  if (place.page === "runs") table.current = place;
  else if (place.page === "run") opened.current = `${place.namespace}/${place.name}`;
  const back = hashOf(table.current);
  useKeys({
    "?": () => setHelp(true),
    "Ctrl-k": () => setPalette(true),
    ...(place.page === "runs" ? {} : { j: () => moveFocus(1), k: () => moveFocus(-1) }),
    Escape: () => {
      if (place.page === "run" || place.page === "new") location.hash = back;
    },
  });
  return (
    <>
      <header class="top">
        <a class="brand" href={back}>
          Agent Operator
        </a>
        <Navigation place={place} />
        <span class="where" title={session.server}>
          {session.context}
        </span>
        <button type="button" class="quiet" onClick={() => setPalette(true)}>
          Go to <kbd>Ctrl-K</kbd>
        </button>
        <button type="button" class="quiet" onClick={() => setHelp(true)}>
          Keys <kbd>?</kbd>
        </button>
        {session.signIn === "token" && (
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        )}
      </header>
      <Page place={place} session={session} selection={opened.current} back={back} />
      {palette && (
        <Palette place={place} namespace={namespaceIn(place, session)} close={() => setPalette(false)} />
      )}
      {help && <Help close={() => setHelp(false)} />}
    </>
  );
}

function Page({
  place,
  session,
  selection,
  back,
}: {
  place: Place;
  session: Session;
  selection: string | undefined;
  back: string;
}) {
  const others = useOtherPages(place.page !== "runs");
  if (place.page === "runs") return <RunsPage place={place} session={session} selection={selection} />;
  if (others instanceof Error)
    return (
      <main>
        <Notice kind="error">
          <p>The rest of the console cannot be loaded. Is its server still running?</p>
          <button type="button" onClick={() => location.reload()}>
            Load it again
          </button>
        </Notice>
      </main>
    );
  return others && <others.OtherPage place={place} session={session} back={back} />;
}

type OtherPages = typeof import("./other-page.tsx");

/** The pages besides the table, which a browser reads once they are needed, or when the table had time to be shown. */
function useOtherPages(isNeeded: boolean): OtherPages | Error | undefined {
  const [others, setOthers] = useState<OtherPages | Error>();
  const isThere = others !== undefined && !(others instanceof Error);
  useLayoutEffect(() => {
    if (isThere) return undefined;
    const load = (): void => void import("./other-page.tsx").then(setOthers, setOthers);
    if (isNeeded) return load();
    const timer = setTimeout(load, OTHERS_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isNeeded, isThere]);
  return others;
}

const CODE = /^#code=([\w-]+)$/;

/** The code of the address leaves it, and the history, before it is used. A browser that is signed in needs none. */
async function start(): Promise<void> {
  const code = CODE.exec(location.hash)?.[1];
  let refused: unknown;
  if (code !== undefined) {
    history.replaceState(null, "", "/");
    const session = await signIn(code).catch((error: unknown) => void (refused = error));
    if (session) return enter(session);
  }
  await enter().catch((error: unknown) => {
    throw refused ?? error;
  });
}

async function enter(given?: Session): Promise<void> {
  const session = given ?? (await readSession());
  show(<App session={session} />);
  const signedOut = (event: Event): void => showSignedOut((event as CustomEvent<unknown>).detail);
  addEventListener(SIGNED_OUT, signedOut, { once: true });
}

/** With a reload: nothing that was shown stays in the page's memory. */
function signOut(): void {
  credential.drop();
  location.reload();
}

function show(view: preact.VNode): void {
  const root = document.getElementById("app");
  if (root) render(view, root);
}

function showSignedOut(error: unknown): void {
  credential.drop();
  show(<SignedOut key={Date.now()} error={error} enter={enter} />);
}

// Whoever pastes the printed address where the page is open already changes nothing but what is behind the #.
addEventListener("hashchange", () => {
  if (CODE.test(location.hash)) location.reload();
});
start().catch(showSignedOut);
