import type { Scenario } from "./model-scenario.ts";

/** What the scripted model does in the demo's own repository: finds the typo, fixes it, commits. */
export const fixGreeting: Scenario = [
  { text: "I will run the test first.", actions: [{ run: "./test.sh" }] },
  {
    text: "The greeting is misspelled. I will fix it and run the test again.",
    actions: [{ run: "sed -i.bak s/Helo/Hello/ greet.sh && rm greet.sh.bak && ./test.sh" }],
  },
  { actions: [{ run: 'git commit --all --message "Spell the greeting right"' }] },
  { text: "greet.sh said Helo instead of Hello. It is fixed, the test passes, and the change is committed." },
];

/** The same, but not right at first: it goes on once it has been told that the test fails. */
export const fixGreetingTwice: Scenario = [
  {
    text: "The greeting is misspelled. I will fix it.",
    actions: [
      {
        run: 'sed -i.bak s/Helo/Hallo/ greet.sh && rm greet.sh.bak && git commit --all --message "Spell the greeting right"',
      },
    ],
  },
  { text: "greet.sh said Helo. It is fixed and committed." },
  {
    text: "The test wants Hello, and I wrote Hallo. I will mend that.",
    actions: [
      {
        run: 'sed -i.bak s/Hallo/Hello/ greet.sh && rm greet.sh.bak && ./test.sh && git commit --all --message "Spell it Hello"',
      },
    ],
  },
  { text: "greet.sh says Hello now, the test passes, and the change is committed." },
];

/** What it does in any other repository, whatever the prompt: a scripted model cannot read. */
export const leaveNote: Scenario = [
  {
    text: "I am a scripted model: I leave a note, whatever I am asked. A real one comes with --live.",
    actions: [{ write: { path: "NOTES.md", content: "# Notes\n\nAn agent was here.\n" } }],
  },
  { actions: [{ run: 'git add NOTES.md && git commit --message "Leave a note"' }] },
  { text: "NOTES.md is written and committed." },
];

/** What it does in the sample whose result has a form; a scripted model cannot rate. */
export const rateLow: Scenario = [
  {
    text: "I am a scripted model: I rate every commit low.",
    actions: [{ tool: "StructuredOutput", input: { risk: "low", files: [] } }],
  },
  { text: "The risk is low." },
];
