import { useState } from "preact/hooks";
import type { AgentRun } from "../../api/agent-run.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import { fetchArtifact, type RunPlace } from "./api.ts";
import { ClaimButton } from "./claim-button.tsx";
import { readPatch, type PatchedFile, type PatchLine } from "./patch.ts";
import { Hostile, Notice, Section } from "./text.tsx";

/** What is beyond the first so many lines is folded, and of one change or file only so much is drawn. */
const [OPEN_LINES, MAX_LINES, MAX_FILES] = [1500, 5000, 300];

/** What the run has changed, read from its claim after a click. */
export function Change({ run, at, mayRead }: { run: AgentRun; at: RunPlace; mayRead: boolean }) {
  const [files, setFiles] = useState<readonly PatchedFile[] | undefined>(undefined);
  const [download, setDownload] = useState("");
  const [state, setState] = useState<{ isFetching?: boolean; isCut?: boolean; error?: string }>({});
  const git = run.status?.result?.git;
  const read = async (): Promise<void> => {
    setState({ isFetching: true });
    try {
      const { text, isCut } = await fetchArtifact(at, "patch", new AbortController().signal);
      setFiles(readPatch(text));
      setDownload(isCut ? "" : URL.createObjectURL(new Blob([text], { type: "text/x-patch" })));
      setState({ isCut });
    } catch (error) {
      setState({ error: error instanceof Error ? error.message : String(error) });
    }
  };
  if (!isFinished(run) || run.status?.startedAt === undefined)
    return (
      <Section title="Change">
        <p class="muted">
          {isFinished(run)
            ? "The agent has not started, so nothing has changed."
            : "What the run has changed can be seen once it has ended."}
        </p>
      </Section>
    );
  return (
    <Section
      title="Change"
      aside={
        download !== "" && (
          <a href={download} download={`${at.name}.patch`}>
            Download patch
          </a>
        )
      }
    >
      {git?.filesChanged !== undefined && (
        <p>
          {git.commits ?? 0} commit(s), {git.filesChanged} file(s),{" "}
          <span class="added">+{git.insertions ?? 0}</span> <span class="removed">−{git.deletions ?? 0}</span>
        </p>
      )}
      {state.error !== undefined && <Notice kind="error">{state.error}</Notice>}
      {state.isCut && <p class="muted">The change is very large: this is its beginning.</p>}
      {files === undefined ? (
        <ClaimButton
          label="Show the change"
          isReading={state.isFetching === true}
          mayRead={mayRead}
          read={read}
        />
      ) : (
        <Files files={files} />
      )}
    </Section>
  );
}

function Files({ files }: { files: readonly PatchedFile[] }) {
  if (files.length === 0) return <p class="muted">It has changed nothing.</p>;
  let before = 0;
  return (
    <>
      {files.slice(0, MAX_FILES).map((file, index) => {
        before += file.lines.length;
        return <File key={index} file={file} number={index + 1} startsOpen={before <= OPEN_LINES} />;
      })}
      {files.length > MAX_FILES && (
        <p class="muted">{files.length - MAX_FILES} more files. `agent-operator diff` prints them all.</p>
      )}
    </>
  );
}

/** What is folded is drawn when it is opened: a change can have more lines than a page can hold. */
function File({ file, number, startsOpen }: { file: PatchedFile; number: number; startsOpen: boolean }) {
  const [isOpen, setOpen] = useState(startsOpen);
  return (
    <details class="file" open={startsOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <code>
          <Hostile text={file.path} />
        </code>{" "}
        <span class="added">+{file.added}</span> <span class="removed">−{file.removed}</span>
      </summary>
      {isOpen && (
        <div class="diff-box" tabIndex={0} role="group" aria-label={`Change of file ${number}`}>
          <table class="diff">
            <tbody>
              {file.lines.slice(0, MAX_LINES).map((line, index) => (
                <DiffLine key={index} line={line} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isOpen && file.lines.length > MAX_LINES && (
        <p class="muted">
          {file.lines.length - MAX_LINES} more lines. `agent-operator diff` prints them all.
        </p>
      )}
    </details>
  );
}

const SIGNS = { added: "+", removed: "−", same: " ", hunk: "", note: "" } as const;

function DiffLine({ line: { kind, text, before, after } }: { line: PatchLine }) {
  return (
    <tr class={`line-${kind}`}>
      <td class="number">{before}</td>
      <td class="number">{after}</td>
      <td class="sign">{SIGNS[kind]}</td>
      <td class="code">
        <Hostile text={text} lines />
      </td>
    </tr>
  );
}
