import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../kube/objects.ts";
import { locationOf } from "../kube/objects.ts";
import { diffMergePatch } from "../kube/merge-patch.ts";
import type { ResourceType } from "../kube/resources.ts";
import type { Client } from "./client.ts";
import { isApiError } from "./errors.ts";

/** Writes an object's status, one write at a time, each as the smallest merge patch; nothing when nothing changed. */
export interface StatusWriter {
  /** Writes what `status()` gives when the write begins: several calls can become one write. */
  write(): void;
  /** Resolves when everything asked for is written, or the object is gone. */
  flushed(): Promise<void>;
}

const RETRY_MS = 250;

/** For the only writer of this object's status, which `object` has as it was last written. */
export function createStatusWriter<T extends KubeObject & { status?: object }>(
  client: Client,
  type: ResourceType<T>,
  object: T,
  status: () => NonNullable<T["status"]>,
): StatusWriter {
  let sent: object = object.status ?? {};
  let wanted = false;
  const state: { writing?: Promise<void> } = {};

  const writeOnce = async (): Promise<void> => {
    const next: object = status();
    const patch = diffMergePatch({ ...sent }, { ...next });
    if (patch === undefined) return;
    const body = { metadata: { uid: object.metadata.uid }, status: patch };
    await client.patch(type, locationOf(object), body, { subresource: "status" });
    sent = structuredClone(next);
  };
  const writeAll = async (): Promise<void> => {
    while (wanted) {
      wanted = false;
      try {
        await writeOnce();
      } catch (error) {
        // Gone, or another object of the same name: there is nothing left to write.
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
