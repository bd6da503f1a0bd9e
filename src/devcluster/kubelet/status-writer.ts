import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../client/client.ts";
import { isApiError } from "../../client/errors.ts";
import { pods, type Pod } from "../../kube/builtin.ts";
import { diffMergePatch } from "../../kube/patch/merge-patch.ts";

type PodStatus = NonNullable<Pod["status"]>;

/** Writes a pod's status, one write at a time, each as the smallest merge patch; nothing when nothing changed. */
export interface StatusWriter {
  /** Writes what `status()` gives when the write begins: several calls can become one write. */
  write(): void;
  /** Resolves when everything asked for is written, or the pod is gone. */
  flushed(): Promise<void>;
}

const RETRY_MS = 250;

export function createStatusWriter(client: Client, pod: Pod, status: () => PodStatus): StatusWriter {
  const { namespace = "", name = "", uid } = pod.metadata;
  let sent: PodStatus = pod.status ?? {};
  let wanted = false;
  const state: { writing?: Promise<void> } = {};

  const writeOnce = async (): Promise<void> => {
    const next = status();
    const patch = diffMergePatch({ ...sent }, { ...next });
    if (patch === undefined) return;
    const body = { metadata: { uid }, status: patch };
    await client.patch(pods, { namespace, name }, body, { type: "merge", subresource: "status" });
    sent = structuredClone(next);
  };
  const writeAll = async (): Promise<void> => {
    while (wanted) {
      wanted = false;
      try {
        await writeOnce();
      } catch (error) {
        // Gone, or another pod of the same name: there is nothing left to tell about this one.
        if (isApiError(error, "NotFound") || isApiError(error, "Conflict") || isApiError(error, "Invalid"))
          return;
        wanted = true;
        await sleep(RETRY_MS);
      }
    }
  };
  return {
    write() {
      wanted = true;
      state.writing ??= writeAll().finally(() => {
        delete state.writing;
      });
    },
    async flushed() {
      while (state.writing !== undefined) await state.writing;
    },
  };
}
