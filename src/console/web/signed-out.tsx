import { useState } from "preact/hooks";
import { CallError, currentUser } from "./api.ts";
import { credential } from "./credential.ts";
import { Hostile, Notice } from "./text.tsx";

const UNAUTHORIZED = 401;

/** For whoever is not signed in: what to do, or where to paste a token. */
export function SignedOut({ error, enter }: { error: unknown; enter: () => Promise<void> }) {
  const isRefused = error instanceof CallError && error.code === UNAUTHORIZED;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <main class="signed-out">
      <h1>Agent Operator</h1>
      {isRefused && error.reason !== "code" ? (
        <TokenForm said={error.reason === "token" ? "" : message} enter={enter} />
      ) : (
        <Notice kind={isRefused ? "info" : "error"}>
          <p>{isRefused ? "This browser is not signed in." : <Hostile text={message} />}</p>
          {isRefused && <p>To sign in, {message}.</p>}
        </Notice>
      )}
    </main>
  );
}

/** The token stays in the memory of the page: whoever reloads it pastes it again. */
function TokenForm({ said, enter }: { said: string; enter: () => Promise<void> }) {
  const [problem, setProblem] = useState(
    said === "" ? "" : `The API server does not take your credential: ${said}`,
  );
  const [isAsking, setAsking] = useState(false);
  const signIn = async (form: HTMLFormElement): Promise<void> => {
    const given = String(new FormData(form).get("token") ?? "");
    if (!credential.take(given)) {
      credential.drop();
      return setProblem("This is not a token: it has characters that a token cannot have, or none.");
    }
    setAsking(true);
    try {
      await currentUser();
      await enter();
    } catch (error) {
      credential.drop();
      setAsking(false);
      setProblem(
        `The API server does not take this token: ${error instanceof Error ? error.message : error}`,
      );
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void signIn(event.currentTarget);
      }}
    >
      <p>
        Paste a token for the API server. This page can then do what you can do with it, and nothing else.
      </p>
      <label>
        <span>Token</span>
        <input type="password" name="token" autocomplete="off" spellcheck={false} required />
      </label>
      {problem !== "" && (
        <Notice kind="error">
          <Hostile text={problem} />
        </Notice>
      )}
      <button type="submit" disabled={isAsking}>
        Sign in
      </button>
      <p class="muted">
        It is kept in the memory of this page and sent with each request; it is gone once you close or reload
        the page. <code>kubectl create token NAME</code> makes one for a ServiceAccount.
      </p>
    </form>
  );
}
