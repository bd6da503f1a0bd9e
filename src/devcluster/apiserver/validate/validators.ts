import type { Strategy } from "../resource.ts";

type Validators = Pick<Strategy, "validate" | "validateUpdate" | "validateStatusUpdate">;

/** What each built-in kind's objects must satisfy, by kind. */
export const validators: Readonly<Record<string, Validators>> = {};
