import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { hashOf, readPlace, type Place } from "./address.ts";
import { CallError, readSession, signIn, type Session } from "./api.ts";
import { Help } from "./help.tsx";
import { RunPage } from "./run-page.tsx";
import { RunsPage } from "./runs-page.tsx";
import { Notice } from "./text.tsx";
import { useKeys } from "./use-keys.ts";

function App({ session }: { session: Session }) {
  const [place, setPlace] = useState(readPlace(location.hash));
  const [help, setHelp] = useState(false);
  const table = useRef<Place>({ ...readPlace("#/runs") });
  const opened = useRef<string | undefined>(undefined);
  useEffect(() => {
    const look = (): void => setPlace(readPlace(location.hash));
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  if (place.page === "runs") table.current = place;
  else opened.current = `${place.namespace}/${place.name}`;
  const back = hashOf(table.current);
  useKeys({
    "?": () => setHelp(true),
    Escape: () => {
      if (place.page === "run") location.hash = back;
    },
  });
  return (
    <>
      <header class="top">
        <a class="brand" href={back}>
          Agent Operator
        </a>
        <span class="where" title={session.server}>
          {session.context}
        </span>
        <button type="button" class="quiet" onClick={() => setHelp(true)}>
          Keys <kbd>?</kbd>
        </button>
      </header>
      {place.page === "runs" ? (
        <RunsPage place={place} session={session} selection={opened.current} />
      ) : (
        <RunPage key={`${place.namespace}/${place.name}`} at={place} back={back} />
      )}
      {help && <Help close={() => setHelp(false)} />}
    </>
  );
}

function SignedOut({ error }: { error: unknown }) {
  const message = error instanceof Error ? error.message : String(error);
  const isRefused = error instanceof CallError && error.code === 401;
  return (
    <main class="signed-out">
      <h1>Agent Operator</h1>
      <Notice kind={isRefused ? "info" : "error"}>
        <p>{isRefused ? "This browser is not signed in." : message}</p>
        {isRefused && <p>To sign in, {message.replace(/^To sign in, /, "")}.</p>}
      </Notice>
    </main>
  );
}

const CODE = /^#code=([\w-]+)$/;

/** The code of the address leaves it, and the history, before it is used. A browser that is signed in needs none. */
async function start(): Promise<void> {
  const code = CODE.exec(location.hash)?.[1];
  let refused: unknown;
  if (code !== undefined) {
    history.replaceState(null, "", "/");
    await signIn(code).catch((error: unknown) => void (refused = error));
  }
  const session = await readSession().catch((error: unknown) => {
    throw refused ?? error;
  });
  show(<App session={session} />);
}

function show(view: preact.VNode): void {
  const root = document.getElementById("app");
  if (root) render(view, root);
}

// Whoever pastes the printed address where the page is open already changes nothing but what is behind the #.
addEventListener("hashchange", () => {
  if (CODE.test(location.hash)) location.reload();
});
start().catch((error: unknown) => show(<SignedOut error={error} />));
