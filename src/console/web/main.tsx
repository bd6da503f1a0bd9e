import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { hashOf, readPlace, type Place } from "./address.ts";
import { readSession, signIn, SIGNED_OUT, type Session } from "./api.ts";
import { credential } from "./credential.ts";
import { ConfigPage } from "./config-page.tsx";
import { moveFocus } from "./focus-items.ts";
import { Help } from "./help.tsx";
import { NewRunPage } from "./new-run-page.tsx";
import { Palette } from "./palette.tsx";
import { OverviewPage } from "./overview-page.tsx";
import { ProvidersPage } from "./providers-page.tsx";
import { RunPage } from "./run-page.tsx";
import { RunsPage } from "./runs-page.tsx";
import { SchedulesPage, TriggersPage } from "./schedules-page.tsx";
import { SignedOut } from "./signed-out.tsx";
import { useKeys } from "./use-keys.ts";
import { namespaceIn, Navigation } from "./view.tsx";
import { WorkspacesPage } from "./workspaces-page.tsx";

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
  if (place.page === "runs") return <RunsPage place={place} session={session} selection={selection} />;
  if (place.page === "run")
    return <RunPage key={`${place.namespace}/${place.name}`} at={place} back={back} />;
  if (place.page === "new") return <NewRunPage key={hashOf(place)} place={place} session={session} />;
  const View = VIEW_PAGES[place.page];
  return <View key={place.page} place={place} session={session} />;
}

const VIEW_PAGES = {
  overview: OverviewPage,
  workspaces: WorkspacesPage,
  providers: ProvidersPage,
  schedules: SchedulesPage,
  triggers: TriggersPage,
  config: ConfigPage,
} as const;

const CODE = /^#code=([\w-]+)$/;

/** The code of the address leaves it, and the history, before it is used. A browser that is signed in needs none. */
async function start(): Promise<void> {
  const code = CODE.exec(location.hash)?.[1];
  let refused: unknown;
  if (code !== undefined) {
    history.replaceState(null, "", "/");
    await signIn(code).catch((error: unknown) => void (refused = error));
  }
  await enter().catch((error: unknown) => {
    throw refused ?? error;
  });
}

async function enter(): Promise<void> {
  const session = await readSession();
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
