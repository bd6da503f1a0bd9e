import { useMemo, useRef, useState } from "preact/hooks";
import type { AgentRun } from "../../api/agent-run.ts";
import { printableLine } from "../../kube/printable.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import { fetchArtifact, type RunPlace } from "./api.ts";
import { ClaimButton } from "./claim-button.tsx";
import { DiffTable, type Layout } from "./diff-table.tsx";
import { treeOf, type TreeNode } from "./file-tree.ts";
import { readPatch, type PatchedFile } from "./patch.ts";
import { Hostile, Notice, Section } from "./text.tsx";

/** What is beyond the first so many lines is folded, and of one change or file only so much is drawn. */
const [OPEN_LINES, MAX_LINES, MAX_FILES] = [1500, 5000, 300];
const LAYOUTS = ["inline", "side by side"] as const;
/** In the storage of the browser, which keeps what the user prefers. */
const LAYOUT_KEY = "diff-layout";

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
  const [layout, setLayout] = useState<Layout>(storedLayout());
  const [opened, setOpened] = useState<ReadonlySet<number>>(() => openAtFirst(files));
  const list = useRef<HTMLDivElement>(null);
  if (files.length === 0) return <p class="muted">It has changed nothing.</p>;
  const shown = files.slice(0, MAX_FILES);
  const set = (index: number, isOpen: boolean): void =>
    setOpened((before) => {
      const after = new Set(before);
      if (isOpen) after.add(index);
      else after.delete(index);
      return after;
    });
  const choose = (next: Layout): void => {
    localStorage.setItem(LAYOUT_KEY, next);
    setLayout(next);
  };
  return (
    <>
      <div class="diff-head">
        {shown.length > 1 && (
          <nav class="file-tree" aria-label="Changed files">
            <Tree
              nodes={treeOf(shown.map(({ path }) => printableLine(path)))}
              files={shown}
              go={(index) => {
                set(index, true);
                const file = list.current?.children[index];
                file?.scrollIntoView({ block: "start" });
                file?.querySelector("summary")?.focus({ preventScroll: true });
              }}
            />
          </nav>
        )}
        <label class="layout">
          Layout{" "}
          <select
            value={layout}
            onChange={({ currentTarget }) =>
              choose(LAYOUTS.find((each) => each === currentTarget.value) ?? "inline")
            }
          >
            {LAYOUTS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <div ref={list}>
        {shown.map((file, index) => (
          <File
            key={index}
            file={file}
            number={index + 1}
            layout={layout}
            isOpen={opened.has(index)}
            toggle={(isOpen) => set(index, isOpen)}
          />
        ))}
      </div>
      {files.length > MAX_FILES && (
        <p class="muted">{files.length - MAX_FILES} more files. `agent-operator diff` prints them all.</p>
      )}
    </>
  );
}

function storedLayout(): Layout {
  return LAYOUTS.find((each) => each === localStorage.getItem(LAYOUT_KEY)) ?? "inline";
}

function openAtFirst(files: readonly PatchedFile[]): ReadonlySet<number> {
  let lines = 0;
  return new Set(
    [...files.keys()].filter((index) => (lines += files[index]?.lines.length ?? 0) <= OPEN_LINES),
  );
}

function Tree({
  nodes,
  files,
  go,
}: {
  nodes: readonly TreeNode[];
  files: readonly PatchedFile[];
  go: (index: number) => void;
}) {
  return (
    <ul>
      {nodes.map(({ name, index, children }, key) => {
        const file = index === undefined ? undefined : files[index];
        return (
          <li key={key}>
            {index === undefined || file === undefined ? (
              <span class="muted">
                <bdi>{name}/</bdi>
              </span>
            ) : (
              <button type="button" class="link" onClick={() => go(index)}>
                <bdi>{name}</bdi> <Counts file={file} />
              </button>
            )}
            {children.length > 0 && <Tree nodes={children} files={files} go={go} />}
          </li>
        );
      })}
    </ul>
  );
}

function Counts({ file: { added, removed } }: { file: PatchedFile }) {
  return (
    <>
      {added > 0 && <span class="added">+{added}</span>}{" "}
      {removed > 0 && <span class="removed">−{removed}</span>}
    </>
  );
}

/** What is folded is drawn when it is opened: a change can have more lines than a page can hold. */
function File({
  file,
  number,
  layout,
  isOpen,
  toggle,
}: {
  file: PatchedFile;
  number: number;
  layout: Layout;
  isOpen: boolean;
  toggle: (isOpen: boolean) => void;
}) {
  const drawn = useMemo(() => file.lines.slice(0, MAX_LINES), [file]);
  return (
    <details class="file" open={isOpen} onToggle={({ currentTarget }) => toggle(currentTarget.open)}>
      <summary>
        <code>
          <Hostile text={file.path} />
        </code>{" "}
        <Counts file={file} />
      </summary>
      {isOpen && (
        <DiffTable label={`Change of file ${number}`} path={file.path} lines={drawn} layout={layout} />
      )}
      {isOpen && file.lines.length > MAX_LINES && (
        <p class="muted">
          {file.lines.length - MAX_LINES} more lines. `agent-operator diff` prints them all.
        </p>
      )}
    </details>
  );
}
