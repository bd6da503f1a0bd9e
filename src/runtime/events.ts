/** A change that a user would want to see in `kubectl describe`. */
export interface EventIntent {
  type: "Normal" | "Warning";
  /** PascalCase, stable. */
  reason: string;
  /** What the controller was doing. */
  action: string;
  note: string;
}
