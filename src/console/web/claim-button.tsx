/** Reads something that a run has left on its claim, if the user may. */
export function ClaimButton({
  label,
  isReading,
  mayRead,
  read,
}: {
  label: string;
  isReading: boolean;
  mayRead: boolean;
  read: () => Promise<void>;
}) {
  return (
    <p>
      <button type="button" disabled={isReading || !mayRead} onClick={() => void read()}>
        {isReading ? "Reading …" : label}
      </button>{" "}
      <span class="muted">
        {mayRead ? "Starts a pod that ends at once, with your rights." : "You may not create pods here."}
      </span>
    </p>
  );
}
