import type { Admission } from "./admission.ts";

/** Admission without webhooks. */
export function createAdmission(): Admission {
  return {
    isActive: () => false,
    mutate: async ({ object }) => object,
    validate: async () => undefined,
  };
}
